"""By how much the class of a pixel leads all others together."""

from __future__ import annotations

import torch
from torch import Tensor

from bevseg.seg.losses.masking import Kept


def margin(pixels: Kept) -> Tensor:
    """Return log(p / (1 - p)) of each kept pixel (N,), p the softmax or sigmoid probability of its class.

    sigmoid(margin) is p and sigmoid(-margin) is 1 - p, each with all its digits, and so are their logarithms and
    gradients: one form for two classes and for many, and none that saturates.
    """
    if len(pixels.planes) == 1:
        return torch.where(pixels.truth, pixels.planes, -pixels.planes)[0]
    own = pixels.planes.gather(0, pixels.ids[None])[0]
    return own - pixels.planes.masked_fill(pixels.truth, -torch.inf).logsumexp(0)
