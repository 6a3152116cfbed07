"""From costs to the value of a loss: over pixels, over class maps, or over classes and groups of pixels.

Each of the three takes the options `class_weights` and `reduction` as the loss was given them, and reads the weights
of the pixels where the entrance has put them. `mean` is sum(w c) / sum(w), 0 where nothing has weight; `sum` is
sum(w c), and `none` returns the w c.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.checks import one_of
from bevseg.seg.losses.class_maps import class_map_numbers
from bevseg.seg.losses.masking import Masked, Pixels
from bevseg.seg.losses.overlap import Groups
from bevseg.seg.losses.soft_labels import SoftMasked
from bevseg.seg.losses.weights import Weights, of_class_maps, of_classes

REDUCTIONS = ("mean", "sum", "none")

_LEAST = torch.finfo(torch.float32).tiny
"""Shares below it count as 0: their slope under a root would leave float32."""


def over_pixels(
    costs: Tensor,
    pixels: Masked | SoftMasked,
    class_weights: Weights | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Reduce the costs of pixels; a pixel weighs as much as its class, times its own weight.

    Parameters
    ----------
    costs
        (B, *S), anything in ignored pixels, which cost 0.
    pixels
        Where they come from.
    class_weights, reduction
        As in the contract of `bevseg.seg.losses`; `none` is (B, *S).

    Raises
    ------
    UsageError
        For class weights that do not fit, or an unknown reduction.
    """
    mass = pixels.mass
    if class_weights is not None:
        per_class = of_classes(class_weights, pixels.logits.shape[1], costs)
        mass = mass * pixels.of_class(per_class)[:, None]
    found = _reduced(costs[:, None], pixels.keep, mass, 1, reduction)
    return found[:, 0] if reduction == "none" else found


def over_class_maps(
    costs: Tensor,
    pixels: Pixels,
    class_weights: Weights | None = None,
    reduction: str = "mean",
    places: slice | list[int] = slice(None),
) -> Tensor:
    """Reduce costs that each class has in each pixel; the weight of a class is that of its map.

    Parameters
    ----------
    costs
        (B, K, *S), anything in ignored pixels, which cost 0.
    pixels
        Where they come from.
    class_weights, reduction
        As in the contract of `bevseg.seg.losses`; `none` is (B, K, *S).
    places
        Which class maps of all C the costs are, as of `class_maps_of`.

    Raises
    ------
    UsageError
        For class weights that do not fit, or an unknown reduction.
    """
    if class_weights is None:
        return _reduced(costs, pixels.keep, pixels.mass, costs.shape[1], reduction)
    per_map = of_class_maps(class_weights, pixels.logits.shape[1], costs)[places]
    mass = per_map.view(-1, *[1] * (costs.ndim - 2)) * pixels.mass
    return _reduced(costs, pixels.keep, mass, 1, reduction)


def _reduced(costs: Tensor, keep: Tensor, mass: Tensor, maps: int, reduction: str) -> Tensor:
    """Reduce costs (B, K, *S) of some mass (B, 1 or K, *S), whose sum counts `maps` times."""
    one_of("reduction", reduction, *REDUCTIONS)
    # Not by the product alone: what a map holds in ignored pixels need not be a number.
    costs = torch.where(keep, costs, 0.0) * mass
    if reduction == "none":
        return costs
    if reduction == "sum":
        return costs.sum()
    return costs.sum() / _divisor(mass.sum() * maps)


