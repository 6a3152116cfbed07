"""Path -> its format, by the table and the entry points of users; and the formats in words, for messages."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path
from types import ModuleType

from bevseg.config.plugins import entry_points
from bevseg.errors import DependencyError
from bevseg.io import FORMATS, WRITTEN, Format

GROUP = "bevseg.formats"
"""Group of the entry points of users; the contract stands in `bevseg.io`."""


@functools.cache
def user_formats() -> tuple[Format, ...]:
    """Return the formats of installed packages, sorted by suffix."""
    found = {name.lower().lstrip("."): point.module for name, point in entry_points(GROUP).items()}
    return tuple(
        Format(f".{word}", (f".{word}",), module, (word,), module) for word, module in sorted(found.items())
    )


def format_to_read(path: Path) -> Format:
    """Return the format that a file is read in: by its suffix, else the one for any suffix."""
    suffix = path.suffix.lower()
    known = _by_suffix(FORMATS, suffix) or _by_suffix(user_formats(), suffix)
    return known or next(entry for entry in FORMATS if entry.any_suffix)


def format_to_write(path: Path) -> Format | None:
    """Return the format that a file is written in, by the end of its name; None if there is none."""
    return _by_ending(FORMATS, path) or _by_ending(user_formats(), path)


def same_format(path: Path) -> str:
    """Return the ending of the output that has the format of its input, without its first dot.

    Files of other suffix than their format's, and gzipped ones, have none: text becomes `txt`, all others the first
    of `WRITTEN`.
    """
    entry, suffix = format_to_read(path), path.suffix.lower()
    if suffix in entry.suffixes and entry.writer is not None:
        return suffix.removeprefix(".")
    return entry.written[0] if entry.any_suffix and suffix != ".gz" else WRITTEN[0]


def suffixes() -> tuple[str, ...]:
    """Return all suffixes of files that are clouds by their name alone."""
    return tuple(suffix for entry in (*FORMATS, *user_formats()) for suffix in entry.suffixes)


def written() -> tuple[str, ...]:
    """Return the words of `--format`, those of the user's formats included."""
    return tuple(word for entry in (*FORMATS, *user_formats()) if entry.writer for word in entry.written)


def readable() -> str:
    """Return what can be read, in words: `.las .laz .ply .pcd and text`."""
    entries = (*FORMATS, *user_formats())
    named = [suffix for entry in entries if not entry.any_suffix for suffix in entry.suffixes]
    return f"{' '.join(named)} and {' '.join(entry.name for entry in entries if entry.any_suffix)}"


def default_schemes() -> str:
    """Return the class scheme of each format, in words: `asprs for LAS; shrec20 for PLY, PCD, text`."""
    names: dict[str, list[str]] = {}
    for entry in FORMATS:
        names.setdefault(entry.scheme, []).append(entry.name)
    return "; ".join(f"{scheme} for {', '.join(of_it)}" for scheme, of_it in names.items())


def load(module: str) -> ModuleType:
    """Import the reader or writer of a format.

    Raises
    ------
    DependencyError
        If the module, or a library that it needs, cannot be imported.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DependencyError(
            "The module of a file format cannot be imported",
            where=module,
            why=str(error),
            hint="install what it needs, or remove the package that offers this format",
        ) from error


def _by_suffix(entries: tuple[Format, ...], suffix: str) -> Format | None:
    return next((entry for entry in entries if suffix in entry.suffixes), None)


def _by_ending(entries: tuple[Format, ...], path: Path) -> Format | None:
    """Return the format that writes files of such a name: by `written`, or by a suffix that it reads."""
    name = path.name.lower()
    for entry in entries:
        endings = (*(f".{word}" for word in entry.written), *entry.suffixes)
        if entry.writer is not None and name.endswith(endings):
            return entry
    return None
