"""Labelled cloud of a run and the edits of a person -> a corrected cloud, and what was changed in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import CLASS_NAMES, Scheme, load_scheme
from bevseg.core.scores import count_labels, scores_of
from bevseg.io.correct import Corrected, correct_file
from bevseg.review.edits import EditList
from bevseg.review.run_outputs import RunCloud
from bevseg.workdir.facts import sha256


def apply_edits(
    cloud: RunCloud, edits: EditList, target: Path, *, scheme: Scheme | None = None, overwrite: bool = False
) -> tuple[dict[str, Any], Corrected]:
    """Write a labelled cloud with the edits in force.

    Parameters
    ----------
    cloud
        The cloud; its file is the one that `edits` knows by its SHA-256.
    edits
        All edits of the run.
    target
        The corrected file, with the suffix of the labelled one; see `correct_file`.
    scheme
        How class codes are understood; None: as the run wrote them.
    overwrite
        Whether `target` may be replaced.

    Returns
    -------
    tuple
        What the report of the corrected clouds says about this one (`classes`, `scores`, `output_sha256`, and
        `corrections`), and the classes before and after.

    Raises
    ------
    BevsegError
        As `correct_file` and `EditList.said`.
    """

    def say(classes: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        said = edits.said(cloud.name, classes)
        return said.classes, said.mask

    if scheme is None and cloud.facts.get("written_in"):
        scheme = load_scheme(cloud.facts["written_in"])
    found = correct_file(cloud.path, say, target, scheme=scheme, overwrite=overwrite)
    truth = cloud.read_truth()
    facts = {
        "classes": _by_class(found.after),
        "scores": None if truth is None else scores_of(count_labels(truth, found.after, cloud.name)),
        "output_sha256": sha256(target),
        "corrections": _corrections(found),
    }
    return facts, found


def _corrections(found: Corrected) -> dict[str, Any]:
    """Return how many points a person spoke about, how many kept their class, and what became of the others."""
    changed = found.mask & (found.before != found.after)
    pairs = np.bincount(
        found.before[changed].astype(np.intp) * len(CLASS_NAMES) + found.after[changed],
        minlength=len(CLASS_NAMES) ** 2,
    ).reshape(len(CLASS_NAMES), -1)
    points, moved = int(np.count_nonzero(found.mask)), int(pairs.sum())
    return {
        "points": points,
        "confirmed": points - moved,
        "changed": {
            before: {after: int(n) for after, n in zip(CLASS_NAMES, row, strict=True) if n}
            for before, row in zip(CLASS_NAMES, pairs, strict=True)
            if row.any()
        },
    }


def _by_class(classes: NDArray[np.uint8]) -> dict[str, int]:
    counts = np.bincount(classes, minlength=len(CLASS_NAMES))
    return {name: int(count) for name, count in zip(CLASS_NAMES, counts, strict=True)}
