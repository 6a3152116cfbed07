"""A text file, plain or gzipped -> its bytes, within bounds that are checked before they are spent."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from bevseg.errors import CloudFormatError
from bevseg.io.format_errors import damaged
from bevseg.runtime import memory

_GZIP = b"\x1f\x8b"

BYTES_PER_POINT = 180.0
"""The text of a point, its numbers, the steps made of them, and what the stages hold after."""
_BYTES_PER_LINE = 24
"""About the length of `x y z label` with millimetres. The number of points is not known before all are read."""
_LEAST_RATIO = 3
"""Least compression of text. The size that gzip writes at the end of a file is missing where a file is cut short."""
_PART = 1 << 24
_MOST_RATIO = 200
_ALWAYS = 1 << 26
"""Unpacked bytes up to which any ratio is accepted. Lists of points pack to a third or a tenth."""


def content(path: Path) -> bytes:
    """Return the unpacked bytes of the file.

    Raises
    ------
    CloudFormatError
        If it is damaged, or unpacks to more than a list of points can.
    OutOfMemoryError
        If it does not fit in memory.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    _require_memory(size * (_LEAST_RATIO if packed else 1), path)
    return _unpacked(path) if packed else path.read_bytes()


def head(path: Path, size: int) -> bytes:
    """Return up to `size` unpacked bytes from the start; of a damaged gzip file the part that can be read."""
    with path.open("rb") as file:
        start = file.read(size)
    if start[:2] != _GZIP:
        return start
    try:
        return zlib.decompressobj(wbits=31).decompress(start, size)
    except zlib.error:
        return b""


def _unpacked(path: Path) -> bytes:
    parts: list[bytes] = []
    size = 0
    with path.open("rb") as file, gzip.GzipFile(fileobj=file) as stream:
        try:
            while part := stream.read(_PART):
                parts.append(part)
                size += len(part)
                if size > max(_ALWAYS, _MOST_RATIO * file.tell()):
                    raise CloudFormatError(
                        "The gzip file unpacks to more than a list of points can",
                        where=path,
                        why=f"its first {file.tell():,} bytes unpack to {size:,}",
                        hint="unpack it and look at what it holds",
                    )
                _require_memory(size, path)
        except (EOFError, OSError, zlib.error) as error:
            raise damaged(path, "gzip", str(error)) from error
    return b"".join(parts)


def _require_memory(size: int, path: Path) -> None:
    memory.require(size // _BYTES_PER_LINE, BYTES_PER_POINT, where=path)
