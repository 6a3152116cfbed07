"""Convolutions with batch normalisation: the part that every network but the paper's is made of."""

from __future__ import annotations

import itertools

from torch import nn


class ConvBlock(nn.Sequential):
    """Convolutions, each with batch normalisation and perhaps a ReLU behind it, one after the other.

    For prediction, `folding` makes one operation of each convolution and what follows it.
    """


def block(*channels: int) -> ConvBlock:
    """3x3 convolution, batch normalisation and ReLU, from each number of channels to the next."""
    return ConvBlock(
        *(layer for before, after in itertools.pairwise(channels) for layer in conv(before, after))
    )


def conv(
    before: int,
    after: int,
    kernel: int = 3,
    *,
    stride: int = 1,
    dilation: int = 1,
    groups: int = 1,
    relu: bool = True,
) -> ConvBlock:
    """One convolution with batch normalisation; at stride 1 rows and columns stay as many.

    There is no bias: the normalisation would take it out again.
    """
    reach = dilation * (kernel // 2)
    layers: list[nn.Module] = [
        nn.Conv2d(before, after, kernel, stride, reach, dilation, groups, bias=False),
        nn.BatchNorm2d(after),
    ]
    return ConvBlock(*layers, *([nn.ReLU(inplace=True)] if relu else []))
