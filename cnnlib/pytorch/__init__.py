"""The PyTorch room: the functions of ``torch.nn.functional``, with algorithms to look into.

Every function has the name, the arguments and the meaning of its twin in ``cnnlib.reference``,
takes tensors of any device and float type, and is differentiated by autograd. ``algorithm=``
chooses how it computes; ``"auto"`` is PyTorch's own call.
"""

from cnnlib.pytorch.conv import conv2d

__all__ = ["conv2d"]
