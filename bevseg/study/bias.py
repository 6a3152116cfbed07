"""One bias to learn: where the loss wants it, and where the Jaccard loss itself does (Lovász paper, section 4.1).

Ten pictures hold a disc each. The score of a pixel is +1 inside and -1 outside, plus normal noise, plus a bias; a
loss is judged by the bias at which it is smallest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydantic
import torch
from numpy.typing import NDArray
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.loss import parse
from bevseg.study import plot, records
from bevseg.study.plan import STRICT
from bevseg.study.task import BatchResult, Task

JACCARD = "jaccard"
"""Name of the discrete loss, 1 - IoU of the pixels above 0, mean over the pictures."""


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class BiasSettings:
    """Settings of one loss and one noise."""

    loss: str
    seed: int
    """Of the discs and the noise."""
    pictures: int = 10
    side: int = 50
    """Of a picture, pixels."""
    smallest: float = 4.0
    largest: float = 16.0
    """Radius of the discs, pixels, drawn evenly between these."""
    noise: float = 1.0
    """Standard deviation, in the units of the scores."""
    reach: float = 2.0
    """Biases from minus to plus this are tried."""
    step: float = 0.01


def run(settings: BiasSettings, init: dict[str, Any] | None, shared: Path) -> BatchResult:
    """Evaluate the loss, and the Jaccard loss, at every bias."""
    loss = None if settings.loss == JACCARD else parse(settings.loss)
    scores, truth = pictures(settings)
    z, y = torch.from_numpy(scores), torch.from_numpy(truth.astype(np.int64))
    count = round(settings.reach / settings.step)
    biases = np.arange(-count, count + 1) * settings.step
    jaccard = np.array([jaccard_loss(scores + bias, truth) for bias in biases])
    # One picture after the other: the mean of the ratios, as in the discrete loss.
    values = jaccard if loss is None else np.array([_per_picture(loss, z + bias, y) for bias in biases])
    chosen, wanted = int(values.argmin()), int(jaccard.argmin())
    return BatchResult(
        facts={
            "bias": biases[chosen],
            "bias_of_jaccard": biases[wanted],
            "distance": abs(biases[chosen] - biases[wanted]),
            "jaccard_loss": jaccard[chosen],
            "smallest_jaccard_loss": jaccard[wanted],
            "lost": jaccard[chosen] - jaccard[wanted],
        },
        history=[
            {"bias": b, "loss": v, "jaccard": j} for b, v, j in zip(biases, values, jaccard, strict=True)
        ],
    )


def _per_picture(loss: Callable[[Tensor, Tensor], Tensor], scores: Tensor, truth: Tensor) -> float:
    return float(np.mean([loss(z, y).item() for z, y in zip(scores.split(1), truth.split(1), strict=True)]))


def pictures(settings: BiasSettings) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return scores (pictures, side, side) without bias, and where the discs are."""
    rng = np.random.default_rng(settings.seed)
    rows, cols = np.mgrid[: settings.side, : settings.side]
    radius = rng.uniform(settings.smallest, settings.largest, (settings.pictures, 1, 1))
    y, x = rng.uniform(radius, settings.side - 1 - radius, (2, settings.pictures, 1, 1))
    truth = (rows - y) ** 2 + (cols - x) ** 2 <= radius**2
    return np.where(truth, 1.0, -1.0) + rng.normal(0, settings.noise, truth.shape), truth


def jaccard_loss(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Return 1 - IoU of the pixels above 0, mean over pictures (N, rows, cols) with discs."""
    found = scores > 0
    inter, union = (found & truth).sum((1, 2)), (found | truth).sum((1, 2))
    return float(1 - (inter / union).mean())


def draw(done: Sequence[dict[str, Any]], folder: Path, path: Path) -> None:
    """Draw, for the first noise, every loss over the bias between its smallest and its largest value."""
    first = min((record["at"].get("seed", 0) for record in done), default=0)
    curves = {}
    for record in done:
        if record["at"].get("seed", 0) == first:
            rows = records.history(folder, record["key"])
            values = np.array([row["loss"] for row in rows])
            curves[str(record["at"]["loss"])] = ([row["bias"] for row in rows], _stretched(values))
    plot.curves({"loss, stretched to 0 ... 1": ("bias", curves)}, path)


def _stretched(values: NDArray[np.float64]) -> NDArray[np.float64]:
    span = float(np.ptp(values))
    return (values - values.min()) / (span or 1.0)


def check(settings: BiasSettings) -> None:
    """Raise UsageError for a loss that does not exist, or discs that do not fit."""
    if settings.loss != JACCARD:
        parse(settings.loss)
    if settings.largest > settings.side / 2 or settings.smallest > settings.largest:
        raise UsageError(
            "The discs do not fit", where="smallest, largest", why=f"the side is {settings.side}"
        )


TASK = Task(BiasSettings, run, check, draw=draw)
