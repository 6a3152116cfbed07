"""What the borders of blocks and tiles cost: the same streets at several places in the world.

    python benchmarks/block_borders.py [MODEL] [--set NAME] [--places N] [--margins 64 128 256] [--json F]

A street is moved by whole metres, so all grids move with it, and only the borders of blocks and of prediction tiles
fall elsewhere. For every margin around a tile (cells): IoU by class and mIoU over all clouds, mean and standard
deviation over the places; the points whose label is another one than at the first place; and by how much the DEM
differs there, at measured cells. The first place has the coordinates of the files, a seed draws the others.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from labelled_clouds import DATA, NAMES, sets

from bevseg import pipeline
from bevseg.core.labels import CLASS_NAMES
from bevseg.core.metrics import iou
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import MEASURED
from bevseg.core.scores import SCORED
from bevseg.errors import BevsegError
from bevseg.runner.report import versions
from bevseg.seg import checkpoint
from bevseg.seg.checkpoint import Model
from bevseg.seg.inference import predict
from bevseg.weights import default_model

FARTHEST = 1000
"""Metres by which a street is moved at most, to the east and to the north."""

Place = tuple[int, int]


def main() -> None:
    """Label, compare, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", type=Path, help="[default: the one that ships]")
    parser.add_argument("--set", choices=NAMES, default="oakland")
    parser.add_argument("--places", type=int, default=5)
    parser.add_argument("--margins", type=int, nargs="+", default=[predict.MARGIN])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=DATA, help=f"[default: {DATA}]")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    try:
        found = measure(asked)
    except BevsegError as error:
        sys.exit(str(error))
    print(markdown(found))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Return the table of every margin."""
    model = checkpoint.load(asked.model or default_model())
    rng = np.random.default_rng(asked.seed)
    places = [(0, 0), *(tuple(rng.integers(0, FARTHEST, 2).tolist()) for _ in range(asked.places - 1))]
    (clouds,) = sets([asked.set], asked.data, 1, None)
    streets = [read() for read in clouds.clouds.values()]
    return {
        "set": asked.set,
        "places": places,
        "versions": versions(),
        "margins": {margin: of_margin(streets, model, places, margin) for margin in asked.margins},
    }


def of_margin(
    streets: Sequence[PointCloud], model: Model, places: Sequence[Place], margin: int
) -> dict[str, Any]:
    """Return scores at every place, and the differences between them and the first place."""
    scores, changed, steps = [], [], []
    with mock.patch.object(predict, "MARGIN", margin):
        first = [pipeline.label(street, model) for street in streets]
        for place in places:
            counts: Any = 0
            for street, at_first in zip(streets, first, strict=True):
                there = at_first if place == places[0] else pipeline.label(moved(street, place), model)
                counts = counts + pipeline.matrix(street, there.point_labels)
                if place != places[0]:
                    changed.append(np.mean(there.point_labels.classes != at_first.point_labels.classes))
                    measured = at_first.dem["source"] == MEASURED
                    steps.append(np.abs(there.dem["height"] - at_first.dem["height"])[measured])
            scores.append(100 * iou(counts)[list(SCORED)])
    off = np.concatenate(steps) if steps else np.zeros(1)
    return {
        "iou": np.array(scores).tolist(),
        "changed_percent": [100 * float(share) for share in changed],
        "dem_m": {"99.9 %": float(np.nanpercentile(off, 99.9)), "largest": float(np.nanmax(off))},
        "dem_cells_over_1_cm_percent": 100 * float(np.mean(off > 0.01)),
    }


def moved(street: PointCloud, place: Place) -> PointCloud:
    """Return a cloud at another place."""
    x, y, z = street.offset
    return dataclasses.replace(street, offset=(x + place[0], y + place[1], z))


def markdown(found: dict[str, Any]) -> str:
    """Return the table."""
    names = [CLASS_NAMES[i] for i in SCORED]
    lines = [
        f"{found['set']}, {len(found['places'])} places; IoU in %, mean ± standard deviation over the places",
        "",
        f"| margin, cells | {' | '.join(names)} | mIoU | labels changed, % | DEM over 1 cm, % | DEM at most, m |",
        "|---:" * (len(names) + 5) + "|",
    ]
    for margin, of in found["margins"].items():
        scores = np.array(of["iou"])
        columns = np.column_stack([scores, scores.mean(1)])
        spread = columns.std(0, ddof=1) if len(columns) > 1 else np.zeros(columns.shape[1])
        cells = [f"{mean:.2f} ± {sd:.2f}" for mean, sd in zip(columns.mean(0), spread, strict=True)]
        changed = f"{np.mean(of['changed_percent']):.2f}" if of["changed_percent"] else "-"
        over, most = of["dem_cells_over_1_cm_percent"], of["dem_m"]["largest"]
        lines.append(f"| {margin} | {' | '.join(cells)} | {changed} | {over:.3f} | {most:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
