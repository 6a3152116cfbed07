"""What is recorded of a cloud: the file it was read from, its points, bounds, CRS and classes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np

from bevseg.core.labels import CLASS_NAMES
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import InputError
from bevseg.printable import utf8

SOURCE_URI = "source_uri"
"""Key of `cloud.json` where the path of the source is not UTF-8: its `file:` address, which keeps every byte."""


def cloud_facts(cloud: PointCloud, path: Path) -> dict[str, Any]:
    """Return what `cloud.json` says about a cloud and the file it was read from: JSON values, lengths in metres."""
    bounds = cloud.bounds()
    finite = len(cloud) if cloud.finite is None else int(cloud.finite.sum())
    histogram = None
    if cloud.labels is not None:
        counts = np.bincount(cloud.labels, minlength=len(CLASS_NAMES))
        histogram = {name: int(count) for name, count in zip(CLASS_NAMES, counts, strict=True)}
    return {
        **_source(path.resolve()),
        "sha256": sha256(path),
        "points": len(cloud),
        "non_finite": len(cloud) - finite,
        "duplicates": duplicates(cloud),
        "bounds_m": None if bounds is None else dict(zip("xyz", bounds, strict=True)),
        "scale_m": cloud.scale,
        "crs": cloud.crs.wkt if cloud.crs else None,
        "metres_per_unit": {
            "horizontal": cloud.crs.horizontal if cloud.crs else 1.0,
            "vertical": cloud.crs.vertical if cloud.crs else 1.0,
        },
        "classes": histogram,
    }


def source_of(facts: Mapping[str, Any], where: Path) -> Path:
    """Return the file that a cloud was read from.

    Parameters
    ----------
    facts
        From `cloud.json`.
    where
        That file, for messages.

    Raises
    ------
    InputError
        If what it says is no path.
    """
    uri = facts.get(SOURCE_URI)
    if uri is None:
        return Path(facts["source"])
    if not isinstance(uri, str) or not uri.startswith("file:///"):
        raise InputError(
            f"The {SOURCE_URI} of a cloud is no address of a file",
            where=where,
            why=f"it is {uri!r}",
            hint="run ingest again",
        )
    return Path(os.fsdecode(unquote_to_bytes(uri.removeprefix("file://"))))


def _source(path: Path) -> dict[str, str]:
    """Return the path for people, and, if its bytes are not UTF-8, as an address that loses nothing."""
    text = utf8(str(path))
    return {"source": text} if text == str(path) else {"source": text, SOURCE_URI: path.as_uri()}


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits; a later stage checks that the file has not changed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def duplicates(cloud: PointCloud) -> int:
    """Return the number of finite points with exactly the coordinates of an earlier point."""
    steps = [s if cloud.finite is None else s[cloud.finite] for s in (cloud.x, cloud.y, cloud.z)]
    if len(steps[0]) == 0:
        return 0
    order = np.lexsort(steps)
    same = np.ones(len(order) - 1, bool)
    for axis in steps:
        sorted_steps = axis[order]
        same &= sorted_steps[1:] == sorted_steps[:-1]
    return int(same.sum())
