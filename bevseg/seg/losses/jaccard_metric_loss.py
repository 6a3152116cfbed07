"""Jaccard metric losses and soft Jaccard, for hard and soft labels (Wang, Ning, Blaschko, NeurIPS 2023).

All are one ratio of three soft areas, and differ in how those are measured where the label is neither 0 nor 1:

- JML1: shared = sum min(p, y), surplus = sum max(p - y, 0), missing = sum max(y - p, 0)
- JML2: shared = sum p y, surplus and missing as in JML1
- SJL-L1: shared = sum p y, surplus = sum p - shared, missing = sum y - shared
- SJL-L2: shared = sum p y, surplus = sum p^2 - shared, missing = sum y^2 - shared

With hard labels the first three are the same, and come from the sums of `overlap`, without a pass over |p - y|.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.checks import within
from bevseg.seg.losses.class_maps import probabilities
from bevseg.seg.losses.overlap import Groups, overlaps
from bevseg.seg.losses.reduction import class_shares, counted_classes, only_mean, over_groups, weighted_mean
from bevseg.seg.losses.soft_labels import soft_masked, without
from bevseg.seg.losses.weights import Weights


def jaccard_metric(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    form: int = 1,
    keep: Tensor | None = None,
    miou_d: float = 1.0,
    miou_i: float = 0.0,
    miou_c: float = 0.0,
    fp_weight: float = 1.0,
    fn_weight: float = 1.0,
    smooth: float = 1e-3,
    gamma: float = 1.0,
    log: bool = False,
    active: str | Sequence[int] = "present",
    threshold: float = 0.01,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - (shared + s) / (shared + a surplus + b missing + s), averaged over classes: JML1 or JML2.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of areas. Of binary logits only the foreground, class 1,
        counts. The target may also hold soft labels y; no gradient goes there. `sum` and `none` are for one of the
        three means alone: those of D are the costs (C,) of the batch, of I and C those of the images (B, C).
    form
        1: 1 - (|p| + |y| - |p - y|) / (|p| + |y| + |p - y|) in L1 norms; 2: 1 - <p, y> / (<p, y> + |p - y|), both
        for s = 0 and weights 1.
    keep
        (B, *S) bool, False in further pixels to ignore. Without it a soft label that is 0 for every one of several
        classes is ignored.
    miou_d, miou_i, miou_c
        Weights, at least 0, of three means. D: areas of the whole batch, mean over the active classes. I: areas of
        one image, mean over its active classes, then over the images that have one. C: areas of one image, mean over
        the images where the class is active, then over the classes that have one. The paper's code uses D alone,
        or half I and half C.
    fp_weight, fn_weight
        a and b, at least 0. One half each is the Dice semimetric loss, other values are Tversky's; a metric for 1
        and 1 alone.
    smooth
        s, pixels, at least 0; above 0 for the log form.
    gamma
        Exponent of the cost of a class, at least 1.
    log
        Take -log of the ratio instead of 1 - ratio.
    active
        Classes in the means: `present`, those with a label above `threshold` in some valid pixel of the batch (D) or
        the image (I, C); `all`; or a list of ids. With `present` a class that is absent costs nothing, even where
        it is predicted; else it costs 1 - s / (a surplus + s), and nothing if no pixel is valid.
    threshold
        Smallest soft label that speaks for a class, exclusive; in [0, 1]. A higher one drops classes a teacher only
        hints at. A class id always speaks for its class.

    Returns
    -------
    Tensor
        Scalar, float32 or wider, in [0, 1] times the sum of the weights of the means (without `log`); 0 for p = y
        and, if all classes are active, only there. 0 with zero gradient if all pixels are ignored or no class is
        active. At p = y, a kink with soft labels, the slope of |p - y| is taken as 0.

    Raises
    ------
    UsageError
        For an option outside its domain, or shapes that do not fit.

    Notes
    -----
    Source: Jaccard Metric Losses, section 3 and theorem 2.1, and the authors' code: golden sets `jml_jdt`, whose s
    this is, `jml_formula`, s = 0, and `jml_first_commit`, whose first form adds s to twice the areas: halve it. The
    three means: Wang et al., Revisiting Evaluation Metrics for Semantic Segmentation (NeurIPS 2023).
    """
    if form not in (1, 2):
        raise UsageError(f"Invalid form: {form:g}", hint="choose form 1 or 2")
    within("fp_weight", fp_weight, 0)
    within("fn_weight", fn_weight, 0)
    within("smooth", smooth, 0)
    within("gamma", gamma, 1)
    within("threshold", threshold, 0, 1)
    if log and smooth == 0:
        raise UsageError(
            "The log form needs a smooth above 0", why="the loss of a missed class would be infinite"
        )
    cost = partial(_cost, fp_weight=fp_weight, fn_weight=fn_weight, smooth=smooth, gamma=gamma, log=log)
    means = Means(miou_d, miou_i, miou_c)
    found = _measured(
        logits, target, ignore_index, keep, f"jml{form:g}", threshold, pixel_weights, means.scope
    )
    return _reduced(*found, active, cost, means, class_weights, reduction)


