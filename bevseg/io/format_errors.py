"""Errors that the readers of several formats raise, in one wording."""

from __future__ import annotations

from pathlib import Path

from bevseg.errors import CloudFormatError

_FETCH = "fetch it again"


def no_points(path: Path, why: str) -> CloudFormatError:
    """Return the error for a file that is sound but has no points."""
    return CloudFormatError("The cloud has no points", where=path, why=why, hint="leave this file out")


def too_few(path: Path, claimed: int, held: int | None = None) -> CloudFormatError:
    """Return the error for a file with fewer points than its header says; `held` is None if nobody counted them."""
    return CloudFormatError(
        "The file holds fewer points than its header claims",
        where=path,
        why=f"{claimed:,} by its header, {'fewer' if held is None else format(held, ',')} found",
        hint=f"it is probably cut short: {_FETCH}",
    )


def damaged(path: Path, kind: str, why: str) -> CloudFormatError:
    """Return the error for a file of format `kind` that cannot be decoded."""
    return CloudFormatError(
        f"The {kind} file is damaged or cut short", where=path, why=why, hint=f"{_FETCH}, or check its format"
    )
