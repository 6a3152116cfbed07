"""Tiles -> what the page must know before it draws: clouds, classes, bounds, tiles and colourings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.far_points import LARGE
from bevseg.core.labels import CLASS_NAMES, COLOURS
from bevseg.core.reasons import REASON_NAMES
from bevseg.printable import printable
from bevseg.viewer.tile_file import RECORD, Tiles

LEVEL = 4
"""Each level of a tile has so many times the points of the one before."""

FEWEST = 1000
"""Points of the first level of a tile, about."""

_FAR, _SHRINKS = 400, 10
"""One point in so many at each of the four sides may be left out of the box, if it shrinks by this factor."""


def scene_table(tiles: Tiles, name: str, counts: dict[str, int], *, editable: bool) -> dict[str, Any]:
    """Return the scene, ready for JSON.

    Parameters
    ----------
    tiles
        Its points.
    name
        Title of the page.
    counts
        Points of each class, with the edits in force.
    editable
        Whether classes can be corrected.
    """
    low, high = bounds(tiles)
    return {
        "name": printable(name),
        "clouds": [
            {"name": cloud.name, "points": cloud.points, "labelled": cloud.labelled} for cloud in tiles.clouds
        ],
        "classes": [
            {"name": each, "colour": colour} for each, colour in zip(CLASS_NAMES, COLOURS, strict=True)
        ],
        "reasons": list(REASON_NAMES),
        "origin": list(tiles.origin),
        "bounds": {"min": low.tolist(), "max": high.tolist()},
        "modes": modes(tiles),
        "tiles": [
            {
                "id": number,
                "min": row["min"].tolist(),
                "max": row["max"].tolist(),
                "points": int(row["points"]),
                "levels": levels(int(row["points"])),
            }
            for number, row in enumerate(tiles.table)
        ],
        "counts": counts,
        "crs": printable(tiles.facts["crs"]),
        "editable": editable,
        "record": record_layout(),
    }


def bounds(tiles: Tiles) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the corners of the box of the tiles, (3,) each, m.

    Few points far from all others would make everything else small on the page. Where one point in a hundred covers
    more than nine tenths of a large area, the box is that of the other points.
    """
    low, high = tiles.table["min"], tiles.table["max"]
    inner = np.ones(len(tiles.table), np.bool_)
    for axis in range(2):
        order = np.argsort(low[:, axis], kind="stable")
        before = np.cumsum(tiles.table["points"][order])
        total = before[-1]
        inner[order] &= (before >= total / _FAR) & (
            before - tiles.table["points"][order] <= total * (1 - 1 / _FAR)
        )
    most = low.min(axis=0), high.max(axis=0)
    if not inner.any() or np.prod(most[1][:2] - most[0][:2]) <= LARGE:
        return most
    fewer = low[inner].min(axis=0), high[inner].max(axis=0)
    shrinks = np.prod(fewer[1][:2] - fewer[0][:2]) < np.prod(most[1][:2] - most[0][:2]) / _SHRINKS
    return fewer if shrinks else most


def modes(tiles: Tiles) -> list[str]:
    """Return the colourings for which the clouds have values."""
    has = tiles.facts["has"]
    available = {
        "class": True,
        "confidence": "confidence" in has,
        "height": True,
        "intensity": "intensity" in has,
        "rgb": "rgb" in has,
        "truth": "truth" in has,
        "error": "truth" in has,
        "source": len(tiles.clouds) > 1,
    }
    return [mode for mode, is_there in available.items() if is_there]


def levels(points: int) -> list[int]:
    """Return the sizes of the prefixes of a tile that are drawn one after the other; the last is all of it."""
    sizes = [points]
    while sizes[0] > LEVEL * FEWEST:
        sizes.insert(0, -(-sizes[0] // LEVEL))
    return sizes


def record_layout() -> dict[str, Any]:
    """Return size and fields of a record: name -> NumPy type and first byte."""
    assert RECORD.fields is not None, "it has fields"
    fields = {name: {"type": field[0].str[1:], "at": field[1]} for name, field in RECORD.fields.items()}
    return {"size": RECORD.itemsize, "fields": fields}
