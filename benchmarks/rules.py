"""What each rule of `bev/consistency` is worth, on simulated streets that no network was trained on.

    python benchmarks/rules.py [MODEL] [--clouds DIR] [--json F]
        [--new 3] [--first-seed 8600] [--only-new]

The streets are those that tell trainings of the model to stop, and `--new` others of each preset.
Both networks predict each street once. Then each rule is added to none, and all rules hold together. Two ideas that
were not kept are added to all rules. Each change is that of the mIoU of all points of a preset, in points. The
classes are means over presets. `up` and `down` count streets that change by more than 0.05.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from default_model import CONFIG, Street, read_config
from numpy.typing import NDArray
from scipy import ndimage

from bevseg.bev import consistency
from bevseg.bev.backproject import backproject
from bevseg.bev.consistency import RULES, Rule, consistent
from bevseg.bev.rasterize import rasterize
from bevseg.config import SimulateConfig
from bevseg.core.labels import BUILDING, CLASS_NAMES, GROUND, POLE, VEGETATION
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster, tile_of
from bevseg.core.tiles import cut
from bevseg.ground.find_ground import find_ground
from bevseg.pipeline import matrix
from bevseg.seg import checkpoint
from bevseg.seg.checkpoint import Model
from bevseg.seg.inference.predict import occupied, predict, tiling_of
from bevseg.weights import default_model

POINTS = {
    "drums": 150_000,
    "mixed": 120_000,
    "oakland": 100_000,
    "backpack": 100_000,
    "survey_car": 150_000,
    "terrestrial": 200_000,
    "shrec20": 300_000,
}
"""Preset -> points of a new street."""

ADDED = "all, and "
"""Name of a set of rules that is compared with all rules, not with none."""

NOISE = 0.05
"""A street that changes by less has not changed, points of mIoU."""


@dataclass(frozen=True)
class Predicted:
    """A street, and what the networks say of it before any rule."""

    cloud: PointCloud
    dem: Raster
    bands: Mapping[str, Raster]
    classes: Mapping[str, Raster]

    def counts(self, rules: tuple[Rule, ...], model: Model) -> NDArray[np.int64]:
        """Return true against predicted class of the points, (ids, ids)."""
        classes = consistent(self.classes, self.bands, rules=rules)
        labels = backproject(self.cloud, self.dem, classes, model.settings.slices)
        return np.asarray(matrix(self.cloud, labels))


def main() -> None:
    """Predict the streets, print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", type=Path, help="[default: the one that ships]")
    parser.add_argument(
        "--clouds", type=Path, metavar="DIR", help="keep the streets here, take those that are"
    )
    parser.add_argument("--new", type=int, default=3, help="new streets of each preset [default: 3]")
    parser.add_argument("--first-seed", type=int, default=8600, help="of the new streets [default: 8600]")
    parser.add_argument("--only-new", action="store_true", help="leave out those for early stopping")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    model = checkpoint.load(asked.model or default_model())
    streets = new_streets(asked.new, asked.first_seed)
    if not asked.only_new:
        streets = [*read_config(CONFIG).validation, *streets]
    cases = ((street.config.preset, predicted(street.cloud(asked.clouds), model)) for street in streets)
    show(cases, model, asked.json)


def new_streets(count: int, first_seed: int) -> list[Street]:
    """Return so many streets of each preset; the seeds of two presets lie 20 apart."""
    return [
        Street(first_seed + 20 * number + k, SimulateConfig(preset=preset, points=points))
        for number, (preset, points) in enumerate(POINTS.items())
        for k in range(count)
    ]


def predicted(cloud: PointCloud, model: Model) -> Predicted:
    """Return what the networks say of a street, in one piece."""
    settings = model.settings
    dem = find_ground(cloud, settings.raster.cell, settings.ground).dem
    bands = rasterize(cloud, dem, settings.slices, settings.raster)
    found = {name: np.zeros((2, *dem.grid.shape), np.uint8) for name in bands}
    seen = np.logical_or.reduce([occupied(raster) for raster in bands.values()])
    for tile in cut(seen, seen, tiling_of(model, bands), first=(-dem.grid.north - 1, dem.grid.west)):
        for name, raster in bands.items():
            tile.put(predict(tile_of(raster, tile), model, name, part=tile.core()).values, found[name])
    classes = {name: Raster(dem.grid, ("class", "confidence"), values) for name, values in found.items()}
    return Predicted(cloud, dem, bands, classes)


