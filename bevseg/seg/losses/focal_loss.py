"""Focal loss (Lin et al., ICCV 2017)."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as nnf
from torch import Tensor

from bevseg.seg.losses.checks import within
from bevseg.seg.losses.cross_entropy_loss import pixel_factors
from bevseg.seg.losses.masking import masked, one_vs_rest_logit
from bevseg.seg.losses.reduction import over_pixels
from bevseg.seg.losses.weights import Weights


def focal(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    gamma: float = 2.0,
    alpha: float | Sequence[float] | None = None,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over the valid pixels of a[y] (1 - p[y])^gamma (-log p[y]).

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of pixels.
    gamma
        How little the easy pixels count, at least 0; 0 is cross-entropy (with 1, as the survey has it, it is not).
    alpha
        None weighs all classes with 1; a number in [0, 1] is the weight of every class but class 0, which gets
        1 - alpha: 0.25 in the paper. A sequence holds one weight a for each class, two for binary logits. Other than
        by `class_weights`, the mean is not divided by the sum of these weights.

    Returns
    -------
    Tensor
        Scalar in [0, inf), float32 or wider. A class that is absent costs what it takes from the probability
        of the others. 0 with zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        For gamma or alpha outside their domain, or weights that are not one for each class.

    Notes
    -----
    Source: eq. 5 of the paper, for many classes as in JDTLosses (golden sets `focal_binary`, `jdt_focal_ce`,
    `jadon_focal`). The paper divides by the number of positives; here it is a mean. 1 - p is taken from the margin
    of the class, so that its power has a finite gradient for every logit and every gamma.
    """
    within("gamma", gamma, 0)
    pixels = masked(logits, target, ignore_index, pixel_weights)
    lead = one_vs_rest_logit(pixels)
    costs = (gamma * nnf.logsigmoid(-lead)).exp() * -nnf.logsigmoid(lead)
    if alpha is not None:
        if not isinstance(alpha, Sequence):
            within("alpha", alpha, 0, 1)
            alpha = [1 - alpha] + [alpha] * max(pixels.logits.shape[1] - 1, 1)
        costs = costs * pixel_factors(alpha, pixels)
    return over_pixels(costs, pixels, class_weights, reduction)
