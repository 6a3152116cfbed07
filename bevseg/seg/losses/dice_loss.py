"""Dice losses: of areas, of powers (Duque-Arias et al. 2021), and under log cosh (Jadon 2020)."""

from __future__ import annotations

import torch
from torch import Tensor

from bevseg.seg.losses.checks import of_areas, of_power, one_of
from bevseg.seg.losses.overlap import Overlap, overlaps
from bevseg.seg.losses.reduction import only_mean, over_groups, ratio
from bevseg.seg.losses.weights import Weights


def dice(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    smooth: float = 1.0,
    classes: str = "all",
    scope: str = "batch",
    activation: str = "softmax",
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over classes of 1 - (2 I + s) / (P + Y + s): I = sum(y p), P = sum(p), Y = sum(y) over valid pixels.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of areas. Of binary logits only the foreground, class 1,
        counts.
    smooth
        Constant s, pixels, at least 0. It decides what a false alarm for an absent class costs: 1 - s / (P + s).
    classes
        `all` counts absent classes, `present` leaves them out, per image with `scope="image"`.
    scope
        Sums over the `batch`, or over each `image`, whose mean is then taken too.
    activation
        p from the logits: `softmax` over classes, or `sigmoid`. Binary logits always take the sigmoid.

    Returns
    -------
    Tensor
        Scalar in [0, 1], float32 or wider: 0 for a perfect prediction, 1 with s = 0 for a disjoint one. 0 with zero
        gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        For a negative smooth, or an unknown choice of classes, scope or activation.

    Notes
    -----
    Source: survey of Jadon (2020), with s in both sums, and no squares in the denominator; golden
    sets `dice`, `jadon_dice`. Tversky with weights of 1/2 and half of s is the same loss.
    """
    of_areas(smooth, scope, activation)
    areas = overlaps(
        logits, target, ignore_index, scope=scope, activation=activation, pixel_weights=pixel_weights
    )
    costs = disagreement(areas, smooth)
    return over_groups(costs, areas, classes=classes, class_weights=class_weights, reduction=reduction)


def power_dice(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    p: float | Tensor = 1.5,
    smooth: float = 10.0,
    reduce: str = "all",
    classes: str = "all",
    activation: str = "softmax",
    any_p: bool = False,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - (2 I + s) / (sum(y^p) + sum(q^p) + s), where I = sum(y q) over one group of pixels.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of areas. Of binary logits only the foreground, class 1,
        counts.
    p
        Power, in [1, 2]: 1 is Dice, 2 the form of V-Net with squares. A tensor of one number may have a gradient.
    smooth
        Constant s, pixels, at least 0.
    reduce
        What one group is: `all` the whole batch with all classes in one sum (the authors' code; the classes with
        the most pixels decide; each times its weight, if there are class weights), `class_batch` one class in the
        batch, `class_image` one class in one image. The loss is the mean over groups.
    classes
        For the class reductions: `all` counts groups without a pixel of the class, which cost
        1 - s / (sum(q^p) + s), `present` leaves them out.
    activation
        q from the logits: `softmax` over classes, or `sigmoid`. Binary logits always take the sigmoid.
    any_p
        Accept a p outside [1, 2], where the loss is not lowest at the perfect prediction.

    Returns
    -------
    Tensor
        Scalar in [0, 1] for p in [1, 2], float32 or wider: 0 for a perfect prediction, 1 with s = 0 for a disjoint
        one. 0 with zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        For p outside [1, 2] without `any_p`, a negative smooth, an unknown choice of reduce, classes or activation,
        or a reduction other than the mean of the one group of `all`.

    Notes
    -----
    Source: the code beside Duque-Arias et al. (VISAPP 2021), whose text only mentions it; golden set `power_dice`.
    """
    of_power("Power Dice", p, any_p)
    one_of("choice of reduce", reduce, "all", "class_batch", "class_image")
    scope = "image" if reduce == "class_image" else "batch"
    of_areas(smooth, scope, activation)
    sums = overlaps(
        logits, target, ignore_index, scope=scope, activation=activation, power=p, pixel_weights=pixel_weights
    )
    if reduce == "all":
        only_mean("One sum over all classes", reduction, "it is one ratio, and no mean over classes")
        sums, classes, class_weights = sums.of_all_classes(class_weights), "all", None
    costs = disagreement(sums, smooth)
    return over_groups(costs, sums, classes=classes, class_weights=class_weights, reduction=reduction)


def log_cosh_dice(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    smooth: float = 1.0,
    classes: str = "all",
    scope: str = "batch",
    activation: str = "softmax",
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Logarithm of cosh D, where D is the Dice loss, mean over classes and images included.

    Parameters
    ----------
    logits, target, ignore_index, smooth, classes, scope, activation, class_weights, pixel_weights
        As for `dice`, shapes and units too.
    reduction
        `mean` only: the loss is a function of the mean.

    Returns
    -------
    Tensor
        Scalar in [0, 0.434], float32 or wider: 0 for a perfect prediction. Its gradient is tanh(D) times that of
        D, and so fades as D does. An absent class costs what it adds to D. 0 with zero gradient if all pixels are
        ignored.

    Raises
    ------
    UsageError
        As `dice`.

    Notes
    -----
    Source: survey of Jadon (2020); golden sets `log_cosh_dice`, `jadon_log_cosh_dice`. Computed as
    log(1 + 2 sinh(D/2)^2), which keeps the digits of a small D.
    """
    only_mean("Log-cosh Dice", reduction, "it is a function of the mean over classes")
    mean = dice(
        logits,
        target,
        ignore_index,
        smooth=smooth,
        classes=classes,
        scope=scope,
        activation=activation,
        class_weights=class_weights,
        pixel_weights=pixel_weights,
    )
    return torch.log1p(2 * torch.sinh(mean / 2) ** 2)


def disagreement(sums: Overlap, smooth: float) -> Tensor:
    """Return 1 - the Dice coefficient (C, G) of each class and group."""
    both = sums.powers + sums.truth
    return ratio(both - 2 * sums.inter, both + smooth)