def over_groups(
    costs: Tensor,
    groups: Groups,
    *,
    classes: str | Sequence[int],
    class_weights: Weights | None = None,
    reduction: str = "mean",
    over_classes: str = "mean",
) -> Tensor:
    """Reduce the costs (C, G) of classes in groups of pixels, which are the batch or its images.

    Parameters
    ----------
    costs
        (C, G), one per class and group.
    groups
        Where they come from.
    classes
        `all` counts every class, `present` only those with a pixel in the group, a list those.
    class_weights, reduction
        As in the contract of `bevseg.seg.losses`. `none` is (C,) for the batch and (B, C) for images, NaN with zero
        gradient for a class that is not counted.
    over_classes
        `mean` over the classes too, or their `sum`, of which the mean over groups is taken.

    Returns
    -------
    Tensor
        As wide as a loss of these logits.

    Raises
    ------
    UsageError
        For any other choice, or class weights that do not fit.
    """
    counted = counted_classes(groups.truth, classes)
    one_of("reduction over classes", over_classes, "mean", "sum")
    shares = class_shares(counted, class_weights, costs)
    if reduction == "mean" and over_classes == "mean":
        return weighted_mean(costs, shares, (0, 1)).to(groups.dtype)
    if reduction == "mean":
        return ((costs * shares).sum() / max(costs.shape[1], 1)).to(groups.dtype)
    return without_mean(costs, counted, shares, reduction, groups.scope).to(groups.dtype)


def class_shares(counted: Tensor, class_weights: Weights | None, like: Tensor) -> Tensor:
    """Return the weight of each class in each group (C, G), 0 where it is not counted."""
    shares = counted.to(like.dtype)
    return (
        shares
        if class_weights is None
        else shares * of_class_maps(class_weights, len(counted), like)[:, None]
    )


def weighted_mean(costs: Tensor, shares: Tensor, along: int | tuple[int, int] = 0) -> Tensor:
    """Return sum(w c) / sum(w) along a dimension, or two; 0 where nothing has weight."""
    return (costs * shares).sum(along) / _divisor(shares.sum(along))


def without_mean(costs: Tensor, counted: Tensor, shares: Tensor, reduction: str, scope: str) -> Tensor:
    """Reduce the costs of classes in groups (C, G) by `sum`, or not at all, as `over_groups` does."""
    one_of("reduction", reduction, *REDUCTIONS)
    if reduction == "sum":
        return (costs * shares).sum()
    weighted = torch.where(counted, costs * shares, torch.nan)
    return weighted.squeeze(1) if scope == "batch" else weighted.t()


def counted_classes(truth: Tensor, classes: str | Sequence[int]) -> Tensor:
    """Return which classes count in each group, (C, G) bool, given how much there is of them, (C, G).

    Raises
    ------
    UsageError
        For a word other than `present` and `all`, or a class without a class map.
    """
    if not isinstance(classes, str):
        chosen = set(class_map_numbers(classes, len(truth)))
        named = torch.tensor([place in chosen for place in range(len(truth))])
        return named.to(truth.device, non_blocking=True)[:, None].expand(truth.shape)
    one_of("choice of classes", classes, "all", "present")
    return truth > 0 if classes == "present" else torch.ones_like(truth, dtype=torch.bool)


def only_mean(loss: str, reduction: str, why: str) -> None:
    """Raise a UsageError for a reduction other than the mean, of a loss that has no other."""
    one_of("reduction", reduction, *REDUCTIONS)
    if reduction != "mean":
        raise UsageError(
            f"{loss} has no reduction {reduction!r}", why=why, hint="leave `reduction` out, or set it to mean"
        )


def ratio(wrong: Tensor, whole: Tensor) -> Tensor:
    """Return wrong / whole, and 0 where there is nothing that could be wrong, so that `wrong` is 0 too.

    An overlap loss 1 - (right + s) / (whole + s) is written this way, since its small values keep their digits.
    """
    return wrong / (whole + (whole <= 0))


def root(x: Tensor, exponent: float) -> Tensor:
    """Return x^exponent of x >= 0, exponent >= 0; where x = 0 and the slope would be infinite, it is 0 instead."""
    if exponent >= 1:
        return x.clamp(min=0) ** exponent
    none = x <= _LEAST
    return (x.masked_fill(none, 1) ** exponent).masked_fill(none, 0)


def _divisor(weight: Tensor) -> Tensor:
    """Return the weight of all, or 1 where nothing has any and all costs are 0."""
    return weight + (weight == 0)
