"""Combo, exponential-logarithmic, and the loss of structural similarity."""

import re

from bevseg.seg.losses.compound import combo, exponential_logarithmic
from bevseg.seg.losses.structure import structural_similarity
from tests.seg.losses.goldens.case import Case, Departure


def combined(case: Case):
    options = {name: case.params[name] for name in ("alpha", "beta", "smooth", "form") if name in case.params}
    return combo(case.logits, case.labels, case.ignore, **options)


def exp_log(case: Case):
    names = {"gamma": "gamma", "w_dice": "dice_weight", "w_cross": "cross_weight", "smooth": "smooth"}
    options = {ours: case.params[theirs] for theirs, ours in names.items() if theirs in case.params}
    return exponential_logarithmic(case.logits, case.labels, case.ignore, **options)


def ssl(case: Case):
    """`gauss3` is a Gaussian of 1.5 pixels in a window of 3, `uniform3` weighs its pixels alike."""
    kind, side = re.fullmatch(r"([a-z]+)(\d+)", case.params["window"]).groups()
    return structural_similarity(
        case.logits,
        case.labels,
        case.ignore,
        window=int(side),
        sigma={"gauss": 1.5, "uniform": None}[kind],
        c4=case.params.get("C4", 0.01),
        beta=case.params.get("beta", 0.1),
    )


SETS = {"combo": combined, "exp_log": exp_log, "ssl": ssl}
DEPARTURES: tuple[Departure, ...] = ()
