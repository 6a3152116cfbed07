"""Lovász hinge and Lovász-Softmax (Berman et al. 2018)."""

from bevseg.seg.losses import lovasz_hinge, lovasz_softmax
from tests.seg.losses.goldens.case import Case, Departure


def hinge(case: Case):
    return lovasz_hinge(case.logits, case.labels, case.ignore, per_image=case.params.get("per_image", True))


def softmax(case: Case):
    activation = case.params.get("activation", "softmax").split()[0]  # "sigmoid (binary, shape [B,H,W])"
    return lovasz_softmax(
        case.logits,
        case.labels,
        case.ignore,
        classes=case.params.get("classes", "present"),
        per_image=case.params.get("per_image", False),
        activation=activation,
    )


SETS = {"lovasz_hinge": hinge, "lovasz_softmax": softmax}
DEPARTURES: tuple[Departure, ...] = ()
