"""Confusion matrix -> IoU, Dice, precision, recall, specificity, accuracy, kappa; confidence -> calibration.

Counts first, ratios last: add the matrices of all clouds, divide once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

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


def iou(matrix: Counts, empty: float = np.nan) -> NDArray[np.float64]:
    """Intersection over union of each class: TP / (TP + FP + FN).

    Parameters
    ----------
    matrix
        (..., classes, classes), rows truth, columns prediction: one matrix or a stack of them.
    empty
        Score of a class in neither truth nor prediction. Berman et al. (CVPR 2018) take 1.

    Returns
    -------
    NDArray
        (..., classes) in [0, 1].
    """
    hits, predicted, true = _areas(matrix)
    return _ratio(hits, predicted + true - hits, empty)


def dice(matrix: Counts, empty: float = np.nan) -> NDArray[np.float64]:
    """Dice or F1 of each class: 2 TP / (2 TP + FP + FN); `empty` for a class in neither truth nor prediction."""
    hits, predicted, true = _areas(matrix)
    return _ratio(2 * hits, predicted + true, empty)


def precision(matrix: Counts, empty: float = np.nan) -> NDArray[np.float64]:
    """Share of the predictions of each class that are right: TP / (TP + FP); `empty` for a class never predicted."""
    hits, predicted, _ = _areas(matrix)
    return _ratio(hits, predicted, empty)


def recall(matrix: Counts, empty: float = np.nan) -> NDArray[np.float64]:
    """Share of each true class that is found, its sensitivity: TP / (TP + FN); `empty` for a class that is absent."""
    hits, _, true = _areas(matrix)
    return _ratio(hits, true, empty)


def specificity(matrix: Counts, empty: float = np.nan) -> NDArray[np.float64]:
    """Share of the other elements that are not taken for the class: TN / (TN + FP); `empty` if there are none."""
    hits, predicted, true = _areas(matrix)
    others = np.asarray(matrix).sum((-2, -1))[..., None] - predicted - true + hits
    return _ratio(others, others + predicted - hits, empty)


def accuracy(matrix: Counts) -> float:
    """Share of all counted elements that are right; NaN for an empty matrix."""
    return float(_ratio(np.trace(matrix), np.sum(matrix)))


def kappa(matrix: Counts) -> float:
    """Agreement beyond chance: (p - e) / (1 - e), with p the share that is right and e the share right by chance.

    Cohen, A coefficient of agreement for nominal scales (1960). NaN for an empty matrix, and where truth and
    prediction are one and the same class throughout: chance alone agrees there.
    """
    hits, predicted, true = (area.astype(float) for area in _areas(matrix))
    size = true.sum()
    by_chance = (predicted * true).sum()
    return float(_ratio(hits.sum() * size - by_chance, size * size - by_chance))


class FilterErrors(NamedTuple):
    """Errors of a ground filter, as Sithole and Vosselman (2004) count them; each in [0, 1], NaN of nothing.

    Attributes
    ----------
    type_1
        Share of the ground that was lost.
    type_2
        Share of the objects that were kept as ground.
    total
        Share of all points that are wrong.
    """

    type_1: float
    type_2: float
    total: float


def filter_errors(matrix: Counts) -> FilterErrors:
    """Return the errors of a ground filter from its (2, 2) matrix: rows truth, columns prediction, object first."""
    kept, others = recall(matrix)[1], specificity(matrix)[1]
    return FilterErrors(float(1 - kept), float(1 - others), 1 - accuracy(matrix))


class Calibration(NamedTuple):
    """Confidence and accuracy of a predictor, in bins of equal width from confidence 0 to 1.

    Attributes
    ----------
    confidence
        (bins,) mean confidence; NaN in an empty bin.
    accuracy
        (bins,) share that is right; NaN in an empty bin.
    counts
        (bins,) predictions.
    """

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    counts: NDArray[np.int64]


def calibration(
    confidence: NDArray[np.floating],
    right: NDArray[np.bool_],
    bins: int = 15,
    *,
    counts: NDArray[np.int64] | None = None,
) -> Calibration:
    """Sort predictions into bins by their confidence: the points of a reliability plot.

    Parameters
    ----------
    confidence
        Probability of the predicted class, in [0, 1], any shape.
    right
        Whether the prediction is right, same shape.
    bins
        Number of bins; one holds its lower edge, the last one 1 as well.
    counts
        How many predictions each stands for, same shape; None: one.

    Raises
    ------
    ValueError
        If the shapes differ, or for a confidence outside [0, 1] or NaN.
    """
    if confidence.shape != right.shape:
        raise ValueError(f"{right.size} outcomes for {confidence.size} confidences")
    claimed = confidence.astype(float).ravel()
    if not ((claimed >= 0) & (claimed <= 1)).all():
        raise ValueError("a confidence outside 0 to 1, or NaN")
    index = np.minimum((claimed * bins).astype(np.int64), bins - 1)
    weights = np.ones(claimed.shape) if counts is None else counts.ravel()
    sizes = np.bincount(index, weights, bins)
    sums = [np.bincount(index, weights * values, bins) for values in (claimed, right.ravel())]
    return Calibration(_ratio(sums[0], sizes), _ratio(sums[1], sizes), sizes.astype(np.int64))


def expected_calibration_error(curve: Calibration) -> float:
    """Mean over all predictions of |confidence - accuracy| of their bin; NaN without predictions.

    Guo et al., On Calibration of Modern Neural Networks (ICML 2017), eq. 3.
    """
    gaps = np.nan_to_num(np.abs(curve.confidence - curve.accuracy))
    return float(_ratio((gaps * curve.counts).sum(), curve.counts.sum()))


def errors_of_least_confident(
    confidence: NDArray[np.floating], right: NDArray[np.bool_], counts: NDArray[np.int64], share: float = 0.1
) -> float:
    """Return the share of all errors that the predictions of least confidence hold; NaN without errors.

    Of predictions of one confidence, of which a part belongs to them, each counts with that part.

    Parameters
    ----------
    confidence, right, counts
        As for `calibration`.
    share
        Of all predictions, how many are looked at.
    """
    order = np.argsort(confidence, axis=None, kind="stable")
    levels, starts = np.unique(confidence.ravel()[order], return_index=True)
    if len(levels) == 0:
        return float("nan")
    sizes = np.add.reduceat(counts.ravel()[order], starts).astype(float)
    wrong = np.add.reduceat((counts * ~right).ravel()[order], starts)
    wanted = share * sizes.sum()
    taken = np.clip(wanted - (np.cumsum(sizes) - sizes), 0, sizes)
    return float(_ratio((wrong * _ratio(taken, sizes, 0.0)).sum(), wrong.sum()))


def _areas(matrix: Counts) -> tuple[Counts, Counts, Counts]:
    """Return what is right, predicted and true of each class: three times (..., classes)."""
    matrix = np.asarray(matrix)
    return np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(-2), matrix.sum(-1)


def _ratio(part: ArrayLike, whole: ArrayLike, empty: float = np.nan) -> NDArray[np.float64]:
    part, whole = np.asarray(part, float), np.asarray(whole, float)
    return np.divide(part, whole, out=np.full(whole.shape, empty), where=whole > 0)
