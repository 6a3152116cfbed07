"""Point clouds as text: SHREC'20 and generic ASCII, plain or gzipped, read and written.

polars parses. Regular files are handed to it as they are; only where it stumbles are blanks and comments tidied
first, and only when that does not help is the offending line looked for.
"""

from __future__ import annotations

import gzip
import warnings
import zlib
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bevseg import memory
from bevseg.errors import CloudFormatError
from bevseg.io.columns import AXES, COMMENTS, SKIPPED, Layout, is_number, layout, split
from bevseg.io.scan import Scan
from bevseg.pointcloud import PointCloud

BYTES_PER_POINT = 200.0
"""The text of a point, its numbers, the steps made of them, and what the stages hold after."""

_BYTES_PER_LINE = 20
"""A short line; the estimate of the number of points errs on the high side."""


def read(path: Path, *, columns: str | None = None) -> Scan:
    """Read a text cloud.

    Parameters
    ----------
    path
        The file.
    columns
        Comma-separated meaning of each column, from `x`, `y`, `z`, `label` and `-`. None: as a header line names
        them, else x, y, z and, if there is a fourth column, label.

    Raises
    ------
    CloudFormatError
        If the file is empty, cut short, ragged, or holds letters: with the line and what stands there.
    UsageError
        If `columns` does not fit the file.
    """
    data = _content(path)
    start = layout(data, columns, path)
    table = _parse(data, start, path)
    del data
    codes = _codes(table["label"].to_numpy(), path) if "label" in table.columns else None
    xyz = table.select(AXES).to_numpy()
    return Scan(PointCloud.from_xyz(xyz, name=str(path)), codes)


def looks_like_points(path: Path) -> bool:
    """Whether the first lines of a file are rows of numbers; reads only the head of it."""
    try:
        with gzip.open(path) if _is_gzip(path) else path.open("rb") as file:
            head = file.read(1 << 16)
        lines = layout(head, None, path)
    except (OSError, EOFError, zlib.error, CloudFormatError):
        return False
    rows = head[lines.offset :].decode("utf-8", "replace").splitlines()
    rows = rows[:-1] or rows
    return all(is_number(field) for row in rows[:20] for field in split(row.strip())[0][:3])


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _content(path: Path) -> bytes:
    """Return the unpacked bytes of the file."""
    data = path.read_bytes()
    packed = data[:2] == b"\x1f\x8b"
    size = int.from_bytes(data[-4:], "little") if packed else len(data)
    memory.require(size // _BYTES_PER_LINE, BYTES_PER_POINT, where=path)
    if not packed:
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise CloudFormatError(
            "The gzip file is damaged or cut short", where=path, why=str(error), hint="fetch it again"
        ) from error


def _parse(data: bytes, start: Layout, path: Path) -> pl.DataFrame:
    """Parse all lines from the first point on; the columns of the result are named by `start`."""
    end = len(data)
    while end and data[end - 1] in b" \t\r\n":
        end -= 1
    body = data[start.offset : end]
    try:
        table = _table(body, start, start.separator)
    except ValueError:
        try:
            table = _table(_tidied(body, start.separator), start, start.separator.replace("\t", " "))
        except ValueError as error:
            raise _explained(body, start, path, str(error)) from error
    if start.claimed is not None and table.height < start.claimed:
        raise CloudFormatError(
            "The file holds fewer points than it says",
            where=path,
            why=f"{start.claimed:,} by its count line, {table.height:,} found",
            hint="the file is probably cut short: fetch it again",
        )
    return table


def _table(body: bytes, start: Layout, separator: str) -> pl.DataFrame:
    """Parse lines of numbers; ValueError for anything else among them."""
    schema = {str(i): pl.Float64 for i in range(len(start.names))}
    kept = [i for i, name in enumerate(start.names) if name != SKIPPED]
    try:
        table = pl.read_csv(
            body, has_header=False, separator=separator, quote_char=None, schema=schema, columns=kept
        )
    except pl.exceptions.PolarsError as error:
        raise ValueError(str(error).splitlines()[0]) from error
    if any(table.null_count().row(0)):
        raise ValueError("a row is too short")
    if start.names[-1] == SKIPPED:  # polars does not miss what it does not read
        between = np.count_nonzero(np.frombuffer(body, np.uint8) == ord(separator))
        if between != table.height * (len(start.names) - 1):
            raise ValueError("a row is too short or too long")
    table.columns = [start.names[i] for i in kept]
    return table


def _tidied(body: bytes, separator: str) -> bytes:
    """Return the lines without comments, empty lines and needless blanks."""
    body = body.replace(b"\r", b"")
    if separator in ";,":
        body = body.translate(None, b" \t")
    else:
        body = body.replace(b"\t", b" ")
        while b"  " in body:
            body = body.replace(b"  ", b" ")
        body = body.replace(b" \n", b"\n").replace(b"\n ", b"\n").strip(b" ")
    if any(b"\n" + mark in body for mark in COMMENTS):
        body = b"\n".join(line for line in body.split(b"\n") if not line.startswith(COMMENTS))
    while b"\n\n" in body:
        body = body.replace(b"\n\n", b"\n")
    return body.strip(b"\n")


def _explained(body: bytes, start: Layout, path: Path, why: str) -> CloudFormatError:
    """Look for the first line that is no point."""
    wanted = [i for i, name in enumerate(start.names) if name != SKIPPED]
    for number, line in enumerate(body.split(b"\n"), start=start.line):
        text = line.decode("utf-8", "replace").strip()
        if not text or line.lstrip().startswith(COMMENTS):
            continue
        fields = split(text)[0]
        if len(fields) != len(start.names):
            why = f"line {number} has {len(fields)} columns, the first point has {len(start.names)}: {text[:80]!r}"
            break
        bad = [fields[i] for i in wanted if not is_number(fields[i])]
        if bad:
            why = f"line {number} holds {bad[0]!r} where a number is expected: {text[:80]!r}"
            break
    return CloudFormatError(
        "The text is not a table of numbers", where=path, why=why, hint="correct or remove that line"
    )


def _codes(labels: NDArray[np.float64], path: Path) -> NDArray[np.int64] | None:
    """Return the label column as whole numbers; None, with a warning, if it holds something else."""
    codes = np.zeros(len(labels), np.int64)
    finite = np.isfinite(labels)
    np.copyto(codes, labels, where=finite, casting="unsafe")
    if finite.all() and (codes == labels).all():
        return codes
    warnings.warn(
        f"{path}: column `label` holds {labels[(codes != labels).argmax()]}, which is no class code; the cloud "
        "counts as unlabelled. Name the label column with --columns",
        stacklevel=2,
    )
    return None
