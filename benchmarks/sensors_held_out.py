"""Leave one sensor out: networks that have never seen a preset, scored on its streets. Simulated streets alone.

    python benchmarks/sensors_held_out.py TABLE.json [CONFIG.toml] [--held-out drums ...] [--features heights shape]
        [--views 0.3] [--seeds 0 1 2] [--steps N] [--filters N] [--clouds DIR] [--streets N]

For each preset, feature set, share of views and seed, two networks are trained from nothing on the training clouds of
all other presets of the config (default: configs/default_model.toml). They are scored on the first training clouds
of the preset that is held out. `none` holds no preset out, but these streets of each preset, and is scored on them:
so the two scores of a preset are of the same streets, which neither training has seen.

Networks are narrower than those of the model, and train for a shorter time: the table compares choices. A row is kept
in TABLE.json as soon as it is there, and the same command goes on with the next one. Without anything left to do it
prints the tables.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import itertools
import json
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from default_model import CONFIG, ModelConfig, ProgressLines, Street, prepared, read_config
from labelled_clouds import Set, score
from transfer import CLASSES, MEANS, lines, percent, said, values

from bevseg.config import Settings, with_training
from bevseg.config.names import SLICES
from bevseg.errors import BevsegError
from bevseg.training import Example, train

NONE = "none"
"""Nothing is held out."""


@dataclass(frozen=True)
class Trial:
    """One training.

    Attributes
    ----------
    held_out
        Preset that takes no part in it.
    features, views, seed
        As the settings have them.
    steps, filters
        Of each network.
    """

    held_out: str
    features: str
    views: float
    seed: int
    steps: int
    filters: int

    def settings(self, base: Settings) -> Settings:
        """Return the settings of the training."""
        raster = dataclasses.replace(base.raster, features=self.features)
        net = dataclasses.replace(base.net, filters=self.filters, widest=5 * self.filters)
        settings = dataclasses.replace(base, raster=raster, net=net)
        return with_training(settings, steps=self.steps, views=self.views, validate_every=self.steps)


def main() -> None:
    """Train, score, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", type=Path, help="file of the rows")
    parser.add_argument("config", nargs="?", type=Path, default=CONFIG)
    parser.add_argument("--held-out", nargs="+", help="presets, or none [default: all presets of the config]")
    parser.add_argument("--features", nargs="+", help="[default: those of the config]")
    parser.add_argument("--views", nargs="+", type=float, help="[default: those of the config]")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--filters", type=int, default=8)
    parser.add_argument("--streets", type=int, default=24, help="of the preset to score on, at most")
    parser.add_argument("--clouds", type=Path, metavar="DIR", help="keep the clouds here, and read them here")
    asked = parser.parse_args()
    try:
        config = read_config(asked.config)
        rows = json.loads(asked.table.read_text()) if asked.table.exists() else []
        done = {Trial(**row["trial"]) for row in rows}
        left = [trial for trial in trials(config, asked) if trial not in done]
        examples = (
            list(prepared(config.train, config.settings, asked.clouds, ProgressLines())) if left else []
        )
        for trial in left:
            rows.append(row_of(trial, config, examples, asked))
            asked.table.parent.mkdir(parents=True, exist_ok=True)
            asked.table.write_text(json.dumps(rows, indent=1) + "\n")
    except BevsegError as error:
        sys.exit(str(error))
    print(by_trial(rows))


def trials(config: ModelConfig, asked: argparse.Namespace) -> Iterator[Trial]:
    """Yield what is asked for, seed by seed."""
    presets = asked.held_out or list(dict.fromkeys(street.config.preset for street in config.train))
    features = asked.features or [config.settings.raster.features]
    views = asked.views or [config.settings.train.views]
    for seed, preset, of_features, of_views in itertools.product(asked.seeds, presets, features, views):
        yield Trial(preset, of_features, of_views, seed, asked.steps, asked.filters)


def row_of(
    trial: Trial, config: ModelConfig, examples: Sequence[Example], asked: argparse.Namespace
) -> dict[str, Any]:
    """Train without the preset and score on it."""
    said(str(trial))
    scored = streets_to_score(config.train, asked.streets)
    if trial.held_out == NONE:
        unseen = {street for streets in scored.values() for street in streets}
    else:
        scored = {trial.held_out: scored[trial.held_out]}
        unseen = {street for street in config.train if street.config.preset == trial.held_out}
    pairs = zip(config.train, examples, strict=True)
    kept = [example for street, example in pairs if street not in unseen]
    model, history = train(
        kept,
        trial.settings(config.settings),
        val=(),
        seed=trial.seed,
        device="cpu",
        progress=ProgressLines(),
    )
    found = {
        preset: score(model, set_of(preset, streets, asked.clouds), "cpu", said)["pooled"]
        for preset, streets in scored.items()
    }
    seconds = {name: row["seconds"] for name in SLICES for row in history if row["slice"] == name}
    return {"trial": dataclasses.asdict(trial), "presets": found, "seconds": sum(seconds.values())}


def streets_to_score(streets: Sequence[Street], most: int) -> dict[str, list[Street]]:
    """Return preset -> its first streets, at most so many, and at most half of them."""
    by_preset: dict[str, list[Street]] = {}
    for street in streets:
        by_preset.setdefault(street.config.preset, []).append(street)
    return {preset: own[: min(most, -(-len(own) // 2))] for preset, own in by_preset.items()}


def set_of(name: str, streets: Sequence[Street], folder: Path | None) -> Set:
    """Return streets as a set that can be scored."""
    return Set(name, {street.name: functools.partial(street.cloud, folder) for street in streets})


def mean(found: Sequence[float | None]) -> float | None:
    """Return the mean; None if one is not known."""
    known = [value for value in found if value is not None]
    return statistics.fmean(known) if len(known) == len(found) else None


def by_trial(rows: Sequence[dict[str, Any]]) -> str:
    """Return a line for each kind of trial and preset: means over the seeds, and the deviation of the mIoU."""
    kinds: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        kind = tuple(value for key, value in row["trial"].items() if key != "seed")
        for preset, pooled in row["presets"].items():
            kinds.setdefault((preset, *kind), []).append(pooled)
    head = ("preset", "held out", "features", "views", "steps", "filters", "seeds", *CLASSES, *MEANS.values())
    table = []
    for kind, of_kind in sorted(kinds.items()):
        ious = [pooled["iou"] for pooled in of_kind]
        means = {key: mean([iou.get(key) for iou in ious]) for key in ious[0]}
        spread = statistics.stdev(iou["miou"] for iou in ious) if len(ious) > 1 else None
        as_car = mean([pooled["building_as_car"] for pooled in of_kind])
        oracle = of_kind[0]["oracle"]["miou"]
        cells = (*map(str, kind), str(len(of_kind)), *values(means))
        table.append((*cells, percent(spread), percent(as_car), percent(oracle)))
    return lines((*head, "± mIoU", "building as car", "oracle mIoU"), table)


if __name__ == "__main__":
    main()
