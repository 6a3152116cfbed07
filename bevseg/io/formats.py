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

PACKINGS = (".gz", ".zip")
"""Suffixes of packed files. What is in them has the name without it."""

_LONGEST_START = 16


@functools.cache
def user_formats() -> tuple[Format, ...]:
    """Return the formats of installed packages, sorted by suffix."""
    found = {name.lower().lstrip("."): point.module for name, point in entry_points(GROUP).items()}
    return tuple(
        Format(f".{word}", (f".{word}",), module, (word,), module) for word, module in sorted(found.items())
    )


def format_to_read(path: Path) -> Format:
    """Return the format that a file is read in: by the end of its name, else by how it begins, else text."""
    name = without_packing(path.name)
    for entry in FORMATS:
        if entry.inside and name.lower().endswith(entry.inside) and load(entry.reader).holds(path):
            return entry
    known = _by_suffix(FORMATS, name) or _by_suffix(user_formats(), name)
    return known or _by_start(path) or next(entry for entry in FORMATS if entry.any_suffix)


def ending(path: Path) -> str:
    """Return the part of a file name that says its format, in lower case: `.laz`, `.ply.gz`; empty if none does."""
    name = path.name.lower()
    inner = without_packing(name)
    known = {*suffixes(), *(f".{word}" for word in written())}
    found = [suffix for suffix in known if inner.endswith(suffix) and inner != suffix]
    return name[len(inner) - len(max(found, key=len)) :] if found else ""


def without_packing(name: str) -> str:
    """Return a file name without the suffix of what packs it."""
    found = next((suffix for suffix in PACKINGS if name.lower().endswith(suffix)), "")
    return name.removesuffix(name[len(name) - len(found) :]) or name


def format_to_write(path: Path) -> Format | None:
    """Return the format that a file is written in, by the end of its name; None if there is none."""
    return _by_ending(FORMATS, path) or _by_ending(user_formats(), path)


def same_format(path: Path) -> str:
    """Return the ending, without its first dot, of the output that has the format of its input.

    Text keeps its suffix, `xyz` say. What is packed, or only read, comes back as LAZ.
    """
    entry, suffix = format_to_read(path), path.suffix.lower()
    if entry.inside:
        word: str = load(entry.reader).ending(path)
        return word
    if entry.returns or not entry.writer or path.name.lower().endswith(PACKINGS):
        return entry.returns or WRITTEN[0]
    return suffix.removeprefix(".") if suffix in entry.suffixes else entry.written[0]


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


def _by_suffix(entries: tuple[Format, ...], name: str) -> Format | None:
    return next((entry for entry in entries if name.lower().endswith(entry.suffixes)), None)


def _by_start(path: Path) -> Format | None:
    """Return the format whose files begin like this one; None for what is no regular file, or cannot be opened."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            head = file.read(_LONGEST_START)
    except OSError:
        return None
    return next((entry for entry in FORMATS if entry.starts and head.startswith(entry.starts)), None)


def _by_ending(entries: tuple[Format, ...], path: Path) -> Format | None:
    """Return the format that writes files of such a name.

    The longest ending decides: a `.copc.laz` is no plain `.laz`. A suffix that is read is also written.
    """
    name = path.name.lower()
    found = {
        len(ending): entry
        for entry in reversed(entries)
        if entry.writer is not None
        for ending in (*(f".{word}" for word in entry.written), *entry.suffixes)
        if name.endswith(ending)
    }
    return found[max(found)] if found else None
