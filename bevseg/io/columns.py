"""Named columns -> points, class codes and the fields beside them: arrays, KITTI and E57 alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.errors import CloudFormatError, UsageError
from bevseg.io.coordinates import finite_ends, step_of
from bevseg.io.crs.degrees import ensure_no_degrees
from bevseg.io.fields import AXES, BESIDE_CLASS, CLASS, meaning, plain
from bevseg.io.format_errors import no_points
from bevseg.io.raw import RawCloud, class_codes

SKIPPED = "-"

STAGES = 90.0
"""Bytes that the stages need for a point, beside its columns."""

_DECIMALS = 4
"""Of coordinates that are no decimal numbers. These formats are not written: only the steps remain of them."""


@dataclass(frozen=True)
class Columns:
    """The fields of a file whose points have one array per field, without its coordinates."""

    arrays: Mapping[str, NDArray[np.generic]]

    def fields(self) -> dict[str, NDArray[np.generic]]:
        """Return name -> (N,) values."""
        return dict(self.arrays)


def raw_cloud(columns: Mapping[str, NDArray[np.generic]], path: Path, crs: Crs | None = None) -> RawCloud:
    """Turn columns into points, class codes and fields.

    Parameters
    ----------
    columns
        Name -> (N,) values; the usual names of x, y, z and of classes are known.
    path
        For messages.
    crs
        The reference system, if the file names one.

    Raises
    ------
    CloudFormatError
        If x, y or z is missing or there twice, or there are no points.
    """
    meanings = {name: meaning(name) for name in columns}
    axes = []
    for axis in AXES:
        found = [name for name in columns if plain(name) == axis]
        found = found or [name for name, what in meanings.items() if what == axis]
        if len(found) != 1:
            raise CloudFormatError(
                f"The points have no {axis}" if not found else f"The points have {axis} {len(found)} times",
                where=path,
                why=f"their columns are {', '.join(columns)}",
                hint="name the columns of the coordinates x, y and z",
            )
        axes += found
    kind = np.result_type(*(columns[name].dtype for name in axes), np.float32)
    xyz = np.stack([np.asarray(columns[name], kind.newbyteorder("=")) for name in axes]).T
    if len(xyz) == 0:
        raise no_points(path, "its arrays have no rows")
    ends = finite_ends(xyz)
    if crs is None:
        ensure_no_degrees(ends, len(xyz), path)
    labels = next((name for name, what in meanings.items() if what == CLASS), None)
    left = {name: values for name, values in columns.items() if name not in (*axes, *BESIDE_CLASS)}
    cloud = PointCloud.from_xyz(
        xyz, scale=step_of(xyz, ends=ends, otherwise=_DECIMALS), crs=crs, name=str(path), source=Columns(left)
    )
    return RawCloud(cloud, None if labels is None else class_codes(columns[labels], path))


def read_names(text: str, count: int, path: Path) -> tuple[str, ...]:
    """Return the name of each of `count` columns, from `--columns`.

    Raises
    ------
    UsageError
        If x, y and z are not among them once, a name is there twice, or they are more or fewer.
    """
    names = tuple(name.strip() for name in text.split(","))
    used = [name for name in names if name != SKIPPED]
    if any(names.count(axis) != 1 for axis in AXES) or len(set(used)) != len(used) or "" in names:
        raise UsageError(
            f"Columns {text!r} cannot be used",
            where="--columns",
            why=f"expected each of x, y, z once, no name twice, and {SKIPPED} for a column to skip",
            hint="for example --columns x,y,z,intensity",
        )
    if len(names) != count:
        raise UsageError(
            f"{len(names)} columns for a file with {count}",
            where=path,
            hint=f"name as many columns, {SKIPPED} for one to skip",
        )
    return names
