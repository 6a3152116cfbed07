"""Labelled cloud -> text, plain or gzipped: the lines of a text source with new classes, or a table of all fields."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bevseg.core.labels import Scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.io.class_codes import codes_to_write
from bevseg.io.coordinates import in_file_units, lost_system, units
from bevseg.io.fields import AXES, Source, beside_class, meaning, only_here
from bevseg.io.text.columns import LABEL
from bevseg.io.text.heading import closing, heading, usable_names
from bevseg.io.text.source import TextSource
from bevseg.io.text.splice import spliced
from bevseg.io.text.units import word_of

_ROWS = 1_000_000
"""Lines that are formatted at a time."""
_MOST_DECIMALS = 9
_GZIP_LEVEL = 6
_OTHER_LABEL = "bevseg_label"
"""Name of the new class beside a column of classes that is kept."""


def write(cloud: PointCloud, point_labels: PointLabels, path: Path, scheme: Scheme) -> None:
    """Write text with a class per point, and the columns of `bevseg.io.fields.beside_class`.

    A text source comes back line by line, with its own header and separator: the new class replaces its column of
    classes, or is added as `label`. The names of columns of a `.pts` stand in a comment behind the points. Other
    sources give a header line, then x, y and z in the units and at the resolution of the source, all their fields,
    `label` and these columns. The header names units other than metres: `x_ft`.

    Raises
    ------
    LabelError
        If the scheme has no code for a class.
    OSError
        If the system refuses the write.
    """
    codes = codes_to_write(cloud, point_labels, scheme, path)
    if isinstance(cloud.source, TextSource):
        beside = beside_class(point_labels, cloud.source.layout.titles)
        parts = _lines(cloud.source, codes, beside, counted=is_pts(path))
    else:
        parts = _table(cloud, codes, beside_class(point_labels, ()))
    with (
        path.open("wb") as plain,
        _packed(plain) if path.suffix.lower() == ".gz" else nullcontext(plain) as file,
    ):
        for part in parts:
            file.write(part)


def cannot_keep(cloud: PointCloud) -> list[str]:
    """Return what text cannot hold of a cloud, one sentence each."""
    if isinstance(cloud.source, TextSource):
        return []
    unnamed = [f"{size:.10g} m" for size in sorted({*units(cloud)}) if word_of(size) is None]
    return [
        *lost_system(cloud, "text"),
        *([f"the units of the coordinates, {' and '.join(unnamed)}, are not named"] if unnamed else []),
        *only_here(cloud.source),
    ]


def is_pts(path: Path) -> bool:
    """Whether a file is called so that readers expect a count of points in its first line, and points below it."""
    return path.name.lower().removesuffix(".gz").endswith(".pts")


def _lines(
    source: TextSource, codes: NDArray[np.integer], beside: Mapping[str, NDArray[np.uint8]], *, counted: bool
) -> Iterator[bytes]:
    name, names = label_name(source.layout.titles), tuple(beside)
    first, last = (part(source, name, names, counted=counted) for part in (heading, closing))
    for part in itertools.chain([first], spliced(source.body, source.layout, codes, beside), [last]):
        yield part if source.end == b"\n" else part.replace(b"\n", source.end)


def _table(
    cloud: PointCloud, codes: NDArray[np.integer], beside: dict[str, NDArray[np.uint8]]
) -> Iterator[bytes]:
    fields = cloud.source.fields() if isinstance(cloud.source, Source) else {}
    names = usable_names(list(fields))
    values = dict(zip(names, (_plain(values) for values in fields.values()), strict=True))
    axes = _axes(cloud)
    rows = pl.DataFrame(
        dict(zip(axes, in_file_units(cloud), strict=True)) | values | {label_name(names): codes} | beside
    )
    finest = min(scale / unit for scale, unit in zip(cloud.scale, units(cloud), strict=True))
    floats = [name for name, kind in rows.schema.items() if kind.is_float() and name not in axes]
    for start in range(0, max(len(cloud), 1), _ROWS):
        part = rows.slice(start, _ROWS).with_columns(pl.col(floats).cast(pl.String))
        yield part.write_csv(
            separator=" ",
            include_header=start == 0,
            float_precision=decimals(finest),
            quote_style="necessary",
        ).encode()


def _axes(cloud: PointCloud) -> list[str]:
    """Return names of the coordinates, with their units if they are no metres: `x_ft`."""
    words = [word_of(size) for size in units(cloud)]
    if None in words or {*words} == {"m"}:
        return [*AXES]
    return [f"{axis}_{word}" for axis, word in zip(AXES, words, strict=True)]


def _plain(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return values of a type and byte order that polars takes."""
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype == np.float16:
        return values.astype(np.float32)
    return np.ascontiguousarray(values, values.dtype.newbyteorder("="))


def label_name(names: Iterable[str]) -> str:
    """Return a name for the new class that no reader takes for one of the other columns."""
    return _OTHER_LABEL if any(meaning(name) == "class" for name in names) else LABEL


def _packed(file: BinaryIO) -> gzip.GzipFile:
    """Return a gzip stream without name and time, so that equal points give equal bytes."""
    return gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0)


def decimals(step: float) -> int:
    """Return the decimals that multiples of `step` need: 3 for 0.001, 5 for 0.00025."""
    places = 0
    while places < _MOST_DECIMALS and abs(round(step, places) - step) > 1e-6 * step:
        places += 1
    return places
