"""Questions to a trained network: which pixels matter, what a channel likes, how far a layer sees.

Everything here needs gradients, so it needs torch; ``cnnlib.plot`` draws the arrays that come back.
Models are used in evaluation mode and left as they were, gradients of parameters included.

Look inside          activations
Ask the pixels       saliency, grad_cam
Ask for a picture    maximise_activation
Ask how far it sees  effective_receptive_field

Book: chapters 6, 10 and 12.
"""

from cnnlib.inspection.attribution import grad_cam, saliency
from cnnlib.inspection.excitation import maximise_activation
from cnnlib.inspection.influence import effective_receptive_field
from cnnlib.inspection.probe import activations

__all__ = [
    "activations",
    "effective_receptive_field",
    "grad_cam",
    "maximise_activation",
    "saliency",
]
