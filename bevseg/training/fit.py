"""Labelled clouds and their DEMs -> trained networks: whole clouds held out, one sampler of crops per slice.

`seg/` knows no points and `bev/` no networks; here the sampler of the one is handed to the training of the other.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.bev.bands import bands as bands_of
from bevseg.bev.crops import CropSampler
from bevseg.bev.rasterize import label_rasters, rasterize
from bevseg.bev.sampling import refuse_unknown as refuse_unknown_sampling
from bevseg.bev.sampling import sampling
from bevseg.config import Settings, TrainConfig
from bevseg.config.names import SLICES
from bevseg.core.labels import CLASS_NAMES, VEGETATION
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.errors import InputError, LabelError, UsageError
from bevseg.runtime.progress import Progress, Step, silent
from bevseg.seg.checkpoint import Model
from bevseg.seg.losses.registry import Loss
from bevseg.seg.neuro_iou.learn import Variant, learn, recipe, variant
from bevseg.seg.neuro_iou.surrogate import Report
from bevseg.seg.training.batches import Sampler
from bevseg.seg.training.objective import loss_from
from bevseg.seg.training.train import Trained, train

log = logging.getLogger(__name__)

Row = dict[str, Any]


@dataclass(frozen=True)
class Example:
    """A labelled cloud and its DEM."""

    cloud: PointCloud
    dem: Raster

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of points of each train id."""
        assert self.cloud.labels is not None  # `pipeline.survey` has seen to it
        return np.bincount(self.cloud.labels, minlength=len(CLASS_NAMES))


@dataclass(frozen=True)
class Guides:
    """What networks learn from beside labels.

    Attributes
    ----------
    teacher
        Model whose networks are listened to; it reads the same rasters, its networks may be larger.
    unlabelled
        Clouds and DEMs for crops without labels; what labels there are play no part.
    """

    teacher: Model | None = None
    unlabelled: Sequence[Example] = ()


NO_GUIDES = Guides()


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


def fit(
    examples: Sequence[Example],
    held_out: Sequence[str],
    settings: Settings,
    *,
    slices: Sequence[str] = SLICES,
    init: Model | None = None,
    guides: Guides = NO_GUIDES,
    seed: int = 0,
    device: str = "auto",
    progress: Progress = silent,
) -> tuple[Model, list[Row]]:
    """Train the network of each slice.

    Parameters
    ----------
    examples
        Labelled clouds.
    held_out
        Names of those that only tell when to stop.
    settings
        All of them; they go into the model.
    slices
        Networks to train; the others are taken from `init`.
    init
        Model to start from, made with the same bands and nets. A NeuroIoU loss is learned from its maps, and trains
        by the recipe of that loss.
    guides
        A teacher and unlabelled clouds, where there are any.
    seed, device
        Of the training.
    progress
        Told after each step.

    Returns
    -------
    Model, list of Row
        The networks that did best on the clouds held out, and as scores what a surrogate of the IoU is worth where
        there is one; one row of the history per look at these clouds.

    Raises
    ------
    LabelError
        If there is nothing to learn in a slice.
    UsageError, ModelError, InputError
        If `init` is for other bands or nets, or the loss needs one; if the teacher reads other rasters; if one of
        them lacks a slice, or the unlabelled clouds do.
    SurrogateError
        If a NeuroIoU loss would teach the wrong way.
    """
    refuse_models(settings, slices, init, guides.teacher)
    if settings.train.schedule == "plateau" and not held_out:
        log.warning("nothing is held out to look at: on schedule plateau the learning rate will never fall")
    nets = dict(init.nets) if init else {}
    history: list[Row] = []
    begin = time.monotonic()
    losses: dict[str, Loss] = {}
    fits: dict[str, Any] = {}
    form = variant(settings.train.loss, has_init=init is not None)
    if form is not None and init is not None:
        settings = _with_recipe(settings, form)
        for name in slices:  # all before the first training: a surrogate may be refused
            losses[name], report = _learned(
                name, examples, held_out, settings, init, form, seed, device, progress
            )
            fits[name] = dataclasses.asdict(report)
        init = None if form.from_scratch else init
    for name in slices[1:]:  # what a slice lacks is told before the first is trained
        _sampler(name, examples, held_out, settings, seed)
        _further(name, guides, settings)
    for number, name in enumerate(slices):
        minutes = settings.train.max_minutes
        if minutes is not None:  # what is left, shared evenly among the slices to come
            minutes = max(minutes - (time.monotonic() - begin) / 60, 0.01) / (len(slices) - number)
        teller = _Teller(name, minutes, progress)
        loss_of = losses.get(name)
        trained = _fit_slice(name, examples, held_out, settings, init, guides, seed, device, teller, loss_of)
        nets[name] = trained.net
        history += [{"slice": name} | row for row in trained.history]
    bands = bands_of(settings.raster.features)
    scores = {"surrogate": fits} if fits else {}
    return Model(nets, {name: bands[name] for name in nets}, settings, scores=scores, seed=seed), history


@dataclass
class _Teller:
    """Turns the steps and rows of a training into progress."""

    name: str
    minutes: float | None
    progress: Progress
    best: float = math.nan
    begin: float = field(default_factory=time.monotonic)

    def step(self, step: int, steps: int) -> None:
        """Tell how far it is, by steps or by time, whichever is further."""
        elapsed = (time.monotonic() - self.begin) / 60
        share = max(step / steps, min(elapsed / self.minutes, 1) if self.minutes else 0)
        best = "" if math.isnan(self.best) else f", best mIoU of held-out cells {100 * self.best:.1f} %"
        self.progress(Step(f"train {self.name}", share, 1, note=f"step {step} of {steps}{best}"))

    def row(self, row: Row) -> None:
        """Remember the best score."""
        self.best = np.fmax(self.best, row["miou"])


