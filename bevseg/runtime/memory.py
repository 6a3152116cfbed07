"""Free memory, and checks that a piece of work fits in it."""

from __future__ import annotations

import errno
import re
from pathlib import Path

from bevseg.errors import OutOfMemoryError

MIB = 2**20

BYTES_PER_CELL = 120
"""What the stages hold for a cell of a raster at their widest moment: measured on 1 km at 0.2 m."""

SPARSEST = 100.0
"""Square metres per point from which on the unit of the coordinates is in doubt: scans have points every metre."""

# (limit, use, share of the use that the kernel gives back on demand), control groups version 2 and 1.
_CGROUPS = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
)


_SHORTAGE = re.compile(
    "could not create a primitive|DefaultCPUAllocator|failed to map segment|cannot allocate memory|out of memory|"
    "not enough memory|std::bad_alloc|bad allocation|can't start new thread|memory allocation of",
    re.IGNORECASE,
)
"""What libraries and the loader of the system say if they are refused memory, without a type of its own for it."""


def is_shortage(error: BaseException) -> bool:
    """Return whether an error means that memory ran out, in whatever words a library says so."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    return isinstance(error, RuntimeError | ImportError | OSError) and bool(_SHORTAGE.search(str(error)))


_limit: int | None = None
"""Bytes that this process may use at most; None: there is no limit."""


def limit(size: int | None) -> None:
    """Let this process use no more than `size` bytes, as far as `available` is asked; None takes the limit away."""
    global _limit
    _limit = size


def used() -> int:
    """Return the bytes that this process uses."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def available(cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the bytes that can still be used: what the machine, its control group or the limit has left."""
    import psutil

    free = int(psutil.virtual_memory().available)
    if _limit is not None:
        free = min(free, _limit - used())
    for limit_file, use_file, reclaimable in _CGROUPS:
        try:
            limit = int((cgroups / limit_file).read_text())
            use = int((cgroups / use_file).read_text())
            statistics = (cgroups / use_file).with_name("memory.stat").read_text().split()
        except (OSError, ValueError):  # not limited ("max"), or not this version
            continue
        cached = int(statistics[statistics.index(reclaimable) + 1]) if reclaimable in statistics else 0
        free = min(free, limit - use + cached)
    return max(free, 0)


def require(points: int, bytes_per_point: float, *, where: Path) -> None:
    """Check that a cloud fits in memory.

    Parameters
    ----------
    points
        Number of points, from the header or from the size of the file.
    bytes_per_point
        Peak memory of the whole pipeline for one point.
    where
        The file, for the message.

    Raises
    ------
    OutOfMemoryError
        If less is available; the message has both numbers.
    """
    needed, free = points * bytes_per_point, available()
    if needed > free:
        raise OutOfMemoryError(
            "The cloud does not fit in memory",
            where=where,
            why=f"{points:,} points need about {needed / MIB:,.0f} MiB, {free / MIB:,.0f} MiB are available",
            hint="split the cloud into tiles, run fewer --jobs, or use a machine with more memory",
        )


def require_raster(
    rows: int,
    cols: int,
    bytes_per_cell: int = BYTES_PER_CELL,
    *,
    where: str,
    points: int | None = None,
    size: tuple[float, float] | None = None,
) -> None:
    """Check that the rasters of a cloud fit in memory. Few points can have a wide extent.

    Parameters
    ----------
    rows, cols
        Size of the rasters, cells.
    bytes_per_cell
        Peak memory for one cell.
    where
        The cloud, for the message.
    points, size
        Number of points, and extent in x and y (m), for the message.

    Raises
    ------
    OutOfMemoryError
        If less is available; the message has both numbers.
    """
    needed, free = rows * cols * bytes_per_cell, available()
    if needed > free:
        extent, hint = (
            "",
            "remove points far away from the others, split the cloud into tiles, or use larger cells",
        )
        if points is not None and size is not None:
            extent = f"{points:,} points lie over {size[0]:,.0f} x {size[1]:,.0f} m: "
            if points * SPARSEST < size[0] * size[1]:
                hint = (
                    "check the units: if the coordinates are millimetres (or centimetres), divide them by 1,000 "
                    "(or 100), for example with CloudCompare (Edit > Multiply/Scale); else remove points far "
                    "away from the others, or split the cloud into tiles"
                )
        raise OutOfMemoryError(
            "The rasters of this cloud do not fit in memory",
            where=where,
            why=f"{extent}{rows:,} x {cols:,} cells need about {needed / MIB:,.0f} MiB, "
            f"{free / MIB:,.0f} MiB are available",
            hint=hint,
        )
