"""Statistics of a scan and of the scans that a model was trained on -> in what the one is unlike the others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

FEWEST = 200
"""Clouds of a training that show a range: with fewer, nothing is said. Of a bell-shaped kind, so many put the next
cloud out of the widened range in 0.2 % of the cases (50: 1.5 %, 380: 0.1 %), and any of five such statistics, if they
are independent, in 1 % (50: 7 %)."""

WIDER = 0.1
"""Share of the range of the training by which either end may be passed: the next cloud of the same kind can lie a
little beyond all of those before it."""

WORDS = {
    "points_per_m2": "points per m2",
    "density_factor": "typical factor between dense and sparse places",
    "height_m": "height of 95 % of the points, m",
    "covered": "share of the area with something 2 m up",
    "standing": "share of that in facades, trunks and the like",
}
"""Statistic of `scan_counts` -> what it is called in messages."""

_LOGARITHMIC = ("points_per_m2", "density_factor", "height_m")
"""Statistics that are compared by their ratio; shares are compared by their difference."""

Scans = Mapping[str, Sequence[float]]
"""Statistic -> its values in the clouds of a training."""


class Unlike(NamedTuple):
    """A statistic that lies outside of the range of the training.

    Attributes
    ----------
    name
        Of the statistic.
    value
        Of the scan.
    least, most
        Of the clouds of the training.
    """

    name: str
    value: float
    least: float
    most: float


class CloudScan(NamedTuple):
    """What kind of scan a cloud is.

    Attributes
    ----------
    statistics
        Statistic of `scan_counts` -> its value.
    unlike
        Those that lie outside of the range of the training; None: it shows no range.
    """

    statistics: Mapping[str, float]
    unlike: Sequence[Unlike] | None


def show_ranges(scans: Scans) -> bool:
    """Return whether the clouds of a training are enough to compare another one with them."""
    return any(len(values) >= FEWEST for values in scans.values())


def unlike(statistics: Mapping[str, float], scans: Scans) -> list[Unlike]:
    """Return in what a scan is unlike those of a training.

    Parameters
    ----------
    statistics
        Of the scan: `scan_counts.scan_statistics`.
    scans
        Of the training; empty if nothing is known of it.
    """
    found = []
    for name in WORDS:
        values = scans.get(name, ())
        if name not in statistics or len(values) < FEWEST:
            continue
        each = Unlike(name, statistics[name], min(values), max(values))
        value, least, most = (_scaled(name, number) for number in each[1:])
        room = WIDER * (most - least)
        if not least - room <= value <= most + room:
            found.append(each)
    return found


def describe(found: Sequence[Unlike]) -> str:
    """Return for people in what one or more scans are unlike those of a training."""
    parts = []
    for name in dict.fromkeys(each.name for each in found):
        same = [each for each in found if each.name == name]
        own = _span(min(each.value for each in same), max(each.value for each in same))
        parts.append(f"{WORDS[name]}: {own} (training: {_span(same[0].least, same[0].most)})")
    return "; ".join(parts)


def warning(names: str, found: Sequence[Unlike], training: str) -> str:
    """Return the warning about scans of these names: in what they are unlike the training, and what to do.

    Parameters
    ----------
    names
        Of the scans.
    found
        In what they are unlike the training.
    training
        What trains on, where the warning is read: an option, or a function.
    """
    return (
        f"{names}: unlike the clouds that the model was trained on, as far as they are known: {describe(found)}. "
        f"The labels may be wrong: look at the confidence; or label a part by hand, and train on with it ({training})"
    )


def _scaled(name: str, value: float) -> float:
    return math.log(max(value, 1e-9)) if name in _LOGARITHMIC else value


def _span(least: float, most: float) -> str:
    low, high = (f"{value:,.0f}" if value >= 10 else f"{value:.2g}" for value in (least, most))
    return low if low == high else f"{low} to {high}"
