"""Tversky loss (Salehi et al. 2017) and focal Tversky loss (Abraham and Khan 2019)."""

from __future__ import annotations

from torch import Tensor

from bevseg.seg.losses.checks import of_areas, within
from bevseg.seg.losses.overlap import Overlap, overlaps
from bevseg.seg.losses.reduction import over_groups, ratio, root
from bevseg.seg.losses.weights import Weights


def tversky(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    fp_weight: float = 0.3,
    fn_weight: float = 0.7,
    smooth: float = 1.0,
    classes: str = "all",
    scope: str = "batch",
    activation: str = "softmax",
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over classes of 1 - (TP + s) / (TP + a FP + b FN + s).

    TP = sum(p y), FP = sum(p (1 - y)) and FN = sum((1 - p) y) over the valid pixels of a group.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of areas. Of binary logits only the foreground, class 1,
        counts.
    fp_weight, fn_weight
        a and b, at least 0: what a false alarm and a miss cost. 1/2 and 1/2 are Dice with twice the smoothing, 1
        and 1 are soft Jaccard.
    smooth
        Constant s, pixels, at least 0.
    classes
        `all` counts absent classes, at 1 - s / (a FP + s); `present` leaves them out, per image with
        `scope="image"`.
    scope
        Sums over the `batch`, or over each `image`, whose mean is then taken too.
    activation
        p from the logits: `softmax` over classes, or `sigmoid`. Binary logits always take the sigmoid.

    Returns
    -------
    Tensor
        Scalar in [0, 1], float32 or wider: 0 for a perfect prediction. 0 with zero gradient if all pixels are
        ignored.

    Raises
    ------
    UsageError
        For a negative weight or smooth, or an unknown choice of classes, scope or activation.

    Notes
    -----
    Source: Salehi, Erdogmus and Gholipour (MLMI 2017), whose best weights are the defaults; the survey of
    Jadon (2020) writes b on FP and 1 - b on FN, hence the names here. Golden sets `tversky`, `jadon_tversky`.
    """
    _check(fp_weight, fn_weight, smooth, scope, activation)
    areas = overlaps(
        logits, target, ignore_index, scope=scope, activation=activation, pixel_weights=pixel_weights
    )
    costs = _costs(areas, fp_weight, fn_weight, smooth)
    return over_groups(costs, areas, classes=classes, class_weights=class_weights, reduction=reduction)


def focal_tversky(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    exponent: float = 0.75,
    fp_weight: float = 0.3,
    fn_weight: float = 0.7,
    smooth: float = 1.0,
    classes: str = "all",
    over_classes: str = "mean",
    scope: str = "batch",
    activation: str = "softmax",
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean or sum over classes of T^exponent, T the Tversky loss of one class.

    Parameters
    ----------
    logits, target, ignore_index, fp_weight, fn_weight, smooth, classes, scope, activation, class_weights, \
    pixel_weights, reduction
        As for `tversky`, shapes and units too.
    exponent
        At least 0; 1/gamma of the paper, whose best gamma is 4/3. Above 1 badly segmented classes gain weight
        against good ones; below 1 they lose it, and the slope grows without bound as T falls to 0.
    over_classes
        `sum`, as in the paper, or `mean`.

    Returns
    -------
    Tensor
        Scalar in [0, 1], or [0, C] for the sum, float32 or wider: 0 for a perfect prediction. Where T is 0 its
        slope is taken as 0, so that the gradient is always a number. An absent class under `classes="all"` costs
        (1 - s / (a FP + s))^exponent. 0 with zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        As `tversky`, and for a negative exponent or an unknown over_classes.

    Notes
    -----
    Source: Abraham and Khan (ISBI 2019); the survey of Jadon (2020) prints gamma where they have 1/gamma.
    Golden sets `focal_tversky`, `jadon_focal_tversky`.
    """
    within("exponent", exponent, 0)
    _check(fp_weight, fn_weight, smooth, scope, activation)
    areas = overlaps(
        logits, target, ignore_index, scope=scope, activation=activation, pixel_weights=pixel_weights
    )
    costs = root(_costs(areas, fp_weight, fn_weight, smooth), exponent)
    return over_groups(
        costs,
        areas,
        classes=classes,
        class_weights=class_weights,
        reduction=reduction,
        over_classes=over_classes,
    )


def _check(fp_weight: float, fn_weight: float, smooth: float, scope: str, activation: str) -> None:
    within("fp_weight", fp_weight, 0)
    within("fn_weight", fn_weight, 0)
    of_areas(smooth, scope, activation)


def _costs(areas: Overlap, fp_weight: float, fn_weight: float, smooth: float) -> Tensor:
    """Return the Tversky loss (C, G) of each class and group."""
    wrong = fp_weight * (areas.powers - areas.inter) + fn_weight * (areas.truth - areas.inter)
    return ratio(wrong, areas.inter + wrong + smooth)
