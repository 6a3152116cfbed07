"""Ground found and true -> errors of a ground filter, in per cent; shared by the benchmarks of the ground."""

from __future__ import annotations

import json
import math
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from bevseg.config import GroundConfig, RasterConfig
from bevseg.core import metrics
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import CloudFormatError
from bevseg.ground.find_ground import find_ground
from bevseg.io import formats, packed

Mask = NDArray[np.bool_]
Scores = dict[str, float]
Filter = Callable[[PointCloud], Mask]
"""Points -> which of them are ground."""

LOW_IS_GOOD = ("type_1", "type_2", "total", "car", "facade", "stairs", "wall", "building", "seconds")
"""Scores of which the highest is the worst one."""


def scores(truth: Mask, found: Mask, weights: NDArray[np.float64] | None = None) -> Scores:
    """Return type I, type II and total error, kappa and IoU of the ground, in %; NaN where nothing counts.

    Parameters
    ----------
    truth, found
        (N,) whether a point is ground.
    weights
        (N,) what a point counts; None: all the same.
    """
    pair = truth * np.int64(2) + found
    matrix = np.bincount(pair, weights, minlength=4).reshape(2, 2)
    values = metrics.filter_errors(matrix)._asdict()
    values |= {"kappa": metrics.kappa(matrix), "iou": float(metrics.iou(matrix)[1])}
    return {name: 100 * value for name, value in values.items()}


def share(found: Mask, of: Mask, weights: NDArray[np.float64] | None = None) -> float:
    """Return how much of a class was called ground, in %; NaN without points of the class."""
    if not of.any():
        return math.nan
    return 100 * float(np.average(found[of], weights=None if weights is None else weights[of]))


def summary(of_clouds: Mapping[str, Scores]) -> dict[str, Scores]:
    """Return mean, median and worst of each score over the clouds that have it."""
    made: dict[str, Scores] = {"mean": {}, "median": {}, "worst": {}}
    for name in next(iter(of_clouds.values())):
        known = [cloud[name] for cloud in of_clouds.values() if not math.isnan(cloud[name])]
        worst = max if name.removesuffix("_vox") in LOW_IS_GOOD else min
        made["mean"][name] = statistics.fmean(known) if known else math.nan
        made["median"][name] = statistics.median(known) if known else math.nan
        made["worst"][name] = worst(known) if known else math.nan
    return made


def table(title: str, of_clouds: Mapping[str, Scores], columns: Sequence[str], decimals: int = 2) -> str:
    """Return the scores of a filter as a table in Markdown, with mean, median and worst below."""
    lines = ["", f"### {title}", "", f"| cloud | {' | '.join(columns)} |"]
    lines.append("|---|" + "---:|" * len(columns))
    rows = [*of_clouds.items(), *((f"**{name}**", row) for name, row in summary(of_clouds).items())]
    for name, row in rows:
        values = ("-" if math.isnan(row[c]) else f"{row[c]:.{decimals}f}" for c in columns)
        lines.append(f"| {name} | {' | '.join(values)} |")
    return "\n".join(lines)


def codes(path: Path) -> NDArray[np.integer]:
    """Return the class codes of a cloud as they stand in the file, (N,).

    Raises
    ------
    CloudFormatError
        If it has none, or cannot be read.
    """
    with packed.unpacked(path) if packed.is_packed(path) else nullcontext(path) as inner:
        reader = formats.load(formats.format_to_read(inner).reader)
        found: NDArray[np.integer] | None = reader.read(inner).codes
    if found is None:
        raise CloudFormatError(
            "No class codes", where=path, why="nothing to compare with", hint="expected lines of x y z class"
        )
    return found


def config(method: str | None) -> GroundConfig:
    """Return the defaults, with another method if one is named."""
    return GroundConfig() if method is None else GroundConfig(method=method)


def bevseg_filter(settings: GroundConfig) -> Filter:
    """Return what `bevseg ground CLOUD` does without options."""
    return lambda cloud: find_ground(cloud, RasterConfig.cell, settings).is_ground


def machine() -> dict[str, Any]:
    """Return processor, system and the versions that took part."""
    info = Path("/proc/cpuinfo")
    models = [line for line in info.read_text().splitlines() if "model name" in line] if info.exists() else []
    return {
        "processor": models[0].split(":")[1].strip() if models else platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("bevseg", "numpy", "numba", "scipy")},
    }


def version(package: str) -> str | None:
    """Return the version of an installed package, None if it is not there."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Write the numbers; what is not known becomes null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_without_nan(content), indent=2) + "\n", encoding="utf-8")


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def print_skipped(skipped: Iterable[tuple[str, str]]) -> None:
    """Say what was not measured, and why."""
    for name, reason in skipped:
        print(f"\n{name}: skipped: {reason}", flush=True)


def fail(message: object) -> NoReturn:
    """End with exit status 2."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)
