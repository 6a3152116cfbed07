"""The results of a run -> report.json and the table on stdout."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import bevseg
from bevseg import weights
from bevseg.config import Settings, to_table
from bevseg.config.names import DEFAULT_MODEL
from bevseg.core.labels import CLASS_NAMES
from bevseg.core.scores import score_table, scores_of
from bevseg.runner.request import RunRequest
from bevseg.runtime.batch import BatchResult, CloudResult
from bevseg.workdir.facts import sha256

LIBRARIES = ("torch", "numpy", "scipy", "numba", "laspy", "rasterio", "polars", "open3d-cpu", "open3d")
"""Distributions whose versions go into the report, if they are installed."""


def report(
    request: RunRequest,
    result: BatchResult,
    *,
    settings: Settings,
    device: str,
    model: Path,
    training: Mapping[str, Any],
    passed_over: Sequence[Path],
) -> dict[str, Any]:
    """Return the report of a run, ready for JSON.

    Parameters
    ----------
    request
        The request of the run.
    result
        The facts of each cloud are those of `label_cloud`.
    settings, device, model
        The settings, the device and the file of the model that labelled the clouds.
    training
        Facts of the training: `sources` (stem -> resolved path) of the clouds that the model has seen, `trained_on`
        (stems), scores, seconds. Empty if the model was given.
    passed_over
        Files that are not clouds.

    Returns
    -------
    dict
        `scores` and `oracle` are pooled over the clouds in `scored`: the labelled clouds that the model was not
        trained on. If it was trained on all of them, all count.
    """
    roles = {
        source: "training" if stem in training["trained_on"] else "validation"
        for stem, source in training.get("sources", {}).items()
    }
    clouds = {stem: _cloud(done, roles) for stem, done in result.done.items()}
    labelled = [stem for stem, done in result.done.items() if "matrix" in done.facts]
    unseen = [stem for stem in labelled if clouds[stem]["role"] == "unseen"]
    scored = unseen or labelled
    table: dict[str, Any] = {
        "settings": to_table(settings),
        "seed": request.run_config.seed,
        "device": device,
        "looks": dataclasses.asdict(request.tta),
        "model": {
            "name": DEFAULT_MODEL if model == weights.DEFAULT else model.stem,
            "file": str(model),
            "sha256": sha256(model),
        },
        "versions": versions(),
        "scored": scored,
        "scored_unseen": bool(unseen),
    }
    for key, counts in (("scores", "matrix"), ("oracle", "oracle")):
        pooled = sum(
            (result.done[s].facts[counts] for s in scored), np.zeros((len(CLASS_NAMES),) * 2, np.int64)
        )
        table[key] = scores_of(pooled) if scored else None
    table["training"] = dict(training) or None
    table["speed"] = speed(list(result.done.values()))
    table["clouds"] = clouds
    table["failures"] = [
        {"cloud": f.stem, "source": str(f.path), "what": f.error.what, "why": f.error.why}
        for f in result.failures
    ]
    table["passed_over"] = [str(path) for path in passed_over]
    return table


def text(table: Mapping[str, Any]) -> str:
    """Format the scores of a report for people; empty if no input cloud has labels."""
    if table["scores"] is None:
        return ""
    count = len(table["scored"])
    kind = "never trained on" if table["scored_unseen"] else "ALL SEEN IN TRAINING"
    head = f"{count} labelled cloud{'s' if count > 1 else ''}, {kind}; percent of points"
    return f"{head}\n{score_table(table['scores'], table['oracle'])}"


def speed(done: Sequence[CloudResult]) -> dict[str, Any]:
    """Return seconds and points per second of each stage over all clouds."""
    points = sum(d.points for d in done)
    seconds: dict[str, float] = {}
    for d in done:
        for stage, spent in d.facts["seconds"].items():
            seconds[stage] = seconds.get(stage, 0.0) + spent
    return {
        "points": points,
        "seconds": {stage: round(spent, 4) for stage, spent in seconds.items()},
        "points_per_second": {stage: round(points / spent) for stage, spent in seconds.items() if spent > 0},
    }


def versions() -> dict[str, str]:
    """Return the versions of bevseg, of Python and of the libraries that results depend on."""
    found = {
        "bevseg": bevseg.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _cloud(done: CloudResult, roles: Mapping[str, str]) -> dict[str, Any]:
    source = Path(done.facts["source"])
    table: dict[str, Any] = {
        "source": str(source),
        "points": done.points,
        "role": roles.get(str(source.resolve()), "unseen"),
        "classes": done.facts["classes"],
        **{key: value for key, value in speed([done]).items() if key != "points"},
    }
    for key, counts in (("scores", "matrix"), ("oracle", "oracle")):
        table[key] = scores_of(done.facts[counts]) if counts in done.facts else None
    return table
