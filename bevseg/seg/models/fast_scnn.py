"""Fast-SCNN (Poudel, Liwicki, Cipolla 2019): two branches that share their first layers, for fast prediction."""

from __future__ import annotations

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from bevseg.seg.models.conv_block import conv
from bevseg.seg.models.initialise import initialise
from bevseg.seg.models.padding import padded
from bevseg.seg.models.upsampling import upsampled

BOTTLENECKS = ((2, 2), (3, 2), (4, 1))
"""Channels, in first filters, and first stride of each group of three bottlenecks."""

EXPANSION = 6
"""Channels within a bottleneck for each channel that enters it."""

BINS = (1, 2, 3, 6)
"""Parts that pyramid pooling cuts a side into."""


class FastSCNN(nn.Module):
    """Three strided convolutions, then a deep branch at stride 32 and a shallow one at 8, added; class logits.

    Almost all convolutions are separable: a 3x3 one within each channel, then one of a single cell across the
    channels. It starts from nothing, as in the paper. The finest features
    are those at stride 8, as in `FCN8s`.

    Pyramid pooling sees the whole raster. So the classes of a cell depend a little on how large a tile it lies in.

    Parameters
    ----------
    in_bands
        Number of input bands.
    classes
        Number of output logits.
    filters
        Filters of the first convolution, 32 in the paper. All others follow from it.
    dropout
        Share of the channels that training leaves out before the last convolution.

    Notes
    -----
    Source: Poudel, Liwicki, Cipolla, *Fast-SCNN: Fast Semantic Segmentation Network*, BMVC 2019, table 1. The pooled
    branches have a bias in place of batch normalisation: the mean of a raster is one value, which has no variance in
    a batch of one.
    """

    def __init__(self, in_bands: int, classes: int, filters: int = 32, dropout: float = 0.1) -> None:
        super().__init__()
        self.depth = 5
        fine, wide = 2 * filters, 4 * filters
        self.downsample = nn.Sequential(
            conv(in_bands, filters, stride=2),
            _separable(filters, 3 * filters // 2, stride=2),
            _separable(3 * filters // 2, fine, stride=2),
        )
        bottlenecks, before = [], fine
        for width, stride in BOTTLENECKS:
            for step in (stride, 1, 1):
                bottlenecks.append(_Bottleneck(before, width * filters, step))
                before = width * filters
        self.features = nn.Sequential(*bottlenecks, _PyramidPooling(wide))
        self.spread = nn.Sequential(
            conv(wide, wide, groups=wide, dilation=4), conv(wide, wide, 1, relu=False)
        )
        self.shallow = conv(fine, wide, 1, relu=False)
        self.classifier = nn.Sequential(_separable(wide, wide), _separable(wide, wide), nn.Dropout2d(dropout))
        self.head = nn.Conv2d(wide, classes, 1)
        initialise(self, self.head)

    def forward(self, bands: Tensor) -> Tensor:
        """Return logits (B, classes, H, W) of scaled bands (B, in_bands, H, W), for any H and W."""
        rows, cols = bands.shape[-2:]
        x = self.downsample(padded(bands, self.depth))
        deep = self.spread(upsampled(self.features(x), 4))
        logits = self.head(self.classifier((deep + self.shallow(x)).relu()))
        return upsampled(logits, 8)[..., :rows, :cols]


class _Bottleneck(nn.Module):
    """Inverted residual (Sandler et al. 2018): wide within, narrow and without a ReLU at its end."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        inner = EXPANSION * before
        self.layers = nn.Sequential(
            conv(before, inner, 1),
            conv(inner, inner, stride=stride, groups=inner),
            conv(inner, after, 1, relu=False),
        )
        self.is_residual = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, after, H / stride, W / stride) of (B, before, H, W)."""
        return x + self.layers(x) if self.is_residual else self.layers(x)


class _PyramidPooling(nn.Module):
    """Means over parts of the raster, beside what each cell holds (Zhao et al. 2017)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = nn.ModuleList(nn.Conv2d(channels, channels // len(BINS), 1) for _ in BINS)
        self.merge = conv(channels + len(BINS) * (channels // len(BINS)), channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, channels, H, W) of the same."""
        rows, cols = x.shape[-2:]
        pooled = [
            nnf.interpolate(
                reduce(mean_of_parts(x, bins)).relu(), size=(rows, cols), mode="bilinear", align_corners=False
            )
            for reduce, bins in zip(self.reduce, BINS, strict=True)
        ]
        return self.merge(torch.cat([x, *pooled], 1))


def mean_of_parts(x: Tensor, bins: int) -> Tensor:
    """Return the means (B, C, bins, bins) of parts of rasters (B, C, H, W), as `adaptive_avg_pool2d` cuts them.

    As two products of matrices, which can be exported for any H and W.
    """
    rows, cols = (_weights_of_parts(size, bins, x) for size in x.shape[-2:])
    return rows @ x @ cols.mT


def _weights_of_parts(size: int, bins: int, like: Tensor) -> Tensor:
    """Return the share (bins, size) that each cell of a side has in the mean of each part; parts may overlap."""
    cells = torch.arange(size, device=like.device)
    part = torch.arange(bins, device=like.device)[:, None]
    # Part p begins at floor(p size / bins) and ends before ceil((p + 1) size / bins).
    inside = (cells * bins > part * size - bins) & (cells * bins < (part + 1) * size)
    return inside.to(like.dtype) / inside.sum(1, keepdim=True).to(like.dtype)


def _separable(before: int, after: int, stride: int = 1) -> nn.Sequential:
    """Convolution within each channel, then across the channels, without a ReLU between the two."""
    return nn.Sequential(
        conv(before, before, stride=stride, groups=before, relu=False), conv(before, after, 1)
    )
