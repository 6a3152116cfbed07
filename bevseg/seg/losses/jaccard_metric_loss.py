"""Jaccard metric losses and soft Jaccard, for hard and soft labels (Wang, Ning, Blaschko, NeurIPS 2023).

All are one ratio of three soft areas, and differ in how those are measured where the label is neither 0 nor 1:

- JML1: shared = sum min(p, y), surplus = sum max(p - y, 0), missing = sum max(y - p, 0)
- JML2: shared = sum p y, surplus and missing as in JML1
- SJL-L1: shared = sum p y, surplus = sum p - shared, missing = sum y - shared
- SJL-L2: shared = sum p y, surplus = sum p^2 - shared, missing = sum y^2 - shared

With hard labels the first three are the same, and come from the sums of `overlap`, without a pass over |p - y|.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.class_maps import class_map_numbers, probabilities
from bevseg.seg.losses.overlap import overlaps
from bevseg.seg.losses.soft_labels import soft_masked, without


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
) -> Tensor:
    """1 - (shared + s) / (shared + a surplus + b missing + s), averaged over classes: JML1 or JML2.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`. Of binary logits only the foreground, class 1, counts. The
        target may also hold soft labels y; no gradient goes there.
    form
        1: 1 - (|p| + |y| - |p - y|) / (|p| + |y| + |p - y|) in L1 norms; 2: 1 - <p, y> / (<p, y> + |p - y|), both
        for s = 0 and weights 1.
    keep
        (B, H, W) bool, False in further pixels to ignore. Without it a soft label that is 0 for every one of several
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
        Smallest soft label that speaks for a class, exclusive. A higher one drops classes a teacher only hints at.

    Returns
    -------
    Tensor
        Scalar, float32 or wider, in [0, 1] times the sum of the weights of the means (without `log`); 0 for p = y
        and, if all classes are active, only there. 0 with zero gradient if all pixels are ignored or no class is
        active. At p = y, a kink with soft labels, the slope of |p - y| is taken as 0.

    Raises
    ------
    UsageError
        For an option outside its domain.
    ValueError
        If the shapes do not fit.

    Notes
    -----
    Source: Jaccard Metric Losses, section 3 and theorem 2.1, and the authors' code: golden sets `jml_jdt`, whose s
    this is, `jml_formula`, s = 0, and `jml_first_commit`, whose first form adds s to twice the areas: halve it. The
    three means: Wang et al., Revisiting Evaluation Metrics for Semantic Segmentation (NeurIPS 2023).
    """
    if form not in (1, 2):
        raise UsageError(f"Invalid form: {form:g}", hint="choose form 1 or 2")
    if min(fp_weight, fn_weight, smooth) < 0 or gamma < 1:
        raise UsageError(
            f"Invalid options: fp_weight {fp_weight:g}, fn_weight {fn_weight:g}, smooth {smooth:g}, gamma {gamma:g}",
            why="weights and smooth must be 0 or more, gamma 1 or more",
        )
    if log and smooth == 0:
        raise UsageError(
            "The log form needs a smooth above 0", why="the loss of a missed class would be infinite"
        )
    cost = partial(_cost, fp_weight=fp_weight, fn_weight=fn_weight, smooth=smooth, gamma=gamma, log=log)
    areas, present = _measured(logits, target, ignore_index, keep, f"jml{form:g}", threshold)
    value = _mixed(areas, _counted(present, active), cost, miou_d, miou_i, miou_c)
    return value.to(torch.promote_types(logits.dtype, torch.float32))


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
) -> Tensor:
    """1 - (<p, y> + s) / (|p| + |y| - <p, y> + s), with |.| the L1 norm or the square of the L2 norm.

    The losses that `jaccard_metric` improves on, for comparison: with soft labels neither is a metric. SJL-L1 is not
    0 at p = y, and lowest at a p of zeros and ones; SJL-L2 is 0 there alone, but breaks the triangle inequality.

    Parameters
    ----------
    logits, target, ignore_index, keep, miou_d, miou_i, miou_c, smooth, active, threshold
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
        For an option outside its domain.
    ValueError
        If the shapes do not fit.

    Notes
    -----
    Source: SJL1 and SJL2 of the golden set `jml_formula` (s = 0); norm 2 is also that of `jml_jdt`. For hard labels
    it is `power_jaccard` with p = norm.
    """
    if norm not in (1, 2):
        raise UsageError(f"Invalid norm: {norm:g}", hint="choose norm 1 or 2")
    if smooth < 0:
        raise UsageError(f"Invalid smooth: {smooth:g}", hint="choose 0 or more")
    areas, present = _measured(logits, target, ignore_index, keep, f"sjl{norm:g}", threshold)
    value = _mixed(areas, _counted(present, active), partial(_cost, smooth=smooth), miou_d, miou_i, miou_c)
    return value.to(torch.promote_types(logits.dtype, torch.float32))


class Areas(NamedTuple):
    """What the prediction shares with the truth, has too much and has too little: pixels, (C, B) or any shape."""

    shared: Tensor
    surplus: Tensor
    missing: Tensor


def _areas(p: Tensor, y: Tensor, kind: str) -> Areas:
    """Measure p against y along the last dimension: `jml1`, `jml2`, `sjl1` or `sjl2`."""
    if kind.startswith("sjl"):
        shared, norm = (p * y).sum(-1), int(kind[-1])
        return Areas(shared, p.pow(norm).sum(-1) - shared, y.pow(norm).sum(-1) - shared)
    lower = torch.minimum(p, y).sum(-1)  # its slope is 1/2 at p = y, which makes that of |p - y| there 0
    shared = lower if kind == "jml1" else (p * y).sum(-1)
    return Areas(shared, p.sum(-1) - lower, y.sum(-1) - lower)


def _measured(
    logits: Tensor, target: Tensor, ignore_index: int, keep: Tensor | None, kind: str, threshold: float
) -> tuple[Areas, Tensor]:
    """Return the areas (C, B), float64, and whether the class is present in the image (C, B)."""
    if not target.is_floating_point():
        target = without(target, keep, ignore_index)
        sums = overlaps(logits, target, ignore_index, scope="image", power=2 if kind == "sjl2" else 1)
        return Areas(sums.inter, sums.powers - sums.inter, sums.truth - sums.inter), sums.truth > 0
    pixels = soft_masked(logits, target, ignore_index, keep)
    p = torch.where(pixels.keep, probabilities(pixels.logits), 0).flatten(2)
    y = pixels.truth.flatten(2)
    areas = (area.double().t() for area in _areas(p, y, kind))
    return Areas(*areas), (y.amax(2) > threshold).t()


def _counted(present: Tensor, active: str | Sequence[int]) -> Tensor:
    """Return which of the classes count, (C, B) bool, given which are present."""
    if active == "present":
        return present
    if active == "all":
        return torch.ones_like(present)
    if isinstance(active, str):
        raise UsageError(f"Invalid classes: {active!r}", hint="name present, all, or a list of ids")
    counted = torch.zeros_like(present)
    counted[class_map_numbers(active, len(present))] = True
    return counted


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


def _mixed(
    areas: Areas, active: Tensor, cost: Callable[[Areas], Tensor], miou_d: float, miou_i: float, miou_c: float
) -> Tensor:
    """Return the weighted sum of the three means of areas (C, B) over the active classes (C, B)."""
    if min(miou_d, miou_i, miou_c) < 0 or miou_d + miou_i + miou_c <= 0:
        raise UsageError(
            f"Invalid weights of the means: {miou_d:g}, {miou_i:g}, {miou_c:g}",
            hint="choose 0 or more, and at least one above 0",
        )
    terms = []
    if miou_d:
        pooled = cost(Areas(*(area.sum(1) for area in areas)))
        terms.append(miou_d * _mean(pooled, active.any(1), 0))
    if miou_i or miou_c:
        costs = cost(areas)
        for weight, inner in ((miou_i, 0), (miou_c, 1)):
            terms.append(weight * _mean(_mean(costs, active, inner), active.any(inner), 0))
    return torch.stack(terms).sum()


def _mean(costs: Tensor, counted: Tensor, along: int) -> Tensor:
    """Return the mean along a dimension of the costs that count; 0 where none does."""
    return (costs * counted).sum(along) / counted.sum(along).clamp(min=1)
