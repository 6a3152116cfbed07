"""Points by class and height -> bars on a page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.core.height_counts import LOWEST, STEP
from bevseg.core.labels import COLOURS, GROUND
from bevseg.report.frame import round_number

WIDTH, HEIGHT = 470.0, 250.0
"""Size of the drawing of the bars, without the words around it."""

HIGHEST = 0.999
"""Share of the points that the axis reaches at least."""

FEWEST = 12
"""Bars at least."""


@dataclass(frozen=True)
class Bar:
    """A piece of a bar: x, y, width and height on the drawing, and its colour."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True)
class Histogram:
    """Heights of the points of a cloud, without the ground, which would be one long bar.

    Attributes
    ----------
    bars
        The pieces of the bars; heights go up, numbers of points to the right.
    heights, numbers
        Place of each round height and of each round number along its axis, and its text.
    """

    bars: tuple[Bar, ...]
    heights: tuple[tuple[float, str], ...]
    numbers: tuple[tuple[float, str], ...]


def histogram(counts: NDArray[np.int64]) -> Histogram:
    """Return the bars of points by class and height, (classes, bins) of `core.height_counts`."""
    above = counts.copy()
    above[GROUND] = 0
    totals = above.sum(0)
    if totals.sum() == 0:
        return Histogram((), (), ())
    zero = round(-LOWEST / STEP)
    reached = int(np.argmax(np.cumsum(totals) >= HIGHEST * totals.sum()))
    shown = above[:, zero : max(reached + 1, zero + FEWEST)]
    thick, most = HEIGHT / shown.shape[1], float(max(shown.sum(0).max(), 1))
    bars = []
    for place, column in enumerate(shown.T):
        ends = WIDTH * np.cumsum(column) / most
        for label, (start, end) in enumerate(zip([0.0, *ends[:-1].tolist()], ends.tolist(), strict=True)):
            if end - start > 0.05:
                y = HEIGHT - (place + 1) * thick
                bars.append(Bar(start, y, end - start, thick * 0.86, COLOURS[label]))
    high = shown.shape[1] * STEP
    step, points = max(round_number(high / 4), 1.0), round_number(most / 2)
    heights = np.arange(0, high + 1e-9, step).tolist()
    numbers = np.arange(0, most + 1e-9, points).tolist()
    return Histogram(
        tuple(bars),
        tuple((HEIGHT * (1 - value / high), f"{value:g}") for value in heights),
        tuple((WIDTH * value / most, f"{value:,.0f}") for value in numbers),
    )
