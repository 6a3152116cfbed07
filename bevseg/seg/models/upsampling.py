"""Coarse maps -> fine ones."""

from __future__ import annotations

import torch.nn.functional as nnf
from torch import Tensor


def upsampled(x: Tensor, factor: int) -> Tensor:
    """Return maps (B, C, factor H, factor W) of maps (B, C, H, W): bilinear between cell centres, held at edges."""
    return nnf.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
