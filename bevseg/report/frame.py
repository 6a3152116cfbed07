"""Extent of a map -> its frame on the page: what it shows, ticks at round coordinates, a scale bar."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WIDTH = 1000.0
"""Width of a map with its margins, in units of the drawing."""

LEFT, RIGHT, ABOVE, BELOW = 46.0, 2.0, 2.0, 30.0
"""Margins around the map: coordinates stand to the left and below."""

FLATTEST, STEEPEST = 0.42, 0.8
"""Smallest and largest height of a map as a share of its width: what is narrower gets room beside it."""

ROOM = 0.02
"""Share of the extent that is left free at each border."""

FAR_OUT = 0.0005
"""Share of the cells at each end of each axis that may lie beyond the frame."""

TICKS = 6
"""Ticks along the width, more or less."""

SPARE = 30.0
"""No coordinate stands so near to the upper and lower end: it would not have the room, units of the drawing."""

BAR = 0.2
"""Longest scale bar, as a share of the width."""


@dataclass(frozen=True)
class Tick:
    """A round coordinate: its place along the axis in units of the drawing, and its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Frame:
    """The frame of a map.

    Attributes
    ----------
    left, top
        Coordinates of the north-west corner of the maps, m: places on the page count from it, to the east and south.
    x, y, width, height
        What the frame shows, m, counted from there.
    inner
        Width and height of the frame on the page, units of the drawing.
    """

    left: float
    top: float
    x: float
    y: float
    width: float
    height: float

    @property
    def inner(self) -> tuple[float, float]:
        """Width and height of the map on the page, without margins."""
        wide = WIDTH - LEFT - RIGHT
        return wide, wide * self.height / self.width

    @property
    def outer(self) -> tuple[float, float]:
        """Width and height with margins."""
        return WIDTH, self.inner[1] + ABOVE + BELOW

    @property
    def unit(self) -> float:
        """Metres in a unit of the drawing."""
        return self.width / self.inner[0]

    def ticks(self) -> tuple[list[Tick], list[Tick]]:
        """Return the ticks below, from west to east, and to the left, from north to south."""
        step = round_number(self.width / TICKS)
        west, north = self.left + self.x, self.top - self.y
        east = [
            Tick(LEFT + (value - west) / self.unit, coordinate(value, step))
            for value in _multiples(west, west + self.width, step)
        ]
        down = [
            Tick(ABOVE + (north - value) / self.unit, coordinate(value, step))
            for value in _multiples(north - self.height, north, step)
        ]
        ends = ABOVE + SPARE, ABOVE + self.inner[1] - SPARE
        return east, [tick for tick in down[::-1] if ends[0] <= tick.at <= ends[1]]

    def bar(self) -> tuple[float, str]:
        """Return the length of the scale bar, units of the drawing, and its text."""
        length = round_number(self.width * BAR)
        return length / self.unit, f"{length:g} m"


def frame_of(left: float, top: float, occupied: NDArray[np.bool_], side: float) -> Frame:
    """Return the frame of maps: what has points, but for a few cells far out.

    Parameters
    ----------
    left, top
        Coordinates of the north-west corner, m.
    occupied, side
        (rows, cols) cells with points, and the side of a cell, m.
    """
    north, south = (side * place for place in _ends(occupied.sum(1)))
    west, east = (side * place for place in _ends(occupied.sum(0)))
    width, height = (east - west) * (1 + 2 * ROOM), (south - north) * (1 + 2 * ROOM)
    width = max(width, height / STEEPEST)
    height = max(height, width * FLATTEST)
    return Frame(left, top, (west + east - width) / 2, (north + south - height) / 2, width, height)


def _ends(counts: NDArray[np.integer]) -> tuple[int, int]:
    """Return the first line that is shown, and the one behind the last; all of them if nothing has points."""
    if not counts.any():
        return 0, len(counts)
    shares = np.cumsum(counts) / counts.sum()
    return int(np.argmax(shares > FAR_OUT)), int(np.argmax(shares >= 1 - FAR_OUT)) + 1


def round_number(most: float) -> float:
    """Return the largest of 1, 2, 5, 10, ... (and of 0.5, 0.2, 0.1 ...) that is no more than a number."""
    power = 10.0 ** math.floor(math.log10(most))
    return max(factor * power for factor in (1, 2, 5) if factor * power <= most * (1 + 1e-9))


def coordinate(value: float, step: float) -> str:
    """Return a coordinate with as many decimals as the step needs, in groups of three digits."""
    decimals = max(0, -math.floor(math.log10(step)))
    return f"{round(value / step) * step + 0.0:,.{decimals}f}".replace(",", "\u2009").replace("-", "\u2212")


def _multiples(low: float, high: float, step: float) -> list[float]:
    """Return the multiples of a step within a range."""
    first, last = math.ceil(low / step), math.floor(high / step)
    return [number * step for number in range(first, last + 1)]
