"""Losses by name: `parse` reads a text such as `ce+0.5*power_jaccard(p=1.5)`, `registry.LOSSES` holds the names.

The contract
------------
Every loss is a function of one module here, `loss(logits, target, ignore_index=255, **options)`. So is a loss of the
user's own, which is named by an entry point of the group `bevseg.losses` or as `package.module:function`; the weights
and the reduction are for a loss of ours alone.

logits
    (B, C, *S): batch, classes, and the two dimensions of an image (rows, columns) or the three of a volume. For two
    classes also (B, *S) or (B, 1, *S), the logit of the foreground, class 1, against class 0 (binary logits). Any
    finite value, float16 to float64, whose differences float32 can hold. p or q is their softmax over the classes, or
    the sigmoid of binary logits.
target
    (B, *S) class ids of an integer type, 0 or 1 for binary logits. In formulas y is 1 for the class of the pixel
    and 0 for the others. Losses for soft labels also take probabilities of the shape of the logits; logits (B, H, W)
    are then binary, and those with more dimensions have their classes.
ignore_index
    Target of the pixels that are left out: they cost nothing, enter no sum and no mean, and have no gradient,
    whatever their logits, weights and maps hold, NaN included.
class_weights
    One finite number per class, at least 0, two for binary logits. A pixel of a loss of pixels weighs as much as its
    class; a loss of class maps or of areas weighs the costs c of its classes: the mean becomes sum(w c) / sum(w).
pixel_weights
    (B, *S), at least 0; no gradient goes there. A loss of pixels or of class maps is sum(w c) / sum(w). All areas of
    a loss of areas, sums and sorted errors, are weighted: a weight of 2 is the pixel twice.
reduction
    `mean`, `sum` of w c, or `none`, the w c themselves: (B, *S) for a loss of pixels, (B, K, *S) for one of K class
    maps, both 0 in ignored pixels; (C,) for a loss of areas in the batch and (B, C) in each image, NaN with zero
    gradient for a class that is not counted. A loss that is no mean has `mean` alone.
options
    By keyword. Those of a number, a word, true or false, none, or a list of these can be set in the text of a loss,
    `class_weights` included, but not `reduction`. `maps` is made of the target beside the training.

Returns
-------
    A scalar tensor, float32 or wider whatever the logits are, with a gradient for the logits. 0 with zero gradient if
    all pixels are ignored, or nothing has weight. Finite in value and gradient for all such logits.
raises
    UsageError, which is a ValueError: for an option outside its domain, for shapes that do not fit, for an id that is
    neither a class nor ignored, and for a soft label outside [0, 1]. To see such values, the host waits for a device:
    a training checks its targets in its loader, and computes the loss within `target_ids.trusted_targets()`. A graph
    of `torch.compile` asserts them on the device.

A docstring of a loss says what departs from this, and what the options and the value mean.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from bevseg.seg.losses.registry import LOSSES

if TYPE_CHECKING:
    from bevseg.seg.losses.loss import Loss
    from bevseg.seg.losses.loss_text import parse
    from bevseg.seg.losses.modules import (
        BalancedCrossEntropyLoss,
        BoundaryLoss,
        ComboLoss,
        CrossEntropyLoss,
        DiceLoss,
        DistanceCrossEntropyLoss,
        ExponentialLogarithmicLoss,
        FocalLoss,
        FocalTverskyLoss,
        HausdorffCVLoss,
        HausdorffDTLoss,
        HausdorffErosionLoss,
        HausdorffOneSidedLoss,
        HingeLoss,
        JaccardMetricLoss,
        KullbackLeiblerLoss,
        LogCoshDiceLoss,
        LossModule,
        LovaszHingeLoss,
        LovaszSoftmaxLoss,
        PowerDiceLoss,
        PowerJaccardLoss,
        SensitivitySpecificityLoss,
        ShapeAwareLoss,
        SoftJaccardLoss,
        StructuralSimilarityLoss,
        TverskyLoss,
        WeightedCrossEntropyLoss,
    )

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
    "Loss",
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
    "parse",
]


_homes = dict.fromkeys(__all__, f"{__name__}.modules")
_homes |= {"parse": f"{__name__}.loss_text", "Loss": f"{__name__}.loss"}
_homes |= {
    function: module
    for module, _, function in (
        entry.function.partition(":") for entry in LOSSES.values() if not entry.learned
    )
}


def __getattr__(name: str) -> Any:
    """Import `parse`, `Loss`, a module or the function of a loss when it is asked for: names alone need no torch."""
    if name not in _homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_homes[name]), name)


def __dir__() -> list[str]:
    """Return the names that can be imported from here."""
    return sorted({*globals(), *_homes})
