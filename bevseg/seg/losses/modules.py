"""The losses as modules of torch: `DiceLoss("binary", smooth=0)(logits, target)`.

Their options are those of the functions, their other parameters those of `LossModule`.
"""

from __future__ import annotations

from bevseg.seg.losses.compound import combo, exponential_logarithmic
from bevseg.seg.losses.contour import boundary, distance_cross_entropy, shape_aware
from bevseg.seg.losses.cross_entropy_loss import (
    balanced_cross_entropy,
    cross_entropy,
    weighted_cross_entropy,
)
from bevseg.seg.losses.dice_loss import dice, log_cosh_dice, power_dice
from bevseg.seg.losses.focal_loss import focal
from bevseg.seg.losses.hausdorff import hausdorff_cv, hausdorff_dt, hausdorff_erosion, hausdorff_one_sided
from bevseg.seg.losses.hinge_loss import hinge
from bevseg.seg.losses.jaccard import power_jaccard
from bevseg.seg.losses.jaccard_metric_loss import jaccard_metric, soft_jaccard
from bevseg.seg.losses.kullback_leibler_loss import kullback_leibler
from bevseg.seg.losses.loss_module import FunctionLoss, LossModule
from bevseg.seg.losses.lovasz import lovasz_hinge, lovasz_softmax
from bevseg.seg.losses.sensitivity import sensitivity_specificity
from bevseg.seg.losses.structure import structural_similarity
from bevseg.seg.losses.tversky_loss import focal_tversky, tversky

__all__ = [
    "BalancedCrossEntropyLoss",
    "BoundaryLoss",
    "ComboLoss",
    "CrossEntropyLoss",
    "DiceLoss",
    "DistanceCrossEntropyLoss",
    "ExponentialLogarithmicLoss",
    "FocalLoss",
    "FocalTverskyLoss",
    "HausdorffCVLoss",
    "HausdorffDTLoss",
    "HausdorffErosionLoss",
    "HausdorffOneSidedLoss",
    "HingeLoss",
    "JaccardMetricLoss",
    "KullbackLeiblerLoss",
    "LogCoshDiceLoss",
    "LossModule",
    "LovaszHingeLoss",
    "LovaszSoftmaxLoss",
    "PowerDiceLoss",
    "PowerJaccardLoss",
    "SensitivitySpecificityLoss",
    "ShapeAwareLoss",
    "SoftJaccardLoss",
    "StructuralSimilarityLoss",
    "TverskyLoss",
    "WeightedCrossEntropyLoss",
]


class CrossEntropyLoss(FunctionLoss, function=cross_entropy):
    """`cross_entropy`."""


class WeightedCrossEntropyLoss(FunctionLoss, function=weighted_cross_entropy):
    """`weighted_cross_entropy`."""


class BalancedCrossEntropyLoss(FunctionLoss, function=balanced_cross_entropy):
    """`balanced_cross_entropy`."""


class DistanceCrossEntropyLoss(FunctionLoss, function=distance_cross_entropy):
    """`distance_cross_entropy`."""


class FocalLoss(FunctionLoss, function=focal):
    """`focal`."""


class HingeLoss(FunctionLoss, function=hinge):
    """`hinge`."""


class KullbackLeiblerLoss(FunctionLoss, function=kullback_leibler):
    """`kullback_leibler`."""


class PowerJaccardLoss(FunctionLoss, function=power_jaccard):
    """`power_jaccard`."""


class JaccardMetricLoss(FunctionLoss, function=jaccard_metric):
    """`jaccard_metric`."""


class SoftJaccardLoss(FunctionLoss, function=soft_jaccard):
    """`soft_jaccard`."""


class DiceLoss(FunctionLoss, function=dice):
    """`dice`."""


class PowerDiceLoss(FunctionLoss, function=power_dice):
    """`power_dice`."""


class LogCoshDiceLoss(FunctionLoss, function=log_cosh_dice):
    """`log_cosh_dice`."""


class TverskyLoss(FunctionLoss, function=tversky):
    """`tversky`."""


class FocalTverskyLoss(FunctionLoss, function=focal_tversky):
    """`focal_tversky`."""


class SensitivitySpecificityLoss(FunctionLoss, function=sensitivity_specificity):
    """`sensitivity_specificity`."""


class LovaszSoftmaxLoss(FunctionLoss, function=lovasz_softmax):
    """`lovasz_softmax`."""


class LovaszHingeLoss(FunctionLoss, function=lovasz_hinge):
    """`lovasz_hinge`."""


class HausdorffDTLoss(FunctionLoss, function=hausdorff_dt):
    """`hausdorff_dt`."""


class HausdorffOneSidedLoss(FunctionLoss, function=hausdorff_one_sided):
    """`hausdorff_one_sided`."""


class HausdorffErosionLoss(FunctionLoss, function=hausdorff_erosion):
    """`hausdorff_erosion`."""


class HausdorffCVLoss(FunctionLoss, function=hausdorff_cv):
    """`hausdorff_cv`."""


class ShapeAwareLoss(FunctionLoss, function=shape_aware):
    """`shape_aware`."""


class BoundaryLoss(FunctionLoss, function=boundary):
    """`boundary`."""


class ComboLoss(FunctionLoss, function=combo):
    """`combo`."""


class ExponentialLogarithmicLoss(FunctionLoss, function=exponential_logarithmic):
    """`exponential_logarithmic`."""


class StructuralSimilarityLoss(FunctionLoss, function=structural_similarity):
    """`structural_similarity`."""
