"""Table of losses: name -> loss(logits, target, ignore_index); `parse` reads sums of them."""

from bevseg.seg.losses.cross_entropy import cross_entropy
from bevseg.seg.losses.expression import LOSSES, WeightedSum, parse
from bevseg.seg.losses.jaccard import power_jaccard
from bevseg.seg.losses.lovasz import lovasz_hinge, lovasz_softmax

__all__ = [
    "LOSSES",
    "WeightedSum",
    "cross_entropy",
    "lovasz_hinge",
    "lovasz_softmax",
    "parse",
    "power_jaccard",
]
