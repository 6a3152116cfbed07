"""Plots of runs: mIoU over the epochs, and reliability diagrams (accuracy over confidence)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bevseg.study import plot, records


def draw(run_records: Sequence[dict[str, Any]], folder: Path, path: Path) -> None:
    """Draw mIoU of validation images and data set over the epochs, and reliability; one curve per loss."""
    places: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for record in run_records:
        if "calibration" not in record["facts"]:  # no training took place: the loss could not be used
            continue
        rest = [str(value) for axis, value in record["at"].items() if axis not in ("loss", "seed")]
        curves = places.setdefault(", ".join(rest), {})
        curves.setdefault(str(record["at"].get("loss", "")), []).append(record)
    panels: dict[str, tuple[str, dict[str, tuple[Any, Any]]]] = {}
    for place, named in places.items():
        for column in ("image_miou", "dataset_miou"):
            panels[f"{place} {column} of the validation"] = (
                "epoch",
                {name: _over_epochs(of_loss, column, folder) for name, of_loss in named.items()},
            )
        panels[f"{place} reliability on the test data"] = (
            "confidence",
            {plot.IDEAL: ((0, 1), (0, 1))} | {name: _reliability(of_loss) for name, of_loss in named.items()},
        )
    plot.curves(panels, path, across=3)


def _over_epochs(run_records: Sequence[dict[str, Any]], column: str, folder: Path) -> tuple[Any, Any]:
    """Return epochs and the mean of a column of the histories, up to the end of the shortest history."""
    rows = [[row[column] for row in records.history(folder, record["key"])] for record in run_records]
    shortest = min(len(row) for row in rows)
    return range(1, shortest + 1), np.mean([row[:shortest] for row in rows], 0)


def _reliability(run_records: Sequence[dict[str, Any]]) -> tuple[Any, Any]:
    """Return confidence and accuracy of the bins, over all runs."""
    counts, *means = (
        np.array([record["facts"]["calibration"][name] for record in run_records], float)
        for name in ("counts", "confidence", "accuracy")
    )
    total = counts.sum(0)
    filled = total > 0
    confidence, accuracy = ((np.nan_to_num(mean) * counts).sum(0)[filled] / total[filled] for mean in means)
    return confidence, accuracy
