"""Power Jaccard."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from bevseg.seg.losses.kept import kept_rows


def power_jaccard(
    logits: Tensor, target: Tensor, ignore_index: int = 255, *, p: float = 1.5, smooth: float = 1.0
) -> Tensor:
    """1 - (I + s) / (U + s) per class over the batch, mean over the classes present."""
    rows, ids, _ = kept_rows(logits, target, ignore_index)
    if len(ids) == 0:
        return rows.sum()
    q = rows.softmax(1)
    y = F.one_hot(ids, rows.shape[1]).to(q.dtype)
    inter = (q * y).sum(0)
    union = y.sum(0) + q.pow(p).sum(0) - inter
    loss = 1 - (inter + smooth) / (union + smooth)
    present = y.sum(0) > 0
    return torch.where(present, loss, 0).sum() / present.sum()
