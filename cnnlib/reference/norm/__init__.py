"""Normalisation: the same mean and spread for everyone, over four choices of who everyone is.

Room: ``cnnlib.reference`` -- NumPy only, gradients written by hand, never torch.
Twin: ``cnnlib.pytorch.norm``. Book: chapter 8.
"""

from cnnlib.reference.norm.batch import batch_norm, batch_norm_backward
from cnnlib.reference.norm.group import group_norm, group_norm_backward
from cnnlib.reference.norm.instance import instance_norm, instance_norm_backward
from cnnlib.reference.norm.layer import layer_norm, layer_norm_backward

__all__ = [
    "batch_norm",
    "batch_norm_backward",
    "group_norm",
    "group_norm_backward",
    "instance_norm",
    "instance_norm_backward",
    "layer_norm",
    "layer_norm_backward",
]
