"""Settings and pictures -> a trained network: the training of one run."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bevseg.config import NetConfig, TrainConfig
from bevseg.errors import SurrogateError, UsageError
from bevseg.seg.losses.loss_text import parse
from bevseg.seg.models.build import build
from bevseg.seg.training.optimizers import make_optimizer, make_schedule
from bevseg.study import surrogate_facts
from bevseg.study.early_stopping import Row, train_with_early_stopping
from bevseg.study.task import RunContext
from bevseg.study.tasks.images.dataset import Dataset
from bevseg.study.tasks.images.evaluate import validate
from bevseg.study.tasks.images.heads import HEADS, Head
from bevseg.study.tasks.images.objective import Objective, cost_of_labels
from bevseg.study.tasks.images.sampling import Crops, labelled_and_other
from bevseg.study.tasks.images.settings import ImagesSettings


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A trained network.

    Attributes
    ----------
    net
        On the device of the run.
    head
        Meaning of its outputs.
    history
        One row per epoch; empty if no training took place.
    facts
        Facts of the surrogate of a learned loss. `refused` says why no training took place.
    """

    net: nn.Module
    head: Head
    history: list[Row]
    facts: dict[str, Any]


def train(settings: ImagesSettings, data: Dataset, context: RunContext) -> TrainedNetwork:
    """Train on crops of the training pictures. Random numbers of torch are those of the caller.

    Raises
    ------
    TrainingError
        If a loss became infinite or NaN.
    UsageError
        If `init` or `teacher` does not fit.
    """
    head, device = HEADS[settings.outputs](len(data.classes), data.has_background), context.device
    net = build_net(settings, len(data.parts["train"][0].bands), head.outputs).to(device)
    teacher = _teacher(settings, data, context)
    labelled, other = labelled_and_other(data.parts["train"], settings.labelled_share, settings.seed)
    crops = Crops(labelled, settings, data.scaling, settings.seed)
    loss = parse(settings.loss, head.class_maps)
    loss.ensure_init(has_init=context.init is not None)
    starts_anew = loss.starts_anew  # read here: the prepared loss below is another object
    initial, facts = copy.deepcopy(net.state_dict()), dict[str, Any]()
    if context.init is not None:
        _load_weights(net, context.init, "init")
    if loss.needs_init:
        try:
            loss, learned = loss.prepared(net, crops.single, seed=settings.seed, device=str(device))
        except SurrogateError as error:  # too few pairs to fit
            return TrainedNetwork(net, head, [], {"refused": error.why})
        facts = surrogate_facts.facts(learned.facts["surrogate"]) | {"refused": ""}
        if learned.fault is not None:
            return TrainedNetwork(net, head, [], facts | {"refused": learned.fault.why})
        if starts_anew:
            net.load_state_dict(initial)
    steps = settings.steps or max(len(labelled) // settings.batch, 1)
    unlabelled = Crops(other, settings, data.scaling, settings.seed + 1) if other else None
    cost = cost_of_labels(loss, head, settings)
    config = TrainConfig(
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        momentum=settings.momentum,
    )

    def epoch() -> Iterator[tuple[Tensor, Tensor]]:
        for _ in range(steps):
            x, y = crops.batch(settings.batch)
            if unlabelled is None or settings.unlabelled == "none":
                yield x, y
            else:
                more, inside = unlabelled.batch(settings.batch)
                yield torch.cat([x, more]), torch.cat([y, inside])

    training = train_with_early_stopping(
        net,
        Objective(net, cost, settings, settings.epochs * steps, teacher),
        epoch,
        lambda: validate(net, cost, data.parts["val"], data.scaling, head, settings.batch),
        make_optimizer(settings.optimiser, net.parameters(), config),
        make_schedule(settings.schedule, config),
        epochs=settings.epochs,
        steps=steps,
        patience=settings.patience,
    )
    if settings.weights == "best":
        net.load_state_dict(training.best)
    return TrainedNetwork(net, head, training.history, facts)


def build_net(settings: ImagesSettings, bands: int, outputs: int) -> nn.Module:
    """Return a network with new weights, in the memory format that convolutions are faster in."""
    net = build(net_config(settings), bands, outputs)
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def net_config(settings: ImagesSettings) -> NetConfig:
    """Return the settings of the network of a run."""
    return NetConfig(settings.net, filters=settings.filters, depth=settings.depth, dropout=0.0)


def _teacher(settings: ImagesSettings, data: Dataset, context: RunContext) -> nn.Module | None:
    """Return the network of the run that teaches, in evaluation mode."""
    if "teacher" not in context.sources:
        if settings.unlabelled == "teacher":
            raise UsageError(
                "No `teacher` to label pictures",
                where="unlabelled",
                hint="name the run that teaches in the study: teacher = { axis = value }",
            )
        return None
    if settings.outputs == "sigmoid":
        raise UsageError("A teacher needs softmax outputs", where="outputs", hint='set outputs = "softmax"')
    source = context.sources["teacher"]
    head = HEADS[source.settings.outputs](len(data.classes), data.has_background)
    net = build_net(source.settings, len(data.parts["train"][0].bands), head.outputs)
    _load_weights(net, source.weights, "teacher")
    return net.to(context.device).eval().requires_grad_(False)


def _load_weights(net: nn.Module, weights: dict[str, Any], source: str) -> None:
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:
        raise UsageError(
            f"The network of `{source}` does not fit",
            where=source,
            why="it has other bands, classes or layers",
            hint="name a run on the same pictures and classes; `init` needs the same network",
        ) from error
