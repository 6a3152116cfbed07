"""Labelled clouds -> a trained model and its history: whole clouds held out, one network per slice."""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from bevseg import pipeline
from bevseg.bev.bands import bands as bands_of
from bevseg.bev.sampling import refuse_unknown as refuse_unknown_sampling
from bevseg.config import Settings, TrainConfig
from bevseg.config.names import SLICES
from bevseg.core import scores as evaluate
from bevseg.core.labels import CLASS_NAMES
from bevseg.errors import UsageError
from bevseg.runtime.progress import Progress, Step, silent
from bevseg.seg.checkpoint import Model
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.losses.registry import Loss
from bevseg.seg.models.registry import network_class
from bevseg.seg.neuro_iou.learn import learn, recipe, variant
from bevseg.seg.training.loop import train_network
from bevseg.seg.training.objective import loss_from
from bevseg.training.examples import (
    NO_EXTRA,
    Example,
    ExtraSupervision,
    labelled_crops,
    unlabelled_crops,
    validation_scene,
)
from bevseg.training.fine_tuning import init_share
from bevseg.training.holdout import hold_out

log = logging.getLogger(__name__)

Row = dict[str, Any]


def train(
    examples: Sequence[Example],
    settings: Settings,
    *,
    val: Sequence[str] | None = None,
    slices: Sequence[str] = SLICES,
    init: Model | None = None,
    extra: ExtraSupervision = NO_EXTRA,
    seed: int = 0,
    device: str = "auto",
    progress: Progress = silent,
) -> tuple[Model, list[Row]]:
    """Train the network of each slice on labelled clouds, and score the model on those held out.

    Parameters
    ----------
    examples
        Labelled clouds, with names of their own, and their DEMs: `prepare_example` makes them.
    settings
        Of all stages; the model keeps them.
    val
        Names of the clouds to hold out for early stopping; None: a seeded choice of whole clouds.
    slices
        Networks to train; the others are taken from `init`.
    init
        Model to start from, made with the same bands and nets. A NeuroIoU loss is learned from its maps, and trains
        by the recipe of that loss.
    extra
        A teacher and unlabelled clouds, where there are any.
    seed
        Of the choice of clouds, the first weights and the crops.
    device
        `auto`, `cpu`, `cuda` or `cuda:N`.
    progress
        Called after each step.

    Returns
    -------
    Model, list of Row
        The networks that did best on the clouds held out. The scores of the model say what it was made from, what a
        surrogate of the IoU is worth where there is one, and how the model labels the clouds held out. The history
        has one row per validation step and slice.

    Raises
    ------
    UsageError
        If `val` names unknown clouds or leaves nothing to train on; if `init` is for other bands or nets, or the
        loss needs one; if the teacher reads other rasters.
    ModelError
        If `init` or the teacher lacks a slice.
    LabelError, InputError
        If there is nothing to learn in a slice of the labelled clouds, or no point in one of the unlabelled ones.
    SurrogateError
        If a NeuroIoU loss would teach the wrong way.
    """
    counts = {example.cloud.name: example.counts for example in examples}
    held_out = hold_out(counts, val, settings.train.val_share, seed)
    learned = [example for example in examples if example.cloud.name not in held_out]
    validation = [example for example in examples if example.cloud.name in held_out]
    ensure_networks(settings, slices, init, extra.teacher)
    if settings.train.schedule == "plateau" and not held_out:
        log.warning(
            "nothing is held out for validation: on schedule plateau the learning rate will never fall"
        )
    scores = {"trained_on": sorted(set(counts) - set(held_out))} | _sources(init, extra)
    nets = dict(init.nets) if init else {}
    history: list[Row] = []
    start = time.monotonic()
    neuro_iou = _neuro_iou(slices, learned, settings, init, seed, device, progress)
    settings, init = neuro_iou.settings, neuro_iou.init
    for name in slices[1:]:  # what a slice lacks is an error before the first is trained
        labelled_crops(name, learned, settings, seed)
        unlabelled_crops(name, extra.unlabelled, settings)
    bands = bands_of(settings.raster.features)
    for number, name in enumerate(slices):
        minutes = settings.train.max_minutes
        if minutes is not None:  # what is left, shared evenly among the slices to come
            minutes = max(minutes - (time.monotonic() - start) / 60, 0.01) / (len(slices) - number)
        slice_progress = _SliceProgress(name, minutes, progress)
        trained = train_network(
            labelled_crops(name, learned, settings, seed),
            [validation_scene(name, example, settings) for example in validation],
            bands[name],
            OUTPUTS,
            settings.net,
            settings.train,
            seed=seed,
            device=device,
            init=init.nets.get(name) if init else None,
            init_share=init_share(settings.train, len(learned)),
            minutes=minutes,
            loss_of=neuro_iou.losses.get(name),
            teacher=extra.teacher.nets[name] if extra.teacher else None,
            unlabelled=unlabelled_crops(name, extra.unlabelled, settings),
            on_row=slice_progress.row,
            on_step=slice_progress.step,
        )
        nets[name] = trained.net
        history += [{"slice": name} | row for row in trained.history]
    model = Model(nets, {name: bands[name] for name in nets}, settings, seed=seed)
    scores |= neuro_iou.scores
    if validation and set(SLICES) <= set(nets):
        scores["validation"] = _validation_scores(validation, model, device)
    return dataclasses.replace(model, scores=scores), history


