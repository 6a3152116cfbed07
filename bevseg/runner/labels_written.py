"""Labels of the model and codes to keep -> the labels that are written, and what the report says about them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import CLASS_NAMES, Scheme
from bevseg.core.pointcloud import KeptCodes, PointLabels
from bevseg.core.reasons import of_unlike
from bevseg.core.scores import count_labels, scores_of
from bevseg.io.keep import keep_codes
from bevseg.io.read import FileCodes
from bevseg.survey.cloud_labels import Found


class LabelsWritten:
    """Gives the labels of a cloud batch by batch, and counts them.

    Parameters
    ----------
    keep
        Codes of the input whose points keep them.
    scheme
        Scheme of the output.
    name
        Name of the cloud, for messages.
    has_confidence_field
        Whether the confidence is written.
    is_unlike
        Whether the cloud is unlike those of the training: a reason to doubt its classes.
    """

    def __init__(
        self, keep: tuple[int, ...], scheme: Scheme, name: str, *, has_confidence_field: bool, is_unlike: bool
    ) -> None:
        self._keep, self._scheme, self._name = keep, scheme, name
        self._has_confidence_field, self._is_unlike = has_confidence_field, is_unlike
        self._classes = np.zeros(len(CLASS_NAMES), np.int64)
        self._scores = self._best = np.zeros((len(CLASS_NAMES),) * 2, np.int64)
        self._kept: dict[str, Any] | None = None
        self._labelled = False

    def of(self, found: Found, codes: FileCodes | None, truth: NDArray[np.uint8] | None) -> PointLabels:
        """Return the labels to write for some points.

        Parameters
        ----------
        found
            What is known of the points.
        codes
            Their codes in the input; None if it has none.
        truth
            Their train ids in the input; None for a cloud without labels.
        """
        labels = PointLabels(
            found.classes,
            found.confidence,
            reasons=of_unlike(found.reasons, found.classes) if self._is_unlike else found.reasons,
            probabilities=found.probabilities,
            has_confidence_field=self._has_confidence_field,
        )
        if truth is not None:
            self._labelled = True
            self._scores = self._scores + count_labels(truth, found.classes, self._name)
            best = np.zeros_like(truth) if found.best is None else found.best
            self._best = self._best + count_labels(truth, best, self._name)
        if self._keep and codes is not None:
            labels, kept = keep_codes(labels, codes, self._keep, self._scheme)
            self._kept = kept if self._kept is None else _added(self._kept, kept)
        self._classes += np.bincount(labels.classes, minlength=len(CLASS_NAMES))
        return labels if found.used.all() else _without_code(labels, found.used)

    def facts(self) -> dict[str, Any]:
        """Return the points by class as written, the scores of the model and of the oracle, and the codes kept."""
        return {
            "classes": dict(zip(CLASS_NAMES, self._classes.tolist(), strict=True)),
            "scores": scores_of(self._scores) if self._labelled else None,
            "oracle": scores_of(self._best) if self._labelled else None,
            "kept": self._kept,
        }


def _without_code(labels: PointLabels, used: NDArray[np.bool_]) -> PointLabels:
    """Return the labels; points that take no part get code 0, whatever the scheme."""
    codes, mask = np.zeros(len(used), np.uint8), ~used
    if labels.kept is not None:
        codes, mask = np.where(used, labels.kept.codes, 0), labels.kept.mask | mask
    return replace(labels, kept=KeptCodes(codes, mask))


def _added(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return the sums of two tables of the same shape; texts are equal in both."""
    return {key: _sum(value, other[key]) for key, value in one.items()}


def _sum(one: Any, other: Any) -> Any:
    if isinstance(one, dict):
        return _added(one, other)
    return one if isinstance(one, str) else one + other
