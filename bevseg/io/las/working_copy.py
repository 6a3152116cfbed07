"""The cloud of a work directory: LAS that gives back exactly what was written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from bevseg.config.files import parse_json
from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.errors import CloudFormatError
from bevseg.io.las.reader import read_source
from bevseg.io.las.record import WITHHELD, write_codes
from bevseg.io.las.records import Record

_NOTE = ("bevseg", 1)
"""Record in a work directory's cloud: what LAS has no field for."""
_FORMAT = 6
"""Point format of such clouds."""
_AGAIN = "create it with `bevseg ingest`"


def write(cloud: PointCloud, path: Path) -> None:
    """Write the cloud of a work directory: LAS 1.4 with train ids as classes; `read` gives it back exactly.

    Raises
    ------
    OSError
        If the system refuses the write.
    """
    note = {
        "scale": cloud.scale,
        "offset": cloud.offset,
        "labelled": cloud.labels is not None,
        "crs": vars(cloud.crs) if cloud.crs else None,
    }
    codes = cloud.labels if cloud.labels is not None else np.zeros(len(cloud), np.uint8)
    record = Record.new(*_NOTE, json.dumps(note).encode(), "exact scale, offset and units, m")
    bare = PointCloud(cloud.x, cloud.y, cloud.z, cloud.scale, cloud.offset, finite=cloud.used, crs=cloud.crs)
    write_codes(bare, codes, path, {}, lambda header: header.replace(record))


def read(path: Path) -> PointCloud:
    """Read what `write` wrote: the same steps, scale, labels and mask.

    Raises
    ------
    CloudFormatError
        If the file is damaged, or is no work directory's cloud.
    """
    source = read_source(path)
    record = source.header.find(*_NOTE)
    if record is None or source.point_format < _FORMAT:
        raise _not_ours(path, "it has no record of bevseg")
    note = parse_json(record.data.decode("utf-8", "replace"), path, CloudFormatError, hint=_AGAIN)
    points = source.points
    finite = points["classification_flags"] & np.uint8(WITHHELD) == 0
    try:
        return PointCloud(
            points["X"],
            points["Y"],
            points["Z"],
            scale=_three(note["scale"]),
            offset=_three(note["offset"]),
            labels=points["classification"].copy() if note["labelled"] else None,
            finite=None if finite.all() else finite,
            crs=Crs(**note["crs"]) if note["crs"] else None,
            name=path.parent.name,
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _not_ours(path, f"its record of bevseg is damaged ({error})") from error


def _three(values: list[float]) -> tuple[float, float, float]:
    x, y, z = map(float, values)
    if not np.isfinite([x, y, z]).all():
        raise ValueError(f"{values} are no numbers of a scale or offset")
    return x, y, z


def _not_ours(path: Path, why: str) -> CloudFormatError:
    return CloudFormatError("Not a cloud of a work directory", where=path, why=why, hint=_AGAIN)
