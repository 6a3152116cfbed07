"""A trained U-Net -> the same function, faster: for prediction only, and never stored."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from bevseg.seg.models.unet import UNet


def folded(net: UNet, device: torch.device, dtype: torch.dtype) -> UNet:
    """Return a copy of the net, batch normalisation folded into its convolutions, in `dtype` and channels last."""
    net = copy.deepcopy(net).eval()
    for blocks in (net.down, net.merge):
        for number, block in enumerate(blocks):
            blocks[number] = _fold(block)  # type: ignore[arg-type]
    return net.to(device, dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]


class ConvReLU(nn.Module):
    """Convolution and ReLU; one pass over memory instead of two where the CPU library offers it."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        """Return relu(conv(x))."""
        return self.conv(x).relu_()


def _fold(block: nn.Sequential) -> nn.Sequential:
    """Convolution, normalisation, ReLU, and so on -> as many ConvReLU."""
    layers: list[Any] = list(block)
    return nn.Sequential(
        *(
            ConvReLU(fuse_conv_bn_eval(conv, norm))
            for conv, norm in zip(layers[::3], layers[1::3], strict=True)
        )
    )
