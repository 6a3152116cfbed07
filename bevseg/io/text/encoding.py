"""Bytes of a text file -> UTF-8 lines that end with a newline, or an error that says what the bytes are."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from bevseg.errors import CloudFormatError
from bevseg.io import formats

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEAD = 1 << 16
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]")
_SHOWN = 512
"""Bytes at the start that show UTF-16 without a mark."""
_WIDE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
"""Blanks other than space and tab."""
_GROUPED = re.compile(rf"\d{_WIDE.pattern}\d")


@dataclass(frozen=True)
class Lines:
    """The text of a file.

    Attributes
    ----------
    data
        UTF-8 (or another extension of ASCII, as the file has it), lines ended by a newline, no byte-order mark.
    end
        What ends a line in the file.
    """

    data: bytes
    end: bytes = b"\n"


def decoded(data: bytes, path: Path) -> Lines:
    """Return the lines of a file. UTF-16, a byte-order mark, other line ends and no-break blanks are resolved.

    Raises
    ------
    CloudFormatError
        If the file is binary, not valid in its encoding, or has no-break blanks within numbers.
    """
    mark, encoding = next(((m, e) for m, e in _MARKS if data.startswith(m)), (b"", _without_mark(data)))
    if encoding != "utf-8":
        try:
            data = data[len(mark) :].decode(encoding).encode()
        except UnicodeDecodeError as error:
            raise CloudFormatError(
                f"The text is not valid {encoding.upper()}",
                where=path,
                why=f"byte {error.start} cannot be decoded",
                hint="save it as UTF-8",
            ) from error
    elif mark:
        data = data[len(mark) :]
    control = _CONTROL.search(data, 0, _HEAD)
    place = control.start() if control else data.find(b"\0")
    if place >= 0:
        raise binary(path, data, place)
    end = b"\n"
    if b"\r" in data:
        end = b"\r\n" if b"\r\n" in data else b"\r"
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not data.isascii():
        data = _plain_blanks(data, path)
    return Lines(data, end)


def readable(line: bytes) -> str:
    """Return a line as characters, whatever its encoding."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def binary(path: Path, data: bytes, place: int) -> CloudFormatError:
    """Return the error for a file with bytes that no text has."""
    return CloudFormatError(
        "The file is binary and no text",
        where=path,
        why=f"byte {place + 1} is {data[place]}, which stands for no character",
        hint=f"bevseg reads {formats.readable()}, and knows them by their suffix",
    )


def _without_mark(data: bytes) -> str:
    """Return the encoding of a file that has no byte-order mark: digits and blanks have a zero byte in UTF-16."""
    head = data[: _SHOWN & ~1]
    if len(head) >= 8 and b"\0" in head:
        first, second = head[::2], head[1::2]
        if not second.strip(b"\0") and b"\0" not in first:
            return "utf-16-le"
        if not first.strip(b"\0") and b"\0" not in second:
            return "utf-16-be"
    return "utf-8"


def _plain_blanks(data: bytes, path: Path) -> bytes:
    """Return the text with spaces for other blanks."""
    text = readable(data)
    if not _WIDE.search(text):
        return data
    grouped = _GROUPED.search(text)
    if grouped and re.search(r"\d[ \t;,]+[-+]?\d", text):
        line = text[text.rfind("\n", 0, grouped.start()) + 1 :].split("\n", 1)[0]
        raise CloudFormatError(
            "No-break blanks stand within numbers",
            where=path,
            why=f"other characters separate the columns: {line[:80]!r}",
            hint="remove the no-break blanks, which group thousands",
        )
    return _WIDE.sub(" ", text).encode()
