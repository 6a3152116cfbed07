"""What values a setting may have, and how a value outside of that is refused.

A domain stands beside the default of its setting (`groups`). The command line, TOML files, model files and work
directories all ask it.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from bevseg.errors import BevsegError, UsageError

MOST_FAULTS = 20
"""Faults that one message lists; of a file with more, the others are counted."""

MOST_CHARACTERS = 60
"""Characters of a value that a message shows."""


class OutsideError(ValueError):
    """A value outside of a domain; its text says what is expected instead."""


class Domain(Protocol):
    """The values that a setting may have."""

    @property
    def text(self) -> str:
        """The values in words, to stand behind "expected"."""

    @property
    def kind(self) -> str:
        """One word for help texts, such as `number`."""

    def read(self, value: object) -> Any:
        """Return the value in the type that the setting keeps; OutsideError for any other value."""

    def parse(self, text: str) -> Any:
        """Return the value that a text of the command line means; OutsideError for any other text."""


@dataclass(frozen=True)
class Number:
    """Finite numbers of an interval. A bool is no number.

    Attributes
    ----------
    least, most
        Bounds that belong to the interval; None: there is none.
    above, below
        Bounds that do not belong to it; None: there is none.
    whole
        Whether only whole numbers belong to it. They are kept as int, all others as float.
    multiple_of
        The numbers are multiples of this; None: any.
    optional
        Whether None belongs to it: the setting is not used.
    unit
        For messages.
    """

    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None
    whole: bool = False
    multiple_of: float | None = None
    optional: bool = False
    unit: str = ""

    @property
    def kind(self) -> str:
        """`integer` or `number`."""
        return "integer" if self.whole else "number"

    @property
    def text(self) -> str:
        """Such as: a number above 0 and at most 500 m."""
        if self.least is not None and self.least == self.most:
            return _plain(self.least)
        bounds = [
            f"{words} {_plain(bound)}"
            for words, bound in (
                ("of at least", self.least),
                ("above", self.above),
                ("at most", self.most),
                ("below", self.below),
            )
            if bound is not None
        ]
        if self.least is not None and self.most is not None:
            bounds = [f"from {_plain(self.least)} to {_plain(self.most)}"]
        parts = ["a whole number" if self.whole else "a number", " and ".join(bounds), self.unit]
        steps = f", a multiple of {self.multiple_of:g}" if self.multiple_of is not None else ""
        return " ".join(part for part in parts if part) + steps

    def read(self, value: object) -> int | float | None:
        """Return the number as int or float."""
        if value is None and self.optional:
            return None
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise OutsideError(self.text)
        try:
            number: int | float = int(value) if self.whole else float(value)  # type: ignore[call-overload]
        except (OverflowError, ValueError) as error:  # no number, an infinite one, one that no float can hold
            raise OutsideError(self.text) from error
        if (self.whole and number != value) or not self._holds(number):
            raise OutsideError(self.text)
        return number

    def parse(self, text: str) -> int | float | None:
        """Read a number, also one such as 3e6 where whole numbers are expected."""
        for kind in (int, float):
            try:
                return self.read(kind(text))
            except ValueError:  # OutsideError among them
                continue
        raise OutsideError(self.text)

    def _holds(self, number: float) -> bool:
        return (
            (isinstance(number, int) or math.isfinite(number))
            and (self.least is None or number >= self.least)
            and (self.most is None or number <= self.most)
            and (self.above is None or number > self.above)
            and (self.below is None or number < self.below)
            and (self.multiple_of is None or number % self.multiple_of == 0)
        )


@dataclass(frozen=True)
class OneOf:
    """The words, or the numbers, of a list.

    Attributes
    ----------
    values
        The list.
    separator
        What may stand behind a word, with an argument behind it: `cuda:1`. Who uses the word reads the argument.
    """

    values: tuple[str | int, ...]
    separator: str | None = None

    @property
    def kind(self) -> str:
        """The list itself."""
        return "|".join(str(value) for value in self.values)

    @property
    def text(self) -> str:
        """The list in words."""
        return f"one of {', '.join(str(value) for value in self.values)}"

    def read(self, value: object) -> str | int:
        """Return the value of the list; what is misspelt is answered with the nearest word."""
        word = value.partition(self.separator)[0] if self.separator and isinstance(value, str) else value
        if any(type(word) is type(known) and word == known for known in self.values):
            return value  # type: ignore[return-value]
        raise OutsideError(self.text + did_you_mean(word, (str(known) for known in self.values)))

    def parse(self, text: str) -> str | int:
        """Return the value of the list that is written like the text."""
        return self.read(next((known for known in self.values if str(known) == text), text))


@dataclass(frozen=True)
class Flag:
    """Yes or no."""

    kind = "true|false"
    text = "true or false"

    def read(self, value: object) -> bool:
        """Return the bool; 0 and 1 are none."""
        if isinstance(value, bool):
            return value
        raise OutsideError(self.text)

    def parse(self, text: str) -> bool:
        """Read `true` or `false`."""
        return self.read({"true": True, "false": False}.get(text.lower()))


@dataclass(frozen=True)
class Text:
    """Texts that are not empty.

    Attributes
    ----------
    expected
        In words; empty: any text.
    pattern
        Regular expression of the whole text; None: any.
    optional
        Whether None belongs to it.
    most
        Characters at most.
    """

    expected: str = ""
    pattern: str | None = None
    optional: bool = False
    most: int = 10_000

    kind = "text"

    @property
    def text(self) -> str:
        """The texts in words."""
        return self.expected or f"a text of 1 to {self.most:,} characters"

    def read(self, value: object) -> str | None:
        """Return the text."""
        if value is None and self.optional:
            return None
        if not isinstance(value, str) or not 0 < len(value) <= self.most:
            raise OutsideError(self.text)
        if self.pattern is None or re.fullmatch(self.pattern, value):
            return value
        raise OutsideError(self.text)

    def parse(self, text: str) -> str | None:
        """Return the text."""
        return self.read(text)


@dataclass(frozen=True)
class Several:
    """One value or more of a domain, kept as a tuple and written with commas between them."""

    each: Domain
    example: str

    @property
    def kind(self) -> str:
        """The example."""
        return self.example

    @property
    def text(self) -> str:
        """Such as: numbers such as 1,0.5, each of them a number above 0."""
        return f"one or more values such as {self.example}, each {self.each.text}"

    def read(self, value: object) -> tuple[Any, ...]:
        """Return a list or tuple as a tuple of checked values."""
        if not isinstance(value, list | tuple) or not value:
            raise OutsideError(self.text)
        try:
            return tuple(self.each.read(one) for one in value)
        except OutsideError as error:
            raise OutsideError(self.text) from error

    def parse(self, text: str) -> tuple[Any, ...]:
        """Split at commas and read each part."""
        try:
            return tuple(self.each.parse(part.strip()) for part in text.split(","))
        except OutsideError as error:
            raise OutsideError(self.text) from error


class Fault(NamedTuple):
    """What is wrong with one key: `raster.cell`, ` = 0.0: expected ...`."""

    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.key}{self.text}"


def wrong_value(key: str, value: object, expected: object) -> Fault:
    """Return the fault of a value that is not what is expected."""
    return Fault(key, f" = {shown(value)}: expected {expected}")


def unknown_keys(table: Mapping[str, Any], known: Iterable[str], group: str = "") -> list[Fault]:
    """Return a fault for each key of a table that is not known, with the nearest known one."""
    known = tuple(known)
    listed = ", ".join(known)
    unknown = [key for key in table if key not in known]
    # A suggestion takes time: only those faults have one that a message shows.
    near = [did_you_mean(key, known) for key in unknown[:MOST_FAULTS]]
    near += [""] * (len(unknown) - len(near))
    return [
        Fault(_dotted(group, shown_key(key)), f": no such key; expected one of {listed}{suggestion}")
        for key, suggestion in zip(unknown, near, strict=True)
    ]


def checked(
    domains: Mapping[str, Domain], values: Mapping[str, Any], group: str = ""
) -> tuple[dict[str, Any], list[Fault]]:
    """Read a value of each domain.

    Parameters
    ----------
    domains
        Key -> its domain.
    values
        Key -> value. A missing key counts as None. Keys without a domain are ignored.
    group
        Stands before the keys in the faults.

    Returns
    -------
    dict, list of Fault
        Key -> the value in the type that is kept; what is wrong with the others.
    """
    taken: dict[str, Any] = {}
    faults = []
    for key, domain in domains.items():
        try:
            taken[key] = domain.read(values.get(key))
        except OutsideError as error:
            faults.append(wrong_value(_dotted(group, key), values.get(key), error))
    return taken, faults


def refusal(
    faults: Sequence[Fault],
    where: str | Path | None = None,
    kind: type[BevsegError] = UsageError,
    hint: str = "correct it and try again",
    what: str = "",
) -> BevsegError:
    """Return one error that lists all faults, one line each.

    Parameters
    ----------
    faults
        One at least.
    where
        The file; None: the keys say where they are.
    kind, hint
        Of the error.
    what
        What went wrong; empty: how many settings cannot be used.
    """
    lines = [str(fault) for fault in faults[:MOST_FAULTS]]
    lines += [f"and {len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else []
    keys = ", ".join(fault.key for fault in faults[:MOST_FAULTS])
    count = f"Setting {faults[0].key!r}" if len(faults) == 1 else f"{len(faults)} settings"
    return kind(
        what or f"{count} cannot be used", where=where or keys, why="\n         ".join(lines), hint=hint
    )


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return `; did you mean 'dem'?` for a word that is much like a known one, or nothing."""
    if not isinstance(word, str) or len(word) > MOST_CHARACTERS:
        return ""
    import difflib

    written = {one.lower(): one for one in known}
    near = difflib.get_close_matches(word.lower(), written, 1)
    return f"; did you mean {written[near[0]]!r}?" if near else ""


def shown(value: object) -> str:
    """Return a value as short text, for messages."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 200:
        return f"a whole number of {value.bit_length():,} bits"
    if isinstance(value, dict):
        return f"a table of {len(value)} keys"
    if isinstance(value, list | tuple):
        return (
            f"[{', '.join(shown(one) for one in value)}]"
            if _is_short(value)
            else f"a list of {len(value)} values"
        )
    text = repr(value[: MOST_CHARACTERS + 1]) if isinstance(value, str) else repr(value)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}..."


def _is_short(values: Sequence[object]) -> bool:
    return len(values) <= 8 and not any(isinstance(one, list | tuple) for one in values)


def shown_key(key: str) -> str:
    """Return a key as a message shows it: in quotes, as a literal of Python, unless TOML needs no quotes for it."""
    if re.fullmatch(r"[A-Za-z0-9_-]+", key) and len(key) <= MOST_CHARACTERS:
        return key
    return shown(key)


def _dotted(group: str, key: str) -> str:
    return f"{group}.{key}" if group else key


def _plain(bound: float) -> str:
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:g}"
