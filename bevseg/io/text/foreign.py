"""Files of numbers that are no list of points, told by their first lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from bevseg.errors import CloudFormatError
from bevseg.io import FORMATS
from bevseg.io.fields import plain
from bevseg.io.text.tokens import is_number

_RASTER_WORDS = {"ncols", "nrows", "xllcorner", "xllcenter", "yllcorner", "yllcenter", "cellsize", "dx", "dy"}
_LEAST_RASTER_WORDS = 3
_ATTITUDE = ({"roll", "roll_deg", "roll_rad"}, {"pitch", "pitch_deg", "pitch_rad"})
_TURN = {"heading", "yaw", "azimuth", "platform_heading", "true_heading"}
_SIGNATURES = (
    *(
        (start, f"{entry.name} and no text", f"name it {' or '.join(entry.suffixes)}")
        for entry in FORMATS
        for start in entry.starts
    ),
    (b"PK\x03\x04", "a zip archive", "unpack it"),
    (b"DSAA", "a Surfer grid, a raster of heights", "convert it to points, or leave it out"),
)
_HEAD = 1 << 14
_PTX_LINES = 10


@dataclass(frozen=True)
class Foreign:
    """What a file is instead of a list of points, and what to do with it."""

    what: str
    why: str
    hint: str

    def error(self, path: Path) -> CloudFormatError:
        """Return the error for such a file."""
        return CloudFormatError(f"The file is {self.what}", where=path, why=self.why, hint=self.hint)


def foreign(head: bytes) -> Foreign | None:
    """Return what a file is by the bytes at its start, if it is a kind that is not read as text."""
    for signature, what, hint in _SIGNATURES:
        if head.startswith(signature):
            return Foreign(what, f"it begins with {signature.strip().decode('latin-1')[:8]!r}", hint)
    lines = [line.decode("latin-1").split() for line in head[:_HEAD].splitlines()]
    lines = [fields for fields in lines if fields]
    return _raster(lines) or _ptx(lines[:_PTX_LINES]) or _trajectory(lines[:50])


def _raster(lines: list[list[str]]) -> Foreign | None:
    words = [fields[0].lower() for fields in lines[:8] if len(fields) == 2]
    found = [word for word in words if word in _RASTER_WORDS]
    if len(found) < _LEAST_RASTER_WORDS:
        return None
    return Foreign(
        "an ESRI ASCII grid, a raster and no list of points",
        f"its header has {', '.join(found)}",
        "convert it to points (gdal_translate -of XYZ), or leave it out",
    )


def _ptx(lines: list[list[str]]) -> Foreign | None:
    counts = [len(fields) for fields in lines]
    numbers = all(is_number(field) for fields in lines for field in fields)
    if counts != [1, 1, 3, 3, 3, 3, 4, 4, 4, 4] or not numbers:
        return None
    return Foreign(
        "a PTX file, which is not read",
        f"it begins with {lines[0][0][:12]} columns and {lines[1][0][:12]} rows of a scan, and two poses",
        "export it as LAS, E57 or PTS from the program of the scanner, or convert it in CloudCompare",
    )


def _trajectory(lines: list[list[str]]) -> Foreign | None:
    for fields in lines:
        if is_number(fields[0]):
            break
        words = {plain(word) for word in re.split(r"[\s,;|]+", " ".join(fields)) if word}
        signs = [any(word in kind for word in words) for kind in (*_ATTITUDE, _TURN)]
        if sum(signs) >= 2:
            return Foreign(
                "a trajectory and no list of points",
                f"its header has roll, pitch or heading: {' '.join(fields)[:80]!r}",
                "leave it out; if it is a scan, name the columns with --columns",
            )
    return None
