"""A training that starts from a trained model: which model, its settings, and how much of it stays."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bevseg import pipeline, weights
from bevseg.config import FINE_TUNING, NAMED, Settings, TrainConfig, load, with_training
from bevseg.config.names import NO_MODEL
from bevseg.core.labels import CLASS_NAMES, GROUND
from bevseg.core.scores import SCORED
from bevseg.seg.checkpoint import Model
from bevseg.seg.losses.loss_text import parse
from bevseg.seg.models.registry import network_class
from bevseg.training.examples import Example
from bevseg.workdir.settings import GROUPS, settings_of

log = logging.getLogger(__name__)

CHOSEN = ("steps", "init_worth", "simulated")
"""Settings of a training that are chosen where they are None."""

SEEN = 500
"""Points that a class needs in the labelled clouds to count as shown: a few do not say what it looks like."""

WORTH = 3.0
"""Labelled clouds that the first model counts for (`init_worth`) where all classes are shown: by the table of
`benchmarks/init_worth.py`, 3/4 of it should stay beside one cloud and 1/2 beside three."""

STREETS = 0.5
"""Labelled clouds that the simulated streets count for in the crops where all classes are shown; each class that is
missing adds one. With more of them a single drums street that showed all classes taught less; without them, one
without cars and poles cost ten points of mIoU."""

STEPS, STEPS_OF_CLOUD, MOST_STEPS = 100, 100, 400
"""Steps of a fine-tuning: these, so many more for each labelled cloud, and so many at most. The most are those that
the gains of `benchmarks/fine_tuning.py` were measured with. One or two clouds have fewer crops that differ, and with
fewer steps less of the model is forgotten; how many fewer is a guess."""

ENOUGH = 3
"""So many labelled clouds that show every class get no simulated streets. With that number, the gains of
`benchmarks/fine_tuning.py` were measured without streets, which would be every seventh crop and take 20 s to make."""


@dataclass(frozen=True)
class Plan:
    """How a training from a model treats what the model knows.

    Attributes
    ----------
    clouds
        Number of labelled clouds that train.
    points
        Their points of each class, by name.
    missing
        Classes of objects with fewer than SEEN points.
    train
        Settings of the training; nothing is left to choose.
    """

    clouds: int
    points: dict[str, int]
    missing: tuple[str, ...]
    train: TrainConfig

    @property
    def init_share(self) -> float:
        """Share of the weights of the first model that stays."""
        assert self.train.init_worth is not None  # `plan_of` has chosen it
        return self.train.init_worth / (self.train.init_worth + self.clouds)

    @property
    def facts(self) -> dict[str, Any]:
        """What the report and the model keep of it, ready for JSON."""
        chosen = {name: getattr(self.train, name) for name in CHOSEN}
        return {
            "clouds": self.clouds,
            "points": self.points,
            "missing": list(self.missing),
            "init_share": self.init_share,
            "settings": chosen,
        }

    def __str__(self) -> str:
        """Say it to people."""
        clouds = "1 labelled cloud" if self.clouds == 1 else f"{self.clouds} labelled clouds"
        lacking = f" without enough points of {', '.join(self.missing)}" if self.missing else ""
        share, simulated = f"{100 * self.init_share:.0f} %", f"{100 * (self.train.simulated or 0):.0f} %"
        return (
            f"fine-tuning on {clouds}{lacking}: {self.train.steps} steps, {share} of the first weights stay, "
            f"{simulated} of the crops show simulated streets"
        )


def plan_of(config: TrainConfig, examples: Sequence[Example]) -> Plan:
    """Choose what the settings of a training from a model leave open, by the labelled clouds.

    Few clouds teach little, and classes that they lack are forgotten. So a single cloud gets few steps, and with each
    class that is missing the first model and simulated streets count for more. A cloud is a cloud, whatever its size.

    Parameters
    ----------
    config
        What is not None there stays.
    examples
        The labelled clouds that train.
    """
    counts = sum((example.counts for example in examples), np.zeros(len(CLASS_NAMES), np.int64))
    points = {CLASS_NAMES[label]: int(counts[label]) for label in SCORED}
    # Ground is a rule: networks do not learn it.
    missing = tuple(CLASS_NAMES[label] for label in SCORED if label != GROUND and counts[label] < SEEN)
    clouds, lacks = len(examples), len(missing)
    streets = STREETS + lacks
    chosen: dict[str, Any] = {
        "steps": min(STEPS + STEPS_OF_CLOUD * clouds, MOST_STEPS),
        "init_worth": WORTH * (1 + lacks),
        "simulated": streets / (streets + clouds) if lacks or clouds < ENOUGH else 0.0,
    }
    left_open = {name: chosen[name] for name in CHOSEN if getattr(config, name) is None}
    return Plan(clouds, points, missing, dataclasses.replace(config, **left_open))


def without_init(config: TrainConfig) -> TrainConfig:
    """Return the settings of a training from nothing: what they leave open has its default."""
    usual = TrainConfig()
    left_open = {name: getattr(usual, name) for name in CHOSEN if getattr(config, name) is None}
    return dataclasses.replace(config, **left_open)


def starting_point(
    config: str | Settings | None,
    init: Path | str | Model | None,
    *,
    work: Path | None = None,
    cell: float | None = None,
    net: str | None = None,
    **values: object,
) -> tuple[Settings, Model | None]:
    """Return the settings of a training and the model that it starts from; None: from nothing.

    Parameters
    ----------
    config
        As for `training_settings`; or the settings, which are taken whole.
    init
        A model, or the file of one; NO_MODEL: none. None: the model that ships, unless the settings name other
        slices, rasters or networks than it has, or there is none in this copy; the log says so.
    work, values
        As for `training_settings`.
    cell
        Cell size, m; None: that of the settings.
    net
        Name of the network (`net.kind`); None: that of the settings. Another one than the model has is refused if
        `init` names the model, and otherwise starts from nothing.

    Raises
    ------
    UsageError, CloudNotFoundError, ModelError
        As `training_settings`.
    """

    def settings_from(model: Path | Model | None) -> Settings:
        if isinstance(config, Settings):
            settings = with_training(config, **values)
        else:
            settings = training_settings(config, work=work, init=model, **values)
        if cell is not None:
            settings = dataclasses.replace(settings, raster=dataclasses.replace(settings.raster, cell=cell))
        if net is not None:
            settings = dataclasses.replace(settings, net=dataclasses.replace(settings.net, kind=net))
        return settings

    if net is not None:  # before the model, whose file may hold networks that only this option names
        network_class(net)
    if init == NO_MODEL:
        return settings_from(None), None
    if isinstance(init, Model):
        return settings_from(init), init
    if init is not None:
        # The settings first: they may name the module of the networks that the file holds.
        return settings_from(Path(init)), pipeline.load_model(Path(init))
    if not weights.DEFAULT.is_file():
        log.warning("the training starts from nothing: this copy of bevseg has no default model")
        return settings_from(None), None
    model = pipeline.load_model(weights.DEFAULT)
    settings = settings_from(model)
    other = differences(model, settings, work)
    if other:
        log.info("the training starts from nothing: the model that ships has %s", "; ".join(other))
        return settings_from(None), None
    log.info("the training starts from the model that ships with bevseg")
    return settings, model


def differences(model: Model, settings: Settings, work: Path | None = None) -> list[str]:
    """Say why a training with these settings cannot start from a model; empty if it can.

    Parameters
    ----------
    model
        To start from.
    settings
        Of the training: slices, rasters and networks have to be those of the model.
    work
        Work directory that it reads: its files have to be made with these settings. None: none.
    """
    found = _unlike(model.settings, settings, ("slices", "raster", "net"))
    if work is not None and not found:
        found = _unlike(settings, settings_of(work), GROUPS)
    return found


def _unlike(ours: Settings, theirs: Settings, groups: Sequence[str]) -> list[str]:
    """Return the settings of some groups that differ, with both values."""
    found = []
    for group in groups:
        one, other = (dataclasses.asdict(getattr(settings, group)) for settings in (ours, theirs))
        found += [
            f"{group}.{name} {one[name]}, not {other[name]}" for name in one if one[name] != other[name]
        ]
    return found


def training_settings(
    config: str | None, *, work: Path | None = None, init: Path | Model | None = None, **values: object
) -> Settings:
    """Return the settings of a training.

    Parameters
    ----------
    config
        Named settings, which are taken whole, or a TOML file; None: none.
    work
        Work directory whose records hold where there is no `config`.
    init
        Model to start from, or its file. Its rasters and networks hold wherever `config` does not name others, and
        FINE_TUNING in place of the defaults of a training; a loss that has a recipe of its own trains by that.
    values
        Of the group `train`, by name; they come before all others, and None is none.

    Raises
    ------
    UsageError, CloudNotFoundError
        If `config` is none.
    ModelError
        If there is no such model.
    """
    if init is None:
        recorded = settings_of(work) if work is not None else NAMED["default"]
        return with_training(load(config) if config else recorded, **values)
    if config:  # the model may hold networks that only this file names, by module and class
        network_class(load(config).net.kind)
    model = init if isinstance(init, Model) else pipeline.load_model(init)
    base = dataclasses.replace(model.settings, train=TrainConfig())

    def on(base: Settings) -> Settings:
        return with_training(load(config, base) if config else base, **values)

    if parse(on(base).train.loss).needs_init:
        return on(base)
    return on(dataclasses.replace(base, train=dataclasses.replace(base.train, **FINE_TUNING)))
