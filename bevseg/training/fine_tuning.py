"""A training that starts from a trained model: its settings, and how much of the model stays."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from bevseg import pipeline
from bevseg.config import FINE_TUNING, NAMED, Settings, TrainConfig, load, with_training
from bevseg.seg.checkpoint import Model
from bevseg.seg.losses.loss import parse
from bevseg.seg.models.registry import network_class
from bevseg.workdir.settings import settings_of


def init_share(config: TrainConfig, clouds: int) -> float:
    """Return the share of the weights of the first model that stays, when so many labelled clouds train."""
    return config.init_worth / (config.init_worth + clouds)


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
    return on(with_training(base, **FINE_TUNING))
