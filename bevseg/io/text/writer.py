"""Labelled cloud -> SHREC'20 text, plain or gzipped."""

from __future__ import annotations

import gzip
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

import polars as pl

from bevseg.core.labels import Scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.io.class_codes import codes_to_write
from bevseg.io.coordinates import in_file_units, units
from bevseg.io.fields import AXES

_ROWS = 1_000_000
"""Lines that are formatted at a time."""
_MOST_DECIMALS = 9
_GZIP_LEVEL = 6


def write(cloud: PointCloud, point_labels: PointLabels, path: Path, scheme: Scheme) -> None:
    """Write SHREC'20 text: a header line, then `x y z label`, in the units and at the resolution of the source.

    Raises
    ------
    LabelError
        If the scheme has no code for a class.
    OSError
        If the system refuses the write.
    """
    codes = codes_to_write(cloud, point_labels, scheme, path)
    rows = pl.DataFrame(dict(zip(AXES, in_file_units(cloud), strict=True)) | {"label": codes})
    finest = min(scale / unit for scale, unit in zip(cloud.scale, units(cloud), strict=True))
    with (
        path.open("wb") as plain,
        _packed(plain) if path.suffix.lower() == ".gz" else nullcontext(plain) as file,
    ):
        for start in range(0, max(len(cloud), 1), _ROWS):
            part = rows.slice(start, _ROWS)
            text = part.write_csv(separator=" ", include_header=start == 0, float_precision=decimals(finest))
            file.write(text.encode())


def _packed(file: BinaryIO) -> gzip.GzipFile:
    """Return a gzip stream without name and time, so that equal points give equal bytes."""
    return gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0)


def decimals(step: float) -> int:
    """Return the decimals that multiples of `step` need: 3 for 0.001, 5 for 0.00025."""
    places = 0
    while places < _MOST_DECIMALS and abs(round(step, places) - step) > 1e-6 * step:
        places += 1
    return places