def _fit_slice(
    name: str,
    examples: Sequence[Example],
    held_out: Sequence[str],
    settings: Settings,
    init: Model | None,
    guides: Guides,
    seed: int,
    device: str,
    teller: _Teller,
    loss_of: Loss | None,
) -> Trained:
    return train(
        _sampler(name, examples, held_out, settings, seed),
        [_scene(e, name, settings) for e in examples if e.cloud.name in held_out],
        bands_of(settings.raster.features)[name],
        settings.net,
        settings.train,
        seed=seed,
        device=device,
        init=init.nets.get(name) if init else None,
        init_share=init_share(settings.train, len(examples) - len(held_out)),
        minutes=teller.minutes,
        loss_of=loss_of,
        teacher=guides.teacher.nets[name] if guides.teacher else None,
        unlabelled=_further(name, guides, settings),
        on_row=teller.row,
        on_step=teller.step,
    )


def init_share(config: TrainConfig, clouds: int) -> float:
    """Return the share that the model a training starts from keeps, beside what so many clouds teach."""
    return config.init_worth / (config.init_worth + clouds)


def _sampler(
    name: str, examples: Sequence[Example], held_out: Sequence[str], settings: Settings, seed: int
) -> Sampler:
    learned = [e for e in examples if e.cloud.name not in held_out]
    return sampling(settings.train.sampling, _crops(name, learned, settings), seed)


def _crops(name: str, examples: Sequence[Example], settings: Settings) -> CropSampler:
    return CropSampler(
        [e.cloud for e in examples],
        [e.dem for e in examples],
        name=name,
        slices=settings.slices,
        features=settings.raster.features,
        crop=settings.train.crop,
    )


def _further(name: str, guides: Guides, settings: Settings) -> Sampler | None:
    """Return the sampler of crops without labels; None if there are no clouds for it."""
    if not guides.unlabelled:
        return None
    try:
        return _crops(name, _unlabelled(guides.unlabelled), settings)
    except LabelError as error:
        raise InputError(
            f"No point in the {name} slice of the clouds without labels",
            where="--unlabelled",
            why=f"the clouds are {error.where}",
            hint="add clouds with such points, or train the other slice alone with --slice",
        ) from error


def _unlabelled(examples: Sequence[Example]) -> list[Example]:
    """Return clouds in which all points have one and the same label: their crops tell where there are points."""
    alike = (np.full(len(e.cloud), VEGETATION, np.uint8) for e in examples)
    return [
        Example(dataclasses.replace(e.cloud, labels=labels), e.dem)
        for e, labels in zip(examples, alike, strict=True)
    ]


def _with_recipe(settings: Settings, form: Variant) -> Settings:
    """Return the settings with the recipe of a NeuroIoU loss, and say what it sets."""
    train = recipe(settings.train, form)
    old, new = dataclasses.asdict(settings.train), dataclasses.asdict(train)
    changed = [f"{name} {new[name]}" for name in new if new[name] != old[name]]
    if changed:
        log.info("the recipe of %s instead of defaults: %s", train.loss, ", ".join(changed))
    return dataclasses.replace(settings, train=train)


def _learned(
    name: str,
    examples: Sequence[Example],
    held_out: Sequence[str],
    settings: Settings,
    init: Model,
    form: Variant,
    seed: int,
    device: str,
    progress: Progress,
) -> tuple[Loss, Report]:
    """Return the NeuroIoU loss of a slice, learned from the maps of `init` and checked, and how good it is."""
    loss_of, report = learn(
        form,
        init.require(name),
        _sampler(name, examples, held_out, settings, seed),
        bands_of(settings.raster.features)[name],
        seed=seed,
        device=device,
        on_crop=lambda done, crops: progress(Step(f"maps for the loss of {name}", done, crops)),
    )
    log.info("%s: %s", name, report)
    report.refuse()
    return loss_of, report


def _scene(example: Example, name: str, settings: Settings) -> tuple[Any, Any]:
    """Return bands and labels of one slice of a cloud, for validation."""
    bands = rasterize(example.cloud, example.dem, settings.slices, settings.raster)[name]
    return bands.values, label_rasters(example.cloud, example.dem, settings.slices)[name]["class"]


def refuse_models(
    settings: Settings, slices: Sequence[str], init: Model | None = None, teacher: Model | None = None
) -> None:
    """Raise UsageError or ModelError if a model to start from or a teacher does not go with the settings."""
    if init is not None:
        _refuse_other("The model to start from was made with other settings", "--init", init, settings, "net")
        if variant(settings.train.loss, has_init=True) is not None:
            for name in slices:
                init.require(name)
    if teacher is not None:
        _refuse_other("The teacher reads other rasters", "--teacher", teacher, settings)
        for name in slices:
            teacher.require(name)


def _refuse_other(what: str, option: str, model: Model, settings: Settings, *groups: str) -> None:
    for group in ("slices", "raster", *groups):
        its, ours = getattr(model.settings, group), getattr(settings, group)
        if its != ours:
            raise UsageError(
                what,
                where=option,
                why=f"{group}: {its} there, {ours} here",
                hint="leave out --config, or give the one that it was trained with, or another model",
            )
