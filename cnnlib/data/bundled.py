"""Data that come with scikit-learn, so no network is needed: digits and two photographs."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnnlib.data.images import Images, Splits, split

PHOTOS = ("china", "flower")


def digits(*, validation: float = 0.15, test: float = 0.15, seed: int = 0) -> Splits:
    """Load 1,797 handwritten digits of 8 x 8 pixels.

    Parameters
    ----------
    validation, test : float from 0 to 1
        Share of each class.
    seed : int
        Decides the split.

    Returns
    -------
    Splits
        Grey images (N, 1, 8, 8), float32 from 0 (paper) to 1 (ink); labels 0 to 9.

    Notes
    -----
    The test set of "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, 1998,
    UCI Machine Learning Repository, as shipped in ``sklearn.datasets.load_digits``. Each of 8 x 8
    pixels counts ink in a 4 x 4 block, 0 to 16; here it is divided by 16.

    Examples
    --------
    >>> train, validation, test = digits()
    >>> train
    Images(N=1259, C=1, H=8, W=8, 10 classes)
    """
    from sklearn.datasets import load_digits

    bunch: Any = load_digits()
    x = (bunch.images[:, None] / 16).astype(np.float32)
    images = Images(x, bunch.target.astype(np.int64), tuple(str(digit) for digit in range(10)))
    return split(images, validation=validation, test=test, seed=seed)


def photo(
    name: Literal["china", "flower"] = "china", *, shrink: int = 1, as_bytes: bool = False
) -> NDArray[Any]:
    """Load one of the two photographs that scikit-learn ships.

    Parameters
    ----------
    name : "china" or "flower"
        A pagoda, or an orange dahlia.
    shrink : int
        Average blocks of ``shrink`` x ``shrink`` pixels; rows and columns left over are dropped.
    as_bytes : bool
        Return uint8 from 0 to 255 instead of float32 from 0 to 1.

    Returns
    -------
    image : (3, H, W)
        Red, green, blue; 427 x 640 pixels if not shrunk.

    Raises
    ------
    ValueError
        If there is no such photograph, or ``shrink`` leaves nothing of it.

    Notes
    -----
    Both are under the Creative Commons Attribution 2.0 licence: "china" by danielbuechele, "flower"
    by vultilion (Flickr), as the README beside the files in scikit-learn says.

    Examples
    --------
    >>> photo("flower").shape
    (3, 427, 640)
    >>> photo("china", shrink=4, as_bytes=True).dtype
    dtype('uint8')
    """
    from sklearn.datasets import load_sample_image

    if name not in PHOTOS:
        raise ValueError(f"there is no photograph {name!r}; choose from {', '.join(PHOTOS)}")
    pixels = np.asarray(load_sample_image(f"{name}.jpg")).transpose(2, 0, 1)
    _, H, W = pixels.shape
    if not 1 <= shrink <= H:
        raise ValueError(
            f"shrink must be from 1 to {H}, the height of the photograph, got {shrink}"
        )
    rows, columns = H // shrink, W // shrink
    blocks = pixels[:, : rows * shrink, : columns * shrink]
    means = blocks.reshape(3, rows, shrink, columns, shrink).mean(axis=(2, 4))
    means = np.rint(means) if as_bytes else means / 255
    return np.asarray(means, np.uint8 if as_bytes else np.float32)
