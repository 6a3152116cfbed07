"""Labelled clouds -> a trained model and its history: some held out (`split`), one network per slice."""

from __future__ import annotations

import dataclasses
import functools
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from bevseg import pipeline
from bevseg.bev.backproject import backproject
from bevseg.bev.bands import bands as bands_of
from bevseg.bev.rasterize import rasterize
from bevseg.config import Settings
from bevseg.config.names import SLICES
from bevseg.core.labels import CLASS_NAMES
from bevseg.core.pointcloud import PointLabels
from bevseg.core.scores import scores_of
from bevseg.errors import DependencyError
from bevseg.runtime.progress import Progress, Step, silent
from bevseg.seg.checkpoint import Model
from bevseg.seg.device import resolve
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.losses.learner import Learned
from bevseg.seg.losses.loss import Loss
from bevseg.seg.losses.loss_text import parse
from bevseg.seg.training.batches import Sampler, one_by_one
from bevseg.seg.training.distributed import Processes
from bevseg.seg.training.loop import train_network, trained_before
from bevseg.seg.training.network_state import NetworkState
from bevseg.seg.training.state_file import TrainingState
from bevseg.seg.training.temperature import fit_temperature
from bevseg.training.asked import asked_clouds, asked_settings, ensure_same
from bevseg.training.examples import (
    NO_EXTRA,
    Example,
    ExtraSupervision,
    labelled_crops,
    unlabelled_crops,
    validation_scene,
)
from bevseg.training.fine_tuning import plan_of, without_init
from bevseg.training.requirements import ensure_distinct, ensure_networks, ensure_one_process
from bevseg.training.scans import scans_of
from bevseg.training.simulated_streets import Interleaved, simulated_examples
from bevseg.training.split import split_of

log = logging.getLogger(__name__)

Row = dict[str, Any]

STREETS_KEPT = "streets"
"""What the state of a training calls the share of crops with simulated streets: 0 where none could be made."""


