"""How often points that a rule decides are right, on the simulated streets that tell trainings of the model to stop.

    python benchmarks/rule_confidence.py [MODEL] [--clouds DIR] [--json F]

The rules of `bev/backproject` (ground by the distance of its cell from measured ground, feet of objects) and of
`bev/consistency` (knee-high cars) have no network that says how sure they are. The shares here are what they say.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from default_model import CONFIG, read_config
from numpy.typing import NDArray

from bevseg import pipeline
from bevseg.bev.backproject import backproject
from bevseg.bev.consistency import OVERRULED
from bevseg.core.labels import GROUND
from bevseg.core.pointcloud import PointCloud
from bevseg.seg import checkpoint
from bevseg.seg.checkpoint import Model
from bevseg.weights import default_model

EDGES = (0.0, 0.01, 0.3, 0.5, 1.0, 2.0, 4.0, 10.0, np.inf)
"""Distances of a cell from measured ground, m: those of the first bin were measured."""


def main() -> None:
    """Label the streets, print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", type=Path, help="[default: the one that ships]")
    parser.add_argument(
        "--clouds", type=Path, metavar="DIR", help="keep the streets here, take those that are"
    )
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    model = checkpoint.load(asked.model or default_model())
    sums: dict[str, NDArray[np.float64]] = {}
    for street in read_config(CONFIG).validation:
        for rule, chosen, right, confidence in decided(street.cloud(asked.clouds), model):
            row = np.array([chosen.sum(), right[chosen].sum(), confidence[chosen].sum() / 255])
            sums[rule] = sums.get(rule, np.zeros(3)) + row
    print("| decided by | points | right, % | confidence, % |\n|---|---:|---:|---:|")
    for rule, (points, right, claimed) in sums.items():
        shares = [f"{100 * part / points:.1f}" if points else "-" for part in (right, claimed)]
        print(f"| {rule} | {int(points):,} | {' | '.join(shares)} |")
    if asked.json:
        asked.json.write_text(json.dumps({rule: row.tolist() for rule, row in sums.items()}, indent=1) + "\n")


def decided(
    cloud: PointCloud, model: Model
) -> Iterator[tuple[str, NDArray[np.bool_], NDArray[np.bool_], NDArray[np.uint8]]]:
    """Yield each rule, which points of a cloud it decided, which are right, and their confidences."""
    made = pipeline.label(cloud, model)
    labels, truth = made.point_labels, cloud.labels
    assert truth is not None
    nothing = {
        name: dataclasses.replace(raster, values=np.zeros_like(raster.values))
        for name, raster in made.classes.items()
    }
    near_ground = backproject(cloud, made.dem, nothing, model.settings.slices).classes == GROUND
    distance = made.dem["distance"].ravel()[made.dem.grid.cell_of(cloud.xyz[:, 0], cloud.xyz[:, 1])]
    known, right = truth > 0, labels.classes == truth
    ground = known & (labels.classes == GROUND)
    for low, high in itertools.pairwise(EDGES):
        here = (distance >= low) & ~(distance >= high)
        yield (f"ground, {low:g} to {high:g} m", ground & near_ground & here, right, labels.confidence)
    yield ("a foot", known & near_ground & ~ground, right, labels.confidence)
    overruled = ground & ~near_ground & (labels.confidence == OVERRULED)
    yield ("a knee-high car", overruled, right, labels.confidence)
    yield ("a network", known & ~near_ground & ~overruled, right, labels.confidence)


if __name__ == "__main__":
    main()
