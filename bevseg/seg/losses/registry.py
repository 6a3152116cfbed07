"""The register of losses: name -> where the function is, and what else belongs to the name.

Nothing here imports torch: help lists the names without it. To add a loss, write one file with its function and add
one line to LOSSES.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

GROUP = "bevseg.losses"
"""Entry point group in which an installed package names losses of its own."""


class Entry(NamedTuple):
    """What stands behind the name of a loss.

    Attributes
    ----------
    function
        `module:function`. The contract of the function is in `bevseg.seg.losses`.
    number
        Option that the number of the short form `name:number` sets. A second option gets 1 - number.
    maps
        `module:function` of the distance map (target, classes) -> tensor that the loss reads as its option `maps`.
        It is made in the thread of the crops. Empty: the loss reads none.
    soft
        `module:function` of the same loss for soft labels. A term that sets an option which that function lacks has
        no form for soft labels. Empty: there is none.
    one_against_rest
        Whether the function reads the score of each class by itself, not by a softmax over all classes. With an
        option `activation` that is `sigmoid`, every function does.
    learned
        Whether the function makes a `Learner` of the options: a loss that is fitted to a trained network first.
    """

    function: str
    number: tuple[str, ...] = ()
    maps: str = ""
    soft: str = ""
    one_against_rest: bool = False
    learned: bool = False


_HERE = "bevseg.seg.losses"
_MAPS = f"{_HERE}.distance_maps"
_NEURO = "bevseg.seg.neuro_iou.learn"

LOSSES: dict[str, Entry] = {
    "ce": Entry(
        f"{_HERE}.cross_entropy_loss:cross_entropy",
        ("balance",),
        soft=f"{_HERE}.kullback_leibler_loss:kullback_leibler",
    ),
    "weighted_ce": Entry(f"{_HERE}.cross_entropy_loss:weighted_cross_entropy", ("weights",)),
    "balanced_ce": Entry(f"{_HERE}.cross_entropy_loss:balanced_cross_entropy", ("clamp",)),
    "distance_ce": Entry(f"{_HERE}.contour:distance_cross_entropy", maps=f"{_MAPS}:contour_penalty"),
    "focal": Entry(f"{_HERE}.focal_loss:focal", ("gamma",)),
    "hinge": Entry(f"{_HERE}.hinge_loss:hinge", one_against_rest=True),
    "kl": Entry(
        f"{_HERE}.kullback_leibler_loss:kullback_leibler",
        ("temperature",),
        soft=f"{_HERE}.kullback_leibler_loss:kullback_leibler",
    ),
    "power_jaccard": Entry(f"{_HERE}.jaccard:power_jaccard", ("p",)),
    "jml": Entry(
        f"{_HERE}.jaccard_metric_loss:jaccard_metric",
        ("form",),
        soft=f"{_HERE}.jaccard_metric_loss:jaccard_metric",
    ),
    "soft_jaccard": Entry(
        f"{_HERE}.jaccard_metric_loss:soft_jaccard",
        ("norm",),
        soft=f"{_HERE}.jaccard_metric_loss:soft_jaccard",
    ),
    "dice": Entry(f"{_HERE}.dice_loss:dice", ("smooth",)),
    "power_dice": Entry(f"{_HERE}.dice_loss:power_dice", ("p",)),
    "log_cosh_dice": Entry(f"{_HERE}.dice_loss:log_cosh_dice", ("smooth",)),
    "tversky": Entry(f"{_HERE}.tversky_loss:tversky", ("fn_weight", "fp_weight")),
    "focal_tversky": Entry(f"{_HERE}.tversky_loss:focal_tversky", ("exponent",)),
    "sensitivity_specificity": Entry(f"{_HERE}.sensitivity:sensitivity_specificity", ("weight",)),
    "lovasz_softmax": Entry(f"{_HERE}.lovasz:lovasz_softmax"),
    "lovasz_hinge": Entry(f"{_HERE}.lovasz:lovasz_hinge", one_against_rest=True),
    "hausdorff_dt": Entry(f"{_HERE}.hausdorff:hausdorff_dt", ("alpha",), f"{_MAPS}:target_distance"),
    "hausdorff_one_sided": Entry(
        f"{_HERE}.hausdorff:hausdorff_one_sided", ("alpha",), f"{_MAPS}:target_distance"
    ),
    "hausdorff_erosion": Entry(f"{_HERE}.hausdorff:hausdorff_erosion", ("alpha",)),
    "hausdorff_cv": Entry(f"{_HERE}.hausdorff:hausdorff_cv", ("alpha",)),
    "shape_aware": Entry(f"{_HERE}.contour:shape_aware", maps=f"{_MAPS}:contour_distance"),
    "boundary": Entry(f"{_HERE}.contour:boundary", maps=f"{_MAPS}:target_distance"),
    "combo": Entry(f"{_HERE}.compound:combo", ("alpha",)),
    "exp_log": Entry(f"{_HERE}.compound:exponential_logarithmic", ("gamma",)),
    "ssl": Entry(f"{_HERE}.structure:structural_similarity", ("beta",), one_against_rest=True),
    "neuro_iou": Entry(f"{_NEURO}:of_probabilities", ("inputs",), learned=True),
    "neuro_hinge": Entry(f"{_NEURO}:of_hinge_costs", learned=True),
}
"""Name -> the loss."""


def entry_of(function: Callable[..., Any]) -> Entry | None:
    """Return the entry of a function; None for one from elsewhere."""
    path = f"{function.__module__}:{getattr(function, '__qualname__', '')}"
    return next((entry for entry in LOSSES.values() if entry.function == path), None)
