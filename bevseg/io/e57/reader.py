"""E57 -> points: all scans in one cloud, or one of them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from bevseg.errors import UsageError
from bevseg.io.columns import STAGES, raw_cloud
from bevseg.io.crs import from_wkt
from bevseg.io.e57.points import read_columns
from bevseg.io.e57.structure import read_structure
from bevseg.io.fields import AXES
from bevseg.io.format_errors import no_points
from bevseg.io.raw import RawCloud
from bevseg.runtime import memory


def read(path: Path, *, scan: int | None = None) -> RawCloud:
    """Read the scans of a file into one cloud, each with its pose applied.

    Parameters
    ----------
    path
        The file.
    scan
        Number of a scan, from 1; None for all.

    Returns
    -------
    RawCloud
        Its fields are those of the file: `intensity`, `red`, `green`, `blue`, `row_index`, `column_index`,
        `gps_time`, normals; and `point_source_id`, the number of the scan. Rays without a return are left out.

    Raises
    ------
    CloudFormatError
        If the file is damaged, has no points, or more than its bytes can hold.
    DependencyError
        If pye57 is not installed.
    UsageError
        If there is no scan of this number.
    """
    structure = read_structure(path)
    chosen = list(enumerate(structure.scans, start=1))
    if scan is not None:
        if not 1 <= scan <= len(chosen):
            raise UsageError(f"There is no scan {scan}", where=path, why=f"the file has {len(chosen)}")
        chosen = [chosen[scan - 1]]
    total = sum(described.count for _, described in chosen)
    if total == 0:
        raise no_points(path, f"its {len(chosen)} scans hold none")
    widest = max(sum(field.kind.itemsize for field in described.fields) for _, described in chosen)
    memory.require(total, 2 * (24 + widest) + STAGES, where=path)
    xyz, columns = read_columns(path, chosen)
    if len(xyz) == 0:
        raise no_points(path, f"none of its {total:,} rays has a return")
    if len(xyz) < total:
        warnings.warn(
            f"{path}: {total - len(xyz):,} of {total:,} points are marked invalid, as rays without a return are: "
            "they are left out",
            stacklevel=2,
        )
    middle = (float(np.mean(xyz[:, 0])), float(np.mean(xyz[:, 1])))
    crs = from_wkt(structure.crs, path, middle) if structure.crs else None
    return raw_cloud(dict(zip(AXES, xyz.T, strict=True)) | columns, path, crs)


def scans(path: Path) -> list[str]:
    """Return the names of the scans of a file.

    Raises
    ------
    CloudFormatError
        If the file is damaged.
    """
    return [scan.name for scan in read_structure(path).scans]
