"""The cloud of a work directory: LAS that gives back exactly what was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.config.domains import Domain, Fault, Flag, Number, checked, refusal, unknown_keys, wrong_value
from bevseg.config.files import parse_json
from bevseg.core.labels import CLASS_NAMES
from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.errors import CloudFormatError
from bevseg.io.las.layout import WITHHELD, layout
from bevseg.io.las.reader import read_source
from bevseg.io.las.record import write_codes
from bevseg.io.las.records import Record

_NOTE = ("bevseg", 1)
"""Record in a work directory's cloud: what LAS has no field for."""
_FORMAT = 6
"""Point format of such clouds."""
_AGAIN = "create it with `bevseg ingest`"


_CRS: dict[str, Domain] = {"horizontal": Number(above=0), "vertical": Number(above=0)}
"""What a reference system has beside its WKT."""


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
    write_codes(layout(bare), codes, path, {}, lambda header: header.replace(record))


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
        raise CloudFormatError(
            "Not a cloud of a work directory", where=path, why="it has no record of bevseg", hint=_AGAIN
        )
    note = parse_json(
        record.data.decode("utf-8", "replace"),
        path,
        CloudFormatError,
        hint=_AGAIN,
    )
    faults = _faults(note)
    if faults:
        raise refusal(faults, path, CloudFormatError, _AGAIN)
    points = source.points
    finite = points["classification_flags"] & np.uint8(WITHHELD) == 0
    return PointCloud(
        points["X"],
        points["Y"],
        points["Z"],
        scale=tuple(note["scale"]),
        offset=tuple(note["offset"]),
        labels=_train_ids(points["classification"], path) if note["labelled"] else None,
        finite=None if finite.all() else finite,
        crs=Crs(**note["crs"]) if note["crs"] else None,
        name=path.parent.name,
    )


def _faults(note: dict[str, Any]) -> list[Fault]:
    """Return what is wrong with the record of bevseg in the file."""
    faults = checked({"labelled": Flag()}, note)[1]
    for key, domain in (("scale", Number(above=0)), ("offset", Number())):
        values = note.get(key)
        if not isinstance(values, list) or len(values) != 3:
            faults.append(wrong_value(key, values, "three numbers"))
        else:
            faults += checked(dict.fromkeys("xyz", domain), dict(zip("xyz", values, strict=True)), key)[1]
    crs = note.get("crs", "nothing")
    if crs is not None:
        if isinstance(crs, dict):
            faults += unknown_keys(crs, ("wkt", *_CRS), "crs") + checked(_CRS, crs, "crs")[1]
            if not isinstance(crs.get("wkt"), str):
                faults.append(wrong_value("crs.wkt", crs.get("wkt"), "a text"))
        else:
            faults.append(wrong_value("crs", crs, "a table"))
    return faults


def _train_ids(classification: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    """Return a copy of the classes, or raise CloudFormatError if one is no train id."""
    most = int(classification.max(initial=0))
    if most >= len(CLASS_NAMES):
        raise CloudFormatError(
            "The cloud has classes that are no train ids",
            where=path,
            why=f"it holds {most}; train ids are 0 to {len(CLASS_NAMES) - 1}",
            hint=_AGAIN,
        )
    return classification.copy()
