"""How many cars, poles and trees of simulated streets `bevseg objects` finds, and how many of its finds are right.

    python benchmarks/objects.py [MODEL] [--first-seed 9100] [--streets 4] [--presets oakland,shrec20]
        [--labels DIR] [--json F]

The objects of each street are found twice: with true labels, and with those of the model. The truth are the instances
of the simulator. Of a car at least 50 points count, of a pole 20, of a tree 100; a tree is 3.5 m high or more. A find
is right if it lies near its instance (`LIMITS`), and no other find is nearer. An instance with fewer points, a plant
2.5 to 3.5 m high, and a vehicle that was seen turn by turn over more than 20 m need not be found: such finds count
neither as right nor as wrong. With `--labels`, the labels of the model are kept in a folder, and taken from there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import CAR, POLE, VEGETATION
from bevseg.objects.boxes import smallest_box
from bevseg.objects.find_objects import find_objects
from bevseg.objects.ground_heights import GroundHeights
from bevseg.objects.objects import Objects
from bevseg.objects.tabulate import tabulate
from bevseg.pipeline import label
from bevseg.seg import checkpoint
from bevseg.sim.simulate import SimulatedScan, simulate_scan
from bevseg.weights import default_model

STREETS: dict[str, tuple[int | None, float | None]] = {
    "shrec20": (500_000, 100.0),
    "survey_car": (500_000, 100.0),
    "oakland": (150_000, None),
    "mixed": (200_000, None),
    "drums": (300_000, None),
}
"""Preset -> points, and length of the drive, m."""

KINDS = {"car": CAR, "pole": POLE, "tree": VEGETATION}

LEAST_POINTS = {"car": 50, "pole": 20, "tree": 100}
"""Points of an instance that is to be found."""

LIMITS = {"car": 1.5, "pole": 0.5, "tree": 1.0}
"""Distance (m) of a find that is right: of the centres of the boxes around what was seen; from the foot of a pole; of
the middles of what was seen of a tree, for which half of the radius of the crown counts if that is more."""

CELL = 0.2
"""Side of the cells (m) whose middle is that of a tree."""

LEAST_TREE = 3.0
"""Height (m) of a tree; half a metre more or less counts neither way."""

LONGEST = 20.0
"""Length (m) of a vehicle as it was seen, from which on it was seen turn by turn."""


@dataclass
class Instance:
    """An instance of the simulator.

    Attributes
    ----------
    places
        (N, 2) places that a find may lie near, m.
    limit
        How near, m.
    counts
        Whether it is to be found.
    size
        Height; of a car its length; m.
    """

    places: NDArray[np.float64]
    limit: float
    counts: bool
    size: float


@dataclass
class Tally:
    """Finds of a kind of object."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    errors: list[tuple[float, float]] = field(default_factory=list)
    """Of each right find: distance, and how much its size is off, m."""

    def add(self, other: Tally) -> None:
        """Add the finds of another street."""
        self.right, self.wrong = self.right + other.right, self.wrong + other.wrong
        self.missed += other.missed
        self.errors += other.errors


class Labels:
    """A cloud and its classes, as `find_objects` takes them."""

    def __init__(self, made: SimulatedScan, classes: NDArray[np.uint8]) -> None:
        self.cloud, self.classes, self.confidence = made.cloud, classes, None


def main() -> None:
    """Find the objects of the streets, print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", type=Path, help="[default: the one that ships]")
    parser.add_argument("--first-seed", type=int, default=9100)
    parser.add_argument("--streets", type=int, default=4, help="of each preset [default: 4]")
    parser.add_argument("--presets", default=",".join(STREETS))
    parser.add_argument("--labels", type=Path, metavar="DIR")
    parser.add_argument("--only-true", action="store_true", help="leave out the labels of the model")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    model = None if asked.only_true else checkpoint.load(asked.model or default_model())
    table: dict[tuple[str, str, str], Tally] = {}
    for preset in asked.presets.split(","):
        points, length = STREETS[preset]
        for seed in range(asked.first_seed, asked.first_seed + asked.streets):
            made = simulate_scan(seed, points, preset=preset, length=length)
            assert made.cloud.labels is not None
            labels = {"true": made.cloud.labels}
            if model is not None:
                kept = None if asked.labels is None else asked.labels / f"{preset}_{seed}.npy"
                if kept is not None and kept.is_file():
                    labels["model"] = np.load(kept)
                else:
                    labels["model"] = label(made.cloud, model).point_labels.classes
                    if kept is not None:
                        kept.parent.mkdir(parents=True, exist_ok=True)
                        np.save(kept, labels["model"])
            truth = instances_of(made)
            for name, classes in labels.items():
                found = find_objects([Labels(made, classes)])
                for kind in KINDS:
                    places, sizes = finds_of(found, kind)
                    tally = compare(places, sizes, truth[kind])
                    table.setdefault((preset, name, kind), Tally()).add(tally)
    print(text(table))
    if asked.json:
        rows = {" ".join(key): [t.right, t.wrong, t.missed] for key, t in table.items()}
        asked.json.write_text(json.dumps(rows, indent=2) + "\n")


def finds_of(found: Objects, kind: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the places (N, 2) and sizes (N,) of the finds of a kind."""
    rows = {
        "car": [(car.x, car.y, car.length) for car in found.cars],
        "pole": [(pole.x, pole.y, pole.height) for pole in found.poles],
        "tree": [(crown.x, crown.y, crown.height) for crown in found.crowns if crown.plant == "tree"],
    }[kind]
    values = np.array(rows).reshape(-1, 3)
    return values[:, :2], values[:, 2]


