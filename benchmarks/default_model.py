"""Train the model that ships, on simulated streets, and write its file and the history of its training.

    python benchmarks/default_model.py [CONFIG.toml] [-o MODEL] [--clouds DIR] [--init MODEL] [--slice NAME]
        [--device cpu] [--steps N]

The config (default: configs/default_model.toml) names the clouds by seed, and all settings. It takes seconds to
simulate a cloud. With `--clouds`, clouds are kept in a directory and read from there the next time, so give another
directory when the simulator has changed. Weights are stored in half precision. `make default-model` runs this script,
scores the model and fills the tables of its card.

The state of each network is kept beside the model after each validation step: the same command goes on from there.
`--slice` trains one network alone, so that two commands can train side by side; the command without it then writes
the model.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from bevseg.bev.bands import bands as bands_of
from bevseg.config import Settings, SimulateConfig, from_table, with_training
from bevseg.config.names import SLICES
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import BevsegError
from bevseg.io.read import read_cloud
from bevseg.runtime.progress import Progress, Step
from bevseg.seg import checkpoint
from bevseg.seg.checkpoint import Model
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.models.build import build
from bevseg.seg.training import state_file
from bevseg.seg.training.state_file import TrainingState
from bevseg.sim.simulate import simulate_scan
from bevseg.stages.simulate import write_scan
from bevseg.stages.train import write_trained
from bevseg.training import Example, prepare_example, train

CONFIG = Path(__file__).parent / "configs" / "default_model.toml"
OUTPUT = Path("build/default_model/default.safetensors")

SEED_KEYS = ("first_seed", "clouds")
"""Keys of a block of clouds that name its seeds; the other keys are fields of `SimulateConfig`."""


@dataclass(frozen=True)
class Street:
    """One cloud to simulate."""

    seed: int
    config: SimulateConfig

    @property
    def name(self) -> str:
        """Name of the cloud; all clouds of a config have different seeds."""
        return f"{self.config.preset}_{self.seed:05d}"

    def cloud(self, folder: Path | None) -> PointCloud:
        """Return the cloud. With a folder, read it from there; simulate it and write it there if it is missing."""
        path = folder / f"{self.name}.laz" if folder else None
        if path is not None and path.exists():
            # Each street is a place of its own, wherever its coordinates lie.
            return dataclasses.replace(read_cloud(path), crs=None)
        config = self.config
        made = simulate_scan(
            self.seed, config.points, preset=config.preset, length=config.length, resolution=config.resolution
        )
        if path is not None:
            write_scan(made, path, overwrite=True)  # another command may have made the same bytes meanwhile
        return dataclasses.replace(made.cloud, name=self.name)


@dataclass(frozen=True)
class ModelConfig:
    """What the model is trained on, and how.

    Attributes
    ----------
    train, validation
        Clouds to train on, and clouds for early stopping.
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
class ProgressLines:
    """Progress callback that prints to stderr, one line in ten seconds for each task."""

    last: dict[str, float] = field(default_factory=dict)

    def __call__(self, step: Step) -> None:
        """Print how far a task is."""
        now = time.monotonic()
        if step.done >= step.total or now - self.last.setdefault(step.task, now) > 10:
            self.last[step.task] = now
            print(
                f"{step.task}: {100 * step.done / step.total:.0f} % {step.note}", file=sys.stderr, flush=True
            )


def with_features(model: Model, features: str) -> Model:
    """Return a model that reads the bands of a feature set, and gives the same labels.

    Bands that it has not read before have no weight yet; those that the set lacks are gone.
    """
    nets: dict[str, nn.Module] = {}
    tables = bands_of(features)
    for name, net in model.nets.items():
        known = {band: at for at, band in enumerate(model.bands[name])}
        weights = net.state_dict()
        first = next(key for key, weight in weights.items() if weight.ndim == 4)
        filters, _, *window = weights[first].shape
        widened = torch.zeros(filters, len(tables[name]), *window)
        for at, band in enumerate(tables[name]):
            if band in known:
                widened[:, at] = weights[first][:, known[band]]
        nets[name] = build(model.settings.net, len(tables[name]), len(OUTPUTS))
        nets[name].load_state_dict(weights | {first: widened})
    raster = dataclasses.replace(model.settings.raster, features=features)
    settings = dataclasses.replace(model.settings, raster=raster)
    return dataclasses.replace(model, nets=nets, bands=tables, settings=settings)


