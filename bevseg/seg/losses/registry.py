"""`ce+0.5*power_jaccard:1.5` -> a loss: the table of names, and sums of its entries."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bevseg.config.domains import did_you_mean
from bevseg.errors import UsageError
from bevseg.seg.losses.compound import combo, exponential_logarithmic
from bevseg.seg.losses.contour import boundary, distance_cross_entropy, shape_aware
from bevseg.seg.losses.cross_entropy_loss import (
    balanced_cross_entropy,
    cross_entropy,
    weighted_cross_entropy,
)
from bevseg.seg.losses.dice_loss import dice, log_cosh_dice, power_dice
from bevseg.seg.losses.distance_maps import contour_distance, contour_penalty, target_distance
from bevseg.seg.losses.focal_loss import focal
from bevseg.seg.losses.hausdorff import (
    hausdorff_cv,
    hausdorff_dt,
    hausdorff_erosion,
    hausdorff_one_sided,
)
from bevseg.seg.losses.hinge_loss import hinge
from bevseg.seg.losses.jaccard import power_jaccard
from bevseg.seg.losses.jaccard_metric_loss import jaccard_metric, soft_jaccard
from bevseg.seg.losses.kullback_leibler_loss import kullback_leibler
from bevseg.seg.losses.lovasz import lovasz_hinge, lovasz_softmax
from bevseg.seg.losses.sensitivity import sensitivity_specificity
from bevseg.seg.losses.structure import structural_similarity
from bevseg.seg.losses.tversky_loss import focal_tversky, tversky

Loss = Callable[..., Tensor]

Number = Callable[[float], dict[str, float]]
"""What the number after the colon sets: number -> keywords of the loss."""


def _sets(keyword: str) -> Number:
    return lambda number: {keyword: number}


def _sets_both_sides(number: float) -> dict[str, float]:
    return {"fn_weight": number, "fp_weight": 1 - number}


class Entry(NamedTuple):
    """A loss, what the number after its name sets, and what is best known of the target before it is called."""

    loss: Loss
    number: Number | None = None
    maps: Callable[..., Tensor] | None = None


LOSSES: dict[str, Entry] = {
    "ce": Entry(cross_entropy, _sets("balance")),
    "weighted_ce": Entry(weighted_cross_entropy, _sets("weights")),
    "balanced_ce": Entry(balanced_cross_entropy, _sets("clamp")),
    "distance_ce": Entry(distance_cross_entropy, maps=contour_penalty),
    "focal": Entry(focal, _sets("gamma")),
    "hinge": Entry(hinge),
    "kl": Entry(kullback_leibler, _sets("temperature")),
    "power_jaccard": Entry(power_jaccard, _sets("p")),
    "jml": Entry(jaccard_metric, _sets("form")),
    "soft_jaccard": Entry(soft_jaccard, _sets("norm")),
    "dice": Entry(dice, _sets("smooth")),
    "power_dice": Entry(power_dice, _sets("p")),
    "log_cosh_dice": Entry(log_cosh_dice, _sets("smooth")),
    "tversky": Entry(tversky, _sets_both_sides),
    "focal_tversky": Entry(focal_tversky, _sets("exponent")),
    "sensitivity_specificity": Entry(sensitivity_specificity, _sets("weight")),
    "lovasz_softmax": Entry(lovasz_softmax),
    "lovasz_hinge": Entry(lovasz_hinge),
    "hausdorff_dt": Entry(hausdorff_dt, _sets("alpha"), target_distance),
    "hausdorff_one_sided": Entry(hausdorff_one_sided, _sets("alpha"), target_distance),
    "hausdorff_erosion": Entry(hausdorff_erosion, _sets("alpha")),
    "hausdorff_cv": Entry(hausdorff_cv, _sets("alpha")),
    "shape_aware": Entry(shape_aware, maps=contour_distance),
    "boundary": Entry(boundary, maps=target_distance),
    "combo": Entry(combo, _sets("alpha")),
    "exp_log": Entry(exponential_logarithmic, _sets("gamma")),
    "ssl": Entry(structural_similarity, _sets("beta")),
}
"""Name -> the loss."""

_TERM = re.compile(r"(?:(?P<weight>\d+\.?\d*|\.\d+)\*)?(?P<name>[a-z]\w*)(?::(?P<number>\d+\.?\d*|\.\d+))?")

_MAPS = {entry.loss: entry.maps for entry in LOSSES.values() if entry.maps is not None}


@dataclass(frozen=True)
class WeightedSum:
    """A loss that is a sum of losses with weights."""

    text: str
    terms: tuple[tuple[float, Loss], ...]

    def __call__(self, logits: Tensor, target: Tensor, ignore_index: int = 255, **maps: Tensor) -> Tensor:
        """Return the scalar loss of logits (B, C, H, W) for target ids (B, H, W); what `maps` gave saves time."""
        values = [
            weight * loss(logits, target, ignore_index, **self._given(loss, maps))
            for weight, loss in self.terms
        ]
        return sum(values[1:], start=values[0])

    def maps(self, target: Tensor, classes: int) -> dict[str, Tensor]:
        """Return what the losses want to know of a target (B, H, W) alone: distances, made once for all of them."""
        makers = {maker for _, loss in self.terms if (maker := _MAPS.get(_plain(loss))) is not None}
        return {maker.__name__: maker(target, classes) for maker in makers}

    @staticmethod
    def _given(loss: Loss, maps: dict[str, Tensor]) -> dict[str, Tensor]:
        maker = _MAPS.get(_plain(loss))
        return {"maps": maps[maker.__name__]} if maker is not None and maker.__name__ in maps else {}


def parse(text: str) -> WeightedSum:
    """Return the loss that a text such as `ce+0.5*power_jaccard:1.5` names.

    Raises
    ------
    UsageError
        For a name that is not in LOSSES, a number outside its domain, or a text that is no sum of losses.
    """
    return WeightedSum(text, tuple(_term(term.strip(), text) for term in text.split("+")))


def _plain(loss: Any) -> Any:
    """Return a loss without the number that was given for it."""
    return loss.func if isinstance(loss, partial) else loss


def _term(term: str, text: str) -> tuple[float, Loss]:
    match = _TERM.fullmatch(term)
    if match is None:
        raise UsageError(
            f"Not a loss: {term!r}",
            where=f"--loss {text}",
            why="expected NAME, NAME:NUMBER or WEIGHT*NAME:NUMBER, joined by +",
            hint=f"for example ce+0.5*power_jaccard:1.5; names are {', '.join(LOSSES)}",
        )
    weight, name, number = match["weight"], match["name"], match["number"]
    if name not in LOSSES:
        near = did_you_mean(name, LOSSES)
        if name.startswith("neuro"):
            near = "; NeuroIoU is learnt for one network, and no part of a sum"
        raise UsageError(
            f"No loss {name!r}",
            where=f"--loss {text}",
            hint=f"name one of: {', '.join(LOSSES)}{near}",
        )
    if weight is not None and not float(weight):
        raise UsageError(f"A loss that counts nothing: {term!r}", where=f"--loss {text}", hint="leave it out")
    entry = LOSSES[name]
    if number is None:
        return float(weight or 1), entry.loss
    if entry.number is None:
        raise UsageError(f"Loss {name!r} takes no number", where=f"--loss {text}", why=f"given {number}")
    loss = partial(entry.loss, **entry.number(float(number)))
    # Refuses a number outside its domain, here and now.
    loss(torch.zeros(1, 2, 1, 1), torch.zeros(1, 1, 1, dtype=torch.long))
    return float(weight or 1), loss
