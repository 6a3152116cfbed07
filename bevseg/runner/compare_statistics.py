"""Simulated clouds and real ones, told side by side: `bevseg simulate --compare`."""

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
from bevseg.stages.simulate import Order, make

SIMULATED = "shrec20"
"""Scheme in which simulated clouds are labelled."""

ALIKE = 0.25
"""Numbers whose ratio is off 1 by more than this are marked."""


def make_and_compare(
    order: Order,
    real: Path,
    *,
    classes: str | None = None,
    json_path: Path | None = None,
    progress: Progress = silent,
) -> BatchResult:
    """Make the clouds of an order and tell how like real ones they are.

    Parameters
    ----------
    order
        Of no cloud: those that lie in its directory are compared.
    real, classes, json_path, progress
        As `compare` takes them.

    Returns
    -------
    BatchResult
        That of `compare`; `written` begins with the clouds that were made.

    Raises
    ------
    InputError, LabelError, OutputExistsError
        As `make` and `compare` say; what can be refused before any work, is.
    """
    find_clouds([real])
    lying = [] if order.clouds else find_clouds([order.output]).clouds
    if classes is not None:
        load_scheme(classes)
    if json_path is not None:
        ensure_absent(json_path, overwrite=order.overwrite)
    made = make(order, progress) if order.clouds else []
    outcome = compare(
        made or [file.path for file in lying],
        real,
        classes=classes,
        json_path=json_path,
        overwrite=order.overwrite,
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
    """Tell how like real clouds simulated ones are.

    Parameters
    ----------
    simulated
        Clouds, or directories of them.
    real
        A cloud or a directory of clouds. Their labels are not looked at, unless
    classes
        names the scheme of them: then shares and heights of each class are told, too. Whoever scores a model on these
        clouds leaves it out.
    json_path
        Where the numbers are written to.
    overwrite
        Whether that file may be replaced.
    progress
        Told after each cloud.

    Returns
    -------
    BatchResult
        `facts` holds `simulated` and `real`, each with `mean`, `spread` (standard deviation over clouds) and `clouds`
        (stem -> numbers), and `ratio`; what is not known is None.

    Raises
    ------
    InputError
        If there are no clouds, or one has no point that is finite.
    LabelError
        If classes are asked for and a cloud has none.
    OutputExistsError
        If the file is there and may not be replaced; before any work.
    """
    if json_path is not None:
        ensure_absent(json_path, overwrite=overwrite)
    schemes = (load_scheme(SIMULATED), load_scheme(classes)) if classes else (None, None)
    sides = (find_clouds(simulated).clouds, find_clouds([real]).clouds)
    ours, theirs = (
        for_each_cloud("compare", partial(_told, scheme), clouds, on_error="stop", progress=progress)
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
    """Return name, simulated and real mean with spread, and ratio of each number; ratios far off 1 bear a mark."""
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
    """Lay the numbers out for people."""
    counts = (len(table[side]["clouds"]) for side in ("simulated", "real"))
    head = (
        "mean and spread over {} simulated and {} real clouds".format(*counts),
        "simulated",
        "real",
        "ratio",
    )
    lines = [head, *rows(table)]
    widths = [max(len(line[at]) for line in lines) for at in range(4)]
    laid = [
        "  ".join(
            (line[0].ljust(widths[0]), *(line[at].rjust(widths[at]) for at in (1, 2)), line[3])
        ).rstrip()
        for line in lines
    ]
    known = [ratio for ratio in table["ratio"].values() if ratio is not None]
    alike = sum(abs(ratio - 1) <= ALIKE for ratio in known)
    return "\n".join((*laid, f"{alike} of {len(known)} within {ALIKE:.0%}"))


def _told(scheme: Scheme | None, file: CloudFile) -> CloudResult:
    """Return the numbers of one cloud; those of its classes, too, if their scheme is given."""
    with warnings.catch_warnings():
        if scheme is None:  # nobody asks what the codes mean
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
            stem: {name: _known(value) for name, value in its.items()} for stem, its in clouds.items()
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
    return "-" if ratio is None else f"{ratio:.2f}{'' if abs(ratio - 1) <= ALIKE else ' *'}"
