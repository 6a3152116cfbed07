"""Simulated cloud -> LAS 1.4, point format 6, or LAZ. No dates are written: equal clouds give equal bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import laspy
import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import PointCloud
from bevseg.io.las.codes import SIMULATED

_CREATION_DATE = slice(90, 94)
"""Bytes of the LAS header. Zeros mean that the date is unknown."""


def write(
    cloud: PointCloud,
    path: Path,
    *,
    epsg: int,
    measured: Mapping[str, NDArray[np.generic]],
    instances: NDArray[np.int32],
) -> None:
    """Write a cloud with its labels; the parameters are those of `bevseg.io.simulated.write`."""
    import pyproj

    header = laspy.LasHeader(version="1.4", point_format=6)
    header.generating_software = SIMULATED
    header.scales, header.offsets = np.array(cloud.scale), np.array(cloud.offset)
    header.add_extra_dim(laspy.ExtraBytesParams("instance", np.uint32, "thing, 0 ground"))
    header.add_crs(pyproj.CRS.from_epsg(epsg))
    las = laspy.LasData(header)
    las.X, las.Y, las.Z = cloud.x, cloud.y, cloud.z
    las.classification = cloud.labels
    las.return_number = las.number_of_returns = np.ones(len(cloud), np.uint8)
    for name, values in measured.items():
        las[name] = values
    las["instance"] = instances.view(np.uint32)
    with path.open("w+b") as file:
        las.write(file, do_compress=path.suffix == ".laz")
    _undate(path)


def _undate(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(_CREATION_DATE.start)
        file.write(bytes(_CREATION_DATE.stop - _CREATION_DATE.start))
