"""How much of a class is wrong: shares of sums, their powers, and their mean over classes and images."""

from __future__ import annotations

import torch
from torch import Tensor

from bevseg.seg.losses.checks import one_of

_LEAST = torch.finfo(torch.float32).tiny
"""Shares below it count as 0: their slope under a root would leave float32."""


def ratio(wrong: Tensor, whole: Tensor) -> Tensor:
    """Return wrong / whole, and 0 where there is nothing that could be wrong.

    An overlap loss 1 - (right + s) / (whole + s) is written this way, since its small values keep their digits.
    """
    empty = whole <= 0
    return torch.where(empty, 0, wrong) / torch.where(empty, 1, whole)


def root(x: Tensor, exponent: float) -> Tensor:
    """Return x^exponent of x >= 0, exponent >= 0; where x = 0 and the slope would be infinite, it is 0 instead."""
    if exponent >= 1:
        return x.clamp(min=0) ** exponent
    none = x <= _LEAST
    return torch.where(none, 0, torch.where(none, 1, x) ** exponent)


def over_groups(
    costs: Tensor, truth: Tensor, logits: Tensor, *, classes: str, over_classes: str = "mean"
) -> Tensor:
    """Return the mean over groups of pixels of the costs (C, G) of each class, as wide as a loss of these logits.

    Parameters
    ----------
    costs
        (C, G), one per class and group: a group is the batch, or an image.
    truth
        (C, G) pixels of the class.
    logits
        Whose type, float32 at least, the result takes.
    classes
        `all` counts every class, `present` only those with a pixel in the group.
    over_classes
        `mean` over the classes too, or their `sum`.

    Raises
    ------
    UsageError
        For any other choice of classes or over_classes.
    """
    one_of("choice of classes", classes, "all", "present")
    one_of("reduction over classes", over_classes, "mean", "sum")
    counted = truth > 0 if classes == "present" else torch.ones_like(truth, dtype=torch.bool)
    number = counted.sum().clamp(min=1) if over_classes == "mean" else max(costs.shape[1], 1)
    mean = torch.where(counted, costs, 0).sum() / number
    return mean.to(torch.promote_types(logits.dtype, torch.float32))