def refuse_settings(config: TrainConfig, *, has_init: bool = False) -> None:
    """Raise UsageError if a training cannot begin with these settings; `has_init`: from a trained model.

    The group has checked its numbers and words; here are the texts that the loss and the sampling read themselves.
    """
    if variant(config.loss, has_init=has_init) is None:
        loss_from(config)
    elif config.smooth_boundary:
        raise UsageError(
            "A NeuroIoU loss takes no soft labels",
            where="--smooth-boundary",
            hint="leave it out, or give --loss 0.25*ce+0.75*jml",
        )
    refuse_unknown_sampling(config.sampling)


def ensure_networks(
    settings: Settings, slices: Sequence[str], init: Model | None = None, teacher: Model | None = None
) -> None:
    """Raise an error unless a training can have the networks of its settings.

    Raises
    ------
    UsageError
        If there is no such network, or the model to start from or the teacher was made with other settings.
    ModelError
        If one of these lacks a slice.
    """
    network_class(settings.net.kind)
    if init is not None:
        _ensure_same("The model to start from was made with other settings", "--init", init, settings, "net")
        if variant(settings.train.loss, has_init=True) is not None:
            for name in slices:
                init.require(name)
    if teacher is not None:
        _ensure_same("The teacher reads other rasters", "--teacher", teacher, settings)
        for name in slices:
            teacher.require(name)


def _ensure_same(what: str, option: str, model: Model, settings: Settings, *groups: str) -> None:
    for group in ("slices", "raster", *groups):
        its, ours = getattr(model.settings, group), getattr(settings, group)
        if its != ours:
            raise UsageError(
                what,
                where=option,
                why=f"{group}: {its} there, {ours} here",
                hint="leave out --config, or give the one that it was trained with, or another model",
            )


def _sources(init: Model | None, extra: ExtraSupervision) -> dict[str, Any]:
    """Return what a training began with or learned from beside labels, by name; only what there was."""
    found = {
        "init": init and (init.source or "in memory"),
        "teacher": extra.teacher and (extra.teacher.source or "in memory"),
        "unlabelled": [example.cloud.name for example in extra.unlabelled],
    }
    return {name: value for name, value in found.items() if value}


def _validation_scores(examples: Sequence[Example], model: Model, device: str) -> dict[str, Any]:
    """Return the pooled scores of labelled clouds, and their oracle."""
    found = np.zeros((len(CLASS_NAMES),) * 2, np.int64)
    best = found.copy()
    for example in examples:
        cloud = example.cloud
        found += pipeline.matrix(cloud, pipeline.label(cloud, model, device=device).point_labels)
        best += pipeline.matrix(cloud, pipeline.oracle(cloud, example.dem, model.settings.slices))
    return {
        "clouds": [example.cloud.name for example in examples],
        "scores": evaluate.scores(found),
        "oracle": evaluate.scores(best),
    }


@dataclass
class _SliceProgress:
    """Turns the steps and rows of a training into progress.

    Attributes
    ----------
    name
        Of the slice.
    minutes
        Wall-clock limit; None: there is none.
    progress
        Called after each step.
    best
        Best mIoU so far; NaN before the first validation step.
    start
        `time.monotonic()` of the first step.
    """

    name: str
    minutes: float | None
    progress: Progress
    best: float = math.nan
    start: float = field(default_factory=time.monotonic)

    def step(self, step: int, steps: int) -> None:
        """Report the share that is done, by steps or by time, whichever is larger."""
        elapsed = (time.monotonic() - self.start) / 60
        share = max(step / steps, min(elapsed / self.minutes, 1) if self.minutes else 0)
        best = "" if math.isnan(self.best) else f", best mIoU of held-out cells {100 * self.best:.1f} %"
        self.progress(Step(f"train {self.name}", share, 1, note=f"step {step} of {steps}{best}"))

    def row(self, row: Row) -> None:
        """Remember the best score."""
        self.best = np.fmax(self.best, row["miou"])


class _NeuroIoU(NamedTuple):
    """What a NeuroIoU loss changes in a training; for any other loss nothing.

    Attributes
    ----------
    settings
        With the recipe of the loss.
    init
        Model that the training still starts from.
    losses
        Slice -> loss.
    scores
        What the surrogates are worth, for the model.
    """

    settings: Settings
    init: Model | None
    losses: Mapping[str, Loss]
    scores: dict[str, Any]


def _neuro_iou(
    slices: Sequence[str],
    learned: Sequence[Example],
    settings: Settings,
    init: Model | None,
    seed: int,
    device: str,
    progress: Progress,
) -> _NeuroIoU:
    """Fit the surrogate of each slice to the maps of `init` and check it, if the settings name a NeuroIoU loss."""
    form = variant(settings.train.loss, has_init=init is not None)
    if form is None or init is None:
        return _NeuroIoU(settings, init, {}, {})
    config = recipe(settings.train, form)
    old, new = dataclasses.asdict(settings.train), dataclasses.asdict(config)
    changed = [f"{name} {new[name]}" for name in new if new[name] != old[name]]
    if changed:
        log.info("the recipe of %s instead of defaults: %s", config.loss, ", ".join(changed))
    settings = dataclasses.replace(settings, train=config)
    losses, reports = {}, {}
    for name in slices:  # all before the first training: a surrogate may be refused

        def on_crop(done: int, crops: int, task: str = f"maps for the loss of {name}") -> None:
            progress(Step(task, done, crops))

        losses[name], report = learn(
            form,
            init.require(name),
            labelled_crops(name, learned, settings, seed),
            bands_of(settings.raster.features)[name],
            seed=seed,
            device=device,
            on_crop=on_crop,
        )
        log.info("%s: %s", name, report)
        report.refuse()
        reports[name] = dataclasses.asdict(report)
    return _NeuroIoU(settings, None if form.from_scratch else init, losses, {"surrogate": reports})
