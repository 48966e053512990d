"""Which class is taken for which."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import Normalize
from numpy.typing import ArrayLike

from cnnlib.plot.cells import draw_cells
from cnnlib.plot.figure import MAX_WIDTH, CourseFigure, describe, new_figure, plural, styled
from cnnlib.plot.layout import cell_size, text_width


@styled
def confusion_matrix(
    labels: ArrayLike,
    predictions: ArrayLike,
    classes: Sequence[str],
    *,
    title: str | None = None,
) -> CourseFigure:
    """Draw how often each class (row) was predicted as each class (column).

    Parameters
    ----------
    labels, predictions : (N,) int
        Indices into ``classes``.
    classes : list of str
    title : str, optional

    Returns
    -------
    CourseFigure
        Cells carry counts; the colour is the share of the row, so rare classes are seen too.

    Raises
    ------
    ValueError
        If the lengths differ or an index names no class.

    Examples
    --------
    >>> from cnnlib import plot
    >>> print(plot.confusion_matrix([0, 0, 1], [0, 1, 1], ["cat", "dog"]).alt_text)
    2 of 3 right (66.7%). Most frequent mistake: cat taken for dog, 1 time.
    """
    truth, said = np.asarray(labels), np.asarray(predictions)
    K = len(classes)
    if truth.shape != said.shape or truth.ndim != 1 or truth.size == 0:
        raise ValueError(f"labels {truth.shape} and predictions {said.shape} must both be (N,)")
    if min(truth.min(), said.min()) < 0 or max(truth.max(), said.max()) >= K:
        raise ValueError(
            f"labels and predictions must be from 0 to {K - 1}, the last of {K} classes"
        )
    counts = np.zeros((K, K), int)
    np.add.at(counts, (truth, said), 1)
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    longest = max(map(text_width, classes))
    cell = cell_size(K, K, MAX_WIDTH - 1 - longest, 5.5)
    upright = longest > cell * 1.1
    figure = new_figure(
        K * cell + 0.9 + longest, K * cell + 0.9 + 0.3 * bool(title) + (longest if upright else 0)
    )
    ax = figure.add_subplot()
    words = [[str(count) for count in row] for row in counts]
    draw_cells(ax, shares, "count", norm=Normalize(0, 1), cell=cell, texts=words)
    ax.set_xticks(range(K), classes, rotation=90 if upright else 0)
    ax.set_yticks(range(K), classes)
    ax.tick_params(length=0)
    ax.set(xlabel="predicted", ylabel="true class")
    if title:
        ax.set_title(title)
    right, N = int(np.trace(counts)), truth.size
    wrong = counts - np.diag(np.diag(counts))
    i, j = divmod(int(wrong.argmax()), K)
    mistake = (
        f"Most frequent mistake: {classes[i]} taken for {classes[j]}, "
        f"{plural(int(wrong[i, j]), 'time')}."
        if right < N
        else "No mistakes."
    )
    figure.alt_text = describe(title, f"{right} of {N} right ({right / N:.1%}). {mistake}")
    return figure
