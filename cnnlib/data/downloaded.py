"""MNIST, Fashion-MNIST and CIFAR-10: downloaded once, checked, and read without unpickling."""

import gzip
import math
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlib.data.download import Source, fetch
from cnnlib.data.images import Images, Splits, split

# The SHA-256 sums are those that independent projects publish for the files whose MD5 sums
# torchvision (MNIST, Fashion-MNIST) and the CIFAR-10 page list.
MNIST = Source(
    "mnist",
    (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    {
        "train-images-idx3-ubyte.gz": (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
        ),
        "train-labels-idx1-ubyte.gz": (
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
        ),
    },
)
FASHION_MNIST = Source(
    "fashion-mnist",
    (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    {
        "train-images-idx3-ubyte.gz": (
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
        ),
        "train-labels-idx1-ubyte.gz": (
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
        ),
    },
)
CIFAR10 = Source(
    "cifar10",
    ("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/"),
    {
        "cifar-10-binary.tar.gz": (
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
        )
    },
)

FASHION_CLASSES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
CIFAR_RECORD = 1 + 3 * 32 * 32  # bytes: the label, then the red, green and blue planes


def mnist(*, validation: float = 1 / 12, seed: int = 0, progress: bool = True) -> Splits:
    """Load MNIST: 70,000 handwritten digits of 28 x 28 pixels (12 MB to download, once).

    Parameters
    ----------
    validation : float from 0 to 1
        Share of the 60,000 training images to set aside; about 5,000 if not given.
    seed : int
        Decides which.
    progress : bool
        Show a progress bar while downloading.

    Returns
    -------
    Splits
        Grey images (N, 1, 28, 28), float32 from 0 (paper) to 1 (ink). The test set is the published
        one, in the published order.

    Raises
    ------
    DataUnavailableError
        If it is not there and cannot be downloaded.

    Notes
    -----
    LeCun, Bottou, Bengio and Haffner, *Gradient-based learning applied to document recognition*,
    1998.
    """
    return _load_idx(MNIST, tuple(str(d) for d in range(10)), validation, seed, progress)


def fashion_mnist(*, validation: float = 1 / 12, seed: int = 0, progress: bool = True) -> Splits:
    """Load Fashion-MNIST: 70,000 articles of clothing, 28 x 28 pixels (31 MB to download, once).

    Parameters
    ----------
    validation : float from 0 to 1
        Share of the 60,000 training images to set aside; about 5,000 if not given.
    seed : int
        Decides which.
    progress : bool
        Show a progress bar while downloading.

    Returns
    -------
    Splits
        Grey images (N, 1, 28, 28), float32 from 0 to 1. The test set is the published one.

    Raises
    ------
    DataUnavailableError
        If it is not there and cannot be downloaded.

    Notes
    -----
    Xiao, Rasul and Vollgraf, *Fashion-MNIST: a novel image dataset for benchmarking machine
    learning algorithms*, 2017.
    """
    return _load_idx(FASHION_MNIST, FASHION_CLASSES, validation, seed, progress)


def cifar10(*, validation: float = 0.1, seed: int = 0, progress: bool = True) -> Splits:
    """Load CIFAR-10: 60,000 colour photographs of 32 x 32 pixels (170 MB to download, once).

    Parameters
    ----------
    validation : float from 0 to 1
        Share of the 50,000 training images to set aside; about 5,000 if not given.
    seed : int
        Decides which.
    progress : bool
        Show a progress bar while downloading.

    Returns
    -------
    Splits
        Colour images (N, 3, 32, 32), float32 from 0 to 1. The test set is the published one.

    Raises
    ------
    DataUnavailableError
        If it is not there and cannot be downloaded.

    Notes
    -----
    Krizhevsky, *Learning multiple layers of features from tiny images*, 2009. The binary version is
    read, because the Python version would have to be unpickled.
    """
    archive = fetch(CIFAR10, "cifar-10-binary.tar.gz", progress=progress)
    with tarfile.open(archive) as tar:
        batches = [_cifar_batch(tar, f"data_batch_{number}.bin") for number in range(1, 6)]
        test_x, test_y = _cifar_batch(tar, "test_batch.bin")
    learn = Images(
        np.concatenate([x for x, _ in batches]),
        np.concatenate([y for _, y in batches]),
        CIFAR10_CLASSES,
    )
    return _with_test(learn, Images(test_x, test_y, CIFAR10_CLASSES), validation, seed)


def read_idx(path: Path) -> NDArray[Any]:
    """Read a gzip-compressed IDX file of bytes, the format of MNIST.

    Parameters
    ----------
    path : Path

    Returns
    -------
    array : uint8, with the shape that the file's head states

    Raises
    ------
    ValueError
        If the file is not in this format, or its length is not what its head states.
    """
    content = gzip.decompress(path.read_bytes())
    # Two zero bytes, the type (8 is unsigned byte), the number of axes, then a big-endian
    # 32-bit size for each axis.
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path.name} is not an IDX file of bytes: it starts with {content[:4]!r}")
    axes = content[3]
    shape = tuple(np.frombuffer(content, ">u4", axes, offset=4).tolist())
    body = np.frombuffer(content, np.uint8, offset=4 + 4 * axes)
    if len(body) != math.prod(shape):
        raise ValueError(f"{path.name} states {shape} but holds {len(body)} bytes")
    return body.reshape(shape)


def _load_idx(
    source: Source, classes: tuple[str, ...], validation: float, seed: int, progress: bool
) -> Splits:
    parts = []
    for prefix in ("train", "t10k"):
        x, y = (
            read_idx(fetch(source, f"{prefix}-{kind}-ubyte.gz", progress=progress))
            for kind in ("images-idx3", "labels-idx1")
        )
        parts.append(Images(_unit(x[:, None]), y.astype(np.int64), classes))
    learn, test = parts
    return _with_test(learn, test, validation, seed)


def _with_test(learn: Images, test: Images, validation: float, seed: int) -> Splits:
    train, held_out, _ = split(learn, validation=validation, test=0.0, seed=seed)
    return Splits(train, held_out, test)


def _cifar_batch(tar: tarfile.TarFile, file: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    # Members are read, never extracted, so the archive cannot write anywhere.
    member = tar.extractfile(f"cifar-10-batches-bin/{file}")
    if member is None:
        raise ValueError(f"{file} in the CIFAR-10 archive is not a plain file")
    content = np.frombuffer(member.read(), np.uint8)
    if content.size == 0 or content.size % CIFAR_RECORD:
        raise ValueError(f"{file}: {content.size} bytes are not whole records of {CIFAR_RECORD}")
    records = content.reshape(-1, CIFAR_RECORD)
    return _unit(records[:, 1:].reshape(-1, 3, 32, 32)), records[:, 0].astype(np.int64)


def _unit(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return bytes as float32 from 0 to 1."""
    return np.divide(pixels, 255, dtype=np.float32)
