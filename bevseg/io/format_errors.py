"""Errors and warnings of the readers of several formats, in one wording."""

from __future__ import annotations

import warnings
from pathlib import Path

from bevseg.errors import CloudFormatError

_FETCH = "download or copy it again"


def no_points(path: Path, why: str) -> CloudFormatError:
    """Return the error for a file that is sound but has no points."""
    return CloudFormatError("The cloud has no points", where=path, why=why, hint="check how it was exported")


def too_few(path: Path, claimed: int, held: int | None = None) -> CloudFormatError:
    """Return the error for a file with fewer points than its header says; `held` is None if the number is unknown."""
    return CloudFormatError(
        "The file has fewer points than its header says",
        where=path,
        why=f"{claimed:,} in the header, {'fewer' if held is None else format(held, ',')} in the file",
        hint=f"it is probably truncated: {_FETCH}",
    )


def warn_of_more(path: Path, count: int) -> None:
    """Warn of a file that may hold more points than the `count` of its header, which are read."""
    warnings.warn(
        f"{path}: the file may hold more points than its header counts: {count:,} points are read; compare with the "
        "original",
        stacklevel=3,
    )


def warn_of_cut(path: Path, what: str) -> None:
    """Warn of a file that has all of its points, and ends before what follows them is complete."""
    warnings.warn(
        f"{path}: the file ends before the {what} of its header do: all points are read, and what is there of the "
        "rest is kept; compare with the original",
        stacklevel=3,
    )


def damaged(path: Path, kind: str, why: str) -> CloudFormatError:
    """Return the error for a file of format `kind` that cannot be decoded."""
    return CloudFormatError(
        f"The {kind} file is damaged or truncated", where=path, why=why, hint=f"{_FETCH}, or check its format"
    )
