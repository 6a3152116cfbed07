"""Lines of points -> lines that polars reads: one separator between fields, points as decimal marks, no quotes."""

from __future__ import annotations

import re

import numpy as np

from bevseg.io.text.tokens import Dialect

COMMENTS = (b"#", b"//", b"%")
_VALUES = rb"(?:N/A|NUM!|VALUE!|REF!|DIV/0!|NULL!|NAME\?|WERT!|ZAHL!|NV)"
"""What follows `#` where a formula of a spreadsheet has no value: such lines are points."""
_NO_POINT = re.compile(
    rb"^[ \t]*(?:(?:#(?!" + _VALUES + rb")|//|%)[^\n]*)?(?:\n|\Z)", re.MULTILINE | re.IGNORECASE
)
_UNTIDY = re.compile(rb"\n[ \t]*[\n#/%]")
_POINT = re.compile(rb"(?<![\d.,])\d*\.\d+(?=[;|\t \n\"]|\Z)")
_ODD_NAN = re.compile(rb"[-+]?(?:nan\([a-z]*\)|\d\.?\d*#(?:qnan|snan|ind)\d*)", re.IGNORECASE)
_ODD_INF = re.compile(rb"([-+]?)\d\.?\d*#inf\d*", re.IGNORECASE)
_FORTRAN = re.compile(rb"(\.\d*)[dD](?=[-+]?\d)")
_MISSING = re.compile(
    rb"(?<![^;|,\t \n])(?:na|n/a|null|none|<na>|#" + _VALUES + rb"|--?|\?|\*)(?![^;|,\t \n])", re.IGNORECASE
)
_END = re.compile(rb"\n[ \t]*(?:END|EOF)[ \t.]*\Z", re.IGNORECASE)
_LONGEST_COMMENT = 1 << 16
_PART = 1 << 16
"""Bytes that are compared together: they stay in the cache."""
_QUOTE, _NEWLINE, _COMMA = ord('"'), ord("\n"), ord(",")


def behind(data: bytes, start: int) -> bytes:
    """Return the text from `start` on, without blanks and newlines at its end."""
    end = len(data)
    while end > start and data[end - 1] in b" \t\r\n":
        end -= 1
    return data[start:end]


def without_end(body: bytes) -> tuple[bytes, str]:
    """Return lines without the mark that ends them in some files, `END` or a control-Z, and that mark."""
    mark = ""
    if body.endswith(b"\x1a"):
        body, mark = behind(body.rstrip(b"\x1a"), 0), "control-Z"
    found = _END.search(body, max(len(body) - 40, 0))
    if found:
        body, mark = behind(body[: found.start()], 0), found[0].decode().strip()
    return body, mark


def last_comment(data: bytes) -> bytes:
    """Return the last line of a text if it is a comment; else nothing."""
    end, _ = without_end(behind(data[-_LONGEST_COMMENT:], 0))
    line = end[end.rfind(b"\n") + 1 :]
    return line if len(line) < len(end) and _NO_POINT.fullmatch(line) else b""


def points_alone(body: bytes) -> bytes:
    """Return lines without comments and empty lines, otherwise unchanged."""
    if body.lstrip(b" \t").startswith((b"\n", *COMMENTS)) or (_may_be_untidy(body) and _UNTIDY.search(body)):
        body = _NO_POINT.sub(b"", body)
        return behind(body, 0)
    return body


def _may_be_untidy(body: bytes) -> bool:
    """Whether a line begins with a character that no number begins with: told sooner than by a search."""
    characters = np.frombuffer(body, np.uint8)
    for start in range(0, len(characters) - 1, _PART):
        part = characters[start : start + _PART + 1]
        behind_ends = part[:-1] == _NEWLINE
        behind_ends &= (part[1:] < ord("+")) | (part[1:] == ord("/"))
        if behind_ends.any():
            return True
    return False


def tidy(body: bytes, dialect: Dialect) -> bytes:
    """Return lines of points with a single separator between two fields.

    Raises
    ------
    ValueError
        If a quote does not end in its line, or points and commas are both decimal marks.
    """
    if dialect.decimal_comma and b"." in body and _POINT.search(body):
        raise ValueError("some numbers have a decimal comma and others a point")
    if b'"' in body:
        body = _unquoted(body, dialect)
    if dialect.decimal_comma and dialect.separator != ",":
        body = body.replace(b",", b".")
    if dialect.separator == " ":
        return _single_blanks(body)
    separator = dialect.separator.encode()
    if b" " in body or (b"\t" in body and separator != b"\t"):
        blank = rb" +" if separator == b"\t" else rb"[ \t]+"
        near = (
            rb"(?:(?<=[\n"
            + separator
            + rb"])|(?<=\A))"
            + blank
            + rb"|"
            + blank
            + rb"(?=[\n"
            + separator
            + rb"]|\Z)"
        )
        body = re.sub(near, b"", body)
    return body


def without_last_separator(body: bytes, separator: str) -> bytes:
    """Return lines without the separator that ends each of them."""
    mark = separator.encode()
    return re.sub(
        re.escape(mark) + rb"[ \t]*$" if mark != b"\t" else rb"\t *$", b"", body, flags=re.MULTILINE
    )


def respelt(body: bytes) -> bytes:
    """Return tidy lines with the spellings of Fortran, Windows and databases replaced by usual ones."""
    if b"#" in body or b"(" in body:
        body = _ODD_INF.sub(rb"\1inf", _ODD_NAN.sub(b"nan", body))
    if b"D" in body or b"d" in body:
        body = _FORTRAN.sub(rb"\1e", body)
    return _MISSING.sub(b"nan", body)


def _single_blanks(body: bytes) -> bytes:
    body = body.replace(b"\t", b" ")
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    return body.replace(b" \n", b"\n").replace(b"\n ", b"\n").strip(b" ")


def _unquoted(body: bytes, dialect: Dialect) -> bytes:
    """Return lines without quotes; a separator within them becomes `_`."""
    characters = np.frombuffer(body, np.uint8).copy()
    within = (np.cumsum(characters == _QUOTE, dtype=np.uint32) & 1).astype(bool)
    if within[-1] or (within & (characters == _NEWLINE)).any():
        raise ValueError("a quote does not end in its line")
    if dialect.separator == ",":
        characters[within & (characters == _COMMA)] = ord("." if dialect.decimal_comma else "_")
    else:
        separators = b" \t" if dialect.separator == " " else dialect.separator.encode()
        characters[within & np.isin(characters, np.frombuffer(separators, np.uint8))] = ord("_")
    return characters[characters != _QUOTE].tobytes()


def count_of(body: bytes, character: str) -> int:
    """Return how often an ASCII character stands in the text."""
    characters = np.frombuffer(body, np.uint8)
    parts = (characters[start : start + _PART] for start in range(0, len(characters), _PART))
    return sum(int(np.count_nonzero(part == ord(character))) for part in parts)


def fields_per_line(body: bytes, separator: str, count: int) -> int | None:
    """Return the first line (from 0) of tidy text that has not `count` fields; None if all have."""
    characters = np.frombuffer(body + b"\n", np.uint8)
    marks = np.flatnonzero((characters == ord(separator)) | (characters == _NEWLINE))
    is_end = characters[marks] == _NEWLINE
    if len(marks) % count == 0 and is_end[count - 1 :: count].all() and is_end.sum() == len(marks) // count:
        return None
    widths = np.diff(np.flatnonzero(is_end), prepend=-1)
    return int(np.argmax(widths != count))
