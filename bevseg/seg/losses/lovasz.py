"""Lovász hinge and Lovász-Softmax (Berman, Triki, Blaschko, CVPR 2018).

Both are <m, g>: errors m in descending order, g the steps of the Jaccard loss as the pixels become wrong in that
order. The steps are written in closed form, w/U for a pixel of the class of weight w and I w/(U (U + w)) for any
other, U before it: differences of J, as published, lose digits in float32 where there are many pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from bevseg.seg.losses import lovasz_kernels
from bevseg.seg.losses.checks import one_of
from bevseg.seg.losses.masking import Masked, masked
from bevseg.seg.losses.reduction import class_shares, counted_classes, weighted_mean, without_mean
from bevseg.seg.losses.weights import Weights


def lovasz_softmax(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    classes: str | Sequence[int] = "present",
    per_image: bool = False,
    activation: str = "softmax",
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over classes of the Lovász extension of the Jaccard loss at the errors |[y = c] - q_c|.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of areas. Of binary logits only the foreground, class 1,
        counts.
    classes
        `present` averages over the classes with a valid pixel in the scope, `all` over every class, a list over
        those; an absent class then costs its largest q.
    per_image
        Scope: False pools the batch (a surrogate of data-set IoU), True takes the mean over the images, where an
        image without a counted class counts as 0.
    activation
        q from the logits: `softmax` over classes, or `sigmoid`. Binary logits always take the sigmoid.

    Returns
    -------
    Tensor
        Scalar in [0, 1], float32 or wider; 0 for a perfect prediction, and with zero gradient if all pixels are
        ignored. At ties the gradient is one of several.

    Raises
    ------
    UsageError
        For an unknown choice of classes, activation or reduction, or weights that do not fit.

    Notes
    -----
    Source: sections 2.2 and 3.1 of the paper and the authors' code (golden set `lovasz_softmax`). The gradient
    vanishes where the softmax saturates: start from, or mix with, cross-entropy.
    """
    one_of("activation", activation, "softmax", "sigmoid")
    pixels = masked(logits, target, ignore_index, pixel_weights)
    sigmoid = activation == "sigmoid" or pixels.logits.shape[1] == 1
    q = pixels.logits.sigmoid() if sigmoid else pixels.logits.softmax(1)
    return _extension(q, pixels, 1, classes, per_image, class_weights, reduction)


def lovasz_hinge(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    classes: str | Sequence[int] = "present",
    per_image: bool = False,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Lovász extension of the Jaccard loss at the hinge errors max(0, 1 - z (2y - 1)), one class against the rest.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of areas. Of binary logits only the foreground, class 1,
        counts, present or not: the form of the paper. Otherwise each class is one against all others.
    classes
        With C > 1 as in `lovasz_softmax`; an absent class under `all` costs its largest error.
    per_image
        Scope, as in `lovasz_softmax`. The authors' code has True as its default, their text recommends the batch.

    Returns
    -------
    Tensor
        Scalar in [0, inf), float32 or wider; 0 where every margin is at least 1, and with zero gradient if all
        pixels are ignored. At ties the gradient is one of several.

    Raises
    ------
    UsageError
        For an unknown choice of classes or reduction, or weights that do not fit.

    Notes
    -----
    Source: section 2.1 of the paper and the authors' code (golden set `lovasz_hinge`).
    """
    pixels = masked(logits, target, ignore_index, pixel_weights)
    if pixels.logits.shape[1] == 1:
        classes = "all"
    return _extension(pixels.logits, pixels, 0, classes, per_image, class_weights, reduction)


def _extension(
    scores: Tensor,
    pixels: Masked,
    top: int,
    classes: str | Sequence[int],
    per_image: bool,
    class_weights: Weights | None,
    reduction: str,
) -> Tensor:
    """Reduce <errors, steps> of each class and scope.

    The scores (B, C, *S) end at `top`: an error is top - score for a pixel of the class, and the score for any other,
    where top is 1. Without an end, top is 0, an error is 1 more, or 0 where that is negative.
    """
    by_kernel = (
        not torch.compiler.is_compiling()
        and scores.device.type == "cpu"
        and scores.dtype == torch.float32
        and scores.numel() < lovasz_kernels.MOST
    )
    extended = lovasz_kernels.extension if by_kernel else extension
    costs, counted = extended(scores, pixels, top, classes, per_image)
    shares = class_shares(counted, class_weights, costs)
    if reduction == "mean":
        value = weighted_mean(costs, shares).sum() / max(costs.shape[1], 1)
    else:
        value = without_mean(costs, counted, shares, reduction, "image" if per_image else "batch")
    return value.to(scores.dtype)


def extension(
    scores: Tensor, pixels: Masked, top: int, classes: str | Sequence[int], per_image: bool
) -> tuple[Tensor, Tensor]:
    """Return <errors, steps> of each class in each scope (C, G), float64, and whether it counts there.

    All classes and scopes are rows of one sort. Torch differentiates the errors, and takes the steps as constant: the
    function is piecewise linear in the scores, and its second derivatives are right too.
    """
    images, maps, *size = scores.shape
    rows = (maps, images, math.prod(size)) if per_image else (maps, 1, images * math.prod(size))

    def in_rows(values: Tensor) -> Tensor:
        return values.transpose(0, 1).reshape(rows)

    indicator, mass = pixels.indicator, pixels.weights
    # Without the margin of the hinge, the order is by all digits of the scores.
    against = top * indicator + (1 - 2 * indicator) * scores
    against = in_rows(torch.where(pixels.keep, against, -torch.inf))
    falling, order = against.sort(stable=True, dim=2, descending=True)

    # Counts are whole numbers: torch can sum these up in one order on a GPU, if it is asked for the same bytes.
    exact = torch.int64 if mass is None else torch.float64

    def in_order(values: Tensor) -> Tensor:
        return in_rows(values.expand(scores.shape)).to(exact).gather(2, order)

    with torch.no_grad():
        hits = in_order(indicator if mass is None else indicator * mass)
        misses = 1 - hits if mass is None else in_order(mass) - hits
        areas = hits.sum(2, keepdim=True)
        inter, union = areas - hits.cumsum(2), areas + misses.cumsum(2)
        before = (union - misses).double()
        # Without any union the class is absent, and the first false alarm costs everything.
        share = torch.where(before > 0, inter / before, 1)
        steps = ((hits + misses * share) / union.masked_fill(union == 0, 1)).to(scores.dtype)
    errors = (falling + (1 - top)).relu()
    return (errors * steps).sum(2, dtype=torch.float64), counted_classes(areas.squeeze(2), classes)
