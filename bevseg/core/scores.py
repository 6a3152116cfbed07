"""Predicted against true labels -> one confusion matrix -> scores.

Points whose truth is undefined are left out; a predicted 0 stays, as a column of its own ("unassigned"), and is a
miss for the class it should have been.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core import metrics
from bevseg.core.labels import BUILDING, CAR, CLASS_NAMES, GROUND, UNDEFINED, VEGETATION
from bevseg.core.metrics import Counts
from bevseg.errors import InputError

FOUR = (BUILDING, CAR, GROUND, VEGETATION)
"""The classes of mIoU-4: all but pole, which the street-scene literature drops."""

LEVELS = 256
"""Values of a confidence."""

SCORED = tuple(range(1, len(CLASS_NAMES)))


def count_labels(truth: NDArray[np.uint8], predicted: NDArray[np.uint8], where: str = "") -> Counts:
    """Count the pairs of true and predicted class of the points whose truth is defined.

    Parameters
    ----------
    truth, predicted
        (N,) train ids of the same points.
    where
        The cloud, for the message.

    Returns
    -------
    Counts
        (6, 6), rows truth, columns prediction; row 0 is empty, column 0 is "unassigned".

    Raises
    ------
    InputError
        If the numbers of points differ.
    """
    if truth.shape != predicted.shape:
        raise InputError(
            "Truth and prediction have different points",
            where=where or None,
            why=f"{predicted.size} predicted labels, {truth.size} true labels",
            hint="give the truth of the same cloud",
        )
    defined = truth != UNDEFINED
    return metrics.confusion(truth[defined], predicted[defined], len(CLASS_NAMES))


def count_confidences(
    truth: NDArray[np.uint8], predicted: NDArray[np.uint8], confidence: NDArray[np.uint8]
) -> Counts:
    """Count wrong and right predictions of each confidence, of the points whose truth is defined.

    Parameters
    ----------
    truth, predicted
        (N,) train ids of the same points.
    confidence
        (N,) confidence of the prediction, times 255.

    Returns
    -------
    Counts
        (256, 2), a row for each confidence; wrong, right.
    """
    defined = truth != UNDEFINED
    pair = confidence[defined].astype(np.int64) * 2 + (predicted == truth)[defined]
    return np.bincount(pair, minlength=2 * LEVELS).reshape(LEVELS, 2)


def confidence_scores(counts: Counts) -> dict[str, float | None]:
    """Return what the confidences of `count_confidences` (or of a sum of them) are worth, ready for JSON.

    `ece` is the expected calibration error: by how much confidence and share right differ in the mean.
    `errors_of_least_confident` is the share of all errors that the tenth of the points with the lowest confidence
    holds.
    """
    claimed = np.repeat(np.arange(LEVELS)[:, None] / (LEVELS - 1), 2, axis=1)
    right = np.broadcast_to([False, True], counts.shape)
    curve = metrics.calibration(claimed, right, counts=counts)
    return {
        "ece": _number(metrics.expected_calibration_error(curve)),
        "errors_of_least_confident": _number(metrics.errors_of_least_confident(claimed, right, counts)),
    }


def scores_of(matrix: Counts) -> dict[str, Any]:
    """Return all scores of a matrix of `count_labels` (or of a sum of them), ready for JSON.

    A class that is in neither truth nor prediction has no score (None), is left out of the means, and is named
    under `absent`.
    """
    iou, precision, recall = (f(matrix) for f in (metrics.iou, metrics.precision, metrics.recall))
    points = int(matrix.sum())
    return {
        "points": points,
        "iou": _by_class(iou),
        "miou": _mean(iou, SCORED),
        "miou_4": _mean(iou, FOUR),
        "accuracy": _number(metrics.accuracy(matrix)),
        "precision": _by_class(precision),
        "recall": _by_class(recall),
        "unassigned": _number(matrix[:, UNDEFINED].sum() / points) if points else None,
        "absent": [CLASS_NAMES[i] for i in SCORED if np.isnan(iou[i])],
        "confusion": {
            "truth": [CLASS_NAMES[i] for i in SCORED],
            "predicted": ["unassigned", *(CLASS_NAMES[i] for i in SCORED)],
            "counts": matrix[1:].tolist(),
        },
    }


def pooled_scores(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the scores of some clouds together, given those of each (`scores_of`); None if there are no clouds."""
    matrix = np.zeros((len(CLASS_NAMES),) * 2, np.int64)
    for table in tables:
        matrix[1:] += np.array(table["confusion"]["counts"], np.int64)
    return scores_of(matrix) if tables else None


def score_table(result: Mapping[str, Any], oracle: Mapping[str, Any] | None = None) -> str:
    """Return scores as a text table, in percent; `oracle` adds the best IoU that the representation allows."""
    columns = ["IoU"] + (["oracle"] if oracle else []) + ["precision", "recall"]
    lines = [f"{'':<12}" + "".join(f"{name:>11}" for name in columns)]
    for name in result["iou"]:
        cells = [result["iou"][name]] + ([oracle["iou"][name]] if oracle else [])
        cells += [result["precision"][name], result["recall"][name]]
        lines.append(f"{name:<12}" + "".join(f"{_percent(cell):>11}" for cell in cells))
    for label, key in (("mIoU", "miou"), ("mIoU-4", "miou_4")):
        cells = [result[key]] + ([oracle[key]] if oracle else [])
        lines.append(f"{label:<12}" + "".join(f"{_percent(cell):>11}" for cell in cells))
    lines.append(f"{'OA':<12}{_percent(result['accuracy']):>11}")
    lines.append(f"{'unassigned':<12}{_percent(result['unassigned']):>11}")
    lines.append(f"{'points':<12}{result['points']:>11}")
    if result.get("ece") is not None:
        lines.append(f"confidence: off by {_percent(result['ece'])} in the mean (expected calibration error)")
        errors = _percent(result["errors_of_least_confident"])
        lines.append(f"the tenth of the points with the lowest confidence holds {errors} of the errors")
    if result["absent"]:
        lines.append(f"not in truth or prediction, left out of the means: {', '.join(result['absent'])}")
    return "\n".join(lines)


def confusion_table(result: Mapping[str, Any]) -> str:
    """Return the confusion matrix as a text table: rows truth, columns prediction."""
    matrix = result["confusion"]
    lines = [f"{'truth':<12}" + "".join(f"{name:>12}" for name in matrix["predicted"])]
    for name, row in zip(matrix["truth"], matrix["counts"], strict=True):
        lines.append(f"{name:<12}" + "".join(f"{number:>12}" for number in row))
    return "\n".join(lines)


def _by_class(values: NDArray[np.float64]) -> dict[str, float | None]:
    return {CLASS_NAMES[i]: _number(values[i]) for i in SCORED}


def _mean(values: NDArray[np.float64], classes: tuple[int, ...]) -> float | None:
    known = [values[i] for i in classes if not np.isnan(values[i])]
    return float(np.mean(known)) if known else None


def _number(value: float) -> float | None:
    """NaN has no place in JSON."""
    return None if np.isnan(value) else float(value)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"
