"""A course library on convolutional neural networks: a NumPy reference and its PyTorch twin."""

__version__ = "0.1.0"
