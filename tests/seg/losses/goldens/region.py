"""Ratios of areas: power Jaccard in its reductions, Dice, Tversky, sensitivity and specificity."""

import numpy as np

from bevseg.seg.losses import power_jaccard
from bevseg.seg.losses.dice_loss import dice, log_cosh_dice, power_dice
from bevseg.seg.losses.sensitivity import sensitivity_specificity
from bevseg.seg.losses.tversky_loss import focal_tversky, tversky
from tests.seg.losses.goldens.case import Case, Departure


def authors_power_jaccard(case: Case):
    """One sum over everything; p = 3 and 0.5 occur, for the arithmetic."""
    return power_jaccard(
        case.logits,
        case.labels,
        case.ignore,
        p=case.params["p"],
        smooth=case.params.get("smooth", 10),
        activation=case.params.get("activation", "sigmoid"),
        reduce="all",
        any_p=True,
    )


def power_jaccard_formula(case: Case):
    """`image` is one class in one image: those cases are binary."""
    reduce = {"image": "class_image"}.get(case.params["scope"], case.params["scope"])
    return power_jaccard(
        case.logits,
        case.labels,
        case.ignore,
        p=case.params["p"],
        smooth=case.params["eps"],
        reduce=reduce,
        classes="all",
        any_p=True,
    )


def authors_power_dice(case: Case):
    """One sum over everything; p = 3 and 0.5 occur, for the arithmetic."""
    return power_dice(
        case.logits,
        case.labels,
        case.ignore,
        p=case.params["p"],
        smooth=case.params.get("smooth", 10),
        activation=case.params.get("activation", "sigmoid"),
        any_p=True,
    )


def formula(loss, **names):
    """A loss per class and scope; `names` are the parameters that are called otherwise here."""

    def adapter(case: Case):
        chosen = {ours: case.params[theirs] for theirs, ours in names.items() if theirs in case.params}
        same = {name: case.params[name] for name in ("smooth", "scope", "activation") if name in case.params}
        return loss(case.logits, case.labels, case.ignore, classes="all", **same, **chosen)

    return adapter


def jadon(loss, **options):
    """Binary, the whole batch, constants of the module."""
    return lambda case: loss(case.logits, case.labels, case.ignore, **options)


def _perfect_and_undefined(case: Case) -> bool:
    """Say whether no valid pixel is wrong at all, and the reference has no number for the value or the gradient."""
    keep = case.arrays["labels"] != case.ignore
    p = np.exp(-np.logaddexp(0, -case.arrays["logits"][keep]))
    right = np.abs(p - case.arrays["labels"][keep]).sum() < 1e-16
    value, gradient = case.arrays["value"], case.arrays["grad_logits"]
    return bool(right and (np.isnan(value) or (value == 0 and not np.isfinite(gradient).all())))


SETS = {
    "power_jaccard": authors_power_jaccard,
    "power_jaccard_formula": power_jaccard_formula,
    "power_dice": authors_power_dice,
    "dice": formula(dice),
    "tversky": formula(tversky, alpha_fp="fp_weight", beta_fn="fn_weight"),
    "focal_tversky": formula(
        focal_tversky,
        alpha_fp="fp_weight",
        beta_fn="fn_weight",
        exponent="exponent",
        over_classes="over_classes",
    ),
    "log_cosh_dice": formula(log_cosh_dice),
    "sensitivity_specificity": formula(sensitivity_specificity, w="weight", form="form"),
    "jadon_dice": jadon(dice),
    "jadon_jaccard": jadon(power_jaccard, p=1, smooth=0, classes="all"),
    "jadon_tversky": jadon(tversky, fp_weight=0.3, fn_weight=0.7),
    "jadon_focal_tversky": jadon(focal_tversky, exponent=0.75, fp_weight=0.3, fn_weight=0.7),
    "jadon_log_cosh_dice": jadon(log_cosh_dice),
}
DEPARTURES: tuple[Departure, ...] = (
    Departure(
        "a perfect prediction is 0/0, or has the slope of a root at 0: value and gradient are 0",
        ("jadon_jaccard", "jadon_focal_tversky"),
        _perfect_and_undefined,
        lambda case: (0.0, np.zeros_like(case.arrays["logits"])),
    ),
)
