"""A course library on convolutional neural networks. This page is its table of contents.

Read the maths
    ``cnnlib.reference``   every function as its equation, NumPy only, gradients written by hand
    ``cnnlib.shapes``      sizes of windows, padding and receptive fields: integers only
    ``cnnlib.gradcheck``   a gradient written by hand against a difference quotient

Use it on any device (needs torch)
    ``cnnlib.pytorch``     the same functions on tensors, with algorithms that show how a GPU works
    ``cnnlib.models``      the papers' networks: LeNet, AlexNet, VGG, GoogLeNet, ResNet
    ``cnnlib.profile``     shapes, parameters, multiply-adds and receptive fields of any model
    ``cnnlib.training``    fit, evaluate, resume
    ``cnnlib.inspection``  what a trained network looks at

See it and feed it
    ``cnnlib.plot``        functions that return a figure with its alternative text
    ``cnnlib.data``        digits, photographs and shapes without a download; the classics with one
    ``cnnlib.checks``      what the test cells of the exercises call
    ``cnnlib.doctor()``    prints what this machine offers to the course, and what is missing

Importing ``cnnlib`` itself loads neither torch nor matplotlib.
"""

from cnnlib.doctor import doctor as doctor

__version__ = "0.1.0"
