"""Records of street runs -> mIoU over training, and how often a confidence comes true."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bevseg.study import plot, records


def draw(done: Sequence[dict[str, Any]], folder: Path, path: Path) -> None:
    """Draw mIoU of validation images and data set over training, and reliability, all with a curve per loss."""
    places: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for record in done:
        if "calibration" not in record["facts"]:  # a loss that was refused has trained nothing
            continue
        rest = [str(value) for axis, value in record["at"].items() if axis not in ("loss", "seed")]
        curves = places.setdefault(", ".join(rest), {})
        curves.setdefault(str(record["at"].get("loss", "")), []).append(record)
    panels: dict[str, tuple[str, dict[str, tuple[Any, Any]]]] = {}
    for place, named in places.items():
        for column in ("image_miou", "dataset_miou"):
            panels[f"{place} {column} of the validation"] = (
                "epoch",
                {name: _over_epochs(its, column, folder) for name, its in named.items()},
            )
        panels[f"{place} reliability on the test clouds"] = (
            "confidence",
            {plot.IDEAL: ((0, 1), (0, 1))} | {name: _reliability(its) for name, its in named.items()},
        )
    plot.curves(panels, path, across=3)


def _over_epochs(done: Sequence[dict[str, Any]], column: str, folder: Path) -> tuple[Any, Any]:
    """Return epochs and the mean of a column of the histories, as far as the shortest goes."""
    rows = [[row[column] for row in records.history(folder, record["key"])] for record in done]
    shortest = min(len(row) for row in rows)
    return range(1, shortest + 1), np.mean([row[:shortest] for row in rows], 0)


def _reliability(done: Sequence[dict[str, Any]]) -> tuple[Any, Any]:
    """Return confidence and accuracy of the bins, all runs pooled."""
    counts, *means = (
        np.array([record["facts"]["calibration"][name] for record in done], float)
        for name in ("counts", "confidence", "accuracy")
    )
    total = counts.sum(0)
    filled = total > 0
    confidence, accuracy = ((np.nan_to_num(mean) * counts).sum(0)[filled] / total[filled] for mean in means)
    return confidence, accuracy
