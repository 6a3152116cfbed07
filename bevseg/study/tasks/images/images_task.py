"""Segmentation of pictures that the user brings: the task `images` of a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bevseg.errors import UsageError
from bevseg.seg.device import seeded
from bevseg.seg.losses.loss_text import parse
from bevseg.seg.models.build import ensure_trainable
from bevseg.seg.models.registry import network_class
from bevseg.study.task import RunContext, RunResult, Task
from bevseg.study.tasks.images.dataset import Dataset, ensure_parts, load
from bevseg.study.tasks.images.draw_pictures import draw, save_pictures
from bevseg.study.tasks.images.evaluate import evaluate
from bevseg.study.tasks.images.heads import HEADS
from bevseg.study.tasks.images.sampling import Crops
from bevseg.study.tasks.images.settings import ImagesSettings
from bevseg.study.tasks.images.train import net_config, train
from bevseg.study.tasks.images.trained_network import INPUTS


def prepare(settings: Sequence[ImagesSettings], shared: Path) -> None:
    """Read the pictures of all runs, and check crops and losses against them, before any training."""
    for one in settings:
        data = load(one)
        Crops(data.parts["train"], one, data.scaling, one.seed)
        side = data.parts["train"][0].labels.shape
        ensure_trainable(net_config(one), one.batch, *((one.crop, one.crop) if one.crop else side))
        head = HEADS[one.outputs](len(data.classes), data.has_background)
        for text in (one.loss, *one.values):
            parse(text, head.class_maps)


def run(settings: ImagesSettings, context: RunContext) -> RunResult:
    """Train on the training pictures, and score the test pictures."""
    with seeded(context.device, settings.seed):
        return _run(settings, load(settings), context)


def _run(settings: ImagesSettings, data: Dataset, context: RunContext) -> RunResult:
    trained = train(settings, data, context)
    if not trained.history:
        return RunResult(trained.facts | {"score": None})
    net, head = trained.net, trained.head
    facts = trained.facts | evaluate(net, data, head, settings) | _sizes(settings, data, net)
    if settings.pictures:
        save_pictures(net, data, head, settings.pictures, context.folder, context.key)
    seconds = trained.history[-1]["seconds"]
    facts |= {"epochs": len(trained.history), "seconds": seconds, "minutes": seconds / 60}
    return RunResult(facts, trained.history, net.state_dict())


def _sizes(settings: ImagesSettings, data: Dataset, net: Any) -> dict[str, Any]:
    return {
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "pictures": {part: len(pictures) for part, pictures in data.parts.items()},
        INPUTS: {
            "mean": data.scaling.mean.tolist(),
            "deviation": data.scaling.deviation.tolist(),
            "classes": list(data.classes),
            "has_background": data.has_background,
        },
    }


def check(settings: ImagesSettings) -> None:
    """Raise UsageError for unknown names, and for settings that contradict each other."""
    network_class(settings.net)
    ensure_parts(settings)
    binary = settings.outputs == "sigmoid"
    # How many classes there are, the pictures say: `prepare` tries lists, and functions of a user's own.
    known = [
        parse(text, 1 if binary else None)
        for text in (settings.loss, *settings.values)
        if binary or "[" not in text
    ]
    if any(loss.needs_init for loss in known[1:]):
        raise UsageError(
            "A learned loss has no value by itself", where="values", hint="name losses that are not learned"
        )
    needs_softmax = settings.smooth_boundary or settings.scales or settings.crf
    if binary and (known[0].needs_init or needs_softmax):
        raise UsageError(
            "Sigmoid outputs have no learned loss, smoothed labels, scales or CRF",
            where="outputs",
            hint='set outputs = "softmax", or remove these settings',
        )
    if settings.smooth_kernel % 2 == 0:
        raise UsageError(
            f"Invalid smooth_kernel: {settings.smooth_kernel}",
            where="smooth_kernel",
            hint="give an odd number",
        )
    if settings.smooth_boundary:
        parse(settings.loss).smoothed(settings.smooth_boundary)
    if settings.unlabelled != "none" and settings.labelled_share == 1:
        raise UsageError(
            "No picture is without labels",
            where="unlabelled, labelled_share",
            hint="set labelled_share below 1, such as 0.125",
        )


TASK = Task(ImagesSettings, run, check, prepare, draw)
