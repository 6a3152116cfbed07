"""Tiles -> what the page must know before it draws: clouds, classes, bounds, tiles and colourings."""

from __future__ import annotations

from typing import Any

from bevseg.core.labels import CLASS_NAMES, COLOURS
from bevseg.core.reasons import REASON_NAMES
from bevseg.printable import printable
from bevseg.viewer.tile_file import RECORD, Tiles

LEVEL = 4
"""Each level of a tile has so many times the points of the one before."""

FEWEST = 1000
"""Points of the first level of a tile, about."""


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
    low, high = tiles.table["min"].min(axis=0), tiles.table["max"].max(axis=0)
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


def modes(tiles: Tiles) -> list[str]:
    """Return the colourings for which the clouds have values."""
    has = tiles.facts["has"]
    available = {
        "class": True,
        "confidence": has["confidence"],
        "height": True,
        "intensity": has["intensity"],
        "rgb": has["rgb"],
        "truth": has["truth"],
        "error": has["truth"],
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