@dataclass(frozen=True)
class Training:
    """The training of both networks, each with a state of its own.

    Attributes
    ----------
    examples
        All clouds.
    settings
        Of all stages.
    validation
        Names of the clouds for early stopping.
    seed
        Of the first weights and the crops.
    init
        Model to start from; None: from nothing.
    device
        To train on.
    output
        The model; the states stand beside it.
    """

    examples: Sequence[Example]
    settings: Settings
    validation: Sequence[str]
    seed: int
    init: Model | None
    device: str
    output: Path

    def state_of(self, name: str) -> Path:
        """Return the file of the state of a network."""
        return self.output.with_name(f"{self.output.stem}.{name}.state")

    def network(self, name: str) -> TrainingState:
        """Train the network of a slice, or go on with it, and return the state at its end."""
        path = self.state_of(name)
        state = state_file.read(path) if path.exists() else None
        if state is None or not state.networks[name].done:
            self._train([name], state, lambda now: state_file.write(now, path))
        return state_file.read(path)

    def model(self, states: Mapping[str, TrainingState]) -> tuple[Model, list[dict[str, Any]]]:
        """Return the model of networks that are trained, and its history.

        Raises SystemExit if they were not trained on the same clouds with the same settings.
        """
        asked = {name: state.asked | {"slice": list(SLICES)} for name, state in states.items()}
        if any(other != asked[SLICES[0]] for other in asked.values()):
            files = ", ".join(str(self.state_of(name)) for name in states)
            sys.exit(
                f"The networks were trained on other clouds or settings: {files}. Remove one, and train it again."
            )
        networks = {name: state.networks[name] for name, state in states.items()}
        seconds = sum(state.seconds for state in states.values())
        joined = TrainingState(asked[SLICES[0]], 0.0, seconds, networks)
        return self._train(SLICES, joined, None)

    def _train(
        self,
        slices: Sequence[str],
        state: TrainingState | None,
        on_state: Callable[[TrainingState], None] | None,
    ) -> tuple[Model, list[dict[str, Any]]]:
        return train(
            self.examples,
            self.settings,
            val=self.validation or None,
            slices=slices,
            init=self.init,
            seed=self.seed,
            device=self.device,
            state=state,
            on_state=on_state,
            progress=ProgressLines(),
        )


def main() -> None:
    """Simulate, train, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", nargs="?", type=Path, default=CONFIG)
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT, help=f"[default: {OUTPUT}]")
    parser.add_argument(
        "--clouds", type=Path, metavar="DIR", help="keep the clouds here, and read those that lie here"
    )
    parser.add_argument(
        "--init", type=Path, metavar="MODEL", help="start from this model [default: from nothing]"
    )
    parser.add_argument("--slice", choices=SLICES, help="train this network alone, and keep its state")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--steps", type=int, help="instead of those of the config, to try it out")
    asked = parser.parse_args()
    try:
        config = read_config(asked.config)
        settings = with_training(config.settings, steps=asked.steps)
        examples = list(
            prepared([*config.train, *config.validation], settings, asked.clouds, ProgressLines())
        )
        asked.output.parent.mkdir(parents=True, exist_ok=True)
        training = Training(
            examples,
            settings,
            [street.name for street in config.validation],
            config.seed,
            with_features(checkpoint.load(asked.init), settings.raster.features) if asked.init else None,
            asked.device,
            asked.output,
        )
        states = {name: training.network(name) for name in ([asked.slice] if asked.slice else SLICES)}
        if asked.slice:
            return
        model, history = training.model(states)
    except BevsegError as error:
        sys.exit(str(error))
    for path in write_trained(model, history, asked.output, half=True):
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
    for name in SLICES:
        training.state_of(name).unlink()


def read_config(path: Path) -> ModelConfig:
    """Return the config of a file.

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
    return ModelConfig(train, validation, settings, table.get("seed", 0))


def streets(block: Mapping[str, Any]) -> Iterator[Street]:
    """Yield the clouds of a block of the config; the seed of a cloud draws from its ranges."""
    known = {field.name for field in dataclasses.fields(SimulateConfig)}
    unknown = set(block) - known - set(SEED_KEYS)
    if unknown:
        sys.exit(f"a simulated cloud has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}")
    for seed in range(block["first_seed"], block["first_seed"] + block["clouds"]):
        rng = np.random.default_rng([seed, 2])
        values = {key: drawn(value, rng) for key, value in block.items() if key not in SEED_KEYS}
        yield Street(seed, SimulateConfig(**values))


def drawn(value: Any, rng: np.random.Generator) -> Any:
    """Return the value; of a pair of numbers, one drawn from between them, evenly in the logarithm."""
    if not isinstance(value, list):
        return value
    low, high = value
    return type(low)(low * (high / low) ** rng.random())


def prepared(
    clouds: Sequence[Street], settings: Settings, folder: Path | None, progress: Progress
) -> Iterator[Example]:
    """Yield each cloud as a training example; clouds are kept in the folder, if there is one."""
    for number, street in enumerate(clouds, 1):
        yield prepare_example(street.cloud(folder), settings)
        progress(Step("simulate", number, len(clouds), note=street.name))


if __name__ == "__main__":
    main()
