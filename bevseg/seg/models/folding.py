"""A trained network -> the same function, faster: for prediction only, and never stored."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from bevseg.seg.models.conv_block import ConvBlock
from bevseg.seg.models.fcn8s import FCN8s
from bevseg.seg.models.unet import UNet


def folded(net: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """Return a copy of a network for prediction, in `dtype` and channels last.

    The batch normalisation of each `ConvBlock` is folded into its convolutions; all else stays as it is.
    """
    net = copy.deepcopy(net).eval()
    for parent in list(net.modules()):
        for name, child in parent.named_children():
            if isinstance(child, ConvBlock):
                setattr(parent, name, _fold(child))
    if isinstance(net, UNet | FCN8s) and device.type == "cpu":
        net.pool = HalvingMax()
    return net.to(device, dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]


class ConvReLU(nn.Module):
    """Convolution and ReLU."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        """Return relu(conv(x))."""
        conv = self.conv
        if x.device.type != "cpu" or _FUSED is None:
            return conv(x).relu_()
        return _FUSED(
            x, conv.weight, conv.bias, conv.padding, conv.stride, conv.dilation, conv.groups, "relu", [], ""
        )


class HalvingMax(nn.Module):
    """Largest of each 2x2 cells; unlike `max_pool2d` it does not note where that was, which only training needs."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, H/2, W/2) of (B, C, H, W), both channels last."""
        cells = x.permute(0, 2, 3, 1)
        pairs = torch.maximum(cells[:, ::2], cells[:, 1::2])
        return torch.maximum(pairs[:, :, ::2], pairs[:, :, 1::2]).permute(0, 3, 1, 2)


def _fused_operator() -> Any:
    """Return torch's convolution with a ReLU in the same pass, which its compiler uses on CPUs; None without it."""
    if not torch.backends.mkldnn.is_available():
        return None
    return getattr(torch.ops.mkldnn, "_convolution_pointwise", None)


_FUSED = _fused_operator()


def _fold(block: ConvBlock) -> nn.Sequential:
    """Return one layer for each convolution, the normalisation and the ReLU behind it."""
    layers: list[Any] = []
    for layer in block:
        if isinstance(layer, nn.BatchNorm2d):
            layers.append(fuse_conv_bn_eval(layers.pop(), layer))
        elif isinstance(layer, nn.ReLU):
            layers.append(ConvReLU(layers.pop()))
        else:
            layers.append(layer)
    return nn.Sequential(*layers)
