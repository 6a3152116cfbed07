"""The entrance of every loss: ignored pixels are dropped, logits are widened to float32."""

from __future__ import annotations

import torch
from torch import Tensor


def kept_rows(logits: Tensor, target: Tensor, ignore_index: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the logits (N, C), ids (N,) int64 and image numbers (N,) of the pixels that are not ignored."""
    keep = (target != ignore_index).flatten().nonzero().squeeze(1)
    channels = logits.shape[1]
    rows = logits.permute(0, 2, 3, 1).reshape(-1, channels).index_select(0, keep)
    rows = rows if rows.dtype == torch.float64 else rows.float()
    image = keep // (target.shape[1] * target.shape[2])
    return rows, target.flatten().index_select(0, keep).long(), image
