"""How well a network can learn the IoU loss from maps of another: the check of the NeuroIoU paper's section 4.2."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pydantic
import torch

from bevseg.errors import UsageError
from bevseg.runtime.atomic import replacing
from bevseg.seg.neuro_iou.learn import CROPS
from bevseg.seg.neuro_iou.loss import INPUTS
from bevseg.seg.neuro_iou.surrogate import approximation, pairs_of
from bevseg.study import scenes, street
from bevseg.study.crops import Crops
from bevseg.study.neuro import one_by_one
from bevseg.study.outputs import Softmax
from bevseg.study.plan import STRICT
from bevseg.study.task import BatchResult, Task


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class ApproximationSettings:
    """Settings of one surrogate."""

    inputs: str
    """`3`, `6` or `hinge`."""
    seed: int
    pairs: int = 1000
    """Pairs of a map and a class that it is fitted to."""
    noise: float = 0.0
    """Standard deviation of normal noise on the IoU losses it is fitted to; those it is scored on have none."""
    data: str = ""
    """Folder that holds `oakland3d`; empty: the environment variable BEVSEG_DATA."""
    dataset: str = "oakland"
    slice: str = "low"
    epochs: int = 10
    """Of the network that makes the maps."""


def prepare(settings: Sequence[ApproximationSettings], shared: Path) -> None:
    """Make the rasters of all runs, and train the networks whose maps they share."""
    teachers = {_file(_teacher(one), shared): _teacher(one) for one in settings}
    street.prepare(list(teachers.values()), shared)
    for path, teacher in teachers.items():
        if not path.exists():
            with replacing(path) as temporary:
                torch.save(street.run(teacher, None, shared).weights, temporary)


def run(settings: ApproximationSettings, init: dict[str, Any] | None, shared: Path) -> BatchResult:
    """Make maps of training crops with a network trained by cross-entropy, and fit."""
    teacher = _teacher(settings)
    parts = scenes.load(shared, teacher.dataset, teacher.config, teacher.slice)
    form = Softmax(street.SCORED[teacher.slice])
    net = street.net_of(teacher, parts, form)
    net.load_state_dict(torch.load(_file(teacher, shared), weights_only=True))
    crops = Crops(parts["train"], teacher.crop, settings.seed)
    maps = one_by_one(crops, form.target, CROPS)
    made = pairs_of(net, maps, settings.inputs, torch.device("cpu"))
    rows = approximation(made, [settings.pairs], [settings.noise], seed=settings.seed)
    if not rows:
        raise UsageError(
            f"There are not {settings.pairs} pairs", where="pairs", why=f"{len(made)} with those held out"
        )
    facts = {name: rows[0][name] for name in ("pairs", "held_out", "rmse", "worst", "spread")}
    return BatchResult(facts | {"explained": 1 - (facts["rmse"] / facts["spread"]) ** 2})


def check(settings: ApproximationSettings) -> None:
    """Raise UsageError for inputs or data that do not exist."""
    if settings.inputs not in INPUTS:
        raise UsageError(f"No inputs {settings.inputs!r}", hint=f"name one of: {', '.join(INPUTS)}")
    if settings.slice not in street.SCORED:
        raise UsageError(f"No slice {settings.slice!r}", hint=f"name one of: {', '.join(street.SCORED)}")
    street.check(_teacher(settings))


def _teacher(settings: ApproximationSettings) -> street.StreetSettings:
    return street.StreetSettings(
        loss="ce",
        seed=settings.seed,
        slice=settings.slice,  # type: ignore[arg-type]
        dataset=settings.dataset,
        data=settings.data,
        epochs=settings.epochs,
    )


def _file(teacher: street.StreetSettings, shared: Path) -> Path:
    return shared / f"{teacher.dataset}_{teacher.slice}_{teacher.epochs}_{teacher.seed}.pt"


TASK = Task(ApproximationSettings, run, check, prepare)
