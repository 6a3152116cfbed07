"""Lovász hinge and Lovász-Softmax (Berman, Triki, Blaschko, CVPR 2018).

Both are <m, g>: errors m in descending order, g the steps of the Jaccard loss as the pixels become wrong in that
order. The steps are written in closed form, 1/U for a pixel of the class and I/(U(U-1)) for any other: differences
of J, as published, lose digits in float32 where there are many pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bevseg.errors import UsageError
from bevseg.seg.losses import lovasz_kernels
from bevseg.seg.losses.checks import one_of
from bevseg.seg.losses.class_maps import class_map_numbers
from bevseg.seg.losses.masking import ValidPixels, valid_pixels


def lovasz_softmax(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    classes: str | Sequence[int] = "present",
    per_image: bool = False,
    activation: str = "softmax",
    weights: Sequence[float] | None = None,
) -> Tensor:
    """Mean over classes of the Lovász extension of the Jaccard loss at the errors |[y = c] - q_c|.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`. Of binary logits only the foreground, class 1, counts.
    classes
        `present` averages over the classes with a valid pixel in the scope, `all` over every class, a list over
        those; an absent class then costs its largest q.
    per_image
        Scope: False pools the batch (a surrogate of data-set IoU), True takes the mean over the images, where an
        image without a counted class counts as 0.
    activation
        q from the logits: `softmax` over classes, or `sigmoid`. Binary logits always take the sigmoid.
    weights
        One per class: the mean over the classes becomes sum(w c) / sum(w) over those that are counted.

    Returns
    -------
    Tensor
        Scalar in [0, 1], float32 or wider; 0 for a perfect prediction, and with zero gradient if all pixels are
        ignored. At ties the gradient is one of several.

    Raises
    ------
    UsageError
        For an unknown choice of classes or activation, or weights that are not one for each class.

    Notes
    -----
    Source: sections 2.2 and 3.1 of the paper and the authors' code (golden set `lovasz_softmax`). The gradient
    vanishes where the softmax saturates: start from, or mix with, cross-entropy.
    """
    one_of("activation", activation, "softmax", "sigmoid")
    pixels = valid_pixels(logits, target, ignore_index)
    sigmoid = activation == "sigmoid" or len(pixels.logits) == 1
    q = pixels.logits.sigmoid() if sigmoid else pixels.logits.softmax(0)
    errors = torch.where(pixels.truth, 1 - q.detach(), q.detach())
    return _extension(q, errors, pixels, classes, per_image, weights)


def lovasz_hinge(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    classes: str | Sequence[int] = "present",
    per_image: bool = False,
    weights: Sequence[float] | None = None,
) -> Tensor:
    """Lovász extension of the Jaccard loss at the hinge errors max(0, 1 - z (2y - 1)), one class against the rest.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`. Of binary logits only the foreground, class 1, counts,
        present or not: the form of the paper. Otherwise each class is one against all others.
    classes
        With C > 1 as in `lovasz_softmax`; an absent class under `all` costs its largest error.
    per_image
        Scope, as in `lovasz_softmax`. The authors' code has True as its default, their text recommends the batch.
    weights
        As in `lovasz_softmax`.

    Returns
    -------
    Tensor
        Scalar in [0, inf), float32 or wider; 0 where every margin is at least 1, and with zero gradient if all
        pixels are ignored. At ties the gradient is one of several.

    Raises
    ------
    UsageError
        For an unknown choice of classes, or weights that are not one for each class.

    Notes
    -----
    Source: section 2.1 of the paper and the authors' code (golden set `lovasz_hinge`).
    """
    pixels = valid_pixels(logits, target, ignore_index)
    scores = pixels.logits.detach()
    against = torch.where(pixels.truth, -scores, scores)
    return _extension(
        pixels.logits, against, pixels, classes if len(scores) > 1 else "all", per_image, weights, margin=1
    )


def _extension(
    scores: Tensor,
    against: Tensor,
    pixels: ValidPixels,
    classes: str | Sequence[int],
    per_image: bool,
    weights: Sequence[float] | None,
    *,
    margin: int = 0,
) -> Tensor:
    """Return the mean over scopes and counted classes of <errors, steps>: a function of the scores (C, N).

    An error is `against` + margin where that is positive. It falls with the score of a true pixel, and rises with
    that of any other, at the same rate.
    """
    weights = _checked(weights, len(against))
    value, slopes = against.new_zeros((), dtype=torch.float64), torch.zeros_like(against)
    scopes = pixels.counts if per_image else [sum(pixels.counts)]
    parts = zip(against.split(scopes, 1), pixels.truth.split(scopes, 1), slopes.split(scopes, 1), strict=True)
    for of_scope, truth, out in parts:
        counted = _counted(truth, classes)
        total = sum(weights[c] for c in counted) * len(scopes)
        for c in counted:
            share = weights[c] / total if total else 0.0
            value += share * _extension_of_class(of_scope[c], margin, truth[c], out[c])
            out[c] *= share
    extension: Tensor = _Linear.apply(scores, slopes, value.to(scores.dtype))
    return extension


def _checked(weights: Sequence[float] | None, count: int) -> Sequence[float]:
    """Return the weight of each class map."""
    if weights is None:
        return [1.0] * count
    chosen = list(weights)[1:] if count == 1 and len(weights) == 2 else list(weights)
    if len(chosen) != count or not all(weight >= 0 for weight in chosen):
        raise UsageError(f"Invalid weights: {list(weights)}", hint=f"give {count} numbers of 0 or more")
    return chosen


def _counted(truth: Tensor, classes: str | Sequence[int]) -> list[int]:
    """Return the class maps of one scope (C, N) that enter the mean."""
    if classes == "present":
        found: list[int] = truth.any(1).nonzero().squeeze(1).tolist()
        return found
    if classes == "all":
        return list(range(len(truth)))
    if isinstance(classes, str):
        raise UsageError(f"Invalid classes: {classes!r}", hint="name present, all, or a list of ids")
    return class_map_numbers(classes, len(truth))


def _extension_of_class(against: Tensor, margin: int, truth: Tensor, slopes: Tensor) -> float | Tensor:
    """Return <errors, steps> (N,), and write the slopes: a step is by how much J grows when its pixel turns wrong."""
    if against.dtype == torch.float32 and against.device.type == "cpu" and len(against) < 1 << 31:
        return lovasz_kernels.extension(against.numpy(), margin, truth.numpy(), slopes.numpy())
    order = against.argsort(descending=True, stable=True)
    true = truth[order]
    found, total = true.cumsum(0, dtype=torch.int64), true.sum()
    place = torch.arange(1, len(true) + 1, device=against.device)
    inter, union = (total - found).to(against.dtype), (total + place - found).to(against.dtype)
    # A union of 1 without a hit: the class is absent, and the first false alarm costs everything.
    other = torch.where(union == 1, 1, inter / (union * (union - 1)).clamp_(min=1))
    steps = torch.empty_like(against).scatter_(0, order, torch.where(true, 1 / union, other))
    errors = (against + margin).relu_()
    slopes.copy_(torch.where(truth, -steps, steps) * (errors > 0))
    return (steps * errors).sum(dtype=torch.float64)


class _Linear(torch.autograd.Function):
    """A value whose slopes by the scores are known."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, slopes: Tensor, value: Tensor) -> Tensor:
        ctx.save_for_backward(slopes)
        return value

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (slopes,) = ctx.saved_tensors
        return slopes * gradient, None, None
