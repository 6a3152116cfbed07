"""Clouds that were labelled again -> the points that a person spoke about have the class that was said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import CLASS_NAMES, load_scheme
from bevseg.core.scores import count_labels, scores_of
from bevseg.io.correct import Corrected, correct_file
from bevseg.report.corrected_maps import correct_maps
from bevseg.report.maps_file import maps_path, read_maps, write_maps
from bevseg.review.edits import EditList
from bevseg.review.run_outputs import RunCloud, RunOutputs
from bevseg.runtime.atomic import replacing
from bevseg.runtime.batch import CloudResult, for_each_cloud
from bevseg.runtime.progress import Progress


@dataclass(frozen=True)
class Relabelled:
    """A cloud before and after: an item of a batch.

    Attributes
    ----------
    before, after
        The cloud in both results.
    maps
        What the report shows of the new labels; there need not be such a file.
    edits
        Those of the first results.
    """

    before: RunCloud
    after: RunCloud
    maps: Path
    edits: EditList

    @property
    def stem(self) -> str:
        """Name of the cloud."""
        return self.after.name

    @property
    def path(self) -> Path:
        """The new labelled file."""
        return self.after.path


def relabel(
    before: RunOutputs, after: RunOutputs, edits: EditList, jobs: int, progress: Progress
) -> dict[str, dict[str, Any]]:
    """Give the points that a person spoke about the class that was said; return what changed in each cloud."""
    assert after.folder is not None  # it holds a report
    tasks = [
        Relabelled(before.cloud(cloud.name), cloud, maps_path(after.folder, cloud.name), edits)
        for cloud in after.clouds
    ]
    batch = for_each_cloud("correct", _relabel_cloud, tasks, jobs=jobs, on_error="stop", progress=progress)
    return {name: done.facts for name, done in batch.done.items()}


def _relabel_cloud(task: Relabelled) -> CloudResult:
    """Return `classes`, `scores` and `output_sha256` of a cloud, and what a person said and what changed in it."""
    old = task.before.read().classes
    said = task.edits.said(task.before.name, old)
    facts: dict[str, Any] = {}
    if said.mask.any():
        found = _put_in(task.after, said.classes, said.mask)
        new = found.after
        if task.maps.is_file():
            with replacing(task.maps) as temporary:
                write_maps(correct_maps(read_maps(task.maps), task.path, found), temporary)
        truth = task.after.read_truth()
        facts["output_sha256"] = task.after.sha256
        facts["classes"] = by_class(np.bincount(new, minlength=len(CLASS_NAMES)))
        if truth is not None:
            facts["scores"] = scores_of(count_labels(truth, new, task.stem))
    else:
        new = task.after.read().classes
    pairs = np.bincount(old.astype(np.intp) * len(CLASS_NAMES) + new, minlength=len(CLASS_NAMES) ** 2)
    table = pairs.reshape(len(CLASS_NAMES), -1)
    facts["said"], facts["pairs"] = int(np.count_nonzero(said.mask)), table
    return CloudResult((task.after.path,), len(new), facts)


def _put_in(cloud: RunCloud, classes: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Corrected:
    """Write what a person said into a labelled file."""

    def say(new: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        return np.where(mask, classes, new).astype(np.uint8), mask

    scheme = cloud.facts.get("written_in")
    with replacing(cloud.path) as temporary:
        return correct_file(
            cloud.path,
            say,
            temporary,
            scheme=None if scheme is None else load_scheme(scheme),
            overwrite=True,
        )


def by_class(counts: NDArray[np.integer]) -> dict[str, int]:
    """Return name of a class -> points."""
    return {name: int(count) for name, count in zip(CLASS_NAMES, counts, strict=True)}
