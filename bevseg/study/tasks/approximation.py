"""How well a surrogate network learns a function from pairs (section 4.2 of the NeuroIoU paper).

The function is the IoU loss, from output maps, or one of the two functions of the paper, from numbers x in [0, 1].
For these the task also compares the slope of the network with that of the function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import torch
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.neuro_iou.learn import CROPS
from bevseg.seg.neuro_iou.loss import INPUTS
from bevseg.seg.neuro_iou.surrogate import Pairs, approximation, learn, pairs_of
from bevseg.study.plan import STRICT
from bevseg.study.task import RunContext, RunResult, Task
from bevseg.study.tasks.street import scenes, street_task
from bevseg.study.tasks.street.heads import Softmax
from bevseg.study.tasks.street.random_crops import RandomCrops, single_crops
from bevseg.study.weights_file import read_weights, write_weights

IOU = "iou"
"""Name of the IoU loss among the functions."""

FUNCTIONS: dict[str, tuple[Callable[[Tensor], Tensor], float]] = {
    "2 - x": (lambda x: 2 - x, -1.0),
    "x + 0.1": (lambda x: x + 0.1, 1.0),
}
"""Name of a function of x -> the function and its slope."""

GRID = 101
"""Number of x in [0, 1], evenly spaced, where value and slope are scored."""

EDGE = 5
"""Numbers of the grid at each end without a score of the slope: x enters by log(1 + 1000 x), steep at 0."""


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class ApproximationSettings:
    """Settings of one surrogate."""

    seed: Annotated[int, pydantic.Field(ge=0)]
    function: str = IOU
    """`iou`, `2 - x` or `x + 0.1`."""
    inputs: str = "3"
    """Inputs of the surrogate of the IoU loss: `3`, `6` or `hinge`. The other functions have one input, x."""
    pairs: int = 1000
    """Number of pairs (input, value) that the surrogate is fitted to."""
    noise: float = 0.0
    """Standard deviation of normal noise on the values for the fit. The values for the score have no noise."""
    data: str = ""
    """Folder that contains `oakland3d`; empty: the environment variable BEVSEG_DATA."""
    dataset: str = "oakland"
    slice: Literal["low", "high"] = "low"
    epochs: int = 10
    """Epochs of the network that produces the maps."""


def prepare(settings: Sequence[ApproximationSettings], shared: Path) -> None:
    """Make the rasters of all runs, and train the networks that produce the maps."""
    teachers = {_file(_teacher(one), shared): _teacher(one) for one in settings if one.function == IOU}
    if not teachers:
        return
    street_task.prepare(list(teachers.values()), shared)
    for path, teacher in teachers.items():
        if not path.exists():
            trained = street_task.run(teacher, RunContext(shared.parent))
            write_weights(trained.weights or {}, path)


def run(settings: ApproximationSettings, context: RunContext) -> RunResult:
    """Fit the surrogate, and score it."""
    facts = _iou(settings, context) if settings.function == IOU else _function(settings)
    return RunResult(facts | {"explained": 1 - (facts["rmse"] / facts["spread"]) ** 2})


def _function(settings: ApproximationSettings) -> dict[str, Any]:
    """Return the errors of value and slope over [0, 1]."""
    function, slope = FUNCTIONS[settings.function]
    random = torch.Generator().manual_seed(settings.seed)
    x = torch.rand(settings.pairs, 1, generator=random)
    noise = settings.noise * torch.randn(settings.pairs, generator=random)
    surrogate = learn(Pairs("x", x, function(x[:, 0]) + noise), seed=settings.seed)
    at = torch.linspace(0, 1, GRID)[:, None].requires_grad_()
    values = surrogate(at)
    (slopes,) = torch.autograd.grad(values.sum(), at)
    inner = slopes[EDGE:-EDGE]
    wanted = function(at[:, 0]).detach()
    errors = values.detach() - wanted
    return {
        "pairs": settings.pairs,
        "held_out": GRID,
        "rmse": _rms(errors),
        "worst": errors.abs().max().item(),
        "spread": wanted.std(correction=0).item(),
        "slope": inner.mean().item(),
        "slope_rmse": _rms(inner - slope),
        "slope_worst": (inner - slope).abs().max().item(),
        "slope_at_0": slopes[0].item(),
    }


def _rms(errors: Tensor) -> float:
    return errors.square().mean().sqrt().item()


def _iou(settings: ApproximationSettings, context: RunContext) -> dict[str, Any]:
    """Predict maps of training crops with a network trained by cross-entropy; return the errors on held-out pairs."""
    teacher = _teacher(settings)
    parts = scenes.load(context.shared, teacher.dataset, teacher.config, teacher.slice)
    head = Softmax(street_task.SCORED[teacher.slice])
    net = street_task.build_net(teacher, parts, head)
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
    return {name: rows[0][name] for name in ("pairs", "held_out", "rmse", "worst", "spread")}


def check(settings: ApproximationSettings) -> None:
    """Raise UsageError for an unknown function, unknown inputs or data, or too few pairs."""
    if settings.function not in (IOU, *FUNCTIONS):
        raise UsageError(
            f"No function {settings.function!r}", hint=f"name one of: {', '.join((IOU, *FUNCTIONS))}"
        )
    if settings.pairs < 2:
        raise UsageError("Too few pairs", where="pairs", why=f"{settings.pairs} is below 2")
    if settings.inputs not in INPUTS:
        raise UsageError(f"No inputs {settings.inputs!r}", hint=f"name one of: {', '.join(INPUTS)}")
    street_task.check(_teacher(settings))


def _teacher(settings: ApproximationSettings) -> street_task.StreetSettings:
    return street_task.StreetSettings(
        loss="ce",
        seed=settings.seed,
        slice=settings.slice,
        dataset=settings.dataset,
        data=settings.data,
        epochs=settings.epochs,
    )


def _file(teacher: street_task.StreetSettings, shared: Path) -> Path:
    return shared / f"{teacher.dataset}_{teacher.slice}_{teacher.epochs}_{teacher.seed}.safetensors"


TASK = Task(ApproximationSettings, run, check, prepare)
