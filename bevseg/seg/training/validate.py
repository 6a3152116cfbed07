"""A network and labelled rasters -> IoU of each class, from one confusion matrix over all cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bevseg.core import metrics
from bevseg.core.raster import Band
from bevseg.seg.inference.predict import Classifier

Scene = tuple[NDArray[np.float32], NDArray[np.uint8]]
"""Bands (C, rows, cols) in physical units with NaN, and train ids (rows, cols), 0 where undefined or empty."""

CELLS = 50
"""True cells from which on the IoU of a class says something."""


def validate(
    net: nn.Module,
    scenes: Sequence[Scene],
    bands: tuple[Band, ...],
    classes: Sequence[str],
    device: torch.device,
) -> dict[str, float]:
    """Return `miou` and `iou_<class>` over the labelled cells of all scenes.

    A class without a true cell has NaN. The mean leaves out `other`, since a few cells of terrain above the ground
    band would outweigh every object, whose own IoU already counts each confusion with them; and classes with fewer
    than CELLS true cells, whose IoU is chance, unless there are no others.
    """
    classify = Classifier(net, bands, len(classes), device)
    matrix = np.zeros((len(classes), len(classes)), np.int64)
    for values, labels in scenes:
        known = labels > 0
        predicted = classify(values, known)[0]
        matrix += metrics.confusion(labels[known] - 1, predicted[known] - 1, len(classes))
    cells = matrix.sum(1)
    iou = np.where(cells > 0, metrics.iou(matrix), np.nan)
    is_object = (cells > 0) & (np.array(classes) != "other")
    counted = is_object & (cells >= CELLS) if (is_object & (cells >= CELLS)).any() else is_object
    return {"miou": float(iou[counted].mean()) if counted.any() else float("nan")} | {
        f"iou_{name}": float(value) for name, value in zip(classes, iou, strict=True)
    }
