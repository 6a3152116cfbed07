"""Power Jaccard in its reductions."""

from bevseg.seg.losses import power_jaccard
from tests.goldens.case import Case, Departure


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


SETS = {"power_jaccard": authors_power_jaccard, "power_jaccard_formula": power_jaccard_formula}
DEPARTURES: tuple[Departure, ...] = ()