def train(
    examples: Sequence[Example],
    settings: Settings,
    *,
    val: Sequence[str] | None = None,
    val_blocks: float | None = None,
    slices: Sequence[str] = SLICES,
    init: Model | None = None,
    extra: ExtraSupervision = NO_EXTRA,
    seed: int = 0,
    device: str = "auto",
    state: TrainingState | None = None,
    on_state: Callable[[TrainingState], None] | None = None,
    progress: Progress = silent,
) -> tuple[Model, list[Row]]:
    """Train the network of each slice on labelled clouds, and score the model on those held out.

    Parameters
    ----------
    examples
        Labelled clouds, with names of their own, and their DEMs: `prepare_example` makes them.
    settings
        Of all stages; the model keeps them. What the group `train` leaves open (None), the labelled clouds decide.
    val
        Names of the clouds to hold out for early stopping; None: a seeded choice of whole clouds, by `val_share`. In
        the settings of a fine-tuning that is 0: nothing is held out.
    val_blocks
        In place of whole clouds, hold out blocks with about this share of the labelled points.
    slices
        Networks to train; the others are taken from `init`.
    init
        Model to start from, made with the same bands and nets. A loss that has to be learned is learned from its
        maps, and trains by its own recipe.
    extra
        A teacher and unlabelled clouds, where there are any.
    seed
        Of the choice of clouds, the first weights and the crops.
    device
        `auto`, `cpu`, `cuda` or `cuda:N`. Of several processes (`seg.training.distributed`) each has its own.
    state
        That of an interrupted training, which goes on from there. A loss that has to be learned is learned again.
    on_state
        Called after each validation step with the state of the training.
    progress
        Called after each step.

    Returns
    -------
    Model, list of Row
        The networks that did best on the clouds held out, if there are any, with the temperatures at which their
        confidences are right there. Where nothing held out tells the temperature of a network, it is that of the one
        that it started from, or 1. The scores of the model say what it was made from, what is known of a loss that
        was learned, and how the model labels the clouds held out. The history has one row per validation step and
        slice. Of several processes only the first one finds temperatures and scores.

    Raises
    ------
    UsageError
        If there is no cloud, or two have one name; if `val` names unknown clouds, leaves nothing to train on, or the
        clouds on both sides touch; if there are too few blocks to hold out some; if
        `init` is for other bands or nets, or the loss needs one; if the teacher reads other rasters.
    OutputExistsError
        If the state is that of a training that was asked for something else.
    ModelError
        If `init` or the teacher lacks a slice.
    LabelError, InputError
        If there is nothing to learn in a slice of the labelled clouds, or no point in one of the unlabelled ones.
    SurrogateError
        If a loss that has to be learned would teach the wrong way.
    DependencyError
        If the interrupted training used simulated streets, and Open3D cannot be loaded.
    """
    ensure_distinct([example.cloud.name for example in examples])
    split = split_of(examples, settings, val=val, val_blocks=val_blocks, seed=seed)
    learned, validation = split.learned, split.validation
    extra = dataclasses.replace(extra, unlabelled=split.without_held_out(extra.unlabelled))
    ensure_networks(settings, slices, init, extra.teacher)
    if settings.train.schedule == "plateau" and not validation:
        log.warning(
            "no cloud is held out for validation: the schedule plateau will never lower the learning rate"
        )
    asked: dict[str, Any] = {}
    if state is not None or on_state is not None:
        asked = asked_settings(settings, slices, seed, device)
        asked |= asked_clouds(examples, split.asked, init, extra)
    if state is not None:
        ensure_same(state, asked)
    trained_on = sorted(example.cloud.name for example in learned)
    scores: dict[str, Any] = {"trained_on": trained_on} | split.facts | _sources(init, extra)
    nets = dict(init.nets) if init else {}
    temperatures = dict(init.temperatures) if init else {}  # of the slices that are not trained
    history: list[Row] = []
    states = dict(state.networks) if state else {}
    start = time.monotonic() - (state.seconds if state else 0.0)
    loss = parse(settings.train.loss)
    loss.ensure_init(has_init=init is not None)
    ensure_one_process(loss)
    losses: dict[str, Loss] = dict.fromkeys(slices, loss)
    settings = _with_recipe(settings, loss)
    if loss.needs_init and init is not None:
        for name in slices:  # all before the first training: a learned loss may be refused
            losses[name], learnt = _prepared(loss, name, learned, settings, init, seed, device, progress)
            for fact, value in learnt.facts.items():
                scores.setdefault(fact, {})[name] = value
        init = None if loss.starts_anew else init
    scans = scans_of(learned, settings, init)
    plan = None if init is None else plan_of(settings.train, learned)
    settings = dataclasses.replace(settings, train=plan.train if plan else without_init(settings.train))
    # What a slice lacks is an error before streets are simulated and the first is trained.
    for name in slices:
        labelled_crops(name, learned, settings, seed)
        unlabelled_crops(name, extra.unlabelled, settings)
    left = [name for name in slices if name not in states or not states[name].done]
    settings, simulated = _with_streets(settings, state, progress, needed=bool(left))
    asked[STREETS_KEPT] = settings.train.simulated
    if plan is not None:
        plan = dataclasses.replace(plan, train=settings.train)
        scores["fine_tuning"] = plan.facts
        log.info("%s", plan)
    bands = bands_of(settings.raster.features)

    def keep(name: str, began: float, of_network: NetworkState) -> None:
        assert on_state is not None  # else nobody calls this
        states[name] = of_network
        on_state(TrainingState(asked, began, time.monotonic() - start, dict(states)))

    place, is_first = resolve(device), Processes.of_training().is_first
    for number, name in enumerate(slices):
        scenes = [validation_scene(name, example, settings) for example in validation]
        known = states.get(name)
        if known is not None and known.done:
            trained = trained_before(known, bands[name], OUTPUTS, settings.net)
        else:
            began = state.began if state and known else time.monotonic() - start
            minutes = settings.train.max_minutes
            if minutes is not None:  # what was left then, shared evenly among the slices to come
                minutes = max(minutes - began / 60, 0.01) / (len(slices) - number)
            slice_progress = _SliceProgress.of(name, minutes, progress, known)
            trained = train_network(
                _crops(name, learned, simulated, settings, seed),
                scenes,
                bands[name],
                OUTPUTS,
                settings.net,
                settings.train,
                seed=seed,
                device=device,
                init=init.nets.get(name) if init else None,
                init_share=plan.init_share if plan else 0.0,
                minutes=minutes,
                loss_of=losses[name],
                teacher=extra.teacher.nets[name] if extra.teacher else None,
                unlabelled=unlabelled_crops(name, extra.unlabelled, settings),
                state=known,
                on_row=slice_progress.row,
                on_step=slice_progress.step,
                on_state=functools.partial(keep, name, began) if on_state else None,
            )
        nets[name] = trained.net
        found = fit_temperature(trained.net, scenes, bands[name], len(OUTPUTS), place) if is_first else None
        temperatures[name] = _first_temperature(name, init) if found is None else found
        history += [{"slice": name} | row for row in trained.history]
    model = Model(nets, {name: bands[name] for name in nets}, settings, seed=seed, temperatures=temperatures)
    if validation and set(SLICES) <= set(nets) and is_first:
        scores["validation"] = _validation_scores(validation, model, device)
    return dataclasses.replace(model, scores=scores, scans=scans), history


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
        found += pipeline.matrix(cloud, _labels(example, model, device))
        best += pipeline.matrix(cloud, pipeline.oracle(cloud, example.dem, model.settings.slices))
    return {
        "clouds": list(dict.fromkeys(example.cloud.name for example in examples)),
        "scores": scores_of(found),
        "oracle": scores_of(best),
    }


