"""Coordinates that can be none: angles, geocentric ones, counters, times."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.io.coordinates import finite_ends
from bevseg.io.crs.degrees import GEOCENTRIC, LEAST, like_degrees, may_be_degrees, not_a_length
from bevseg.io.fields import AXES
from bevseg.io.text.columns import LABEL, Layout
from bevseg.io.text.unclear import counter_error

HIGHEST = 1e4
"""Metres that no height of a street reaches, and that most coordinates of a country exceed."""
_RADIUS = 6.3e6, 6.4e6
_POLAR = 1e5
"""Metres from the plane of the equator: z of geocentric coordinates is larger, heights are not."""
_IF_METRES = "say which columns they are with --columns, for example --columns x,y,z"
_SAMPLE = 1000
_LEAST_WHOLE, _LEAST_COUNTED, _LEAST_SORTED = 4, 10, 100
"""Points that show whether a column holds whole numbers, counts, or rises as times do."""


def check(
    xyz: NDArray[np.float64],
    rows: Sequence[Sequence[str]],
    layout: Layout,
    metres: tuple[float, float] | None,
    path: Path,
) -> None:
    """Refuse columns that cannot be x, y and z in a unit of length.

    What `--columns` says is taken, but for geocentric coordinates, which no choice of columns mends.

    Parameters
    ----------
    xyz
        (N, 3), in units of the file.
    rows
        Fields of the first points.
    layout
        Which column is which.
    metres
        Metres per horizontal and per vertical unit; None if the file states no unit.
    path
        For messages.

    Raises
    ------
    CrsError
        For geocentric coordinates.
    CloudFormatError
        For all others.
    """
    finite = xyz[:: max(len(xyz) // _SAMPLE, 1)]
    finite = finite[np.isfinite(finite).all(axis=1)]
    if not len(finite):
        return
    across, up = metres or (1.0, 1.0)
    middle = np.median(finite, axis=0) * (across, across, up)
    if _RADIUS[0] < np.linalg.norm(middle) < _RADIUS[1] and abs(middle[2]) > _POLAR:
        raise not_a_length(GEOCENTRIC, path)
    if layout.by_user:
        return
    if metres is None and len(finite) >= LEAST and like_degrees(finite_ends(xyz)):
        raise may_be_degrees((float(middle[0]), float(middle[1])), path, _IF_METRES)
    if "order" not in layout.guessed:
        return
    table = _numbers(rows, layout)
    why = _doubt(xyz, finite, middle, table, layout)
    if why:
        first = 0 if abs(middle[2]) > HIGHEST else 1
        raise counter_error(path, rows[0], why, _suggested(table, first))


def _doubt(
    xyz: NDArray[np.float64],
    finite: NDArray[np.float64],
    middle: NDArray[np.float64],
    table: NDArray[np.float64],
    layout: Layout,
) -> str:
    """Return why the first three columns may not be x, y and z, where no header says what they are; else nothing."""
    if abs(middle[2]) > HIGHEST:
        return f"the third column, with values like {middle[2]:.10g}, is no height in metres"
    if len(layout.names) == len(AXES):
        return ""
    x, y = xyz[:, 0], xyz[:, 1]
    whole = np.rint(finite) == finite
    if len(finite) >= _LEAST_WHOLE and whole[:, 0].all():
        broken = (whole[:, 1:].mean(axis=0) < 0.5).all()
        if broken and (np.rint(x[np.isfinite(x)]) == x[np.isfinite(x)]).all():
            return "the first column holds whole numbers, and the two behind it do not"
        if whole.all() and _has_large(table[:, len(AXES) :]):
            return (
                "the first three columns hold whole numbers, and coordinates of a country stand behind them"
            )
    if len(x) >= _LEAST_COUNTED and np.ptp(finite[:, 0]) == 0 and (x == x[0]).all():
        return "the first column has the same value in all lines"
    if LABEL in layout.names:
        return ""
    if len(x) >= _LEAST_COUNTED and _in_equal_steps(x[:_SAMPLE]) and _in_equal_steps(x):
        return f"the first column changes by {x[1] - x[0]:g} in each line, like a number or a time"
    if len(x) >= _LEAST_SORTED and _rises(x) and not _rises(y):
        return "the first column never falls, like a number or a time"
    return ""


def _has_large(table: NDArray[np.float64]) -> bool:
    """Whether two columns side by side hold large numbers with decimals."""
    large = (np.median(np.abs(table), axis=0) > HIGHEST) & ((np.rint(table) != table).mean(axis=0) > 0.5)
    return bool((large[:-1] & large[1:]).any())


def _in_equal_steps(column: NDArray[np.float64]) -> bool:
    steps = np.diff(column)
    return bool(np.allclose(steps, steps[0], rtol=1e-3, atol=0))


def _rises(column: NDArray[np.float64]) -> bool:
    parts = (column[:_SAMPLE], column)  # nearly all columns fall at the start already
    return all(bool((np.diff(part) >= 0).all()) for part in parts) and bool(column[-1] > column[0])


def _numbers(rows: Sequence[Sequence[str]], layout: Layout) -> NDArray[np.float64]:
    """Return the first rows as numbers, NaN for words."""
    count = len(layout.names)
    table = [[_value(field, layout) for field in row[:count]] for row in rows if len(row) >= count]
    return np.array(table).reshape(-1, count)


def _suggested(table: NDArray[np.float64], least: int) -> str:
    """Return `--columns` for the first three columns in a row that can be x, y and z, from `least` on; or nothing."""
    if not len(table):
        return ""
    count = table.shape[1]
    size = np.median(np.abs(np.where(np.isfinite(table), table, 0)), axis=0)
    whole = (np.rint(table) == table).all(axis=0)
    large = (size > HIGHEST).any()
    for first in range(least, count - len(AXES) + 1):
        x, y, z = range(first, first + len(AXES))
        counts = whole[x] and not (whole[y] and whole[z])
        if size[z] <= HIGHEST and (not large or max(size[x], size[y]) > HIGHEST) and not counts:
            return ",".join(["-"] * first + [*AXES])
    if count == len(AXES):
        least_place = int(np.argmin(size))
        words = iter(("x", "y"))
        return ",".join("z" if place == least_place else next(words) for place in range(count))
    return ""


def _value(field: str, layout: Layout) -> float:
    if not layout.dialect.is_number(field):
        return float("nan")
    try:
        return float(field.replace(",", ".") if layout.decimal_comma else field)
    except ValueError:
        return float("nan")