def instances_of(made: SimulatedScan) -> dict[str, list[Instance]]:
    """Return the instances of each kind that have points."""
    cloud, xyz = made.cloud, made.cloud.xyz
    assert cloud.labels is not None
    ground = GroundHeights(tabulate(Labels(made, cloud.labels)).ground)
    found: dict[str, list[Instance]] = {}
    for kind, train in KINDS.items():
        own = np.flatnonzero((cloud.labels == train) & (made.instances > 0))
        order = own[np.argsort(made.instances[own], kind="stable")]
        borders = np.flatnonzero(np.diff(made.instances[order])) + 1
        found[kind] = [
            _instance(kind, xyz[part], int(made.instances[part[0]]), made, ground)
            for part in np.split(order, borders)
            if len(part)
        ]
    return found


def _instance(
    kind: str, xyz: NDArray[np.float64], number: int, made: SimulatedScan, ground: GroundHeights
) -> Instance:
    middle = np.median(xyz[:, :2], axis=0)
    height = float(xyz[:, 2].max() - ground.under(middle[:1], middle[1:])[0])
    seen = len(xyz) >= LEAST_POINTS[kind]
    if kind == "car":
        box = smallest_box(xyz[:, 0], xyz[:, 1])
        limit = LIMITS[kind] if box.length < LONGEST else box.length / 2
        return Instance(np.array([[box.x, box.y]]), limit, seen and box.length < LONGEST, box.length)
    if kind == "pole":
        mesh = made.street.mesh
        corners = mesh.corners[mesh.instances == number].reshape(-1, 3) + np.array(made.cloud.offset)
        feet = corners[corners[:, 2] < corners[:, 2].min() + 0.3, :2] if len(corners) else middle[None]
        return Instance(feet, LIMITS[kind], seen, height)
    cells = np.unique(np.floor(xyz[:, :2] / CELL), axis=0)  # a scanner sees one side with more points
    limit = max(LIMITS[kind], 0.5 * (len(cells) * CELL**2 / np.pi) ** 0.5)
    if height < LEAST_TREE - 0.5:
        return Instance(middle[None], 0.0, False, height)
    centre = (cells.mean(axis=0) + 0.5) * CELL
    return Instance(centre[None], limit, seen and height >= LEAST_TREE + 0.5, height)


def compare(places: NDArray[np.float64], sizes: NDArray[np.float64], truth: Sequence[Instance]) -> Tally:
    """Match finds and instances one to one, the nearest first, those that count before the others."""
    pairs = []
    for at, instance in enumerate(truth):
        apart = np.linalg.norm(places[:, None] - instance.places, axis=2).min(axis=1)
        pairs += [
            (not instance.counts, float(apart[k]), at, int(k))
            for k in np.flatnonzero(apart <= instance.limit)
        ]
    tally, used, taken = Tally(), set[int](), set[int]()
    for weak, apart, at, k in sorted(pairs):
        if k in used or (at in taken and not weak):
            continue
        used.add(k)
        taken.add(at)
        if not weak:
            tally.right += 1
            tally.errors.append((apart, abs(sizes[k] - truth[at].size)))
    tally.missed = sum(instance.counts for instance in truth) - tally.right
    tally.wrong = len(places) - len(used)
    return tally


def text(table: dict[tuple[str, str, str], Tally]) -> str:
    """Return the table, with the sum of all presets."""
    pooled: dict[tuple[str, str, str], Tally] = {}
    for (_, name, kind), tally in table.items():
        pooled.setdefault(("all", name, kind), Tally()).add(tally)
    lines = [
        "| preset | object | labels | true objects | precision | recall | off, m | size off, m |",
        "|---|---|---|---:|---:|---:|---:|---:|",
    ]
    for (preset, name, kind), tally in {**table, **pooled}.items():
        total, finds = tally.right + tally.missed, tally.right + tally.wrong
        off = [f"{value:.2f}" for value in np.median(tally.errors, axis=0)] if tally.errors else ["-", "-"]
        shares = [f"{100 * tally.right / n:.0f}" if n else "-" for n in (finds, total)]
        lines.append(f"| {preset} | {kind} | {name} | {total} | {' | '.join([*shares, *off])} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
