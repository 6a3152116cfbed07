"""Simulated cloud -> SHREC'20 text, plain or gzipped. No dates are written: equal clouds give equal bytes."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bevseg.core.pointcloud import PointCloud


def write(
    cloud: PointCloud,
    path: Path,
    *,
    epsg: int,
    measured: Mapping[str, NDArray[np.generic]],
    instances: NDArray[np.int32],
) -> None:
    """Write a header line and rows of x, y, z and label, with as many decimals as the steps of the cloud have.

    The parameters are those of `bevseg.io.simulated.write`. Text has no room for the last three.
    """
    x, y, z = cloud.xyz.T
    table = pl.DataFrame({"x": x, "y": y, "z": z, "label": cloud.labels})
    text = table.write_csv(separator=" ", float_precision=max(0, -round(np.log10(cloud.scale[0])))).encode()
    if path.suffix == ".gz":
        text = gzip.compress(text, compresslevel=9, mtime=0)
    path.write_bytes(text)
