"""Raster: named bands on a Grid, NaN where nothing is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from bevseg.core.grid import Grid

MEASURED, INTERPOLATED, EXTRAPOLATED = 0, 1, 2
"""Values of the band `source` of a DEM; the last is a guess."""


@dataclass(frozen=True)
class Raster:
    """Bands of one type on one grid.

    Attributes
    ----------
    grid
        Where the cells lie.
    names
        One name per band; bands are addressed by name, never by number.
    values
        (bands, rows, cols). Float bands hold NaN where nothing is known; class bands hold ids.
    crs
        Coordinate reference system as WKT, or None.
    unit
        Metres per unit of the CRS: the grid is in metres, the georeference of a file is in the CRS's own units.
    """

    grid: Grid
    names: tuple[str, ...]
    values: NDArray[Any]
    crs: str | None = None
    unit: float = 1.0

    def __post_init__(self) -> None:
        expected = (len(self.names), *self.grid.shape)
        if self.values.shape != expected:
            raise ValueError(f"values of shape {self.values.shape} for bands, rows, cols {expected}")

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return the band of that name, (rows, cols)."""
        try:
            return self.values[self.names.index(name)]
        except ValueError:
            raise KeyError(f"no band {name!r}; there are {', '.join(self.names)}") from None


@dataclass(frozen=True)
class Band:
    """What a band holds and how a network reads it.

    Attributes
    ----------
    name
        As in the raster.
    scale
        A network reads value / scale; where the value is not known (NaN) it reads 0.
    unit
        For people.
    """

    name: str
    scale: float
    unit: str
