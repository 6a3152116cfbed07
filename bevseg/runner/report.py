"""The results of a run -> report.json and the table on stdout."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import bevseg
from bevseg import weights
from bevseg.config import Settings, to_table
from bevseg.config.names import DEFAULT_MODEL
from bevseg.core.scores import pooled_scores, score_table
from bevseg.review.run_outputs import SCHEMA
from bevseg.runner.request import RunRequest
from bevseg.runtime.batch import BatchResult, CloudResult

LIBRARIES = ("torch", "numpy", "scipy", "numba", "laspy", "rasterio", "polars", "open3d-cpu", "open3d")
"""Distributions whose versions go into the report, if they are installed."""


def report(
    request: RunRequest,
    result: BatchResult,
    *,
    settings: Settings,
    device: str,
    model: Path,
    conditions: Mapping[str, Any],
    training: Mapping[str, Any],
    about_model: Mapping[str, Any],
    seconds: float,
    passed_over: Collection[Path],
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
    conditions
        What the labels depend on beside the clouds, as `conditions_of` gives it.
    training
        Facts of the training: `sources` (stem -> resolved path) of the clouds that the model has seen, `trained_on`
        (stems), scores, seconds. Empty if the model was given.
    about_model
        What is known of the model: `trained_on`, `held_out_miou`.
    seconds
        How long the run took.
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
    labelled = [stem for stem, done in result.done.items() if done.facts["scores"] is not None]
    unseen = [stem for stem in labelled if clouds[stem]["role"] == "unseen"]
    scored = unseen or labelled
    in_force = to_table(settings)
    if not training:  # a model that is given holds those that it was trained with
        del in_force["train"]
    else:  # what they left open
        in_force["train"] |= training.get("fine_tuning", {}).get("settings", {})
    table: dict[str, Any] = {
        "schema": SCHEMA,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": list(request.command),
        "settings": in_force,
        "seed": request.run_config.seed,
        "device": device,
        "looks": dataclasses.asdict(request.tta),
        "model": {
            "name": DEFAULT_MODEL if model == weights.DEFAULT else model.stem,
            "file": str(model),
            "sha256": conditions["model"],
            **about_model,
        },
        "conditions": dict(conditions),
        "versions": versions(),
        "scored": scored,
        "scored_unseen": bool(unseen),
    }
    table |= pooled(clouds, scored)
    table["training"] = dict(training) or None
    table["wall_seconds"] = round(seconds, 2)
    table["speed"] = speed(list(result.done.values()))
    table["clouds"] = clouds
    table["failures"] = [
        {
            "cloud": f.stem,
            "source": str(f.path),
            "what": f.error.what,
            "why": f.error.why,
            "hint": f.error.hint,
        }
        for f in result.failures
    ]
    table["passed_over"] = [str(path) for path in passed_over]
    return table


def pooled(clouds: Mapping[str, Mapping[str, Any]], scored: Sequence[str]) -> dict[str, Any]:
    """Return `scores` and `oracle` of some clouds together, given the facts of each; None if there are no clouds."""
    return {key: pooled_scores([clouds[stem][key] for stem in scored]) for key in ("scores", "oracle")}


def text(table: Mapping[str, Any]) -> str:
    """Format the scores of a report for people; empty if no input cloud has labels."""
    if table.get("scores") is None:  # a part of a run has none
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
    """Return the facts of a cloud, and its part in the training."""
    role = roles.get(str(Path(done.facts["source"]).resolve()), "unseen")
    return done.facts | {"role": role} | {k: v for k, v in speed([done]).items() if k != "points"}
