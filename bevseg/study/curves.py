"""Value and slope of the loss of one pixel over its prediction: figures 1 and 2 of the power-Jaccard paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydantic
import torch
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.loss import parse
from bevseg.study import plot, records
from bevseg.study.plan import STRICT
from bevseg.study.task import RunContext, RunResult, Task


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class CurveSettings:
    """Settings of one curve."""

    loss: str
    """As in training. A power outside the range of training is drawn as well, and the fact `refused` says why."""
    points: int = 199
    """Number of predictions q, evenly spaced inside (0, 1)."""


def run(settings: CurveSettings, context: RunContext) -> RunResult:
    """Compute value and slope for a pixel of the class (y = 1) and for another pixel (y = 0)."""
    loss, refused = curve(settings.loss)
    q = torch.linspace(0, 1, settings.points + 2, dtype=torch.float64)[1:-1]
    columns: dict[str, list[float]] = {"q": q.tolist()}
    for truth in (1, 0):
        value, slope = zip(*(_at(loss, float(prediction), truth) for prediction in q), strict=True)
        columns |= {f"loss_y{truth}": list(value), f"slope_y{truth}": list(slope)}
    lowest = int(np.argmin(columns["loss_y1"]))
    return RunResult(
        facts={
            "lowest_y1": columns["loss_y1"][lowest],
            "q_of_lowest_y1": columns["q"][lowest],
            "slope_y1_at_start": columns["slope_y1"][0],
            "slope_y0_at_end": columns["slope_y0"][-1],
            "refused": refused,
        },
        history=[dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
    )


def curve(text: str) -> tuple[Callable[[Tensor, Tensor], Tensor], str]:
    """Return the loss without smoothing, and the reason why training does not accept it (or an empty text)."""
    refused = ""
    try:
        loss: Callable[..., Tensor] = parse(text)
    except UsageError as error:
        if not text.startswith("power_jaccard:"):
            raise
        refused = error.why or error.what
    if text.startswith("power_jaccard:"):
        loss = parse(f"power_jaccard(p={text.partition(':')[2]}, smooth=0, reduce=all, any_p=true)")
    if text == "dice":
        loss = parse("dice(smooth=0)")
    return loss, refused


def _at(loss: Callable[[Tensor, Tensor], Tensor], q: float, truth: int) -> tuple[float, float]:
    """Return value and slope d loss / d q for one pixel."""
    logit = torch.tensor(q, dtype=torch.float64).logit().reshape(1, 1, 1).requires_grad_()
    value = loss(logit, torch.full((1, 1, 1), truth))
    value.backward()
    assert logit.grad is not None
    return value.item(), logit.grad.item() / (q * (1 - q))


def draw(run_records: Sequence[dict[str, Any]], folder: Path, path: Path) -> None:
    """Draw value and slope of all losses, for both kinds of pixel."""
    rows = {record["at"]["loss"]: records.history(folder, record["key"]) for record in run_records}
    titles = {
        "loss_y1": "loss, y = 1",
        "slope_y1": "slope, y = 1, cut at ±6",
        "loss_y0": "loss, y = 0",
        "slope_y0": "slope, y = 0, cut at ±6",
    }
    panels = {
        title: (
            "prediction q",
            {
                name: ([row["q"] for row in history], np.clip([row[column] for row in history], -6, 6))
                for name, history in rows.items()
            },
        )
        for column, title in titles.items()
    }
    plot.curves(panels, path)


def check(settings: CurveSettings) -> None:
    """Raise UsageError for an unknown loss."""
    curve(settings.loss)


TASK = Task(CurveSettings, run, check, draw=draw)
