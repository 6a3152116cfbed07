"""Simulated cloud with true labels -> a file.

The labels are written as train ids, which are the codes of the scheme `shrec20`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import PointCloud
from bevseg.errors import UsageError
from bevseg.io import SIMULATED, formats


def write(
    cloud: PointCloud,
    path: Path,
    *,
    epsg: int,
    measured: Mapping[str, NDArray[np.generic]],
    instances: NDArray[np.int32],
) -> None:
    """Write a labelled cloud in the format of its suffix.

    Parameters
    ----------
    cloud
        With labels; its coordinates are metres.
    path
        Its name ends with a dot and one of `bevseg.io.SIMULATED`.
    epsg
        Code of the reference system.
    measured
        Further dimensions of LAS point format 6, such as `intensity` and `gps_time`; text has no room for them.
    instances
        (N,) number of the instance of each point. LAS holds it as the extra dimension `instance`, uint32,
        where -1 becomes the largest number; text has no room for it.

    Raises
    ------
    UsageError
        For another suffix.
    OSError
        If the system refuses the write.
    """
    entry = formats.format_to_write(path)
    if entry is None or entry.simulated is None:
        raise UsageError(
            f"Simulated clouds cannot be written as {path.suffix!r}",
            where=path,
            hint=f"choose from {', '.join(f'.{word}' for word in SIMULATED)}",
        )
    writer = formats.load(entry.simulated)
    writer.write(cloud, path, epsg=epsg, measured=measured, instances=instances)
