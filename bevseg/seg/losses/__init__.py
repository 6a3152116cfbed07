"""Table of losses: name -> loss(logits, target, ignore_index); `parse` reads sums of them."""

from bevseg.seg.losses.compound import combo, exponential_logarithmic
from bevseg.seg.losses.contour import boundary, distance_cross_entropy, shape_aware
from bevseg.seg.losses.cross_entropy_loss import balanced_cross_entropy, cross_entropy, weighted_cross_entropy
from bevseg.seg.losses.dice_loss import dice, log_cosh_dice, power_dice
from bevseg.seg.losses.focal_loss import focal
from bevseg.seg.losses.hausdorff import hausdorff_cv, hausdorff_dt, hausdorff_erosion, hausdorff_one_sided
from bevseg.seg.losses.hinge_loss import hinge
from bevseg.seg.losses.jaccard import power_jaccard
from bevseg.seg.losses.jaccard_metric_loss import jaccard_metric, soft_jaccard
from bevseg.seg.losses.kullback_leibler_loss import kullback_leibler
from bevseg.seg.losses.lovasz import lovasz_hinge, lovasz_softmax
from bevseg.seg.losses.registry import LOSSES, WeightedSum, parse
from bevseg.seg.losses.sensitivity import sensitivity_specificity
from bevseg.seg.losses.structure import structural_similarity
from bevseg.seg.losses.tversky_loss import focal_tversky, tversky

__all__ = [
    "LOSSES",
    "WeightedSum",
    "balanced_cross_entropy",
    "boundary",
    "combo",
    "cross_entropy",
    "dice",
    "distance_cross_entropy",
    "exponential_logarithmic",
    "focal",
    "focal_tversky",
    "hausdorff_cv",
    "hausdorff_dt",
    "hausdorff_erosion",
    "hausdorff_one_sided",
    "hinge",
    "jaccard_metric",
    "kullback_leibler",
    "log_cosh_dice",
    "lovasz_hinge",
    "lovasz_softmax",
    "parse",
    "power_dice",
    "power_jaccard",
    "sensitivity_specificity",
    "shape_aware",
    "soft_jaccard",
    "structural_similarity",
    "tversky",
    "weighted_cross_entropy",
]
