"""The bias that minimizes a loss, beside the bias that minimizes the Jaccard loss (Lovász paper, section 4.1).

Each of ten images contains one disc. The score of a pixel is normal, with mean +1/2 inside and -1/2 outside and
variance 1 as in the paper, plus a bias. The task compares the bias at which a loss is smallest with that of the
Jaccard loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pydantic
import torch
from numpy.typing import NDArray
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.loss_text import parse
from bevseg.study import plot, records
from bevseg.study.plan import STRICT
from bevseg.study.task import RunContext, RunResult, Task

JACCARD = "jaccard"
"""Name of the discrete loss: 1 - IoU of the pixels above 0, mean over the images."""


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class BiasSettings:
    """Settings of one loss and one set of images."""

    loss: str
    seed: Annotated[int, pydantic.Field(ge=0)]
    """Random seed of the discs and the noise."""
    pictures: int = 10
    side: int = 50
    """Side of an image, pixels."""
    smallest: float = 4.0
    largest: float = 16.0
    """The radius of a disc is uniform between `smallest` and `largest`, pixels."""
    mean: float = 0.5
    """Mean of the scores inside the disc; outside it is `-mean`."""
    noise: float = 1.0
    """Standard deviation of the scores."""
    lowest: float = -4.0
    highest: float = 2.0
    """The biases range from `lowest` to `highest`. Cross-entropy wants the logarithm of the odds of the disc, -2."""
    step: float = 0.02


def run(settings: BiasSettings, context: RunContext) -> RunResult:
    """Evaluate the loss, and the Jaccard loss, at every bias."""
    loss = None if settings.loss == JACCARD else parse(settings.loss)
    scores, truth = draw_images(settings)
    z, y = torch.from_numpy(scores), torch.from_numpy(truth.astype(np.int64))
    count = round((settings.highest - settings.lowest) / settings.step) + 1
    # Rounded, so that records and tables hold 0.46 and not 0.45999999999999996.
    biases = np.linspace(settings.lowest, settings.highest, count).round(9)
    jaccard = np.array([jaccard_loss(scores + bias, truth) for bias in biases])
    # One image at a time: the mean of the ratios, as in the discrete loss.
    values = jaccard if loss is None else np.array([_mean_over_images(loss, z + bias, y) for bias in biases])
    chosen, wanted = int(values.argmin()), int(jaccard.argmin())
    return RunResult(
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


def _mean_over_images(loss: Callable[[Tensor, Tensor], Tensor], scores: Tensor, truth: Tensor) -> float:
    return float(np.mean([loss(z, y).item() for z, y in zip(scores.split(1), truth.split(1), strict=True)]))


def draw_images(settings: BiasSettings) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return scores (images, side, side) without bias, and the masks of the discs."""
    rng = np.random.default_rng(settings.seed)
    rows, cols = np.mgrid[: settings.side, : settings.side]
    radius = rng.uniform(settings.smallest, settings.largest, (settings.pictures, 1, 1))
    y, x = rng.uniform(radius, settings.side - 1 - radius, (2, settings.pictures, 1, 1))
    truth = (rows - y) ** 2 + (cols - x) ** 2 <= radius**2
    return np.where(truth, settings.mean, -settings.mean) + rng.normal(0, settings.noise, truth.shape), truth


def jaccard_loss(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Return 1 - IoU of the pixels above 0, mean over images (N, rows, cols)."""
    predicted = scores > 0
    inter, union = (predicted & truth).sum((1, 2)), (predicted | truth).sum((1, 2))
    return float(1 - (inter / union).mean())


def draw(run_records: Sequence[dict[str, Any]], folder: Path, path: Path) -> None:
    """Draw every loss of the first seed over the bias, scaled to 0 ... 1."""
    first = min((record["at"].get("seed", 0) for record in run_records), default=0)
    curves = {}
    for record in run_records:
        rows = records.history(folder, record["key"])  # none where only the record was copied
        if rows and record["at"].get("seed", 0) == first:
            values = np.array([row["loss"] for row in rows])
            curves[str(record["at"]["loss"])] = ([row["bias"] for row in rows], _scaled(values))
    plot.curves({"loss, scaled to 0 ... 1": ("bias", curves)}, path)


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    span = float(np.ptp(values))
    return (values - values.min()) / (span or 1.0)


def check(settings: BiasSettings) -> None:
    """Raise UsageError for an unknown loss, for a range without biases, or for discs that do not fit."""
    if settings.loss != JACCARD:
        parse(settings.loss)
    if not 0 < settings.step <= settings.highest - settings.lowest:
        raise UsageError(
            "No biases to try",
            where="lowest, highest, step",
            why=f"from {settings.lowest:g} to {settings.highest:g} in steps of {settings.step:g}",
        )
    if settings.largest > settings.side / 2 or settings.smallest > settings.largest:
        raise UsageError(
            "The discs do not fit", where="smallest, largest", why=f"the side of an image is {settings.side}"
        )


TASK = Task(BiasSettings, run, check, draw=draw)
