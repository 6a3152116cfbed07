"""Confusion matrix -> IoU, precision, recall, accuracy.

Counts first, ratios last: add the matrices of all clouds, divide once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


def confusion(truth: NDArray[np.integer], predicted: NDArray[np.integer], classes: int) -> Counts:
    """Count every pair of true and predicted class.

    Parameters
    ----------
    truth, predicted
        Ids in [0, classes), same shape.
    classes
        Number of ids.

    Returns
    -------
    Counts
        (classes, classes), rows truth, columns prediction.

    Raises
    ------
    ValueError
        If the shapes differ or an id is out of range.
    """
    if truth.shape != predicted.shape:
        raise ValueError(f"{predicted.size} predictions for {truth.size} labels")
    for name, ids in (("truth", truth), ("predicted", predicted)):
        if ids.size and (ids.min() < 0 or ids.max() >= classes):
            raise ValueError(f"{name} holds id {ids.max()}, expected 0 to {classes - 1}")
    pair = truth.astype(np.int64).ravel() * classes + predicted.ravel()
    return np.bincount(pair, minlength=classes * classes).reshape(classes, classes)


def iou(matrix: Counts) -> NDArray[np.float64]:
    """Intersection over union of each class: TP / (TP + FP + FN); NaN for a class in neither truth nor prediction."""
    hits = np.diag(matrix)
    return _ratio(hits, matrix.sum(0) + matrix.sum(1) - hits)


def precision(matrix: Counts) -> NDArray[np.float64]:
    """Share of the predictions of each class that are right: TP / (TP + FP); NaN for a class never predicted."""
    return _ratio(np.diag(matrix), matrix.sum(0))


def recall(matrix: Counts) -> NDArray[np.float64]:
    """Share of each true class that is found: TP / (TP + FN); NaN for a class that is absent."""
    return _ratio(np.diag(matrix), matrix.sum(1))


def accuracy(matrix: Counts) -> float:
    """Share of all counted elements that are right; NaN for an empty matrix."""
    return float(_ratio(np.trace(matrix), matrix.sum()))


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    part, whole = np.asarray(part, float), np.asarray(whole, float)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
