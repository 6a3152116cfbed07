"""Predictions and errors of a few test digits per run: the form of figure 6 of the power-Jaccard paper."""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.study import plot

OUTCOMES = {
    "background": "#f1f1ec",
    "digit": "#2f6690",
    "false alarm": "#c0504d",
    "another digit": "#d9a441",
    "missed": "#7f7f7f",
}
"""What a pixel of the figure is, and its colour."""


def pack(truth: NDArray[Any], predicted: NDArray[Any]) -> str:
    """Return true and predicted classes (n, side, side) as one short text, for a record."""
    classes = np.stack([truth, predicted]).astype(np.uint8)
    return base64.b64encode(zlib.compress(classes.tobytes(), 9)).decode() + f":{len(truth)}"


def unpack(text: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return what `pack` was given."""
    packed, _, count = text.rpartition(":")
    classes = np.frombuffer(zlib.decompress(base64.b64decode(packed)), np.uint8)
    side = math.isqrt(len(classes) // (2 * int(count)))
    truth, predicted = classes.reshape(2, int(count), side, side)
    return truth, predicted


def outcomes(truth: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the number of the outcome of each pixel, in the order of OUTCOMES."""
    return np.select(
        [(truth == 0) & (predicted == 0), truth == predicted, truth == 0, predicted > 0], [0, 1, 2, 3], 4
    )


def draw(run_records: Sequence[dict[str, Any]], folder: Path, path: Path) -> None:
    """Draw the outcomes of the first run at each place: a row per loss, a column per value of the other axes."""
    tiles: dict[str, dict[str, NDArray[np.int64]]] = {}
    for record in sorted(run_records, key=lambda record: record["at"].get("seed", 0)):
        at = record["at"]
        column = ", ".join(f"{axis} {value}" for axis, value in at.items() if axis not in ("loss", "seed"))
        shown = np.concatenate(list(outcomes(*unpack(record["facts"]["examples"]))), 1)
        tiles.setdefault(str(at["loss"]), {}).setdefault(column, shown)
    # In the order of the grid, whatever the seeds.
    order = list(dict.fromkeys(str(record["at"]["loss"]) for record in run_records))
    plot.class_maps({loss: tiles[loss] for loss in order}, OUTCOMES, path)
