"""Simulated and real clouds compared by their statistics: `bevseg simulate --compare`."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bevseg.core.labels import Scheme, load_scheme
from bevseg.io.find import CloudFile, find_clouds
from bevseg.io.read import read_cloud
from bevseg.runtime.atomic import ensure_absent, write_json
from bevseg.runtime.batch import BatchResult, CloudResult, for_each_cloud
from bevseg.runtime.progress import Progress, silent
from bevseg.sim.statistics import class_statistics, means, statistics
from bevseg.stages.simulate import SimulationRequest, simulate_clouds

SIMULATED_SCHEME = "shrec20"
"""Scheme of the labels of simulated clouds."""

TOLERANCE = 0.25
"""A ratio that differs from 1 by more than this is marked."""


def simulate_and_compare(
    request: SimulationRequest,
    real: Path,
    *,
    classes: str | None = None,
    json_path: Path | None = None,
    progress: Progress = silent,
) -> BatchResult:
    """Simulate the clouds of a request and compare them with real ones.

    Parameters
    ----------
    request
        What to simulate. With 0 clouds, the clouds in its directory are compared.
    real, classes, json_path, progress
        See `compare`.

    Returns
    -------
    BatchResult
        Result of `compare`; `written` begins with the simulated clouds.

    Raises
    ------
    InputError, LabelError, OutputExistsError
        See `simulate_clouds` and `compare`; before any work where possible.
    """
    find_clouds([real])
    existing = [] if request.clouds else find_clouds([request.output]).clouds
    if classes is not None:
        load_scheme(classes)
    if json_path is not None:
        ensure_absent(json_path, overwrite=request.overwrite)
    made = simulate_clouds(request, progress) if request.clouds else []
    outcome = compare(
        made or [file.path for file in existing],
        real,
        classes=classes,
        json_path=json_path,
        overwrite=request.overwrite,
        progress=progress,
    )
    return dataclasses.replace(outcome, written=[*made, *outcome.written])


def compare(
    simulated: Sequence[Path],
    real: Path,
    *,
    classes: str | None = None,
    json_path: Path | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> BatchResult:
    """Compare the statistics of simulated clouds with those of real ones.

    Parameters
    ----------
    simulated
        Clouds, or directories of clouds.
    real
        A cloud or a directory of clouds. Their labels are not used without `classes`.
    classes
        Scheme of the labels of `real`. With it, the shares and heights of each class are compared too. Do not use it
        with clouds on which a model is scored.
    json_path
        File for the numbers.
    overwrite
        Whether an existing file is replaced.
    progress
        Progress callback, called after each cloud.

    Returns
    -------
    BatchResult
        `facts` holds `simulated` and `real`, each with `mean`, `spread` (standard deviation over clouds) and `clouds`
        (stem -> numbers), and `ratio`; unknown numbers are None.

    Raises
    ------
    InputError
        If there are no clouds, or if a cloud has no finite point.
    LabelError
        If `classes` is given and a cloud has no labels.
    OutputExistsError
        If the file exists and `overwrite` is not set; before any work.
    """
    if json_path is not None:
        ensure_absent(json_path, overwrite=overwrite)
    schemes = (load_scheme(SIMULATED_SCHEME), load_scheme(classes)) if classes else (None, None)
    sides = (find_clouds(simulated).clouds, find_clouds([real]).clouds)
    ours, theirs = (
        for_each_cloud("compare", partial(_statistics_of, scheme), clouds, on_error="stop", progress=progress)
        for clouds, scheme in zip(sides, schemes, strict=True)
    )
    table = {"simulated": _side(ours), "real": _side(theirs)}
    table["ratio"] = {
        name: _ratio(table["simulated"]["mean"][name], mean) for name, mean in table["real"]["mean"].items()
    }
    if json_path is not None:
        write_json(table, json_path, overwrite=overwrite)
    return dataclasses.replace(ours, written=[json_path] if json_path else [], facts=table)


def rows(table: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return name, simulated and real mean with spread, and ratio of each number; ratios far from 1 are marked."""
    simulated, real = table["simulated"], table["real"]
    return [
        (
            name,
            *(_with_spread(side["mean"][name], side["spread"][name]) for side in (simulated, real)),
            _mark(ratio),
        )
        for name, ratio in table["ratio"].items()
    ]


def text(table: Mapping[str, Any]) -> str:
    """Return the numbers as a table of text."""
    counts = (len(table[side]["clouds"]) for side in ("simulated", "real"))
    head = (
        "mean and spread over {} simulated and {} real clouds".format(*counts),
        "simulated",
        "real",
        "ratio",
    )
    lines = [head, *rows(table)]
    widths = [max(len(line[at]) for line in lines) for at in range(4)]
    table_lines = [
        "  ".join(
            (line[0].ljust(widths[0]), *(line[at].rjust(widths[at]) for at in (1, 2)), line[3])
        ).rstrip()
        for line in lines
    ]
    known = [ratio for ratio in table["ratio"].values() if ratio is not None]
    within = sum(abs(ratio - 1) <= TOLERANCE for ratio in known)
    return "\n".join((*table_lines, f"{within} of {len(known)} within {TOLERANCE:.0%}"))


def _statistics_of(scheme: Scheme | None, file: CloudFile) -> CloudResult:
    """Return the numbers of one cloud, and those of its classes if their scheme is given."""
    with warnings.catch_warnings():
        if scheme is None:  # the labels are not used
            warnings.filterwarnings("ignore", message=".*(codes .* are not in scheme|counts as unlabelled)")
        cloud = read_cloud(file.path, scheme=scheme, strict=scheme is not None)
    numbers = statistics(cloud)
    return CloudResult((), len(cloud), numbers if scheme is None else numbers | class_statistics(cloud))


def _side(outcome: BatchResult) -> dict[str, Any]:
    clouds = {stem: done.facts for stem, done in outcome.done.items()}
    over = means(list(clouds.values()))
    return {
        "mean": {name: _known(mean) for name, (mean, _) in over.items()},
        "spread": {name: _known(spread) for name, (_, spread) in over.items()},
        "clouds": {
            stem: {name: _known(value) for name, value in values.items()} for stem, values in clouds.items()
        },
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _ratio(ours: float | None, theirs: float | None) -> float | None:
    return ours / theirs if ours is not None and theirs else None


def _with_spread(mean: float | None, spread: float | None) -> str:
    if mean is None or spread is None:
        return "-"
    decimals = 2 - math.floor(math.log10(abs(mean))) if mean else 0
    return f"{mean:.{max(decimals, 0)}f} ± {spread:.{max(decimals, 0)}f}"


def _mark(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}{'' if abs(ratio - 1) <= TOLERANCE else ' *'}"
