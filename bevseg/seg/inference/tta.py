"""Test-time augmentation (TTA): a network and a raster in several scales and symmetries -> mean probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from bevseg.config import PredictConfig


def multi_scale(logits: Sequence[Tensor], size: tuple[int, ...] | None = None) -> Tensor:
    """Return the mean over scales of the softmax probabilities, each resized to the full size.

    Bilinear between cell centres, held at the edges, without antialiasing. The softmax comes first, so that the means
    are probabilities (Berman et al. 2018, section 4.3; DeepLab-v2 takes the largest instead of the mean).

    Parameters
    ----------
    logits
        (B, C, rows, cols) of each scale; floating, computed in float32 or wider.
    size
        Rows and columns of the result; None: those of the largest.
    """
    full = size or max((_size(z) for z in logits), key=math.prod)
    resized = [_resized(_probabilities(z), full) for z in logits]
    return torch.stack(resized).mean(0)


def multiple_of(scales: Sequence[float], depth: int) -> int:
    """Return where windows begin and end, in cells.

    At multiples of this they meet whole cells of every scale, and these the same halvings, in every symmetry: tiles
    leave no seams.
    """
    return math.lcm(*(Fraction(scale).denominator << depth for scale in scales))


class TTA:
    """A network that is applied to a raster at several scales and in several symmetries.

    Parameters
    ----------
    net
        Bands (1, bands, rows, cols) -> logits (1, classes, rows, cols).
    depth
        Number of its halvings.
    dtype
        What it computes in.
    config
        Scales and number of symmetries (`turns`).
    """

    def __init__(self, net: nn.Module, depth: int, dtype: torch.dtype, config: PredictConfig) -> None:
        self.net, self.dtype, self.config = net, dtype, config
        self.multiple = multiple_of(config.scales, depth)

    def __call__(self, bands: Tensor) -> Tensor:
        """Return mean probabilities (classes, rows, cols), float32, of scaled bands (bands, rows, cols), float32."""
        rows, cols = bands.shape[-2:]
        padded = nnf.pad(bands, (0, -cols % self.multiple, 0, -rows % self.multiple))
        total = torch.zeros((), device=bands.device)
        for number in range(self.config.turns):
            view = apply_symmetry(padded, number)
            logits = [self.net(self._at(scale, view)) for scale in self.config.scales]
            total = total + undo_symmetry(multi_scale(logits, _size(view)), number)
        return total[0, :, :rows, :cols] / self.config.turns

    def _at(self, scale: float, bands: Tensor) -> Tensor:
        x = (bands if scale == 1 else _at_scale(bands, scale))[None]
        return x.to(self.dtype).contiguous(memory_format=torch.channels_last)


def apply_symmetry(x: Tensor, number: int) -> Tensor:
    """Return rasters (..., rows, cols) in one of their 8 symmetries.

    0: as they are. 1: half a turn. 2 and 3: a quarter to the left and to the right. 4 to 7: the mirror images of
    these. The first 1, 2, 4 or 8 are a group each.
    """
    quarters = (0, 2, 1, 3)[number % 4]
    return torch.rot90(x.flip(-1) if number >= 4 else x, quarters, (-2, -1))


def undo_symmetry(x: Tensor, number: int) -> Tensor:
    """Undo `apply_symmetry`."""
    back = torch.rot90(x, -(0, 2, 1, 3)[number % 4], (-2, -1))
    return back.flip(-1) if number >= 4 else back


def _at_scale(bands: Tensor, scale: float) -> Tensor:
    """Return bands (bands, rows, cols) at another size.

    Where some cells are empty (0 in all bands), only the others are averaged: the roof of a car stays as
    high as it is, however thinly it was scanned.
    """
    size = tuple(round(side * scale) for side in _size(bands))
    filled = (bands != 0).any(0, keepdim=True).to(bands.dtype)
    both = _resized(torch.cat([bands, filled])[None], size)[0]
    return both[:-1] / both[-1:].clamp_min(1e-6)


def _probabilities(logits: Tensor) -> Tensor:
    return logits.softmax(1, dtype=torch.promote_types(logits.dtype, torch.float32))


def _resized(x: Tensor, size: tuple[int, ...]) -> Tensor:
    if _size(x) == size:
        return x
    return nnf.interpolate(x, size=size, mode="bilinear", align_corners=False, antialias=False)


def _size(x: Tensor) -> tuple[int, ...]:
    return tuple(x.shape[-2:])
