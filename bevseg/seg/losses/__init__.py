"""Table of losses: name -> loss(logits, target, ignore_index); `parse` reads sums of them.

>>> loss = parse("ce+0.5*power_jaccard:1.5")
>>> loss(logits, target)  # logits (B, C, H, W), target (B, H, W)
"""

from bevseg.seg.losses.cross_entropy import cross_entropy
from bevseg.seg.losses.expression import LOSSES, WeightedSum, parse
from bevseg.seg.losses.jaccard import power_jaccard

__all__ = ["LOSSES", "WeightedSum", "cross_entropy", "parse", "power_jaccard"]
