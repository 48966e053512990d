"""What each layer of a network costs and sees, without its weights and without its numbers.

``profile(model, input_size)`` walks through any traceable ``torch.nn`` network, branches and
residual paths included, on PyTorch's meta device: shapes are computed, nothing is allocated.
Book: chapters 4, 6 and 11.
"""

from cnnlib.profile.fields import Field, Misalignment
from cnnlib.profile.table import Layer, Profile
from cnnlib.profile.walk import profile

__all__ = ["Field", "Layer", "Misalignment", "Profile", "profile"]