def show(cases: Iterator[tuple[str, Predicted]], model: Model, output: Path | None) -> None:
    """Print the table of all sets of rules, and write their counts."""
    sets = rule_sets()
    counts: dict[str, list[tuple[str, NDArray[np.int64]]]] = {name: [] for name in sets}
    for preset, case in cases:
        for name, rules in sets.items():
            counts[name].append((preset, case.counts(rules, model)))
    print(f"| rules | {' | '.join(POINTS)} | mean | {' | '.join(CLASS_NAMES[1:])} | up | down |")
    print("|---" + "|---:" * (len(POINTS) + 3 + len(CLASS_NAMES[1:])) + "|")
    for name, found in counts.items():
        print(line(name, counts["all" if name.startswith(ADDED) else "none"], found))
    if output:
        rows = {name: [(preset, m.tolist()) for preset, m in found] for name, found in counts.items()}
        output.write_text(json.dumps(rows) + "\n")


def rule_sets() -> dict[str, tuple[Rule, ...]]:
    """Return name -> rules that hold."""
    alone = {rule.__name__: (rule,) for rule in RULES}
    ideas = {"columns beside walls": pilasters, "a vote of 3 x 3 cells": vote}
    return {
        "none": (),
        **alone,
        "free poles, however sure": (any_pole,),
        "beds of any area": (any_bed,),
        "all": RULES,
        **{f"{ADDED}{name}": (*RULES, rule) for name, rule in ideas.items()},
    }


def line(
    name: str, before: list[tuple[str, NDArray[np.int64]]], after: list[tuple[str, NDArray[np.int64]]]
) -> str:
    """Return a line of the table: changes of the mIoU, of the IoU of the classes, and of the streets."""
    changes = np.array([iou(sum_of(after, preset)) - iou(sum_of(before, preset)) for preset in POINTS])
    each = [np.nanmean(iou(b)) - np.nanmean(iou(a)) for (_, a), (_, b) in zip(before, after, strict=True)]
    cells = [*changes.mean(axis=1), changes.mean(), *changes.mean(axis=0)]
    numbers = [sum(change > NOISE for change in each), sum(change < -NOISE for change in each)]
    return f"| {name} | {' | '.join(f'{cell:+.2f}' for cell in cells)} | {numbers[0]} | {numbers[1]} |"


def sum_of(counts: list[tuple[str, NDArray[np.int64]]], preset: str) -> NDArray[np.int64]:
    """Return the counts of all streets of a preset."""
    return np.sum([found for of, found in counts if of == preset], axis=0)


def iou(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the IoU of the classes, %; NaN of one that no point has or gets. Undefined points do not count."""
    known = counts[1:]
    right = np.diagonal(known, 1)
    union = known.sum(axis=1) + known.sum(axis=0)[1:] - right
    return np.where(union > 0, 100 * right / np.maximum(union, 1), np.nan)


def any_pole(low: consistency.Cells, high: consistency.Cells, heights: consistency.Heights, _: float) -> None:
    """Take all poles under walls and crowns for a part of them, as if the network were never sure."""
    surest = low.copy()
    surest[1] = np.minimum(low[1], 1)
    consistency.free_poles(surest, high, heights, 0.0)
    low[0] = surest[0]


def any_bed(low: consistency.Cells, high: consistency.Cells, heights: consistency.Heights, _: float) -> None:
    """Take all knee-high cars for ground: as if each cell were as large as the least area."""
    consistency.flatten_beds(low, high, heights, consistency.LEAST_AREA**0.5)


def pilasters(low: consistency.Cells, high: consistency.Cells, _h: consistency.Heights, _c: float) -> None:
    """Take poles for building if all cells around the piece that hold anything are building, and two or more."""
    poles = (low[0] == POLE) | (high[0] == POLE)
    pieces = ndimage.label(poles, np.ones((3, 3)))[0]
    walls = ~poles & ((low[0] == BUILDING) | (high[0] == BUILDING))
    others = ~poles & ~walls & ((low[0] > GROUND) | (high[0] > GROUND))
    for number, box in enumerate(ndimage.find_objects(pieces), 1):
        near = tuple(slice(max(side.start - 1, 0), side.stop + 1) for side in box)
        ring = ndimage.binary_dilation(pieces[near] == number, np.ones((3, 3)))
        if (ring & walls[near]).sum() >= 2 and not (ring & others[near]).any():
            for values in (low, high):
                values[0][near][(pieces[near] == number) & (values[0][near] == POLE)] = BUILDING


def vote(low: consistency.Cells, high: consistency.Cells, _h: consistency.Heights, _c: float) -> None:
    """Give buildings and plants the class with the larger sum of confidence among 3 x 3 cells."""
    for values in (low, high):
        sums = [
            ndimage.correlate(np.where(values[0] == k, values[1], 0).astype(np.int32), np.ones((3, 3), int))
            for k in (BUILDING, VEGETATION)
        ]
        here = np.isin(values[0], (BUILDING, VEGETATION))
        values[0][here] = np.where(sums[1] > sums[0], VEGETATION, BUILDING)[here]


if __name__ == "__main__":
    main()
