"""Fifteen convolution layers, from LeNet to ResNet."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """One convolution: batch, channels, square image, filters, square kernel."""

    N: int
    C_in: int
    size: int
    C_out: int
    kernel: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1

    @property
    def window(self):
        return self.stride, self.padding, self.dilation, self.groups

    @property
    def places(self):
        extent = self.dilation * (self.kernel - 1) + 1
        return (self.size + 2 * self.padding - extent) // self.stride + 1

    @property
    def K(self):
        return self.C_in // self.groups * self.kernel**2

    def arrays(self, rng, dtype):
        """x, weight, bias and grad_y, random and signed."""
        shapes = (
            (self.N, self.C_in, self.size, self.size),
            (self.C_out, self.C_in // self.groups, self.kernel, self.kernel),
            (self.C_out,),
            (self.N, self.C_out, self.places, self.places),
        )
        x, weight, bias, grad_y = (rng.standard_normal(s).astype(dtype) for s in shapes)
        return x, weight / dtype(self.K**0.5), bias, grad_y


LAYERS = {
    "lenet-c1": Layer(64, 1, 32, 6, 5),
    "lenet-c2": Layer(64, 6, 14, 16, 5),
    "lenet-c3": Layer(64, 16, 5, 120, 5),
    "digits8": Layer(128, 1, 8, 16, 3, padding=1),
    "vgg1": Layer(2, 3, 112, 64, 3, padding=1),
    "res2": Layer(4, 64, 56, 64, 3, padding=1),
    "res3": Layer(4, 128, 28, 128, 3, padding=1),
    "res4": Layer(4, 256, 14, 256, 3, padding=1),
    "res5": Layer(4, 512, 7, 512, 3, padding=1),
    "down-s2": Layer(4, 64, 56, 128, 3, stride=2, padding=1),
    "point1x1": Layer(4, 256, 56, 64, 1),
    "stem7x7s2": Layer(2, 3, 224, 64, 7, stride=2, padding=3),
    "dilated2": Layer(4, 64, 56, 64, 3, padding=2, dilation=2),
    "groups4": Layer(4, 128, 28, 128, 3, padding=1, groups=4),
    "depthwise": Layer(4, 64, 56, 64, 3, padding=1, groups=64),
}
MANY_CHANNELS = [
    name for name, layer in LAYERS.items() if layer.C_in >= 64 and layer.groups < layer.C_in
]
