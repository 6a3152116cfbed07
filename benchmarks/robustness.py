"""What it gains to randomise the scanner in training: two models, streets scanned in ways new to one of them.

    python benchmarks/robustness.py WITH WITHOUT [--clouds N] [--points N] [--real oakland kitti] [--keep DIR]
        [--json F]

The models are an ablation pair. WITH was trained on streets scanned by all kinds of instruments (preset mixed),
WITHOUT on streets of preset oakland alone; all else is equal. `default_model.py` trains them, with
`configs/robust_with.toml` and `configs/robust_without.toml`. Both are scored on streets of other seeds, scanned as
preset oakland scans but with one change at a time; on streets of other presets; and on real clouds. The table, in
Markdown, has the means of both, the gain, and the oracle.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from default_model import Street
from labelled_clouds import DATA, REAL, SEED, Set, score, simulated
from transfer import lines, percent, said

from bevseg.config import SimulateConfig
from bevseg.errors import BevsegError
from bevseg.seg import checkpoint
from bevseg.sim import presets
from bevseg.sim.setup import Preset, Setup

BASE = "oakland"

OTHERS = ("mixed", "shrec20", "terrestrial")

Change = Callable[[Setup], Setup]


def main() -> None:
    """Score both models, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs=2, type=Path, metavar="MODEL", help="with, and without")
    parser.add_argument("--clouds", type=int, default=3, help="streets of each kind [default: 3]")
    parser.add_argument("--points", type=int, default=100_000, help="of each street [default: 100000]")
    parser.add_argument("--real", nargs="*", choices=REAL, default=("oakland", "kitti"))
    parser.add_argument("--data", type=Path, default=DATA, help="[default: %(default)s]")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the streets here, and read those that lie here"
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    try:
        found = measure(asked)
    except BevsegError as error:
        sys.exit(str(error))
    print(markdown(found))
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def sensor(**values: Any) -> Change:
    """Return the setup with another value of the instrument or its mounting."""
    return lambda setup: replace(setup, sensor=replace(setup.sensor, **values))


def optics(**values: Any) -> Change:
    """Return the setup with another value of how ranges are measured."""
    return lambda setup: sensor(optics=replace(setup.sensor.optics, **values))(setup)


CHANGES: dict[str, Change] = {
    "as in training": lambda setup: setup,
    "1.2 m up": sensor(height=1.2),
    "3.5 m up": sensor(height=3.5),
    "left side": sensor(yaw=(45.0,)),
    "across the travel": sensor(yaw=(-90.0,)),
    "both sides": sensor(yaw=(-45.0, 45.0)),
    "a ray every degree": sensor(step=1.0),
    "noise 4 cm": optics(noise=0.04),
    "half of the returns lost": optics(kept=0.5),
    "short of sight, 20 m": optics(reach=20.0, farthest=40.0),
}
"""Name -> what differs from preset oakland."""

DENSITIES = {"a quarter of the points": 0.25, "four times the points": 4.0}
"""Name -> points of a street of the same length, as a share."""

LENGTH = 100.0
"""Length of the streets whose density is changed, m."""


def kinds(clouds: int, points: int, folder: Path | None) -> Iterator[Set]:
    """Yield the sets of simulated streets."""
    for name, change in CHANGES.items():
        yield _streets(name, change, clouds, SimulateConfig(points), folder)
    for name, share in DENSITIES.items():
        config = SimulateConfig(round(share * points), length=LENGTH)
        yield _streets(name, CHANGES["as in training"], clouds, config, folder)
    for preset in OTHERS:
        yield simulated(preset, clouds, folder, 5 * points if preset != "mixed" else points)


def _streets(name: str, change: Change, clouds: int, config: SimulateConfig, folder: Path | None) -> Set:
    """Return streets scanned in a changed way, which is added as a preset of its own."""
    preset = f"{BASE}-{re.sub(r'[^a-z0-9]+', '-', name)}"
    if preset not in presets.names():
        presets.add(preset, Preset(partial(_drawn, change), presets.load(BASE).points))
    made = [Street(seed, replace(config, preset=preset)) for seed in range(SEED, SEED + clouds)]
    return Set(name, {street.name: partial(street.cloud, folder) for street in made})


def _drawn(change: Change, rng: np.random.Generator) -> Setup:
    return change(presets.load(BASE).draw(rng))


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Return the pooled scores of both models by kind of cloud: (`with`, `without`)."""
    models = [checkpoint.load(path) for path in asked.models]
    sets = [*kinds(asked.clouds, asked.points, asked.keep), *(REAL[name](asked.data) for name in asked.real)]
    found: dict[str, Any] = {}
    for clouds in sets:
        if not clouds.clouds:
            said(f"{clouds.name}: not below {asked.data}, left out")
            continue
        read = replace(
            clouds, clouds={name: partial(_once, make, {}) for name, make in clouds.clouds.items()}
        )
        found[clouds.name] = {
            key: score(model, read, asked.device, said)["pooled"]
            for key, model in zip(("with", "without"), models, strict=True)
        }
    return found


def _once(make: Callable[[], Any], kept: dict[str, Any]) -> Any:
    """Make a cloud the first time, and return it again."""
    if not kept:
        kept["cloud"] = make()
    return kept["cloud"]


def markdown(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the table: a line for each kind of cloud."""
    rows = []
    for name, of in found.items():
        ours, theirs = of["with"]["iou"], of["without"]["iou"]
        gains = [
            100 * (ours[key] - theirs[key]) if ours[key] is not None else None for key in ("miou", "miou_4")
        ]
        rows.append(
            (
                name,
                *(percent(iou[key]) for key in ("miou", "miou_4") for iou in (ours, theirs)),
                *("-" if gain is None else f"{gain:+.1f}" for gain in gains),
                percent(of["with"]["oracle"]["miou"]),
            )
        )
    means = [f"{mean} {which}" for mean in ("mIoU", "mIoU-4") for which in ("with", "without")]
    return lines(("clouds", *means, "mIoU gain", "mIoU-4 gain", "oracle mIoU"), rows)


if __name__ == "__main__":
    main()
