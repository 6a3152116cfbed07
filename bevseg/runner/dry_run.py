"""What a run would do, and what it would take: `bevseg run --dry-run`.

Headers are read, no points, and nothing is written.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bevseg.core.blocks import Blocks
from bevseg.core.pointcloud import Crs
from bevseg.errors import BevsegError
from bevseg.io.find import CloudFile, Found
from bevseg.io.las.las_file import open_file
from bevseg.io.packed import is_packed
from bevseg.io.read_batches import is_read_in_batches
from bevseg.runner.outputs import Outputs
from bevseg.runner.passes import jobs_for, memory_of, scratch_folder
from bevseg.runner.request import RunRequest
from bevseg.survey.scratch import BYTES_PER_CELL, bytes_per_point

BYTES_OF_TEXT, BYTES_OF_BINARY, BYTES_OF_PACKED = 30, 20, 6
"""Bytes of a file for a point, where no header is read: more or less."""

POINTS_PER_SECOND = 600_000
"""Of the whole run on two cores, more or less."""


@dataclass(frozen=True)
class Forecast:
    """What is known of a cloud without its points.

    Attributes
    ----------
    file
        The cloud.
    points
        Their number.
    exact
        Whether the header says it; else it is estimated from the size of the file.
    blocks
        Blocks in the extent that the header names; None if there is none.
    error
        Why the cloud cannot be read; None if it can, as far as the header shows.
    """

    file: CloudFile
    points: int
    exact: bool
    blocks: int | None
    error: BevsegError | None = None


def describe(request: RunRequest, clouds: Found, skipped: Sequence[str], cell: float, device: str) -> str:
    """Return, for people, what a run would read and write, and what it would take.

    Parameters
    ----------
    request
        The run.
    clouds
        What it would read.
    skipped
        Names of the clouds that are finished.
    cell
        Side of a cell, m.
    device
        Where the networks compute.
    """
    finished = frozenset(skipped)
    left = [file for file in clouds.clouds if file.stem not in finished]
    found = [forecast(file, cell) for file in left]
    lines = [_line(each, request) for each in found]
    lines += [f"{name}: finished, skipped" for name in skipped]
    lines += [f"{path}: passed over: {why}" for path, why in clouds.skipped.items()]
    points = sum(each.points for each in found)
    blocks = sum(each.blocks or 0 for each in found)
    scratch = (
        points * bytes_per_point(probabilities=request.of_all)
        + blocks * Blocks.of(cell).cells ** 2 * BYTES_PER_CELL
    )
    most = jobs_for(request, device).most
    return "\n".join(
        [
            *lines,
            f"{len(left)} clouds, about {points:,} points, "
            f"{f'up to {blocks:,} blocks' if blocks else 'blocks are known when the points are read'}",
            f"scratch: {'up to' if blocks else 'about'} {scratch / 2**20:,.0f} MiB in {scratch_folder(request)}, "
            "removed at the end",
            f"memory: at most {memory_of(request) / 2**30:.1f} GiB, in up to {most} processes",
            f"time: very roughly {max(points / POINTS_PER_SECOND / 60, 0.5):.1f} min on two cores",
        ]
    )


def forecast(file: CloudFile, cell: float) -> Forecast:
    """Return what is known of a cloud without its points."""
    size = file.path.stat().st_size
    try:
        if is_read_in_batches(file.path):
            with open_file(file.path) as las:
                return Forecast(file, len(las), True, _blocks(las.header.bounds, las.crs, cell))
    except BevsegError as error:
        return Forecast(file, 0, True, None, error)
    binary = file.path.suffix.lower() in (".ply", ".pcd", ".npy", ".npz", ".bin", ".e57")
    each = BYTES_OF_PACKED if is_packed(file.path) else BYTES_OF_BINARY if binary else BYTES_OF_TEXT
    return Forecast(file, size // each, False, None)


def _blocks(bounds: Sequence[tuple[float, float]], crs: Crs | None, cell: float) -> int | None:
    """Return the number of blocks in an extent, in units of the file; None if it is none."""
    side = Blocks.of(cell).side / (1.0 if crs is None else crs.horizontal)
    (west, east), (south, north) = bounds[:2]
    if not all(math.isfinite(end) for end in (west, east, south, north)):
        return None
    return (int(east // side) - int(west // side) + 1) * (int(north // side) - int(south // side) + 1)


def _line(each: Forecast, request: RunRequest) -> str:
    if each.error is not None:
        return f"{each.file.path}: cannot be read: {each.error.what}"
    outputs = Outputs.of(each.file, request)
    names = ", ".join(path.name for path in outputs.paths())
    return f"{each.file.path}: {'' if each.exact else 'about '}{each.points:,} points -> {names}"
