"""Losses that join cross-entropy and Dice: combo, and the exponential-logarithmic loss."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch.nn.functional as nnf
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.checks import of_areas, one_of, within
from bevseg.seg.losses.cross_entropy_loss import class_areas, pixel_costs, pixel_factors
from bevseg.seg.losses.dice_loss import disagreement
from bevseg.seg.losses.masking import Masked, masked, one_vs_rest_logit
from bevseg.seg.losses.overlap import overlaps_of
from bevseg.seg.losses.reduction import only_mean, over_groups, over_pixels, root
from bevseg.seg.losses.weights import Weights


def combo(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    alpha: float = 0.5,
    beta: float = 0.5,
    smooth: float = 1.0,
    form: str = "shifted",
    classes: str = "all",
    activation: str = "softmax",
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Combo: alpha X + (1 - alpha) sum over classes of (1 - D), X a balanced cross-entropy.

    D = (2 sum(p y) + s) / (sum(p) + sum(y) + s) is the Dice coefficient of a class in the batch.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights
        As in the contract of `bevseg.seg.losses`: the weights of a loss of pixels in the cross-entropy, those of a
        loss of areas in the Dice part.
    reduction
        `mean` only: the parts are unlike.
    alpha
        Share of the cross-entropy, in [0, 1].
    beta
        Weight in X of every class but class 0, whose weight is 1 - beta; in [0, 1]. Below 0.5 it works against
        false positives. X is the mean over valid pixels, and half the plain cross-entropy for 0.5.
    smooth
        Constant s, pixels, at least 0.
    form
        `shifted` as above; `original` subtracts (1 - alpha) sum(D) instead: the same gradient, and a value that is
        lower by (1 - alpha) times the number of counted classes.
    classes
        Whose D is summed: `all`, where an absent class costs 1 - s / (sum(p) + s), or those `present`.
    activation
        p in D: `softmax` over classes, or `sigmoid`. Binary logits always take the sigmoid, and D is then that of
        the foreground, class 1.

    Returns
    -------
    Tensor
        Scalar, float32 or wider: in [0, inf), and 0 for a perfect prediction, when shifted. If all pixels are
        ignored it is what a perfect prediction costs, with zero gradient.

    Raises
    ------
    UsageError
        For alpha, beta or smooth outside their domain, or an unknown choice of form, classes or activation.

    Notes
    -----
    Source: Taghanaki et al. (Computerized Medical Imaging and Graphics 75, 2019), the sum over classes
    included. The survey of Jadon (2020) subtracts the Dice loss instead of the coefficient, which
    would maximise it. Golden set `combo`.
    """
    within("alpha", alpha, 0, 1)
    one_of("form", form, "shifted", "original")
    of_areas(smooth, "batch", activation)
    within("beta", beta, 0, 1)
    only_mean("Combo", reduction, "it adds a mean over pixels and a sum over classes")
    pixels = masked(logits, target, ignore_index, pixel_weights)
    areas = overlaps_of(pixels, activation=activation)
    costs = disagreement(areas, smooth)
    if form == "original":
        costs = costs - 1
    overlap = over_groups(costs, areas, classes=classes, class_weights=class_weights, over_classes="sum")
    others = max(pixels.logits.shape[1], 2) - 1
    balanced = pixel_factors([1 - beta] + [beta] * others, pixels) * pixel_costs(pixels)
    return alpha * over_pixels(balanced, pixels, class_weights) + (1 - alpha) * overlap


def exponential_logarithmic(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    gamma: float = 0.3,
    dice_weight: float = 0.8,
    cross_weight: float = 0.2,
    smooth: float = 1.0,
    frequencies: Sequence[float] | None = None,
    classes: str = "all",
    activation: str = "softmax",
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Sum of a mean_c((-ln D[c])^gamma), over classes, and b mean(w[y] (-ln p[y])^gamma), over pixels.

    D = (2 sum(p y) + s) / (sum(p) + sum(y) + s) is the Dice coefficient of a class in the batch, and
    w[c] = (sum(f) / f[c])^(1/2) makes up for rare labels.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights
        As in the contract of `bevseg.seg.losses`: the weights of a loss of pixels in the cross-entropy, those of a
        loss of areas in the Dice part.
    reduction
        `mean` only: the parts are unlike.
    gamma
        Exponent, at least 0: below 1 good classes and pixels are still pushed, above 1 they are let go.
    dice_weight, cross_weight
        a and b, at least 0.
    smooth
        Constant s, pixels, above 0: without it an absent or missed class costs infinity.
    frequencies
        f of each class in the training set, above 0, of any sum; two for binary logits. None counts the valid
        pixels of the batch.
    classes
        Whose D is averaged: `all`, where an absent class costs ln(1 + sum(p) / s)^gamma, or those `present`.
    activation
        p in D: `softmax` over classes, or `sigmoid`. Binary logits always take the sigmoid, and D is then that of
        the foreground, class 1.

    Returns
    -------
    Tensor
        Scalar in [0, inf), float32 or wider; 0 for a perfect prediction. 0 with zero gradient if all pixels are
        ignored.

    Raises
    ------
    UsageError
        For an option outside its domain, or frequencies that are not one for each class.

    Notes
    -----
    Source: Wong et al. (MICCAI 2018), defaults included, the exponents inside the means; they count f
    in the training set. Golden set `exp_log`. For gamma < 1 the slope is infinite where D or p is exactly 1; it is
    taken as 0 there. With respect to the logits it is bounded everywhere else, and needs no floor: -ln p and its
    slope are computed from the margin of the class.
    """
    within("gamma", gamma, 0)
    within("dice_weight", dice_weight, 0)
    within("cross_weight", cross_weight, 0)
    of_areas(smooth, "batch", activation)
    if not smooth > 0:
        raise UsageError(
            f"Invalid smooth: {smooth:g}",
            why="the logarithm of a Dice of 0 is infinite",
            hint="choose one above 0",
        )
    only_mean(
        "The exponential-logarithmic loss", reduction, "it adds a mean over classes and one over pixels"
    )
    pixels = masked(logits, target, ignore_index, pixel_weights)
    areas = overlaps_of(pixels, activation=activation)
    wrong = areas.powers + areas.truth - 2 * areas.inter
    costs = root((wrong / (2 * areas.inter + smooth)).clamp(min=0).log1p(), gamma)
    overlap = over_groups(costs, areas, classes=classes, class_weights=class_weights)
    logarithms = root(-nnf.logsigmoid(one_vs_rest_logit(pixels)), gamma)
    cross = over_pixels(_label_weights(pixels, frequencies) * logarithms, pixels, class_weights)
    return dice_weight * overlap + cross_weight * cross


def _label_weights(pixels: Masked, frequencies: Sequence[float] | None) -> Tensor:
    """Return (sum(f) / f)^(1/2) of the class of each pixel (B, *S)."""
    if frequencies is None:
        areas = class_areas(pixels).sum(0)
        return pixels.of_class((areas.sum() / (areas + (areas == 0))).sqrt().to(pixels.logits.dtype))
    if not all(f > 0 for f in frequencies):
        raise UsageError("A class has frequency 0, or less", hint="give frequencies above 0")
    total = math.fsum(frequencies)
    return pixel_factors([math.sqrt(total / f) for f in frequencies], pixels)
