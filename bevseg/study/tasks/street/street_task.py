"""Segmentation of street scenes in one slice, after tables 5 and 6 of the power-Jaccard paper.

`score` follows the tables of the paper, which do not say everything. It uses the cells of two true classes: building
and car (low slice), or building and vegetation (high slice). It takes the one of these two classes with the larger
logit, counts one confusion matrix over all test clouds, and returns the mean IoU. `labelled` and `miou` are stricter:
they use all labelled cells and all predictions, and return the mean IoU of the two classes or of all classes.

`sigmoid` outputs are the setting of the paper: one output for each of the two classes. All other cells are
background, empty cells included, and every output counts as an image of its own in the loss. `softmax` outputs have
one output for every class. Cells without a label are ignored.
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
from bevseg.seg.device import seeded
from bevseg.seg.losses.loss_text import parse
from bevseg.seg.models.build import build
from bevseg.seg.models.registry import network_class
from bevseg.seg.training.optimizers import make_optimizer, make_schedule
from bevseg.study import reliability, surrogate_facts
from bevseg.study.early_stopping import train_with_early_stopping
from bevseg.study.plan import STRICT
from bevseg.study.task import RunContext, RunResult, Task
from bevseg.study.tasks.street import scenes
from bevseg.study.tasks.street.heads import HEADS, Cost, Head
from bevseg.study.tasks.street.random_crops import RandomCrops, single_crops
from bevseg.study.tasks.street.scenes import Scene
from bevseg.study.tile_scores import confusions, known_mean, miou

SCORED = {"low": (BUILDING, CAR), "high": (BUILDING, VEGETATION)}
"""Slice -> train ids of the classes scored in the paper."""

BINS = 15
"""Number of bins of the reliability plot."""


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class StreetSettings:
    """Settings of one run."""

    loss: str
    """As in training. A learned loss needs `init`: the run whose output maps it is fitted to."""
    seed: Annotated[int, pydantic.Field(ge=0)]
    """Random seed of the initial weights and the crops."""
    slice: Literal["low", "high"] = "low"
    dataset: str = "oakland"
    """`oakland` or `simulated`."""
    data: str = ""
    """Folder that contains `oakland3d`; empty: the environment variable BEVSEG_DATA."""
    config: str = "default"
    """Named configuration of the rasters."""
    outputs: Literal["softmax", "sigmoid"] = "softmax"
    net: str = "unet"
    """Name of a network, such as `unet` or `paper_unet`."""
    filters: Annotated[int, domain_check(NetConfig, "filters")] = 8
    depth: Annotated[int, domain_check(NetConfig, "depth")] = 3
    optimiser: Annotated[str, domain_check(TrainConfig, "optimiser")] = "adamw"
    learning_rate: Annotated[float, domain_check(TrainConfig, "learning_rate")] = 4e-3
    weight_decay: Annotated[float, domain_check(TrainConfig, "weight_decay")] = 1e-2
    momentum: Annotated[float, domain_check(TrainConfig, "momentum")] = 0.9
    """Momentum of SGD."""
    schedule: Annotated[str, domain_check(TrainConfig, "schedule")] = "one_cycle"
    epochs: int = 10
    """Largest number of epochs. A validation step follows each."""
    steps: Annotated[int, domain_check(TrainConfig, "steps")] = 40
    """Steps in an epoch."""
    batch: Annotated[int, domain_check(TrainConfig, "batch")] = 4
    """RandomCrops in a step."""
    crop: Annotated[int, domain_check(TrainConfig, "crop")] = 96
    """Side of a crop, cells."""
    patience: int = 1000
    """Epochs without a smaller validation loss after which training stops."""
    weights: Literal["last", "best"] = "last"
    """Weights that are scored: the last ones, or those with the smallest validation loss."""
    per_image: bool = False
    """Whether the loss of a step is the mean over its crops, and not the loss of the whole batch."""
    values: list[str] = field(default_factory=list)
    """Further losses to evaluate on the test clouds."""


def prepare(settings: Sequence[StreetSettings], shared: Path) -> None:
    """Make the rasters of all runs."""
    wanted = {(one.dataset, one.config, one.slice) for one in settings}
    scenes.prepare(sorted(wanted), settings[0].data, shared)


def run(settings: StreetSettings, context: RunContext) -> RunResult:
    """Train on the crops of the training clouds, and score the test clouds."""
    with seeded(context.device, settings.seed):
        return _run(settings, context)


def _run(settings: StreetSettings, context: RunContext) -> RunResult:
    init, device = context.init, context.device
    parts = scenes.load(context.shared, settings.dataset, settings.config, settings.slice)
    head = HEADS[settings.outputs](SCORED[settings.slice])
    net = build_net(settings, parts, head).to(device)
    crops = RandomCrops(parts["train"], settings.crop, settings.seed)
    loss = parse(settings.loss, head.class_maps)
    loss.ensure_init(has_init=init is not None)
    starts_anew = loss.starts_anew  # read here: the prepared loss below is another object
    initial, of_surrogate = copy.deepcopy(net.state_dict()), dict[str, Any]()
    if init is not None:
        net.load_state_dict(init)
    if loss.needs_init:
        maps_of = functools.partial(single_crops, crops, head.target)
        try:
            loss, learned = loss.prepared(net, maps_of, seed=settings.seed, device=str(device))
        except SurrogateError as error:  # too few pairs to fit
            return RunResult({"refused": error.why, "score": None, "collapsed": 0.0})
        of_surrogate = surrogate_facts.facts(learned.facts["surrogate"]) | {"refused": ""}
        if learned.fault is not None:
            return RunResult(of_surrogate | {"refused": learned.fault.why, "score": None, "collapsed": 0.0})
        if starts_anew:
            net.load_state_dict(initial)
    of_batch = head.loss(loss)
    cost = _mean_over_images(of_batch) if settings.per_image else of_batch
    config = TrainConfig(
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        momentum=settings.momentum,
    )

    def epoch() -> Iterator[tuple[Tensor, Tensor]]:
        for _ in range(settings.steps):
            x, labels = crops.batch(settings.batch)
            yield x, head.target(labels)

    def validate() -> dict[str, float]:
        costs, matrices = [], []
        for scene in parts["val"]:
            logits = net(scene.bands[None].to(device))
            costs.append(float(cost(logits, head.target(scene.labels[None]).to(device))))
            matrices.append(confusions(head.decide(logits.cpu())[0], scene.labels, settings.crop))
        images = np.concatenate(matrices)
        return {
            "val_loss": float(np.mean(costs)),
            "dataset_miou": float(miou(images.sum(0), head.classes)),
            "image_miou": float(known_mean(miou(images, head.classes))),
        }

    training = train_with_early_stopping(
        net,
        lambda x, y: cost(net(x), y),
        epoch,
        validate,
        make_optimizer(settings.optimiser, net.parameters(), config),
        make_schedule(settings.schedule, config),
        epochs=settings.epochs,
        steps=settings.steps,
        patience=settings.patience,
    )
    if settings.weights == "best":
        net.load_state_dict(training.best)
    facts = of_surrogate | _test(net, parts["test"], head, settings.values)
    facts |= {"epochs": len(training.history), "seconds": training.history[-1]["seconds"]}
    return RunResult(facts, training.history, net.state_dict())


def build_net(settings: StreetSettings, parts: Mapping[str, Sequence[Scene]], head: Head) -> Any:
    """Return a network with its initial weights, for the bands of the scenes."""
    config = NetConfig(settings.net, filters=settings.filters, depth=settings.depth, dropout=0.0)
    return build(config, len(parts["train"][0].bands), head.outputs)


def _mean_over_images(loss: Cost) -> Cost:
    """Return the loss that is the mean of the losses of the images of a batch."""

    def mean(logits: Tensor, target: Tensor) -> Tensor:
        return torch.stack([loss(z, y) for z, y in zip(logits.split(1), target.split(1), strict=True)]).mean()

    return mean


@torch.no_grad()
def _test(net: nn.Module, test: Sequence[Scene], head: Head, values: Sequence[str]) -> dict[str, Any]:
    """Return the facts of a run: scores on the test clouds."""
    net.eval().cpu()  # `head` computes there, and the losses in `values` are computed once
    total, between = np.zeros((2, len(CLASS_NAMES), len(CLASS_NAMES)), np.int64)
    confidences, correct = [], []
    costs: dict[str, list[float]] = {text: [] for text in values}
    for scene in test:
        logits = net(scene.bands[None])
        predicted, confidence = head.decide(logits)
        known = scene.labels > 0
        total += confusions(predicted, scene.labels, max(scene.labels.shape)).sum(0)
        two = torch.where(torch.isin(scene.labels, head.ids), scene.labels, 0)
        between += confusions(head.prefer(logits), two, max(scene.labels.shape)).sum(0)
        confidences.append(confidence[known].numpy())
        correct.append(head.correct(predicted, scene.labels)[known].numpy())
        for text in values:
            costs[text].append(
                float(head.loss(parse(text, head.class_maps))(logits, head.target(scene.labels[None])))
            )
    iou = metrics.iou(total)
    curve = metrics.calibration(np.concatenate(confidences), np.concatenate(correct), BINS)
    return {
        "score": float(miou(between, head.scored)),
        "collapsed": float(between.sum(1).max() / between.sum() / len(head.scored)),
        "labelled": float(miou(total, head.scored)),
        "miou": float(miou(total, head.classes)),
        **{f"iou_{CLASS_NAMES[c]}": float(iou[c]) for c in range(1, len(CLASS_NAMES))},
        "confusion": total,
        "confusion_of_two": between,
        "ece": metrics.expected_calibration_error(curve),
        "calibration": curve._asdict(),
        **{f"value {text}": float(np.mean(of_clouds)) for text, of_clouds in costs.items()},
    }


def check(settings: StreetSettings) -> None:
    """Raise UsageError for an unknown loss, network, configuration or data set."""
    class_maps = HEADS[settings.outputs](SCORED[settings.slice]).class_maps
    loss = parse(settings.loss, class_maps)
    network_class(settings.net)
    for text in settings.values:
        parse(text, class_maps)
    if settings.outputs == "sigmoid" and loss.needs_init:
        raise UsageError(
            f"The loss {settings.loss!r} needs softmax outputs",
            where="outputs",
            hint='set outputs = "softmax"',
        )
    for name, known in ((settings.config, NAMED), (settings.dataset, scenes.CLOUDS)):
        if name not in known:
            near = did_you_mean(name, known)
            raise UsageError(f"No {name!r} here", hint=f"name one of: {', '.join(known)}{near}")


TASK = Task(StreetSettings, run, check, prepare, reliability.draw)
