"""One line of text -> its fields, and what is a number."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SEPARATOR = re.compile(r"[ \t,;|]")
_QUOTED = re.compile(r'"([^"]*)"')
_COMMA_NUMBER = re.compile(r"[-+]?\d*,\d+(?:[eEdD][-+]?\d+)?$")
_MISSING = {"", "na", "n/a", "null", "none", "<na>", "-", "--", "?", "*"}
_ERRORS = re.compile(r"#(?:n/a|num!|value!|ref!|div/0!|null!|name\?|wert!|zahl!|nv)$", re.IGNORECASE)
"""What spreadsheets write where a formula has no value."""
_ODD = re.compile(r"[-+]?(?:nan\([a-z]*\)|\d\.?\d*#(?:qnan|snan|ind|inf)\d*)$", re.IGNORECASE)
_FORTRAN = re.compile(r"([-+]?\d*\.\d*)[dD]([-+]?\d+)$")
_HELD = str.maketrans(" \t,;|", "\0\1\2\3\4")
_GIVEN = str.maketrans("\0\1\2\3\4", " \t,;|")

STRICT = ";|,\t"
"""Separators that stand once between two fields, so that a field may be empty. A space stands for runs of blanks."""


@dataclass(frozen=True)
class Dialect:
    """How the lines of a file are split: `separator` is one character, and a comma may be the decimal mark."""

    separator: str
    decimal_comma: bool = False

    def split(self, text: str) -> list[str]:
        """Return the fields of a line, without quotes and blanks around them."""
        held = _QUOTED.sub(
            lambda match: match[1].translate(_HELD), text.strip(" " if self.separator == "\t" else None)
        )
        fields = held.split() if self.separator == " " else held.split(self.separator)
        return [field.strip().translate(_GIVEN) for field in fields] or [""]

    def is_number(self, field: str) -> bool:
        """Whether a field is a number in this dialect, NaN and infinity included."""
        if self.decimal_comma:
            if field.count(",") > 1 or ("," in field and "." in field):
                return False
            field = field.replace(",", ".")
        return is_number(field)


def is_number(field: str) -> bool:
    """Whether a field is a number, NaN and infinity included, in the spelling of C, Fortran or Windows."""
    if "_" in field or not field.isascii():
        return False
    try:
        float(field)
    except ValueError:
        return bool(_FORTRAN.match(field) or _ODD.match(field))
    return True


def is_missing(field: str) -> bool:
    """Whether a field stands for no value."""
    return field.lower() in _MISSING or bool(_ERRORS.match(field))


def dialect_of(text: str) -> Dialect:
    """Return how a line of values is split."""
    quoted = _QUOTED.findall(text)
    comma_in_quotes = any(_COMMA_NUMBER.match(field) for field in quoted)
    held = _QUOTED.sub(lambda match: "1" if _SEPARATOR.search(match[1]) else match[1], text.strip())
    for separator in ";|":
        if separator in held:
            return Dialect(separator, comma_in_quotes or _has_decimal_comma(held.split(separator)))
    blank_fields = held.split()
    if "," in held:
        if "\t" in held and _has_decimal_comma(held.split("\t")):
            return Dialect("\t" if _tabs_alone(held) else " ", decimal_comma=True)
        if len(blank_fields) >= 3 and _has_decimal_comma(blank_fields):
            return Dialect(" ", decimal_comma=True)
        if "\t" not in held or re.search(r",\s*\t|\t\s*,", held):
            return Dialect(",", comma_in_quotes)
    return Dialect("\t" if "\t" in held and _tabs_alone(held) else " ", comma_in_quotes)


def _has_decimal_comma(fields: list[str]) -> bool:
    """Whether the comma is within fields, and these are numbers."""
    with_comma = [field.strip(' "') for field in fields if "," in field]
    numbers = [field for field in with_comma if _COMMA_NUMBER.match(field)]
    return bool(numbers) and len(numbers) >= len(with_comma) / 2


def _tabs_alone(text: str) -> bool:
    """Whether tabs separate the fields of a line: between two of them, no field is empty or has a blank."""
    fields = [field.strip() for field in text.strip().split("\t")]
    numbers = sum(is_number(field.strip('"').replace(",", ".")) for field in fields)
    return all(fields) and (numbers >= 3 or not any(" " in field for field in fields))
