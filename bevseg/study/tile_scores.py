"""Confusion matrices of the tiles of a raster, and their mean IoU."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bevseg.core import metrics
from bevseg.core.labels import CLASS_NAMES
from bevseg.core.metrics import Counts


def confusions(predicted: Tensor, labels: Tensor, side: int) -> Counts:
    """Count true and predicted class of the labelled cells, for every tile of `side` cells with a label.

    Returns
    -------
    Counts
        (tiles, 6, 6), rows truth, columns prediction; 0 is no class.
    """
    rows, cols = np.nonzero(labels.numpy() > 0)
    across = -(-labels.shape[1] // side)
    _, tile = np.unique(rows // side * across + cols // side, return_inverse=True)
    classes = len(CLASS_NAMES)
    pair = (tile * classes + labels.numpy()[rows, cols]) * classes + predicted.numpy()[rows, cols]
    count = int(tile.max(initial=-1)) + 1
    return np.bincount(pair, minlength=count * classes**2).reshape(count, classes, classes)


def miou(matrix: Counts, classes: Sequence[int]) -> NDArray[np.float64]:
    """Return the mean IoU of (..., 6, 6) counts, over the given classes that occur in truth or prediction."""
    return known_mean(metrics.iou(matrix)[..., list(classes)])


def known_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean along the last axis without NaN values; NaN if all are NaN."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, values, 0).sum(-1) / known.sum(-1))
