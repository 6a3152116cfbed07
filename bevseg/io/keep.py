"""Classes of the input that are right already -> labels that keep them, and where the model disagrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bevseg.core.labels import CLASS_NAMES, UNDEFINED, Scheme, occurring
from bevseg.core.pointcloud import KeptCodes, PointLabels
from bevseg.core.reasons import NONE
from bevseg.errors import UsageError
from bevseg.io.read import FileCodes

SURE = 255
"""Confidence of a kept class."""


def check_keep(codes: FileCodes | None, wanted: Sequence[int], written: Scheme, where: Path) -> FileCodes:
    """Return the codes of a cloud, after a check that those to keep can be written.

    Raises
    ------
    UsageError
        If the cloud has no codes, or the output has another scheme that lacks a class for one of them.
    """
    if codes is None:
        raise UsageError(
            "There are no classes to keep",
            where=where,
            why="the cloud has no field of classes",
            hint="leave out --keep, or name the column of the classes with --columns",
        )
    if codes.scheme is not None and codes.scheme.name == written.name:
        return codes
    table = _train_ids(codes)
    lost = sorted(code for code in set(wanted) & occurring(codes.values) if table.get(code, 0) == UNDEFINED)
    if lost:
        name = "unknown" if codes.scheme is None else repr(codes.scheme.name)
        raise UsageError(
            f"Code {lost[0]} cannot be kept",
            where=where,
            why=f"the output is in scheme {written.name!r}; the input, in scheme {name}, gives this code no class",
            hint="leave it out of --keep, or write the scheme of the input with --out-classes",
        )
    return codes


def keep_codes(
    labels: PointLabels, codes: FileCodes, wanted: Sequence[int], written: Scheme
) -> tuple[PointLabels, dict[str, Any]]:
    """Put the classes of the input back at the points that have one of the codes to keep.

    Parameters
    ----------
    labels
        Of the model.
    codes
        The codes of the input; `check_keep` has passed.
    wanted
        Codes to keep.
    written
        Scheme of the output. If it is that of the input, the codes themselves are written again, also those without
        a class of bevseg; otherwise those of their classes.

    Returns
    -------
    tuple
        Labels whose kept points have confidence `SURE`, no probability of another class and no reason to doubt; and
        for each code its points, its class, the points where the model has another class, and the points by class of
        the model.
    """
    table = _train_ids(codes)
    same_scheme = codes.scheme is not None and codes.scheme.name == written.name
    classes, confidence = labels.classes.copy(), labels.confidence.copy()
    reasons = None if labels.reasons is None else labels.reasons.copy()
    probabilities = None if labels.probabilities is None else labels.probabilities.copy()
    mask = np.zeros(len(classes), bool)
    facts = {}
    for code in wanted:
        chosen = np.asarray(codes.values == code)
        train_id = table.get(code, UNDEFINED)
        counts = np.bincount(labels.classes[chosen], minlength=len(CLASS_NAMES))
        facts[str(code)] = {
            "points": int(counts.sum()),
            "class": CLASS_NAMES[train_id],
            "otherwise": int(counts.sum() - (0 if train_id == UNDEFINED else counts[train_id])),
            "model": {name: int(count) for name, count in zip(CLASS_NAMES, counts, strict=True)},
        }
        classes[chosen], confidence[chosen] = train_id, SURE
        if reasons is not None:
            reasons[chosen] = NONE
        if probabilities is not None:
            probabilities[:, chosen] = 0
            if train_id != UNDEFINED:
                probabilities[train_id - 1, chosen] = SURE
        mask |= chosen
    kept = KeptCodes(codes.values, mask) if same_scheme else None
    found = replace(
        labels,
        classes=classes,
        confidence=confidence,
        kept=kept,
        reasons=reasons,
        probabilities=probabilities,
    )
    return found, facts


def _train_ids(codes: FileCodes) -> dict[int, int]:
    """Return code -> train id by the scheme of the input."""
    if codes.scheme is None:
        return {}
    return {entry.code: UNDEFINED if entry.ignored else entry.train for entry in codes.scheme.entries}
