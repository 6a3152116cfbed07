"""Rasters of any size -> rasters that can be halved."""

from __future__ import annotations

import torch.nn.functional as nnf
from torch import Tensor


def padded(bands: Tensor, depth: int) -> Tensor:
    """Return bands (B, C, H, W) with empty cells below and to the right: H and W are multiples of 2^depth.

    An empty cell holds 0 in every band.
    """
    rows, cols = bands.shape[-2:]
    step = 1 << depth
    # For an exporter, H and W are symbols: of this form it sees the multiples. (ONNX rounds quotients towards 0.)
    below, right = ((size + step - 1) // step * step - size for size in (rows, cols))
    return nnf.pad(bands, (0, right, 0, below))
