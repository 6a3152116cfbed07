"""Value and slope of the loss of one pixel over its prediction.

Figures 1 and 2 of the power-Jaccard paper have the labels 1 and 0, figure 1 of the JML paper has soft labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pydantic
import torch

from bevseg.errors import UsageError
from bevseg.seg.losses.loss import Loss
from bevseg.seg.losses.loss_text import parse
from bevseg.study import plot, records
from bevseg.study.plan import STRICT
from bevseg.study.task import RunContext, RunResult, Task


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class CurveSettings:
    """Settings of one curve."""

    loss: str
    """As in training. A power outside the range of training is drawn as well, and the fact `refused` says why."""
    labels: list[float] = field(default_factory=lambda: [1.0, 0.0])
    """Labels y of the pixel. 0 and 1 are class ids, others soft labels, which not every loss takes."""
    points: int = 199
    """Number of predictions q, evenly spaced inside (0, 1)."""


def run(settings: CurveSettings, context: RunContext) -> RunResult:
    """Compute value and slope for a pixel of each label."""
    loss, refused = curve(settings.loss)
    q = torch.linspace(0, 1, settings.points + 2, dtype=torch.float64)[1:-1]
    columns: dict[str, list[float]] = {"q": q.tolist()}
    facts: dict[str, Any] = {}
    for label in settings.labels:
        values, slopes = zip(*(_at(loss, float(prediction), label) for prediction in q), strict=True)
        lowest = int(np.argmin(values))
        facts |= {
            f"lowest_y{label:g}": values[lowest],
            f"q_of_lowest_y{label:g}": columns["q"][lowest],
            f"at_label_y{label:g}": _at(loss, label, label)[0] if _is_soft(label) else None,
            f"slope_y{label:g}_at_start": slopes[0],
            f"slope_y{label:g}_at_end": slopes[-1],
        }
        columns |= {f"loss_y{label:g}": list(values), f"slope_y{label:g}": list(slopes)}
    return RunResult(
        facts=facts | {"refused": refused},
        history=[dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
    )


def curve(text: str) -> tuple[Loss, str]:
    """Return the loss without smoothing, and the reason why training does not accept it (or an empty text)."""
    refused = ""
    try:
        loss = parse(text)
    except UsageError as error:
        if not text.startswith("power_jaccard:"):
            raise
        refused = error.why or error.what
    if text.startswith("power_jaccard:"):
        loss = parse(f"power_jaccard(p={text.partition(':')[2]}, smooth=0, reduce=all, any_p=true)")
    if text == "dice":
        loss = parse("dice(smooth=0)")
    return loss, refused


def _at(loss: Loss, q: float, label: float) -> tuple[float, float]:
    """Return value and slope d loss / d q for one pixel."""
    logit = torch.tensor(q, dtype=torch.float64).logit().reshape(1, 1, 1).requires_grad_()
    if _is_soft(label):
        terms = tuple(replace(term, function=term.soft, maps=None) for term in loss.terms)
        value = replace(loss, terms=terms)(logit, torch.full((1, 1, 1), label, dtype=torch.float64))
    else:
        value = loss(logit, torch.full((1, 1, 1), round(label)))
    value.backward()
    assert logit.grad is not None
    return value.item(), logit.grad.item() / (q * (1 - q))


def _is_soft(label: float) -> bool:
    return label not in (0, 1)


def draw(run_records: Sequence[dict[str, Any]], folder: Path, path: Path) -> None:
    """Draw value and slope of all losses, for every label."""
    rows = {record["at"]["loss"]: records.history(folder, record["key"]) for record in run_records}
    labels = dict.fromkeys(label for record in run_records for label in record["settings"]["labels"])
    titles = {
        f"{column}_y{label:g}": f"{title.format(f'y = {label:g}')}"
        for label in labels
        for column, title in {"loss": "loss, {}", "slope": "slope, {}, cut at ±6"}.items()
    }
    panels = {
        title: (
            "prediction q",
            {
                name: ([row["q"] for row in history], np.clip([row[column] for row in history], -6, 6))
                for name, history in rows.items()
                if history and column in history[0]
            },
        )
        for column, title in titles.items()
    }
    plot.curves(panels, path)


def check(settings: CurveSettings) -> None:
    """Raise UsageError for an unknown loss, for a label outside [0, 1], or for a soft label that the loss refuses."""
    loss, _ = curve(settings.loss)
    for label in settings.labels:
        if not 0 <= label <= 1:
            raise UsageError(f"No label {label:g}", where="labels", why="a label is a number from 0 to 1")
        if _is_soft(label) and not loss.takes_soft_labels:
            raise UsageError(
                f"The loss {settings.loss!r} takes no soft labels",
                where="labels",
                hint="choose ce, kl, jml or soft_jaccard, or the labels 0 and 1",
            )


TASK = Task(CurveSettings, run, check, draw=draw)
