"""Errors that the readers of several formats raise, in one wording."""

from __future__ import annotations

from pathlib import Path

from bevseg.errors import CloudFormatError

_FETCH = "download or copy it again"


def no_points(path: Path, why: str) -> CloudFormatError:
    """Return the error for a file that is sound but has no points."""
    return CloudFormatError("The cloud has no points", where=path, why=why, hint="remove this file")


def too_few(path: Path, claimed: int, held: int | None = None) -> CloudFormatError:
    """Return the error for a file with fewer points than its header says; `held` is None if the number is unknown."""
    return CloudFormatError(
        "The file has fewer points than its header says",
        where=path,
        why=f"{claimed:,} in the header, {'fewer' if held is None else format(held, ',')} in the file",
        hint=f"it is probably truncated: {_FETCH}",
    )


def damaged(path: Path, kind: str, why: str) -> CloudFormatError:
    """Return the error for a file of format `kind` that cannot be decoded."""
    return CloudFormatError(
        f"The {kind} file is damaged or truncated", where=path, why=why, hint=f"{_FETCH}, or check its format"
    )
