"""Files of numbers that are no list of points, told by their first lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bevseg.errors import CloudFormatError
from bevseg.io import FORMATS
from bevseg.io.fields import plain
from bevseg.io.text.tokens import is_number

_RASTER_WORDS = {"ncols", "nrows", "xllcorner", "xllcenter", "yllcorner", "yllcenter", "cellsize", "dx", "dy"}
_GRASS_WORDS = {"north:", "south:", "east:", "west:", "rows:", "cols:"}
_LEAST_RASTER_WORDS = 3
_ATTITUDE = (
    {"roll", "roll_deg", "roll_rad"},
    {"pitch", "pitch_deg", "pitch_rad"},
    *({name} for name in ("omega", "phi", "kappa", "qx", "qy", "qz", "qw")),
)
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
_NO_TRAJECTORY = "leave it out; if it is a scan, name the columns with --columns"
_LEAST_POSES, _NEARLY = 3, 1e-3
"""Lines that show poses without a header, and how far their numbers are rounded."""
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
    return _raster(lines) or _ptx(lines[:_PTX_LINES]) or _trajectory(lines[:50]) or _poses(lines[:50])


def _raster(lines: list[list[str]]) -> Foreign | None:
    words = [fields[0].lower() for fields in lines[:8] if len(fields) == 2]
    found = [word for word in words if word in _RASTER_WORDS]
    grass = [word for word in words if word in _GRASS_WORDS]
    if len(grass) >= _LEAST_RASTER_WORDS:
        return Foreign(
            "a GRASS ASCII raster and no list of points",
            f"its header has {' '.join(grass)}",
            "convert it to points (r.out.xyz), or leave it out",
        )
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
                f"its header has angles or a quaternion of the attitude: {' '.join(fields)[:80]!r}",
                _NO_TRAJECTORY,
            )
    return None


def _poses(lines: list[list[str]]) -> Foreign | None:
    """Tell a trajectory without a header: time, place and quaternion (TUM), or matrices of 3 by 4 (KITTI)."""
    rows = [fields for fields in lines if not fields[0].startswith(("#", "//", "%"))][
        :-1
    ]  # the last may be cut
    if len(rows) < _LEAST_POSES or {len(fields) for fields in rows} not in ({8}, {12}):
        return None
    if not all(is_number(field) for fields in rows for field in fields):
        return None
    try:
        values = np.array(rows, np.float64)
    except ValueError:  # numbers in the spelling of Fortran
        return None
    if values.shape[1] == 8:
        turns = np.linalg.norm(values[:, 4:], axis=1, keepdims=True)
        what = "the last four columns are quaternions: their squares add up to 1"
    else:
        matrices = values.reshape(-1, 3, 4)[:, :, :3]
        turns = (matrices @ matrices.transpose(0, 2, 1) - np.eye(3) + 1).reshape(len(rows), -1)
        what = "each line is a matrix of 3 by 4 that turns and moves"
    if not (np.abs(turns - 1) < _NEARLY).all():
        return None
    return Foreign("a trajectory and no list of points", what, _NO_TRAJECTORY)
