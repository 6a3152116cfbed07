"""Source and result of any formats -> the first difference that bevseg does not declare."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bevseg.io import formats, packed
from bevseg.io.compare import clouds, kept, las, text
from bevseg.io.compare.difference import Difference
from bevseg.io.find import ensure_regular

_LAS = ("LAS", "COPC")


def compare(
    source: Path,
    result: Path,
    columns: str | None = None,
    scan: int | None = None,
    keep: Sequence[int] = (),
) -> Difference | None:
    """Return the first difference that bevseg does not declare; None if there is none.

    Parameters
    ----------
    source, result
        The files, packed ones included.
    columns
        Columns of a source of text or arrays.
    scan
        Number of the scan of the source, from 1; None for all together.
    keep
        Codes of the source that its points have in the result as well.

    Raises
    ------
    BevsegError
        If a file cannot be read.
    """
    with warnings.catch_warnings(), _unpacked(source) as one, _unpacked(result) as other:
        warnings.simplefilter("ignore", UserWarning)  # of classes and CRS; `run` has said them
        found = _difference(one, other, columns, scan)
        return kept.compare(one, other, keep, columns, scan) if found is None and keep else found


def _difference(source: Path, result: Path, columns: str | None, scan: int | None) -> Difference | None:
    names = [formats.format_to_read(path).name for path in (source, result)]
    if all(name in _LAS for name in names):
        return las.compare(source, result)
    if names == ["text", "text"]:
        return text.compare(source, result, columns)
    return clouds.compare(source, result, columns, scan)


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """Yield the file itself, or the cloud in it."""
    ensure_regular(path)
    if not packed.is_packed(path):
        yield path
        return
    with packed.unpacked(path) as inner:
        yield inner
