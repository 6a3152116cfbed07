"""Names of files, and other text from outside, made harmless for terminals, pages and JSON.

A file name is bytes. Python holds a name that is not UTF-8 as a string with lone surrogates, which no encoder takes.
A name may also hold a line break, or an escape sequence that moves the cursor of a terminal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

_UNSAFE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Categories of Unicode that do not print, or change how their neighbours print."""
_JOINERS = "\u200c\u200d"
"""Format characters that scripts and emoji need."""


def utf8(text: str) -> str:
    r"""Return text that UTF-8 can encode: a byte of a name that is not UTF-8 becomes `\xdf`."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def printable(text: object, keep: str = "") -> str:
    r"""Return text in which every control character, line break and stray byte is an escape such as `\x1b`.

    Parameters
    ----------
    text
        A name, or anything with a `str`.
    keep
        Characters that stay, such as the line breaks of a message of several lines.
    """
    plain = utf8(str(text))
    if plain.isascii() and plain.isprintable():
        return plain
    return "".join(c if c in keep or c in _JOINERS or not _is_unsafe(c) else _escape(c) for c in plain)


def _is_unsafe(character: str) -> bool:
    return unicodedata.category(character) in _UNSAFE


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def utf8_values(value: Any) -> Any:
    """Return a JSON value in which every text, keys included, is what `utf8` makes of it."""
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, Mapping):
        return {utf8_values(key): utf8_values(item) for key, item in value.items()}
    return [utf8_values(item) for item in value] if isinstance(value, list | tuple) else value
