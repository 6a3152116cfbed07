"""Columns without names: a usual order, or an error that says what is not clear."""

from __future__ import annotations

import re

from bevseg.io.crs.degrees import not_a_length
from bevseg.io.fields import AXES
from bevseg.io.text.columns import LABEL
from bevseg.io.text.comments import names_columns
from bevseg.io.text.header import names_of
from bevseg.io.text.raster import refuse_raster
from bevseg.io.text.start import Start, counts
from bevseg.io.text.tokens import Dialect, is_missing
from bevseg.io.text.unclear import commas_error, header_error, many_columns_error, words_error
from bevseg.io.text.units import geographic

_MOST_UNNAMED = 16
"""Columns that a file without a header may have."""
_THOUSANDS, _UNITS = re.compile(r"[-+]?\d{1,3}$"), re.compile(r"\d{3}(\.\d*)?$")
_PTS = {
    4: ("intensity",),
    6: ("red", "green", "blue"),
    7: ("intensity", "red", "green", "blue"),
}
"""Columns of `.pts` behind x, y and z, by their number."""


def unnamed(start: Start, count: int, claimed: int | None) -> tuple[list[str], list[str], tuple[str, ...]]:
    """Return meanings, names and what is to be checked for a file whose columns have no names.

    Raises
    ------
    CloudFormatError
        If a line looks like a header, or the order of the columns is not clear.
    """
    first = start.rows[0]
    lines = [*start.heading.values()]
    header = start.header or next(
        (
            text
            for text in lines
            if names_columns(text, start.rows, start.dialect, count=count, last=text == lines[-1])
        ),
        None,
    )
    if header is not None:
        names = names_of(header, start.dialect, count)
        place = geographic(names, start.rows, start.dialect) if names else None
        if place:
            raise not_a_length("degrees", start.path, place)
        counted = counts([row[0] for row in start.rows])
        raise header_error(start.path, header, first, start.dialect, counted=counted)
    if count > _MOST_UNNAMED:
        raise many_columns_error(start.path, count, first)
    refuse_raster(start.rows, count, start.path)
    if any(_holds_words(start, place) for place in range(min(count, len(AXES) + (count == 4)))):
        raise words_error(start.path, first, start.dialect)
    if start.dialect == Dialect(",") and (why := _doubtful_commas(start.rows, count)):
        raise commas_error(start.path, first, why)
    suffix = start.path.name.lower().removesuffix(".gz").rpartition(".")[2]
    titles = [*AXES, *[""] * (count - len(AXES))]
    if suffix == "pts" or (claimed is not None and count > 4):
        usual = _PTS.get(count, ())
        if "red" not in usual or all(_is_colour(field) for row in start.rows for field in row[-3:]):
            titles[3 : 3 + len(usual)] = usual
        return [*AXES], titles, ("order",)
    if count == 4:
        return [*AXES, LABEL], titles, (LABEL, "order")
    return [*AXES], titles, ("order",)


def _doubtful_commas(rows: list[list[str]], count: int) -> str:
    """Return why commas may be part of numbers; empty if nothing says so."""
    fields = [field.lstrip("+-") for row in rows for field in row[:count]]
    if count >= 6 and all(field.isdigit() for field in fields):
        return f"all {count} columns hold whole numbers, as with decimal commas"
    if count > 3 and all(_THOUSANDS.match(row[0]) and _UNITS.match(row[1]) for row in rows):
        return "three digits follow the first comma in all lines, as in thousands"
    return ""


def _holds_words(start: Start, place: int) -> bool:
    """Whether a column has no number in any of the first lines, of which there are several."""
    fields = [row[place] for row in start.rows if len(row) > place]
    return len(fields) > 1 and not any(
        start.dialect.is_number(field) or is_missing(field) for field in fields
    )


def _is_colour(field: str) -> bool:
    return field.isascii() and field.isdigit() and len(field) <= 5 and int(field) <= 65535
