"""By how much the class of a pixel leads all others together."""

from __future__ import annotations

import torch
from torch import Tensor

from bevseg.seg.losses.masking import ValidPixels


def one_vs_rest_logit(pixels: ValidPixels) -> Tensor:
    """Return log(p / (1 - p)) of each valid pixel (N,), p the softmax or sigmoid probability of its class.

    Its sigmoid is p and that of its negative is 1 - p, each with all its digits, and so are their logarithms and
    gradients: one form for two classes and for many, and none that saturates.
    """
    if len(pixels.logits) == 1:
        return torch.where(pixels.truth, pixels.logits, -pixels.logits)[0]
    own = pixels.logits.gather(0, pixels.ids[None])[0]
    return own - pixels.logits.masked_fill(pixels.truth, -torch.inf).logsumexp(0)
