"""Packed files -> the cloud inside: gzip, and zip archives that hold one cloud.

They are unpacked into a directory of temporary files of the system, and never further than fits.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from bevseg.errors import CloudFormatError, OutOfMemoryError
from bevseg.io import foreign, formats
from bevseg.io.format_errors import damaged
from bevseg.printable import printable
from bevseg.runtime import memory

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"

MOST_RATIO, FREE_OF_RATIO = 200, 1 << 26
"""Points do not shrink to less than a two-hundredth: what unpacks to more, beyond the first 64 MiB, is refused."""

_BLOCK = 1 << 20
_ERRORS = (EOFError, OSError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError)
"""What gzip and zipfile raise for damaged files, unknown methods and passwords."""


class Stream(Protocol):
    """What can be read block by block."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`; none at the end."""


def is_packed(path: Path) -> bool:
    """Whether a file is gzipped or a zip archive; `.npz`, which is one, is a format of its own."""
    with path.open("rb") as file:
        head = file.read(4)
    return head[:2] == GZIP or (head == ZIP and not path.name.lower().endswith(".npz"))


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Yield the path of the cloud inside a packed file: a temporary file with the suffix of its format.

    Raises
    ------
    CloudFormatError
        If it is damaged, packed twice, an archive without exactly one cloud, or unpacks to absurdly much.
    OutOfMemoryError
        If what it holds will not fit.
    """
    with tempfile.TemporaryDirectory(prefix="bevseg-") as folder:
        with path.open("rb") as file:
            packed = file.read(2)
            file.seek(0)
            if packed == GZIP:
                inner = Path(folder) / f"cloud{formats.ending(Path(formats.without_packing(path.name)))}"
                with gzip.GzipFile(fileobj=file) as stream:
                    _copy(stream, inner, path)
            else:
                inner = _unzip(file, path, Path(folder))
        _ensure_cloud(inner, path)
        yield inner


def head(path: Path, size: int) -> bytes:
    """Return up to `size` bytes from the start of a file, unpacked if it is gzipped, as far as that can be done."""
    with path.open("rb") as file:
        start = file.read(size)
    if not start.startswith(GZIP):
        return start
    try:
        return zlib.decompressobj(wbits=31).decompress(start, size)
    except zlib.error:
        return b""


def ensure_no_bomb(size: int, packed: int, path: Path) -> None:
    """Raise CloudFormatError if `size` bytes come out of `packed` bytes that cannot be points."""
    if size > FREE_OF_RATIO and size > MOST_RATIO * packed:
        raise CloudFormatError(
            "The packed file unpacks to absurdly much",
            where=path,
            why=f"{packed:,} bytes hold more than {MOST_RATIO} times as many: {size:,} or more, which no points do",
            hint="unpack it yourself and look at it, or fetch it again",
        )


def _unzip(file: BinaryIO, path: Path, folder: Path) -> Path:
    """Unpack the only cloud of a zip archive."""
    try:
        archive = zipfile.ZipFile(file)
    except _ERRORS as error:
        raise damaged(path, "zip", str(error)) from error
    with archive:
        # `is_dir` looks at the last character of a name, and a damaged archive may hold an entry without any.
        members = [info for info in archive.infolist() if info.filename and not info.is_dir()]
        clouds = [info for info in members if _is_cloud_name(info.filename)]
        if len(clouds) != 1:
            names = ", ".join(printable(info.filename) for info in (clouds or members)[:4]) or "nothing"
            raise CloudFormatError(
                f"The zip archive holds {len(clouds)} clouds" if clouds else "The zip archive holds no cloud",
                where=path,
                why=f"in it: {names}{', ...' if len(clouds or members) > 4 else ''}",
                hint="unpack it, and give the directory",
            )
        # The name inside is never a path of ours: only its suffix is taken.
        inner = folder / f"cloud{formats.ending(Path(PurePosixPath(clouds[0].filename).name))}"
        try:
            stream = archive.open(clouds[0])
        except _ERRORS as error:
            raise damaged(path, "zip", str(error)) from error
        with stream:
            _copy(stream, inner, path)
    return inner


def _is_cloud_name(name: str) -> bool:
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not hidden and bool(formats.ending(Path(name)))


def _copy(stream: Stream, inner: Path, path: Path) -> None:
    """Copy a stream into a file, block by block, until it is at its end or too much."""
    size, packed = 0, path.stat().st_size
    limit = min(memory.available(), shutil.disk_usage(inner.parent).free)
    with inner.open("wb") as target:
        for block in _blocks(stream, path):
            size += len(block)
            ensure_no_bomb(size, packed, path)
            if size > limit:
                raise OutOfMemoryError(
                    "The unpacked cloud does not fit",
                    where=path,
                    why=f"it has more than {limit / memory.MIB:,.0f} MiB, which is what memory and the disk of "
                    "temporary files have left",
                    hint="unpack it yourself, and split it into tiles",
                )
            target.write(block)


def _blocks(stream: Stream, path: Path) -> Iterator[bytes]:
    try:
        while block := stream.read(_BLOCK):
            yield block
    except _ERRORS as error:
        raise damaged(path, "packed", str(error)) from error


def _ensure_cloud(inner: Path, path: Path) -> None:
    """Raise CloudFormatError if what was unpacked is empty, packed again, or an archive."""
    with inner.open("rb") as file:
        head = file.read(foreign.HEAD)
    if not head:
        raise CloudFormatError(
            "The packed file is empty",
            where=path,
            why="0 bytes are in it",
            hint="fetch it again, or remove it",
        )
    if head.startswith((GZIP, ZIP)) and inner.suffix != ".npz":
        raise CloudFormatError(
            "The file is packed twice", where=path, why="what is in it is packed again", hint="unpack it once"
        )
    kind = foreign.by_head(head)
    if kind is not None:
        raise foreign.not_read(path, kind)
