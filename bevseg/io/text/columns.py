"""What the columns of a text file are: the layout of its lines, and the words of `--columns`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from bevseg.errors import UsageError
from bevseg.io.fields import AXES, meaning, plain, unit_in
from bevseg.io.text.tokens import Dialect

LABEL, SKIPPED = "label", "-"


@dataclass(frozen=True)
class Layout:
    """How the point lines of a text file are built.

    Attributes
    ----------
    offset, line
        Byte and line number (from 1) of the first point.
    separator
        One character; a space stands for runs of blanks.
    names
        Meaning of each column: `x`, `y`, `z`, `label` or `-`.
    claimed
        Number of points by the file's own count line, or None.
    titles
        Name of each column, as the header or `--columns` have it.
    decimal_comma
        Whether a comma is the decimal mark.
    header
        Line number of the header that names the columns; None if there is none.
    trailing
        Whether a separator ends each line, with no column behind it.
    skipped
        Places of columns that `--columns` skips.
    by_user
        Whether `--columns` gave the meanings.
    guessed
        What is to be checked in the values, as no name says what they are: `label` where the fourth column holds
        class codes of SHREC'20 if they all are such codes, `order` where the first column may be a counter.
    replaced
        Line number of a header with too few names, in whose place outputs have one that names all columns.
    units
        Axis and unit, as the lines before the points spell it.
    named_behind
        Whether a comment behind the last point names the columns.
    """

    offset: int
    line: int
    separator: str
    names: tuple[str, ...]
    claimed: int | None = None
    titles: tuple[str, ...] = ()
    decimal_comma: bool = False
    header: int | None = None
    trailing: bool = False
    skipped: tuple[int, ...] = ()
    by_user: bool = False
    guessed: tuple[str, ...] = ()
    replaced: int | None = None
    units: tuple[tuple[str, str], ...] = ()
    named_behind: bool = False

    @property
    def dialect(self) -> Dialect:
        """How a line is split."""
        return Dialect(self.separator, self.decimal_comma)

    def without_label(self) -> Layout:
        """Return the layout with its column of classes as a further column."""
        names = tuple(SKIPPED if name == LABEL else name for name in self.names)
        return dataclasses.replace(
            self, names=names, guessed=tuple(word for word in self.guessed if word != LABEL)
        )


def by_meaning(names: tuple[str, ...]) -> list[str]:
    """Return the names that a user gives: `label` for all words of classes, `x`, `y` and `z` for coordinates.

    A column is `x` if it is called so, or by another word for it if no column is called `x`.
    """
    known = [LABEL if meaning(name) == "class" else name for name in names]
    for axis in AXES:
        exact = [i for i, name in enumerate(names) if plain(name) == axis]
        for i in exact or [i for i, name in enumerate(names) if meaning(name) == axis]:
            known[i] = axis
    return known


def checked(columns: str) -> tuple[str, ...]:
    """Return the names that the user gives to columns."""
    names = tuple(name.strip() for name in columns.split(","))
    known = by_meaning(names)
    if "" in names or any(known.count(axis) == 0 for axis in AXES) or any(_misspelt(name) for name in names):
        raise UsageError(
            f"Columns {columns!r} cannot be used",
            where="--columns",
            why=f"expected each of x, y, z once, label at most once, {SKIPPED} to skip a column, and names of others",
            hint="for example --columns x,y,z,-,label or --columns x,y,z,intensity",
        )
    if any(name != SKIPPED and known.count(name) > 1 for name in known):
        raise UsageError(
            f"Columns {columns!r} have a name twice", where="--columns", hint="write - for a column to skip"
        )
    return tuple(
        axis if axis in AXES and not unit_in(name) else name for name, axis in zip(names, known, strict=True)
    )


def _misspelt(name: str) -> bool:
    """Whether a name has the letters of `label` in another order."""
    return name.lower() != LABEL and sorted(name.lower()) == sorted(LABEL)
