"""How well a surrogate network learns the IoU loss from output maps (section 4.2 of the NeuroIoU paper)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pydantic

from bevseg.errors import UsageError
from bevseg.seg.neuro_iou.learn import CROPS
from bevseg.seg.neuro_iou.loss import INPUTS
from bevseg.seg.neuro_iou.surrogate import approximation, pairs_of
from bevseg.study import scenes, street_segmentation
from bevseg.study.neuro_iou_facts import single_crops
from bevseg.study.outputs import Softmax
from bevseg.study.plan import STRICT
from bevseg.study.random_crops import RandomCrops
from bevseg.study.task import RunContext, RunResult, Task
from bevseg.study.weights_file import read_weights, write_weights


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class ApproximationSettings:
    """Settings of one surrogate."""

    inputs: str
    """`3`, `6` or `hinge`."""
    seed: int
    pairs: int = 1000
    """Number of pairs (map, class) that the surrogate is fitted to."""
    noise: float = 0.0
    """Standard deviation of normal noise on the IoU losses for the fit. The losses for the score have no noise."""
    data: str = ""
    """Folder that contains `oakland3d`; empty: the environment variable BEVSEG_DATA."""
    dataset: str = "oakland"
    slice: str = "low"
    epochs: int = 10
    """Epochs of the network that produces the maps."""


def prepare(settings: Sequence[ApproximationSettings], shared: Path) -> None:
    """Make the rasters of all runs, and train the networks that produce the maps."""
    teachers = {_file(_teacher(one), shared): _teacher(one) for one in settings}
    street_segmentation.prepare(list(teachers.values()), shared)
    for path, teacher in teachers.items():
        if not path.exists():
            trained = street_segmentation.run(teacher, RunContext(shared.parent))
            write_weights(trained.weights or {}, path)


def run(settings: ApproximationSettings, context: RunContext) -> RunResult:
    """Predict maps of training crops with a network trained by cross-entropy, and fit the surrogate."""
    teacher = _teacher(settings)
    parts = scenes.load(context.shared, teacher.dataset, teacher.config, teacher.slice)
    head = Softmax(street_segmentation.SCORED[teacher.slice])
    net = street_segmentation.build_net(teacher, parts, head)
    net.load_state_dict(read_weights(_file(teacher, context.shared)))
    crops = RandomCrops(parts["train"], teacher.crop, settings.seed)
    maps = single_crops(crops, head.target, CROPS)
    pairs = pairs_of(net, maps, settings.inputs, context.device)
    rows = approximation(pairs, [settings.pairs], [settings.noise], seed=settings.seed)
    if not rows:
        raise UsageError(
            f"Too few pairs: {settings.pairs} are needed",
            where="pairs",
            why=f"{len(pairs)} in all, some held out",
        )
    facts = {name: rows[0][name] for name in ("pairs", "held_out", "rmse", "worst", "spread")}
    return RunResult(facts | {"explained": 1 - (facts["rmse"] / facts["spread"]) ** 2})


def check(settings: ApproximationSettings) -> None:
    """Raise UsageError for unknown inputs or data."""
    if settings.inputs not in INPUTS:
        raise UsageError(f"No inputs {settings.inputs!r}", hint=f"name one of: {', '.join(INPUTS)}")
    if settings.slice not in street_segmentation.SCORED:
        raise UsageError(
            f"No slice {settings.slice!r}", hint=f"name one of: {', '.join(street_segmentation.SCORED)}"
        )
    street_segmentation.check(_teacher(settings))


def _teacher(settings: ApproximationSettings) -> street_segmentation.StreetSettings:
    return street_segmentation.StreetSettings(
        loss="ce",
        seed=settings.seed,
        slice=settings.slice,  # type: ignore[arg-type]
        dataset=settings.dataset,
        data=settings.data,
        epochs=settings.epochs,
    )


def _file(teacher: street_segmentation.StreetSettings, shared: Path) -> Path:
    return shared / f"{teacher.dataset}_{teacher.slice}_{teacher.epochs}_{teacher.seed}.safetensors"


TASK = Task(ApproximationSettings, run, check, prepare)
