"""U-Net (Ronneberger et al. 2015) with batch normalisation, for rasters of any size."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bevseg.seg.models.conv_block import block
from bevseg.seg.models.initialise import initialise
from bevseg.seg.models.padding import padded

Part = tuple[slice, slice]
"""Rows and columns."""

DROP_FROM = 2
"""First level whose channels dropout may leave out: the finer ones have few."""


class UNet(nn.Module):
    """Encoder and decoder with a skip at every resolution; one logit per class and cell.

    Every level has two 3x3 convolutions on the way down, and two on the way up behind a 2x2 transposed convolution
    and the concatenated skip. Only the way up at full resolution is leaner, since each operation there costs as
    much as four of the level below: the skip is added, and one convolution follows. In a trial of 500
    steps on real streets, one seed, that took a quarter off the time and left the score as it was.

    Parameters
    ----------
    in_bands
        Number of input bands.
    classes
        Number of output logits.
    filters
        Filters at full resolution; each level down doubles them.
    depth
        Number of halvings.
    dropout
        Share of the channels that training leaves out from the third level down (Tompson et al. 2015).
    widest
        Most filters of a level; None: no limit. A level further down sees twice as far; without a limit it also
        holds four times the weights.
    """

    def __init__(
        self,
        in_bands: int,
        classes: int,
        filters: int = 16,
        depth: int = 4,
        dropout: float = 0.0,
        widest: int | None = None,
    ) -> None:
        super().__init__()
        self.depth = depth
        widths = [min(filters << level, widest or filters << level) for level in range(depth + 1)]
        coarse_to_fine = widths[-2::-1]
        self.down = nn.ModuleList(block(i, o, o) for i, o in itertools.pairwise([in_bands, *widths]))
        self.pool: nn.Module = nn.MaxPool2d(2)
        self.drop = nn.Dropout2d(dropout)
        self.up = nn.ModuleList(Doubling(i, o) for i, o in itertools.pairwise(widths[::-1]))
        self.merge = nn.ModuleList(block(2 * w, w, w) for w in coarse_to_fine[:-1])
        self.merge.extend(block(w, w) for w in coarse_to_fine[-1:])
        self.head = nn.Conv2d(filters, classes, 1)
        initialise(self, self.head)

    def forward(self, bands: Tensor, part: Part | None = None) -> Tensor:
        """Return logits (B, classes, H, W) of scaled bands (B, in_bands, H, W), for any H and W.

        With a `part`, return the logits of its rows and columns alone, as they are among all. The way up, which has
        two thirds of the multiplications, then computes no more than these need.
        """
        rows, cols = bands.shape[-2:]
        x = padded(bands, self.depth)
        skips: list[Tensor] = []
        for down in self.down:
            if skips:
                x = self.pool(x)
            x = down(x) if len(skips) < DROP_FROM else self.drop(down(x))
            skips.append(x)
        skips.pop()
        part = part or (slice(0, rows), slice(0, cols))
        heights = _needs(part[0], [skip.shape[-2] for skip in skips])
        widths = _needs(part[1], [skip.shape[-1] for skip in skips])
        x = x[..., heights.pop().given, widths.pop().given]
        for up, merge in zip(self.up, self.merge, strict=True):
            high, wide = heights.pop(), widths.pop()
            x, skip = up(x)[..., high.doubled, wide.doubled], skips.pop()[..., high.read, wide.read]
            x = merge(torch.cat([skip, x], 1) if skips else x.add_(skip))[..., high.given, wide.given]
            x = x if len(skips) < DROP_FROM else self.drop(x)
        return self.head(x)


class _Need(NamedTuple):
    """What the way up computes at a resolution, along rows or columns."""

    read: slice
    """Of that resolution: what its convolutions read."""
    doubled: slice
    """The same, in what the resolution below gives, doubled."""
    given: slice
    """In what was read: what the next resolution needs."""


_ALL = _Need(slice(None), slice(None), slice(None))


def _needs(part: slice, sizes: Sequence[int]) -> list[_Need]:
    """Return what a part needs of every resolution, from the finest, whose size comes first, to below the last."""
    if part == slice(0, sizes[0]):
        return [_ALL] * (len(sizes) + 1)
    needs, wanted = [], part
    for level, size in enumerate(sizes):
        reach = 2 if level else 1  # convolutions on the way up
        read = slice(max(wanted.start - reach, 0), min(wanted.stop + reach, size))
        below = slice(read.start // 2, (read.stop + 1) // 2)
        needs.append(_Need(read, _from(2 * below.start, read), _from(read.start, wanted)))
        wanted = below
    return [*needs, _Need(wanted, wanted, wanted)]


def _from(start: int, span: slice) -> slice:
    """Return a range, counted from `start`."""
    return slice(span.start - start, span.stop - start)


class Doubling(nn.Module):
    """2x2 transposed convolution with stride 2: each cell becomes four.

    Written as the matrix product that it is. On a CPU in bfloat16 that takes a quarter of the time of
    `ConvTranspose2d` forward, and a fifth with its gradient. There is no bias: the normalisation that follows
    would take it out again.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.spread = nn.Linear(in_channels, 4 * out_channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out_channels, 2 H, 2 W) of (B, in_channels, H, W), both channels last."""
        images, _, rows, cols = x.shape
        quads = self.spread(x.permute(0, 2, 3, 1)).view(images, rows, cols, 2, 2, -1)
        return quads.transpose(2, 3).reshape(images, 2 * rows, 2 * cols, -1).permute(0, 3, 1, 2)
