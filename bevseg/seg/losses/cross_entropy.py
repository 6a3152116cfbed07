"""Cross-entropy."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from bevseg.seg.losses.kept import kept_rows


def cross_entropy(logits: Tensor, target: Tensor, ignore_index: int = 255, *, balance: float = 0.0) -> Tensor:
    """Weighted mean of -log softmax(z)[y] over the kept pixels."""
    rows, ids, _ = kept_rows(logits, target, ignore_index)
    if len(ids) == 0:
        return rows.sum()
    weight = None
    if balance:
        count = torch.bincount(ids, minlength=rows.shape[1])
        weight = torch.where(count > 0, count.clamp(min=1).to(rows.dtype) ** -balance, 0)
    return F.cross_entropy(rows, ids, weight)
