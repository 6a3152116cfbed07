"""Text of TOML and JSON files -> tables. Whatever the text, what cannot be read is one clear error.

The limits keep a hostile file from eating memory, time or the stack. Nothing here knows what the keys mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bevseg.errors import BevsegError, InputError, UsageError

MOST_BYTES = 1_000_000
"""Size at most of a settings file, a class scheme, a study, a record of a work directory. Real ones have some kB."""

_BLOCK = 1 << 16
"""Bytes that are read at once: Python sets aside as many as are asked for, however small the file."""

MOST_LEVELS = 32
"""Tables and lists within each other, at most. Real files have five."""

# Python's TOML reader takes quadratic time for a key of very many parts, before the levels can be counted. A text in
# quotes may hold dots: it counts as one word. Both patterns take linear time: a text without a closing quote is taken
# up to its end.
_QUOTED = re.compile(
    r"""\"{3}(?:[^"\\]|\\.|"(?!""))*+(?:"{3})?|'{3}(?:[^']|'(?!''))*+(?:'{3})?"""
    r"""|"(?:[^"\\\n]|\\.)*+"?|'[^'\n]*+'?|\#[^\n]*+""",
    re.DOTALL,
)
_LONG_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{MOST_LEVELS}}}")


def read_toml(path: Path, kind: type[BevsegError] = UsageError) -> dict[str, Any]:
    """Read a TOML file.

    Parameters
    ----------
    path
        The file.
    kind
        Of the error.

    Raises
    ------
    UsageError, or another `kind`
        If the file cannot be read, is no TOML, is larger than MOST_BYTES, or is nested deeper than MOST_LEVELS.
    """
    hint = "correct it and try again"
    return parse_toml(_text(path, MOST_BYTES, "TOML", kind, hint), path, kind)


def parse_toml(text: str, where: str | Path, kind: type[BevsegError] = UsageError) -> dict[str, Any]:
    """Read a TOML text; the errors are those of `read_toml`."""
    import tomllib

    hint = "correct it and try again"
    if _LONG_KEY.search(_QUOTED.sub("_", text)):
        raise _too_deep("TOML", where, kind, hint)
    return _table(text, tomllib.loads, "TOML", where, kind, hint)


def read_json(
    path: Path, kind: type[BevsegError] = InputError, *, hint: str, most_bytes: int = MOST_BYTES
) -> dict[str, Any]:
    """Read a JSON file that holds a table.

    Parameters
    ----------
    path
        The file.
    kind
        Of the error.
    hint
        What the user can do if the file is damaged.
    most_bytes
        Size of the file at most.

    Raises
    ------
    InputError, or another `kind`
        If the file cannot be read, is no JSON table, is too large, or is nested deeper than MOST_LEVELS.
    """
    text = _text(path, most_bytes, "JSON", kind, hint)
    return parse_json(text, path, kind, hint=hint, most_bytes=most_bytes)


def parse_json(
    text: str,
    where: str | Path,
    kind: type[BevsegError] = InputError,
    *,
    hint: str,
    most_bytes: int = MOST_BYTES,
) -> dict[str, Any]:
    """Read a JSON text that holds a table; the errors are those of `read_json`."""
    import json

    if len(text) > most_bytes:
        raise _too_large(most_bytes, "JSON", where, kind, hint)
    return _table(text, json.loads, "JSON", where, kind, hint)


def _text(path: Path, most_bytes: int, language: str, kind: type[BevsegError], hint: str) -> str:
    """Return the text of a file; not more than `most_bytes` of it are ever read."""
    try:
        with path.open("rb") as file:
            content = bytearray()
            while len(content) <= most_bytes and (
                block := file.read(min(_BLOCK, most_bytes + 1 - len(content)))
            ):
                content += block
        if len(content) > most_bytes:
            raise _too_large(most_bytes, language, path, kind, hint)
        return content.decode("utf-8-sig")  # some editors of Windows write a mark before the text
    except (OSError, UnicodeDecodeError) as error:
        raise kind(f"Not a {language} file", where=path, why=str(error), hint=hint) from error


def _table(
    text: str,
    loads: Callable[[str], Any],
    language: str,
    where: str | Path,
    kind: type[BevsegError],
    hint: str,
) -> dict[str, Any]:
    try:
        table = loads(text)
    except RecursionError as error:
        raise _too_deep(language, where, kind, hint) from error
    except ValueError as error:  # not in that language, or a number of more digits than Python converts
        why = " ".join(str(error).split(";")[0].split())[:300]
        raise kind(f"Not a {language} file", where=where, why=why, hint=hint) from error
    if _is_deeper(table, MOST_LEVELS):
        raise _too_deep(language, where, kind, hint)
    if not isinstance(table, dict):
        raise kind(f"Not a {language} table", where=where, why="it is a single value or a list", hint=hint)
    return table


def _is_deeper(value: Any, levels: int) -> bool:
    """Return whether tables and lists lie within each other more than `levels` times; level by level, on no stack."""
    front = [value]
    for _ in range(levels + 1):
        nested = [list(one.values()) if isinstance(one, dict) else one for one in front]
        front = [inner for one in nested if isinstance(one, list) for inner in one]
        if not front:
            return False
    return True


def _too_deep(language: str, where: str | Path, kind: type[BevsegError], hint: str) -> BevsegError:
    return kind(
        f"Not a {language} file that bevseg reads",
        where=where,
        why=f"it is nested more than {MOST_LEVELS} levels deep",
        hint=hint,
    )


def _too_large(
    most_bytes: int, language: str, where: str | Path, kind: type[BevsegError], hint: str
) -> BevsegError:
    return kind(
        f"Not a {language} file that bevseg reads",
        where=where,
        why=f"it is larger than {most_bytes:,} bytes",
        hint=hint,
    )
