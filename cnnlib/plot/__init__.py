"""Figures of the course: functions that return a matplotlib figure and show nothing.

Every figure carries ``alt_text``, a sentence computed from the data that says what is to be seen.
Arrays go in (NumPy, or a detached CPU tensor); this package never imports torch. What must first be
*computed* with a network (saliency, Grad-CAM, effective receptive fields) is in
``cnnlib.inspection``.
"""

from cnnlib.plot.arrays import feature_maps, image_grid, kernels, matrix
from cnnlib.plot.attribution import effective_field, feature_strips, overlay
from cnnlib.plot.confusion import confusion_matrix
from cnnlib.plot.connections import connections
from cnnlib.plot.costs import layer_costs
from cnnlib.plot.curves import (
    curve_gallery,
    learning_rates,
    receptive_field_growth,
    training_curves,
)
from cnnlib.plot.decisions import decision_chart
from cnnlib.plot.diagram import diagram
from cnnlib.plot.distributions import activation_histograms
from cnnlib.plot.fields import receptive_field_pyramid
from cnnlib.plot.figure import CourseFigure
from cnnlib.plot.landscapes import descent
from cnnlib.plot.padding import padding_modes
from cnnlib.plot.pooling import pooling
from cnnlib.plot.repeated import repeated_runs
from cnnlib.plot.rooflines import roofline
from cnnlib.plot.signals import correlation
from cnnlib.plot.sliding import sliding_directions
from cnnlib.plot.sweeps import sweeps
from cnnlib.plot.volumes import volumes
from cnnlib.plot.weights import dilation, weight_tensor
from cnnlib.plot.windows import coverage, window, window_positions

__all__ = [
    "CourseFigure",
    "activation_histograms",
    "confusion_matrix",
    "connections",
    "correlation",
    "coverage",
    "curve_gallery",
    "decision_chart",
    "descent",
    "diagram",
    "dilation",
    "effective_field",
    "feature_maps",
    "feature_strips",
    "image_grid",
    "kernels",
    "layer_costs",
    "learning_rates",
    "matrix",
    "overlay",
    "padding_modes",
    "pooling",
    "receptive_field_growth",
    "receptive_field_pyramid",
    "repeated_runs",
    "roofline",
    "sliding_directions",
    "sweeps",
    "training_curves",
    "volumes",
    "weight_tensor",
    "window",
    "window_positions",
]
