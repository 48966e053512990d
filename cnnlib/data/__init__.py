"""Images to learn from: bundled, generated, or downloaded once and checked.

No network needed: :func:`digits`, :func:`photo`, :func:`shapes`, :func:`draw_shape`.
Downloaded on first use: :func:`mnist`, :func:`fashion_mnist`, :func:`cifar10`.
Loaders return NumPy arrays, float32 (N, C, H, W); ``Images.dataset()`` hands them to torch.
"""

from cnnlib.data.bundled import digits, photo
from cnnlib.data.download import DataUnavailableError
from cnnlib.data.downloaded import cifar10, fashion_mnist, mnist
from cnnlib.data.generated import Shapes, draw_shape, shapes
from cnnlib.data.images import Images, Splits, split

__all__ = [
    "DataUnavailableError",
    "Images",
    "Shapes",
    "Splits",
    "cifar10",
    "digits",
    "draw_shape",
    "fashion_mnist",
    "mnist",
    "photo",
    "shapes",
    "split",
]
