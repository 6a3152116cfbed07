"""The lines of a text file, kept so that a writer can give them back, and their further columns as numbers."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bevseg.io.fields import AXES, BESIDE_CLASS
from bevseg.io.text import rows, table
from bevseg.io.text.columns import LABEL, Layout

_EXACT = 2.0**53
_INTEGERS = tuple(np.dtype(kind) for kind in ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"))


@dataclass(frozen=True)
class TextSource:
    """A text file as it was read.

    Attributes
    ----------
    head
        The lines before the points, with their newlines.
    body
        The lines of points, without comments and empty lines and without a newline at the end.
    layout
        What their columns mean; line numbers count from the start of the file.
    end
        What ends a line in the file.
    names
        The comment behind the points that names the columns; empty if there is none.
    """

    head: bytes
    body: bytes
    layout: Layout
    end: bytes = b"\n"
    names: bytes = b""

    def fields(self) -> dict[str, NDArray[np.generic]]:
        """Return the further columns that hold numbers, as the smallest integer type that fits or as float64.

        Left out are coordinates, classes and the fields of bevseg beside them, which are written anew, columns that
        `--columns` skips, and columns of words.
        """
        return dict(self._further[0])

    def ours(self, name: str) -> NDArray[np.uint8] | None:
        """Return the values of the column that bevseg wrote as `name`; None if there is none of whole 0 to 255."""
        if name not in self.layout.titles:
            return None
        values = self._numbers(table.tidy(self.body, self.layout), self.layout.titles.index(name))
        return None if values is None or values.dtype != np.uint8 else values.astype(np.uint8)

    @property
    def words(self) -> tuple[str, ...]:
        """Names of the columns that hold words."""
        return self._further[1]

    def only_here(self) -> list[str]:
        """Return one sentence for each column of words, which other formats cannot hold."""
        return [
            f"the field {name} is left out: it holds words, which text alone keeps" for name in self.words
        ]

    @functools.cached_property
    def _further(self) -> tuple[dict[str, NDArray[np.generic]], tuple[str, ...]]:
        text = table.tidy(self.body, self.layout)
        spelled: bytes | None = None
        values: dict[str, NDArray[np.generic]] = {}
        words: list[str] = []
        for place, name in self._places().items():
            column = self._numbers(text, place)
            if column is None:
                spelled = rows.respelt(text) if spelled is None else spelled
                column = self._numbers(spelled, place)
            if column is None:
                words.append(name)
            else:
                values[name] = column
        return values, tuple(words)

    def _places(self) -> dict[int, str]:
        """Return the place of each further column, and its name; equal names are numbered."""
        names: dict[int, str] = {}
        for place, (meaning, title) in enumerate(zip(self.layout.names, self.layout.titles, strict=True)):
            if meaning in (*AXES, LABEL) or title in BESIDE_CLASS or place in self.layout.skipped:
                continue
            name, number = title, 1
            while name in names.values():
                number += 1
                name = f"{title}_{number}"
            names[place] = name
        return names

    def _numbers(self, text: bytes, place: int) -> NDArray[np.generic] | None:
        """Return a column as numbers; None if it holds words."""
        try:
            values = table.numbers(text, self.layout, [place])[str(place)].to_numpy()
        except ValueError:
            return None
        if not np.isfinite(values).all() or (np.rint(values) != values).any():
            return values
        if np.abs(values).max(initial=0) >= _EXACT:
            for kind in (pl.Int64, pl.UInt64):
                try:
                    return table.numbers(text, self.layout, [place], kind)[str(place)].to_numpy()
                except ValueError:
                    continue
            return values
        low, high = values.min(initial=0), values.max(initial=0)
        fitting = (kind for kind in _INTEGERS if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
        return values.astype(next(fitting))
