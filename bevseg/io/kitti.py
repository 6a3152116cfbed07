"""KITTI and SemanticKITTI `.bin`: rows of 32-bit floats without a header, x, y, z and intensity. Read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.errors import CloudFormatError
from bevseg.io.columns import SKIPPED, STAGES, raw_cloud, read_names
from bevseg.io.raw import RawCloud
from bevseg.runtime import memory

_COLUMNS = "x,y,z,intensity"
_FARTHEST = 1000.0
"""No spin of a scanner reaches farther, m."""

_HINT = (
    f"say what it holds: --columns {_COLUMNS} for KITTI, --columns {_COLUMNS},ring for nuScenes; if it is something "
    "else, convert it"
)


def read(path: Path, *, columns: str | None = None) -> RawCloud:
    """Read a file of 32-bit floats, little-endian. Labels in a file beside it are not read.

    Parameters
    ----------
    path
        The file.
    columns
        Name of each column, such as `x,y,z,intensity,ring`. None: x, y, z and intensity, if the numbers bear it out:
        all are finite, no coordinate is beyond 1 km, and the intensities lie between 0 and 1.

    Raises
    ------
    CloudFormatError
        If the file holds no whole number of points, or its numbers do not look like KITTI and `columns` is not given.
    UsageError
        If `columns` is not understood.
    """
    text = columns or _COLUMNS
    names = read_names(text, text.count(",") + 1, path)
    size, row = path.stat().st_size, 4 * len(names)
    if size % row:
        raise CloudFormatError(
            "The file holds no whole number of points",
            where=path,
            why=f"{size:,} bytes are no multiple of {row}: {len(names)} floats of 4 bytes a point",
            hint=_HINT,
        )
    memory.require(size // row, 2 * row + STAGES, where=path)
    points = np.fromfile(path, "<f4").reshape(-1, len(names))
    if columns is None and not _is_kitti(points):
        raise CloudFormatError(
            "It is not certain what the numbers of this file mean",
            where=path,
            why=f"as {_COLUMNS}, some are no coordinates of a scan in metres, or no intensities from 0 to 1",
            hint=_HINT,
        )
    return raw_cloud({name: points[:, i] for i, name in enumerate(names) if name != SKIPPED}, path)


def looks_like_points(path: Path) -> bool:
    """Whether the file is rows of x, y, z and intensity, by its first numbers."""
    size = path.stat().st_size
    if size == 0 or size % 16:
        return False
    return _is_kitti(np.fromfile(path, "<f4", 4096).reshape(-1, 4))


def _is_kitti(points: NDArray[np.float32]) -> bool:
    coordinates, intensity = points[:, :3], points[:, 3]
    if not np.isfinite(points).all():
        return False
    inside = np.abs(coordinates).max() <= _FARTHEST and intensity.min() >= 0 and intensity.max() <= 1
    # All bytes zero, or numbers too small to be metres, are not points either.
    return bool(inside and np.abs(coordinates).max() >= 0.01)
