"""`ce+0.5*power_jaccard:1.5` -> a loss: the table of names, and sums of its entries."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.cross_entropy import cross_entropy
from bevseg.seg.losses.jaccard import power_jaccard
from bevseg.seg.losses.lovasz import lovasz_hinge, lovasz_softmax

Loss = Callable[..., Tensor]

LOSSES: dict[str, tuple[Loss, str | None]] = {
    "ce": (cross_entropy, "balance"),
    "power_jaccard": (power_jaccard, "p"),
    "lovasz_softmax": (lovasz_softmax, None),
    "lovasz_hinge": (lovasz_hinge, None),
}
"""Name -> the loss, and which of its keywords the number after the colon sets."""

_TERM = re.compile(r"(?:(?P<weight>\d+\.?\d*|\.\d+)\*)?(?P<name>[a-z]\w*)(?::(?P<number>\d+\.?\d*|\.\d+))?")


@dataclass(frozen=True)
class WeightedSum:
    """A loss that is a sum of losses with weights."""

    text: str
    terms: tuple[tuple[float, Loss], ...]

    def __call__(self, logits: Tensor, target: Tensor, ignore_index: int = 255) -> Tensor:
        """Return the scalar loss of logits (B, C, H, W) for target ids (B, H, W)."""
        values = [weight * loss(logits, target, ignore_index) for weight, loss in self.terms]
        return sum(values[1:], start=values[0])


def parse(text: str) -> WeightedSum:
    """Return the loss that a text such as `ce+0.5*power_jaccard:1.5` names.

    Raises
    ------
    UsageError
        For a name that is not in LOSSES, a number outside its domain, or a text that is no sum of losses.
    """
    return WeightedSum(text, tuple(_term(term.strip(), text) for term in text.split("+")))


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
        raise UsageError(
            f"No loss {name!r}", where=f"--loss {text}", hint=f"name one of: {', '.join(LOSSES)}"
        )
    loss, keyword = LOSSES[name]
    if number is not None:
        if keyword is None:
            raise UsageError(f"Loss {name!r} takes no number", where=f"--loss {text}", why=f"given {number}")
        loss = partial(loss, **{keyword: float(number)})
        loss(
            torch.zeros(1, 2, 1, 1), torch.zeros(1, 1, 1)
        )  # refuses a number outside its domain, here and now
    return float(weight or 1), loss