def soft_jaccard(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    norm: int = 1,
    keep: Tensor | None = None,
    miou_d: float = 1.0,
    miou_i: float = 0.0,
    miou_c: float = 0.0,
    smooth: float = 1e-3,
    active: str | Sequence[int] = "present",
    threshold: float = 0.01,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - (<p, y> + s) / (|p| + |y| - <p, y> + s), with |.| the L1 norm or the square of the L2 norm.

    The losses that `jaccard_metric` improves on, for comparison: with soft labels neither is a metric. SJL-L1 is not
    0 at p = y, and lowest at a p of zeros and ones; SJL-L2 is 0 there alone, but breaks the triangle inequality.

    Parameters
    ----------
    logits, target, ignore_index, keep, miou_d, miou_i, miou_c, smooth, active, threshold, class_weights, \
    pixel_weights, reduction
        As in `jaccard_metric`; absent classes and ignored pixels cost the same too.
    norm
        1 or 2.

    Returns
    -------
    Tensor
        Scalar, float32 or wider, in [0, 1] times the sum of the weights of the means; 0 with zero gradient if all
        pixels are ignored or no class is active.

    Raises
    ------
    UsageError
        For an option outside its domain, or shapes that do not fit.

    Notes
    -----
    Source: SJL1 and SJL2 of the golden set `jml_formula` (s = 0); norm 2 is also that of `jml_jdt`. For hard labels
    it is `power_jaccard` with p = norm.
    """
    if norm not in (1, 2):
        raise UsageError(f"Invalid norm: {norm:g}", hint="choose norm 1 or 2")
    within("smooth", smooth, 0)
    within("threshold", threshold, 0, 1)
    cost, means = partial(_cost, smooth=smooth), Means(miou_d, miou_i, miou_c)
    found = _measured(
        logits, target, ignore_index, keep, f"sjl{norm:g}", threshold, pixel_weights, means.scope
    )
    return _reduced(*found, active, cost, means, class_weights, reduction)


@dataclass(frozen=True)
class Means:
    """Weights of the means D, I and C.

    Raises
    ------
    UsageError
        If one is below 0, or none above.
    """

    batch: float
    images: float
    classes: float

    def __post_init__(self) -> None:
        if not (all(weight >= 0 for weight in self.weights) and 0 < sum(self.weights) < math.inf):
            raise UsageError(
                "Invalid weights of the means: " + ", ".join(f"{weight:g}" for weight in self.weights),
                hint="choose 0 or more, and at least one above 0",
            )

    @property
    def weights(self) -> tuple[float, float, float]:
        """D, I, C."""
        return self.batch, self.images, self.classes

    @property
    def scope(self) -> str:
        """The largest groups of pixels whose areas are enough for all of them: `batch` or `image`."""
        return "image" if self.images or self.classes else "batch"


class Areas(NamedTuple):
    """What the prediction shares with the truth, has too much and has too little: pixels, (C, G) or any shape."""

    shared: Tensor
    surplus: Tensor
    missing: Tensor


def _areas(p: Tensor, y: Tensor, kind: str, mass: Tensor | float = 1.0) -> Areas:
    """Measure p against y along the last dimension, in pixels of some mass: `jml1`, `jml2`, `sjl1` or `sjl2`."""

    def area(values: Tensor) -> Tensor:
        return (values * mass).sum(-1).double()

    if kind.startswith("sjl"):
        shared, norm = area(p * y), int(kind[-1])
        return Areas(shared, area(p.pow(norm)) - shared, area(y.pow(norm)) - shared)
    lower = area(torch.minimum(p, y))  # its slope is 1/2 at p = y, which makes that of |p - y| there 0
    shared = lower if kind == "jml1" else area(p * y)
    return Areas(shared, area(p) - lower, area(y) - lower)


def _measured(
    logits: Tensor,
    target: Tensor,
    ignore_index: int,
    keep: Tensor | None,
    kind: str,
    threshold: float,
    pixel_weights: Tensor | None,
    scope: str,
) -> tuple[Groups, Areas]:
    """Return the areas (C, G), float64, and the groups; their `truth` is above 0 where a class is present."""
    if not target.is_floating_point():
        target, power = without(target, keep, ignore_index), 2 if kind == "sjl2" else 1
        sums = overlaps(logits, target, ignore_index, scope=scope, power=power, pixel_weights=pixel_weights)
        return sums, Areas(sums.inter, sums.powers - sums.inter, sums.truth - sums.inter)
    pixels = soft_masked(logits, target, ignore_index, keep, pixel_weights)
    y, mass = pixels.truth.flatten(2), pixels.mass.flatten(2)
    areas = _areas(probabilities(pixels.logits).flatten(2), y, kind, mass)
    # A label in a pixel of no weight says nothing.
    present = ((y > threshold) & (mass > 0)).any(2)
    if scope == "batch":
        areas, present = Areas(*(area.sum(0, keepdim=True) for area in areas)), present.any(0, keepdim=True)
    return Groups(present.t().double(), scope, pixels.logits.dtype), Areas(*(area.t() for area in areas))


def _cost(
    areas: Areas,
    *,
    smooth: float = 0.0,
    fp_weight: float = 1.0,
    fn_weight: float = 1.0,
    gamma: float = 1.0,
    log: bool = False,
) -> Tensor:
    """Return the cost of each class and image; 0 where there is neither truth nor prediction nor `smooth`."""
    wrong = fp_weight * areas.surplus + fn_weight * areas.missing
    part = areas.shared + smooth
    whole = part + wrong
    cost = whole.log() - part.log() if log else wrong / torch.where(whole > 0, whole, 1)
    # Rounding may leave a perfect class a little below 0, where a power is not defined.
    return cost if gamma == 1 else cost.clamp(min=0).pow(gamma)


def _reduced(
    groups: Groups,
    areas: Areas,
    active: str | Sequence[int],
    cost: Callable[[Areas], Tensor],
    means: Means,
    class_weights: Weights | None,
    reduction: str,
) -> Tensor:
    """Return the sum of the means D, I and C, each times its weight, of areas (C, G); or the costs of one of them."""
    if sum(weight > 0 for weight in means.weights) > 1:
        only_mean("A sum of several means", reduction, "the batch, its images and its classes are unlike")
    if groups.scope == "batch" or reduction != "mean":
        costs = sum(means.weights) * cost(areas)
        return over_groups(costs, groups, classes=active, class_weights=class_weights, reduction=reduction)
    costs, counted = cost(areas), counted_classes(groups.truth, active)
    shares, anywhere = class_shares(counted, class_weights, costs), counted.any(1)
    by_image, by_class = weighted_mean(costs, shares), weighted_mean(costs, counted, 1)
    of_class = class_shares(anywhere[:, None], class_weights, costs)[:, 0]
    value = means.images * weighted_mean(by_image, (shares > 0).any(0))
    value = value + means.classes * weighted_mean(by_class, of_class)
    if means.batch:
        pooled = cost(Areas(*(area.sum(1) for area in areas)))
        value = value + means.batch * weighted_mean(pooled, of_class)
    return value.to(groups.dtype)
