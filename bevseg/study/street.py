"""Street scenes seen from above, one slice: the tables 5 and 6 of the power-Jaccard paper in form.

`score` is the paper's, as far as its tables tell: cells whose true class is one of two, building and car (low slice)
or building and vegetation (high slice); which of these two the network prefers there; mean IoU over one confusion
matrix of all test clouds. `labelled` and `miou` are stricter: all cells with a label, any decision, mean IoU of the
two or of all classes.

With `sigmoid` outputs there is one output for each of the two classes, all else is background, empty cells included,
and every output is a picture of its own in the loss: the paper's setting. With `softmax` outputs every class has one,
and cells without a label are ignored.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pydantic
import torch
from torch import Tensor, nn

from bevseg.config import NAMED, NetConfig, TrainConfig
from bevseg.config.domains import did_you_mean
from bevseg.config.tables import domain_check
from bevseg.core import metrics
from bevseg.core.labels import BUILDING, CAR, CLASS_NAMES, VEGETATION
from bevseg.errors import SurrogateError, UsageError
from bevseg.seg import device as devices
from bevseg.seg.losses.loss import parse
from bevseg.seg.models.build import build
from bevseg.seg.models.registry import network_class
from bevseg.seg.training.optimizers import make_optimizer, make_schedule
from bevseg.study import neuro, reliability, scenes
from bevseg.study.crops import Crops
from bevseg.study.fit import fit
from bevseg.study.outputs import FORMS, Cost, Form
from bevseg.study.plan import STRICT
from bevseg.study.scenes import Scene
from bevseg.study.task import BatchResult, Task
from bevseg.study.tiles import confusions, known_mean, miou

SCORED = {"low": (BUILDING, CAR), "high": (BUILDING, VEGETATION)}
"""Slice -> train ids of the classes that the paper scores."""

BINS = 15
"""Of the reliability plot."""


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class StreetSettings:
    """Settings of one run."""

    loss: str
    """As in training; one that has to be learned takes `init`: the run whose maps it is fitted to."""
    seed: int
    """Of the first weights and of the crops."""
    slice: Literal["low", "high"] = "low"
    dataset: str = "oakland"
    """`oakland` or `simulated`."""
    data: str = ""
    """Folder that holds `oakland3d`; empty: the environment variable BEVSEG_DATA."""
    config: str = "default"
    """Named configuration that the rasters are made with."""
    outputs: Literal["softmax", "sigmoid"] = "softmax"
    net: str = "unet"
    """`unet`, `paper_unet`, or another kind of network."""
    filters: Annotated[int, domain_check(NetConfig, "filters")] = 8
    depth: Annotated[int, domain_check(NetConfig, "depth")] = 3
    optimiser: Annotated[str, domain_check(TrainConfig, "optimiser")] = "adamw"
    learning_rate: Annotated[float, domain_check(TrainConfig, "learning_rate")] = 4e-3
    weight_decay: Annotated[float, domain_check(TrainConfig, "weight_decay")] = 1e-2
    momentum: Annotated[float, domain_check(TrainConfig, "momentum")] = 0.9
    """Of SGD."""
    schedule: Annotated[str, domain_check(TrainConfig, "schedule")] = "one_cycle"
    epochs: int = 10
    """At most; after each one comes a validation step."""
    steps: Annotated[int, domain_check(TrainConfig, "steps")] = 40
    """Of an epoch."""
    batch: Annotated[int, domain_check(TrainConfig, "batch")] = 4
    """Crops in a step."""
    crop: Annotated[int, domain_check(TrainConfig, "crop")] = 96
    """Side of a crop, cells."""
    patience: int = 1000
    """Epochs without a smaller validation loss before the end."""
    weights: Literal["last", "best"] = "last"
    """Which weights are scored: the last ones, or those with the smallest validation loss."""
    per_image: bool = False
    """Whether the loss of a step is the mean over its crops instead of that of the batch."""
    values: list[str] = field(default_factory=list)
    """Losses that are evaluated on the test clouds."""


def prepare(settings: Sequence[StreetSettings], shared: Path) -> None:
    """Make the rasters of all runs."""
    wanted = {(one.dataset, one.config, one.slice) for one in settings}
    scenes.prepare(sorted(wanted), settings[0].data, shared)


def run(settings: StreetSettings, init: dict[str, Any] | None, shared: Path) -> BatchResult:
    """Train on the crops of the training clouds, and score the test clouds."""
    with devices.seeded(torch.device("cpu"), settings.seed):
        return _run(settings, init, shared)


def _run(settings: StreetSettings, init: dict[str, Any] | None, shared: Path) -> BatchResult:
    parts = scenes.load(shared, settings.dataset, settings.config, settings.slice)
    form = FORMS[settings.outputs](SCORED[settings.slice])
    net = net_of(settings, parts, form)
    crops = Crops(parts["train"], settings.crop, settings.seed)
    read = parse(settings.loss, form.class_maps)
    read.ensure_init(has_init=init is not None)
    anew = read.starts_anew
    fresh, known = copy.deepcopy(net.state_dict()), dict[str, Any]()
    if init is not None:
        net.load_state_dict(init)
    if read.needs_init:
        maps_of = functools.partial(neuro.one_by_one, crops, form.target)
        try:
            read, learned = read.prepared(net, maps_of, seed=settings.seed, device="cpu")
        except SurrogateError as error:  # too little to fit
            return BatchResult({"refused": error.why, "score": None, "collapsed": 0.0})
        known = neuro.facts(learned.facts["surrogate"]) | {"refused": ""}
        if learned.fault is not None:
            return BatchResult(known | {"refused": learned.fault.why, "score": None, "collapsed": 0.0})
        if anew:
            net.load_state_dict(fresh)
    pooled = form.loss(read)
    loss = _per_image(pooled) if settings.per_image else pooled
    config = TrainConfig(
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        momentum=settings.momentum,
    )

    def epoch() -> Iterator[tuple[Tensor, Tensor]]:
        for _ in range(settings.steps):
            x, labels = crops.batch(settings.batch)
            yield x, form.target(labels)

    def validate() -> dict[str, float]:
        costs, matrices = [], []
        for scene in parts["val"]:
            logits = net(scene.bands[None])
            costs.append(float(loss(logits, form.target(scene.labels[None]))))
            matrices.append(confusions(form.decide(logits)[0], scene.labels, settings.crop))
        images = np.concatenate(matrices)
        return {
            "val_loss": float(np.mean(costs)),
            "dataset_miou": float(miou(images.sum(0), form.classes)),
            "image_miou": float(known_mean(miou(images, form.classes))),
        }

    fitted = fit(
        net,
        loss,
        epoch,
        validate,
        make_optimizer(settings.optimiser, net.parameters(), config),
        make_schedule(settings.schedule, config),
        epochs=settings.epochs,
        steps=settings.steps,
        patience=settings.patience,
    )
    if settings.weights == "best":
        net.load_state_dict(fitted.best)
    facts = known | _test(net, parts["test"], form, settings.values)
    facts |= {"epochs": len(fitted.history), "seconds": fitted.history[-1]["seconds"]}
    return BatchResult(facts, fitted.history, net.state_dict())


def net_of(settings: StreetSettings, parts: Mapping[str, Sequence[Scene]], form: Form) -> Any:
    """Return a network as it starts, for the bands of the scenes."""
    config = NetConfig(settings.net, filters=settings.filters, depth=settings.depth, dropout=0.0)
    return build(config, len(parts["train"][0].bands), form.outputs)


def _per_image(loss: Cost) -> Cost:
    """Return the mean over the images of a batch of the loss of each."""

    def mean(logits: Tensor, target: Tensor) -> Tensor:
        return torch.stack([loss(z, y) for z, y in zip(logits.split(1), target.split(1), strict=True)]).mean()

    return mean


@torch.no_grad()
def _test(net: nn.Module, test: Sequence[Scene], form: Form, values: Sequence[str]) -> dict[str, Any]:
    """Return the facts of the test clouds."""
    net.eval()
    total, between = np.zeros((2, len(CLASS_NAMES), len(CLASS_NAMES)), np.int64)
    sure, right = [], []
    costs: dict[str, list[float]] = {text: [] for text in values}
    for scene in test:
        logits = net(scene.bands[None])
        predicted, confidence = form.decide(logits)
        known = scene.labels > 0
        total += confusions(predicted, scene.labels, max(scene.labels.shape)).sum(0)
        two = torch.where(torch.isin(scene.labels, form.ids), scene.labels, 0)
        between += confusions(form.prefer(logits), two, max(scene.labels.shape)).sum(0)
        sure.append(confidence[known].numpy())
        right.append(form.agrees(predicted, scene.labels)[known].numpy())
        for text in values:
            costs[text].append(
                float(form.loss(parse(text, form.class_maps))(logits, form.target(scene.labels[None])))
            )
    iou = metrics.iou(total)
    curve = metrics.calibration(np.concatenate(sure), np.concatenate(right), BINS)
    return {
        "score": float(miou(between, form.scored)),
        "collapsed": float(between.sum(1).max() / between.sum() / len(form.scored)),
        "labelled": float(miou(total, form.scored)),
        "miou": float(miou(total, form.classes)),
        **{f"iou_{CLASS_NAMES[c]}": float(iou[c]) for c in range(1, len(CLASS_NAMES))},
        "confusion": total,
        "confusion_of_two": between,
        "ece": metrics.expected_calibration_error(curve),
        "calibration": curve._asdict(),
        **{f"value {text}": float(np.mean(its)) for text, its in costs.items()},
    }


def check(settings: StreetSettings) -> None:
    """Raise UsageError for names of losses, networks, configurations or data that do not exist."""
    class_maps = FORMS[settings.outputs](SCORED[settings.slice]).class_maps
    loss = parse(settings.loss, class_maps)
    network_class(settings.net)
    for text in settings.values:
        parse(text, class_maps)
    if settings.outputs == "sigmoid" and loss.needs_init:
        raise UsageError(
            f"The loss {settings.loss!r} has softmax outputs", where="outputs", hint='set outputs = "softmax"'
        )
    for name, known in ((settings.config, NAMED), (settings.dataset, scenes.CLOUDS)):
        if name not in known:
            near = did_you_mean(name, known)
            raise UsageError(f"No {name!r} here", hint=f"name one of: {', '.join(known)}{near}")


TASK = Task(StreetSettings, run, check, prepare, reliability.draw)