def _labels(example: Example, model: Model, device: str) -> PointLabels:
    """Return the labels that a model gives a whole cloud, or a block on the ground of its cloud."""
    if example.scored is None:
        return pipeline.label(example.cloud, model, device=device).point_labels
    settings = model.settings
    bands = rasterize(example.cloud, example.dem, settings.slices, settings.raster)
    classes = pipeline.classify(bands, model, wanted=example.scored, device=device)
    return backproject(example.cloud, example.dem, classes, settings.slices)


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

    @classmethod
    def of(cls, name: str, minutes: float | None, progress: Progress, state: NetworkState | None) -> Self:
        """Return the progress of a training that begins, or goes on from a state."""
        begun = cls(name, minutes, progress)
        if state is not None:
            begun.start -= state.seconds
            for row in state.history:
                begun.row(row)
        return begun

    def step(self, step: int, steps: int) -> None:
        """Report the share that is done, by steps or by time, whichever is larger."""
        elapsed = (time.monotonic() - self.start) / 60
        share = max(step / steps, min(elapsed / self.minutes, 1) if self.minutes else 0)
        best = "" if math.isnan(self.best) else f", best mIoU of held-out cells {100 * self.best:.1f} %"
        self.progress(Step(f"train {self.name}", share, 1, note=f"step {step} of {steps}{best}"))

    def row(self, row: Row) -> None:
        """Remember the best score."""
        self.best = np.fmax(self.best, row["miou"])


def _first_temperature(name: str, init: Model | None) -> float:
    """Return the temperature of a network that nothing held out tells: that of the one it started from, or 1."""
    kept = 1.0 if init is None else init.temperatures.get(name, 1.0)
    log.info(
        "the confidences of the %s slice keep the temperature %g: what is held out says nothing about it "
        "(--val or --val-blocks holds out enough for a new one)",
        name,
        kept,
    )
    return kept


def _with_recipe(settings: Settings, loss: Loss) -> Settings:
    """Return the settings with the recipe of the loss, and log what it sets."""
    train = loss.recipe(settings.train)
    old, new = dataclasses.asdict(settings.train), dataclasses.asdict(train)
    changed = [f"{name} {new[name]}" for name in new if new[name] != old[name]]
    if changed:
        log.info("the recipe of %s instead of defaults: %s", train.loss, ", ".join(changed))
    return dataclasses.replace(settings, train=train)


def _with_streets(
    settings: Settings, state: TrainingState | None, progress: Progress, *, needed: bool
) -> tuple[Settings, list[Example]]:
    """Return the settings of a training, and the simulated streets that it asks for.

    If there can be none, it begins without them. One that goes on does so as it began.

    Parameters
    ----------
    settings
        Nothing is left to choose.
    state
        That of a training that goes on.
    progress
        Called after each street.
    needed
        Whether a network is still to be trained.

    Raises
    ------
    DependencyError
        If a training that began with streets is to go on, and none can be simulated.
    """

    def with_share(share: float) -> Settings:
        return dataclasses.replace(settings, train=dataclasses.replace(settings.train, simulated=share))

    if state is not None:
        settings = with_share(float(state.asked.get(STREETS_KEPT, settings.train.simulated or 0.0)))
    if not settings.train.simulated or not needed:
        return settings, []
    try:
        return settings, simulated_examples(settings, progress)
    except DependencyError as error:
        if state is not None:
            raise DependencyError(
                "The interrupted training cannot go on: its crops show simulated streets",
                where=error.where,
                why=error.what,
                hint=f"{error.hint}; or start anew with --overwrite" if error.hint else "use --overwrite",
            ) from error
        log.warning("the training sees no simulated streets: %s", error.what)
        return with_share(0.0), []


def _crops(
    name: str, learned: Sequence[Example], simulated: Sequence[Example], settings: Settings, seed: int
) -> Sampler:
    """Return the sampler of crops of one slice: of labelled clouds, and among them of simulated streets, if any."""
    crops = labelled_crops(name, learned, settings, seed)
    if not simulated or not settings.train.simulated:
        return crops
    return Interleaved(crops, labelled_crops(name, simulated, settings, seed), settings.train.simulated)


def _prepared(
    loss: Loss,
    name: str,
    examples: Sequence[Example],
    settings: Settings,
    init: Model,
    seed: int,
    device: str,
    progress: Progress,
) -> tuple[Loss, Learned]:
    """Return the loss of a slice, learned from the maps of `init` and checked, and what is known of it."""
    sampler = labelled_crops(name, examples, settings, seed)
    bands = bands_of(settings.raster.features)[name]

    def on_crop(done: int, count: int) -> None:
        progress(Step(f"maps for the loss of {name}", done, count))

    crops = functools.partial(one_by_one, sampler, bands, seed, on_crop)
    ready, learned = loss.prepared(init.require(name), crops, seed=seed, device=device)
    log.info("%s: %s", name, learned.summary)
    if learned.fault is not None:
        raise learned.fault
    return ready, learned
