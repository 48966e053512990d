"""Figures of the course: functions that return a matplotlib figure and show nothing.

Every figure carries ``alt_text``, a sentence computed from the data that says what is to be seen.
Arrays go in (NumPy, or a detached CPU tensor); this package never imports torch. What must first be
*computed* with a network (saliency, Grad-CAM, effective receptive fields) is in
``cnnlib.inspection``.
"""

from cnnlib.plot.arrays import feature_maps, image_grid, kernels, matrix
from cnnlib.plot.figure import CourseFigure
from cnnlib.plot.padding import padding_modes
from cnnlib.plot.signals import correlation
from cnnlib.plot.weights import dilation, weight_tensor
from cnnlib.plot.windows import coverage, window, window_positions

__all__ = [
    "CourseFigure",
    "correlation",
    "coverage",
    "dilation",
    "feature_maps",
    "image_grid",
    "kernels",
    "matrix",
    "padding_modes",
    "weight_tensor",
    "window",
    "window_positions",
]
