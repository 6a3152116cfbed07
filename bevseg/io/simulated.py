"""Clouds with true labels, written as data to learn from: LAS and LAZ, and SHREC'20 text, plain or gzipped.

Labels are written as train ids, which are the codes of the scheme `shrec20`. The same cloud gives the same bytes on
every day: no dates are written.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from pathlib import Path

import laspy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bevseg.core.pointcloud import PointCloud
from bevseg.io.las.codes import SIMULATED

_CREATION_DATE = slice(90, 94)
"""Bytes of the LAS header; zeros there mean that no date is known."""


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
        One of `.laz`, `.las`, `.txt`, `.txt.gz`.
    epsg
        Code of the reference system.
    measured
        Further dimensions of LAS point format 6, such as `intensity` and `gps_time`; text has no room for them.
    instances
        (N,) number of the thing that each point is of: the extra dimension `instance` of LAS, uint32, where -1
        becomes the largest number. Text has no room for it.

    Raises
    ------
    OSError
        If the system refuses the write.
    """
    WRITERS["".join(path.suffixes).lstrip(".")](cloud, path, epsg, measured, instances)


def reference_system(epsg: int) -> str:
    """Return a reference system as WKT."""
    import pyproj

    return str(pyproj.CRS.from_epsg(epsg).to_wkt())


def _write_las(
    cloud: PointCloud,
    path: Path,
    epsg: int,
    measured: Mapping[str, NDArray[np.generic]],
    instances: NDArray[np.int32],
) -> None:
    """Write LAS 1.4, point format 6, or LAZ."""
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


def _write_text(
    cloud: PointCloud,
    path: Path,
    epsg: int,
    measured: Mapping[str, NDArray[np.generic]],
    instances: NDArray[np.int32],
) -> None:
    """Write a header line and rows of x, y, z and label, with as many decimals as the steps of the cloud have."""
    x, y, z = cloud.xyz.T
    table = pl.DataFrame({"x": x, "y": y, "z": z, "label": cloud.labels})
    text = table.write_csv(separator=" ", float_precision=max(0, -round(np.log10(cloud.scale[0])))).encode()
    if path.suffix == ".gz":
        text = gzip.compress(text, compresslevel=9, mtime=0)
    path.write_bytes(text)


WRITERS: dict[
    str, Callable[[PointCloud, Path, int, Mapping[str, NDArray[np.generic]], NDArray[np.int32]], None]
] = {
    "laz": _write_las,
    "las": _write_las,
    "txt": _write_text,
    "txt.gz": _write_text,
}
"""Writer of each of `names.TRUTH_FORMATS`."""
