"""Tiles -> the places where a look of a person teaches most, for the list of the page."""

from __future__ import annotations

import functools
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import CLASS_NAMES
from bevseg.core.reasons import REASON_NAMES
from bevseg.review.places import Place, candidates, choose
from bevseg.viewer.overlay import Overlay
from bevseg.viewer.tile_file import Tiles

MOST_POINTS = 2_000_000
"""Points that are looked at; of more, the first ones of each tile. A look at so many takes some seconds."""

BEST = 500
"""Places that are kept: five times those of a list, which others replace as they are answered."""


class DoubtfulPlaces:
    """The places in doubt of a view. They are looked for once; those that a person has answered leave the list."""

    def __init__(self, tiles: Tiles, overlay: Overlay) -> None:
        self._tiles, self._overlay = tiles, overlay
        self._lock = threading.Lock()

    def table(self) -> list[dict[str, Any]]:
        """Return the places that are left, most valuable first, ready for JSON; lengths relative to the origin, m."""
        with self._lock:
            best = self._best
        left = [place for place in best if not self._overlay.is_spoken(*self._record(place))]
        return [self._row(place) for place in choose(left)]

    @functools.cached_property
    def _best(self) -> list[Place]:
        return choose(self._found(), BEST)

    @functools.cached_property
    def _shares(self) -> list[int]:
        """Number of points of each tile that are looked at."""
        points = self._tiles.table["points"]
        share = min(MOST_POINTS / max(int(points.sum()), 1), 1)
        return [int(count) for count in np.ceil(points * share)]

    @functools.cached_property
    def _ends(self) -> NDArray[np.int64]:
        """(T,) number of points that are looked at, up to and with each tile."""
        return np.cumsum(self._shares)

    def _found(self) -> list[Place]:
        tiles, has = self._tiles, self._tiles.facts["has"]
        x, y, above = (np.empty(sum(self._shares)) for _ in range(3))
        classes, confidence, reasons = (np.empty(len(x), np.uint8) for _ in range(3))
        spoken, end = np.zeros(len(x), np.bool_), 0
        for tile, count in enumerate(self._shares):
            part = slice(end, end + count)
            end += count
            records = tiles.records(tile, 0, count)
            x[part], y[part], z = tiles.coordinates(tiles.exact(tile, 0, count))
            above[part] = tiles.heights(tile, x[part], y[part], z)
            classes[part] = self._overlay.classes(tile, 0, count)
            spoken[part] = self._overlay.spoken(tile, 0, count)
            confidence[part], reasons[part] = records["confidence"], records["reason"]
        return candidates(
            x,
            y,
            classes,
            confidence if "confidence" in has else None,
            reasons if "reason" in has else None,
            above=above,
            spoken=spoken,
        )

    def _record(self, place: Place) -> tuple[int, int]:
        """Return the tile of a point of a place, and which of its records it is."""
        tile = int(np.searchsorted(self._ends, place.index, side="right"))
        return tile, place.index - int(self._ends[tile]) + self._shares[tile]

    def _row(self, place: Place) -> dict[str, Any]:
        tile, row = self._record(place)
        index = int(self._tiles.records(tile, row, row + 1)["index"][0])
        cloud = self._tiles.clouds[int(self._tiles.exact(tile, row, row + 1)["cloud"][0])]
        lengths = {
            name: round(getattr(place, name), 3) for name in ("x", "y", "west", "south", "east", "north")
        }
        return {
            **lengths,
            "class": CLASS_NAMES[place.label],
            "confidence": round(place.confidence, 3),
            "points": place.points,
            "reason": REASON_NAMES[place.reason],
            "score": round(place.score, 4),
            "cloud": cloud.name,
            "index": index,
        }
