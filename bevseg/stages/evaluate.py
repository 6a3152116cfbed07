"""Labelled clouds and true labels, matched by stem -> pooled scores: `bevseg evaluate`."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bevseg.core.labels import CLASS_NAMES, Scheme, load_scheme
from bevseg.core.scores import (
    LEVELS,
    confidence_scores,
    confusion_table,
    count_confidences,
    count_labels,
    score_table,
    scores_of,
)
from bevseg.errors import InputError, LabelError
from bevseg.io.fields import CONFIDENCE, written_by_bevseg
from bevseg.io.find import CloudFile, find_clouds
from bevseg.io.read import read_cloud
from bevseg.runtime.atomic import ensure_absent, write_json
from bevseg.runtime.batch import BatchResult, CloudResult, for_each_cloud
from bevseg.runtime.progress import Progress, silent

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pair:
    """A labelled cloud and its truth."""

    stem: str
    path: Path
    truth: Path


def compare(
    out: Path,
    truth: Path,
    *,
    classes: str | None = None,
    json_path: Path | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> BatchResult:
    """Score labelled clouds against the truth.

    Parameters
    ----------
    out, truth
        A cloud, or a directory of clouds. Clouds are matched by stem; two single files always match.
    classes
        Scheme of the truth; None: that of its format.
    json_path
        JSON file to write the scores to.
    overwrite
        Whether that file may be replaced.
    progress
        Progress callback, called after each pair.

    Returns
    -------
    BatchResult
        Its facts are the pooled scores of `core.scores`, with those of the confidences of bevseg as far as the clouds
        hold any, and those of each cloud under `clouds`.

    Raises
    ------
    InputError
        If no stem is in both, or the points of a pair differ in number.
    LabelError
        If the truth has no labels, or codes that a strict scheme does not know.
    """
    if json_path is not None:
        ensure_absent(json_path, overwrite=overwrite)
    scheme = load_scheme(classes) if classes else None

    score = functools.partial(_score, scheme=scheme)
    result = for_each_cloud("evaluate", score, _pairs(out, truth), on_error="stop", progress=progress)
    pooled, confidences = np.zeros((len(CLASS_NAMES),) * 2, np.int64), np.zeros((LEVELS, 2), np.int64)
    table: dict[str, Any] = {"clouds": {}}
    for stem, done in result.done.items():
        pooled += done.facts["matrix"]
        confidences += done.facts["confidences"]
        table["clouds"][stem] = scores_of(done.facts["matrix"]) | confidence_scores(done.facts["confidences"])
    table |= scores_of(pooled) | confidence_scores(confidences)
    if json_path is not None:
        write_json(table, json_path, overwrite=overwrite)
    return dataclasses.replace(result, written=[json_path] if json_path else [], facts=table)


def _score(pair: Pair, *, scheme: Scheme | None) -> CloudResult:
    true = read_cloud(pair.truth, scheme=scheme, strict=True).labels
    if true is None:
        raise LabelError("The truth has no labels", where=pair.truth, hint="name its scheme with --classes")
    cloud = read_cloud(pair.path)
    predicted = np.zeros(len(cloud), np.uint8) if cloud.labels is None else cloud.labels
    matrix = count_labels(true, predicted, f"{pair.path} and {pair.truth}")
    confidence = written_by_bevseg(cloud.source, CONFIDENCE)
    confidences = np.zeros((LEVELS, 2), np.int64)
    if confidence is not None:
        confidences = count_confidences(true, predicted, confidence)
    return CloudResult((), len(true), {"matrix": matrix, "confidences": confidences})


def text(table: Mapping[str, Any]) -> str:
    """Format the scores and the confusion matrix for people."""
    count = len(table["clouds"])
    head = f"{count} cloud{'s' if count > 1 else ''}; percent of points"
    return f"{head}\n{score_table(table)}\n\n{confusion_table(table)}"


def _pairs(out: Path, truth: Path) -> list[Pair]:
    labelled, true = find_clouds([out]).clouds, find_clouds([truth]).clouds
    if out.is_file() and truth.is_file():
        return [Pair(labelled[0].stem, out, truth)]
    by_stem = {file.stem: file.path for file in true}
    pairs = [Pair(f.stem, f.path, by_stem[f.stem]) for f in labelled if f.stem in by_stem]
    lone = [file for file in true if file.stem not in {pair.stem for pair in pairs}]
    if lone and pairs:
        log.warning("%d clouds of the truth have no labelled cloud: %s", len(lone), _some(lone))
    if not pairs:
        raise InputError(
            "No labelled cloud has a truth of the same name",
            where=f"{out} and {truth}",
            why=f"labelled: {_some(labelled)}; truth: {_some(true)}",
            hint="clouds are matched by file name, without the suffix of the format",
        )
    return pairs


def _some(files: list[CloudFile]) -> str:
    names = [file.stem for file in files[:4]] + (["..."] if len(files) > 4 else [])
    return ", ".join(names)
