"""The model that ships: simulated streets -> networks, the file, the history of the training.

    python benchmarks/default_model.py [RECIPE.toml] [-o MODEL] [--clouds DIR] [--device cpu] [--steps N]

The recipe (default: recipes/default_model.toml) names the clouds by seed, and all settings. A cloud takes seconds to
make and as long as a look at it to read again: with `--clouds`, those that lie there already are not made anew, so
give another directory when the simulator has changed. Weights are stored in half precision. `make default-model` does
this, scores the model and fills the tables of its card.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bevseg import pipeline
from bevseg.config import Settings, SimulateConfig, from_table, with_training
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import BevsegError
from bevseg.io.read import read_cloud
from bevseg.runtime.progress import Progress, Step
from bevseg.sim import simulate_scan
from bevseg.stages.learning import write_trained
from bevseg.stages.simulate import write
from bevseg.training.fit import Example

RECIPE = Path(__file__).parent / "recipes" / "default_model.toml"
OUTPUT = Path("build/default_model/default.safetensors")

PLAIN = ("first_seed", "clouds")
"""Keys of a block of clouds that say which seeds; the others say what a cloud is."""


@dataclass(frozen=True)
class Street:
    """One cloud to simulate."""

    seed: int
    what: SimulateConfig

    @property
    def name(self) -> str:
        """Name of the cloud: no two of a recipe have one seed."""
        return f"{self.what.preset}_{self.seed:05d}"

    def cloud(self, folder: Path | None) -> PointCloud:
        """Return the cloud: made; or, with a folder, read from there, where it is put if it is missing."""
        path = folder / f"{self.name}.laz" if folder else None
        if path is not None and path.exists():
            return read_cloud(path)
        what = self.what
        made = simulate_scan(
            self.seed, what.points, preset=what.preset, length=what.length, resolution=what.resolution
        )
        if path is not None:
            write(made, path)
        return dataclasses.replace(made.cloud, name=self.name)


@dataclass(frozen=True)
class Recipe:
    """What the model is made of.

    Attributes
    ----------
    train, validation
        Clouds to learn from, and clouds that tell when to stop.
    settings
        Of all stages.
    seed
        Of the training.
    """

    train: Sequence[Street]
    validation: Sequence[Street]
    settings: Settings
    seed: int = 0


@dataclass
class Told:
    """Lines of progress on stderr, one in ten seconds for each task."""

    last: dict[str, float] = field(default_factory=dict)

    def __call__(self, step: Step) -> None:
        """Say how far a task is."""
        now = time.monotonic()
        if step.done >= step.total or now - self.last.setdefault(step.task, now) > 10:
            self.last[step.task] = now
            print(
                f"{step.task}: {100 * step.done / step.total:.0f} % {step.note}", file=sys.stderr, flush=True
            )


def main() -> None:
    """Simulate, train, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe", nargs="?", type=Path, default=RECIPE)
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT, help=f"[default: {OUTPUT}]")
    parser.add_argument(
        "--clouds", type=Path, metavar="DIR", help="keep the clouds here, and take those that are"
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--steps", type=int, help="instead of the recipe's, to try it out")
    asked = parser.parse_args()
    try:
        recipe = read_recipe(asked.recipe)
        settings = with_training(recipe.settings, steps=asked.steps)
        examples = list(surveys([*recipe.train, *recipe.validation], settings, asked.clouds, Told()))
        model, history = pipeline.train(
            examples,
            settings,
            val=[street.name for street in recipe.validation] or None,
            seed=recipe.seed,
            device=asked.device,
            progress=Told(),
        )
    except BevsegError as error:
        sys.exit(str(error))
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    for path in write_trained(model, history, asked.output, half=True):
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


def read_recipe(path: Path) -> Recipe:
    """Return the recipe of a file.

    Raises
    ------
    UsageError
        For a setting that bevseg does not know.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    train, validation = (
        [street for block in table.get(key, []) for street in streets(block)]
        for key in ("train", "validation")
    )
    seeds = Counter(street.seed for street in (*train, *validation))
    twice = [str(seed) for seed, count in sorted(seeds.items()) if count > 1]
    if twice:
        sys.exit(f"{path}: these seeds stand there twice: {', '.join(twice)}")
    settings = from_table(table.get("settings", {}), where=f"{path}: settings")
    return Recipe(train, validation, settings, table.get("seed", 0))


def streets(block: Mapping[str, Any]) -> Iterator[Street]:
    """Return the clouds of a block of the recipe; ranges are drawn from by the seed of the cloud."""
    known = {field.name for field in dataclasses.fields(SimulateConfig)}
    unknown = set(block) - known - set(PLAIN)
    if unknown:
        sys.exit(f"a simulated cloud has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}")
    for seed in range(block["first_seed"], block["first_seed"] + block["clouds"]):
        rng = np.random.default_rng([seed, 2])
        what = {key: drawn(value, rng) for key, value in block.items() if key not in PLAIN}
        yield Street(seed, SimulateConfig(**what))


def drawn(value: Any, rng: np.random.Generator) -> Any:
    """Return the value, or one from the range that a pair of numbers is, evenly in its logarithm."""
    if not isinstance(value, list):
        return value
    low, high = value
    return type(low)(low * (high / low) ** rng.random())


def surveys(
    clouds: Sequence[Street], settings: Settings, folder: Path | None, progress: Progress
) -> Iterator[Example]:
    """Yield each cloud with its DEM; with a folder, from the file there or into it."""
    for number, street in enumerate(clouds, 1):
        yield pipeline.prepare_example(street.cloud(folder), settings)
        progress(Step("simulate", number, len(clouds), note=street.name))


if __name__ == "__main__":
    main()
