"""Losses that join cross-entropy and Dice: combo, and the exponential-logarithmic loss."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as nnf
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.checks import of_areas, one_of, within
from bevseg.seg.losses.cross_entropy_loss import balanced_cross_entropy, class_weights, mean
from bevseg.seg.losses.dice_loss import disagreement
from bevseg.seg.losses.masking import ValidPixels, one_vs_rest_logit, valid_pixels
from bevseg.seg.losses.overlap import overlaps
from bevseg.seg.losses.reduction import over_groups, root


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
) -> Tensor:
    """Combo: alpha X + (1 - alpha) sum over classes of (1 - D), X a balanced cross-entropy.

    D = (2 sum(p y) + s) / (sum(p) + sum(y) + s) is the Dice coefficient of a class in the batch.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`.
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
    areas = overlaps(logits, target, ignore_index, activation=activation)
    costs = disagreement(areas, smooth)
    if form == "original":
        costs = costs - 1
    overlap = over_groups(costs, areas.truth, logits, classes=classes, over_classes="sum")
    return alpha * balanced_cross_entropy(logits, target, ignore_index, beta=beta) + (1 - alpha) * overlap


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
) -> Tensor:
    """Sum of a mean_c((-ln D[c])^gamma), over classes, and b mean(w[y] (-ln p[y])^gamma), over pixels.

    D = (2 sum(p y) + s) / (sum(p) + sum(y) + s) is the Dice coefficient of a class in the batch, and
    w[c] = (sum(f) / f[c])^(1/2) makes up for rare labels.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`.
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
    areas = overlaps(logits, target, ignore_index, activation=activation)
    wrong = areas.powers + areas.truth - 2 * areas.inter
    costs = root((wrong / (2 * areas.inter + smooth)).clamp(min=0).log1p(), gamma)
    overlap = over_groups(costs, areas.truth, logits, classes=classes)
    pixels = valid_pixels(logits, target, ignore_index)
    cross = mean(
        _label_weights(pixels, frequencies) * root(-nnf.logsigmoid(one_vs_rest_logit(pixels)), gamma)
    )
    return dice_weight * overlap + cross_weight * cross


def _label_weights(pixels: ValidPixels, frequencies: Sequence[float] | None) -> Tensor:
    """Return (sum(f) / f)^(1/2) of the class of each pixel (N,)."""
    if frequencies is None:
        counts = pixels.ids.bincount()
        return (len(pixels.ids) / counts[pixels.ids].to(pixels.logits.dtype)).sqrt()
    shares = class_weights(frequencies, pixels)
    if not shares.all():
        raise UsageError("A class has frequency 0", hint="give frequencies above 0")
    return (shares.sum() / shares).sqrt()[pixels.ids]
