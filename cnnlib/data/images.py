"""What every loader returns: images with their labels, split into train, validation and test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from torch.utils.data import TensorDataset


@dataclass(frozen=True)
class Images:
    """Images and one label for each.

    Attributes
    ----------
    x : (N, C, H, W) float32
        Brightness from 0 to 1, C is 1 (grey) or 3 (red, green, blue).
    y : (N,) int64
        Index into ``classes``.
    classes : tuple of str
        What each label means.

    Examples
    --------
    >>> import numpy as np
    >>> images = Images(np.zeros((4, 1, 8, 8), "float32"), np.array([0, 1, 0, 1]), ("no", "yes"))
    >>> len(images), images.take([1, 3]).y.tolist()
    (4, [1, 1])
    """

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.x.ndim != 4 or len(self.x) != len(self.y):
            raise ValueError(
                f"images and labels do not fit: x {self.x.shape} (N, C, H, W), "
                f"y {self.y.shape} (N,)"
            )

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        N, C, H, W = self.x.shape
        return f"Images(N={N}, C={C}, H={H}, W={W}, {len(self.classes)} classes)"

    def take(self, which: ArrayLike | slice) -> Images:
        """Return the images at ``which``: indices, a mask, or a slice."""
        rows: Any = which if isinstance(which, slice) else np.asarray(which)
        return Images(self.x[rows], self.y[rows], self.classes)

    def dataset(self) -> TensorDataset:
        """Return the same images and labels for torch's ``DataLoader`` (torch is loaded here)."""
        import torch
        from torch.utils.data import TensorDataset

        return TensorDataset(torch.from_numpy(self.x), torch.from_numpy(self.y))


class Splits(NamedTuple):
    """Three disjoint parts: learn from ``train``, choose with ``validation``, report ``test``."""

    train: Images
    validation: Images
    test: Images


def split(images: Images, *, validation: float = 0.15, test: float = 0.15, seed: int = 0) -> Splits:
    """Split images so that every class has its share in every part.

    Parameters
    ----------
    images : Images
    validation, test : float from 0 to 1
        Share of each class, rounded to whole images.
    seed : int
        The same seed gives the same split.

    Returns
    -------
    Splits
        Shuffled, disjoint, and together all of ``images``.

    Raises
    ------
    ValueError
        If the shares are negative or leave nothing to learn from.

    Examples
    --------
    >>> import numpy as np
    >>> images = Images(np.zeros((20, 1, 2, 2), "float32"), np.arange(20) % 2, ("even", "odd"))
    >>> [part.y.tolist().count(0) for part in split(images, validation=0.2, test=0.3)]
    [5, 2, 3]
    """
    if validation < 0 or test < 0 or validation + test >= 1:
        raise ValueError(
            f"validation={validation} and test={test} must not be negative and must leave a share "
            "for training"
        )
    rng = np.random.default_rng(seed)
    parts: tuple[list[int], list[int], list[int]] = ([], [], [])
    for label in np.unique(images.y):
        members = rng.permutation(np.flatnonzero(images.y == label))
        first = round(validation * len(members))
        second = first + round(test * len(members))
        for part, chosen in zip(
            parts, (members[second:], members[:first], members[first:second]), strict=True
        ):
            part.extend(chosen.tolist())
    return Splits(*(images.take(rng.permutation(np.array(part, int))) for part in parts))
