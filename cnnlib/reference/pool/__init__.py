"""Pooling: one number for each window.

Room: ``cnnlib.reference`` -- NumPy only, gradients written by hand, never torch.
Twin: ``cnnlib.pytorch.pool``. Book: chapter 5.
"""

from cnnlib.reference.pool.average import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_backward,
    avg_pool2d,
    avg_pool2d_backward,
)
from cnnlib.reference.pool.largest import max_pool2d, max_pool2d_backward

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "max_pool2d",
    "max_pool2d_backward",
]
