"""Labels that a person corrected or confirmed, and the model that gave them -> a model that has learned from them.

Corrections are sparse and biased: they lie where the model was wrong. So the model itself is the teacher of all other
cells that hold points (Li and Hoiem, Learning without forgetting, ECCV 2016), and a part of its weights stays
(Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022).
"""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bevseg.bev.bands import bands as bands_of
from bevseg.bev.crops import CropSampler
from bevseg.bev.sampling import EvenPieces
from bevseg.config import Settings, TrainConfig
from bevseg.config.names import SLICES
from bevseg.core.labels import CLASS_NAMES, UNDEFINED
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.errors import LabelError
from bevseg.ground.find_ground import find_ground
from bevseg.runtime.progress import Progress, Step, silent
from bevseg.seg.checkpoint import Model
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.training.loop import train_network

log = logging.getLogger(__name__)

LEARNABLE = tuple(label for label in range(len(CLASS_NAMES)) if label != UNDEFINED)
"""Train ids that a person's word teaches. Ground above the ground band is terrain, which networks know."""

STEPS, STEPS_OF_PIECE, MOST_STEPS = 100, 5, 250
"""Steps of a network: these, so many more for each piece that a person spoke about, and so many at most.
More steps than 100 go on to gain on simulated streets; the most are what two networks learn in three minutes."""

WORTH = 1.0
"""Pieces that the first weights count for: their share in the final ones is WORTH / (WORTH + pieces). The teacher
protects better than they do: on simulated streets of other presets, mixtures with half of the first weights gained
half as much, from 5 clicks as from 30."""

TEACHER_WEIGHT = 0.9
"""Weight of the first model in the loss; what the person said has the rest. A few cells would else outweigh all others:
with 0.5, corrections of walls made walls of cars on simulated streets."""

LEARNING_RATE = 1e-3
"""Largest learning rate."""

CROP = 128
"""Side of a crop at most, cells: what was said is small, and a step takes less than half the time of one of 192."""


@dataclass(frozen=True)
class CorrectedExample:
    """A cloud in which a person spoke about some points, and its DEM.

    Attributes
    ----------
    cloud
        Its labels are the train ids of what the person said, and 0 of all other points.
    dem
        The ground below.
    classes
        (N,) train ids of all points: what was said, and what the model said of the others.
    """

    cloud: PointCloud
    dem: Raster
    classes: NDArray[np.uint8]

    @classmethod
    def of(
        cls, cloud: PointCloud, classes: NDArray[np.uint8], said: NDArray[np.bool_], settings: Settings
    ) -> Self:
        """Return a cloud with what was said, and its DEM.

        Parameters
        ----------
        cloud
            The points; labels that they have do not matter.
        classes
            (N,) train ids: what was said, and of all other points what the model said.
        said
            (N,) bool, points that a person spoke about.
        settings
            Those of the model.
        """
        labels = np.where(said, classes, UNDEFINED).astype(np.uint8)
        dem = find_ground(cloud, settings.raster.cell, settings.ground).dem
        return cls(dataclasses.replace(cloud, labels=labels), dem, classes)

    @property
    def points(self) -> dict[str, int]:
        """Points of each class that a person spoke about, by name."""
        assert self.cloud.labels is not None  # `of` gives them
        counts = np.bincount(self.cloud.labels, minlength=len(CLASS_NAMES))
        return {CLASS_NAMES[label]: int(counts[label]) for label in LEARNABLE}


def learn_corrections(
    examples: Sequence[CorrectedExample],
    model: Model,
    *,
    seed: int = 0,
    device: str = "auto",
    minutes: float | None = None,
    progress: Progress = silent,
) -> Model:
    """Train on from a model with what a person corrected or confirmed.

    Half of the crops are centred on what was said, evenly over the classes and the pieces of each; the others lie
    anywhere. The loss is that of the model for the cells where something was said, and the divergence from the first
    model in all other cells that hold points.

    Parameters
    ----------
    examples
        The clouds that a person spoke about.
    model
        To start from; it is not changed.
    seed
        Of the crops. The same seed gives the same weights on a CPU, for one number of threads, unless `minutes` cut
        the training short.
    device
        `auto`, `cpu`, `cuda` or `cuda:N`.
    minutes
        Wall-clock limit of the training of all networks; None: there is none.
    progress
        Called after each step.

    Returns
    -------
    Model
        With the temperatures and the ranges of scans of the first one. A network whose slice nobody spoke about is
        that of the first model. The scores say what it was made from: `init`, and `corrections` with the clouds, the
        points of each class and the pieces of each slice.

    Raises
    ------
    LabelError
        If nothing was said that a network can learn.
    """
    samplers = {name: sampler for name in SLICES if (sampler := _sampler(name, examples, model)) is not None}
    if not samplers:
        raise LabelError(
            "Nothing was said that a network can learn",
            where=", ".join(example.cloud.name for example in examples) or None,
            why="ground within the ground band is found by a rule, and undefined teaches nothing",
            hint="correct or confirm some buildings, cars, poles or vegetation",
        )
    nets, settings = dict(model.nets), model.settings
    bands = bands_of(settings.raster.features)
    for name, sampler in samplers.items():
        config = _config(settings.train, sampler.count)
        log.info("%s slice: %d pieces, %d steps", name, sampler.count, config.steps)

        def on_step(step: int, steps: int, task: str = f"learn {name}") -> None:
            progress(Step(task, step, steps))

        trained = train_network(
            sampler,
            (),
            bands[name],
            OUTPUTS,
            settings.net,
            config,
            seed=seed,
            device=device,
            init=model.require(name),
            init_share=init_share(sampler.count),
            minutes=None if minutes is None else minutes / len(samplers),
            teacher=model.require(name),
            sparse=True,
            on_step=on_step,
        )
        nets[name] = trained.net
    return dataclasses.replace(
        model,
        nets=nets,
        seed=seed,
        source=None,
        scores={"init": model.source or "in memory", "corrections": _facts(examples, samplers)},
    )


def init_share(pieces: int) -> float:
    """Return the share of the first weights that stays where a person spoke about so many pieces."""
    return WORTH / (WORTH + pieces)


def _sampler(name: str, examples: Sequence[CorrectedExample], model: Model) -> EvenPieces | None:
    """Return the sampler of crops of one slice; None if nothing was said there."""
    settings = model.settings
    sampler = functools.partial(
        CropSampler,
        [example.cloud for example in examples],
        [example.dem for example in examples],
        name=name,
        slices=settings.slices,
        features=settings.raster.features,
        crop=min(CROP, settings.train.crop),
        classes=LEARNABLE,
    )
    try:
        return EvenPieces(sampler(), sampler(centres=[example.classes for example in examples]))
    except LabelError:
        return None


def _config(config: TrainConfig, pieces: int) -> TrainConfig:
    """Return the settings of a training with so many pieces."""
    steps = min(STEPS + STEPS_OF_PIECE * pieces, MOST_STEPS)
    return dataclasses.replace(
        config,
        steps=steps,
        optimiser="adamw",
        schedule="one_cycle",
        learning_rate=LEARNING_RATE,
        crop=min(CROP, config.crop),
        teacher_weight=TEACHER_WEIGHT,
        validate_every=steps,
    )


def _facts(examples: Sequence[CorrectedExample], samplers: dict[str, EvenPieces]) -> dict[str, Any]:
    """Return what the model keeps of its corrections, ready for JSON."""
    return {
        "clouds": {example.cloud.name: example.points for example in examples},
        "pieces": {name: sampler.count for name, sampler in samplers.items()},
    }
