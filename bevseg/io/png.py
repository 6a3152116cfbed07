"""Map pictures -> PNG, with a world file that places them in a GIS. They are written, never read."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from bevseg.core.grid import Grid
from bevseg.runtime.atomic import replacing

WORLD = ".pgw"
"""Suffix of the world file."""


def write(picture: NDArray[np.uint8], path: Path) -> None:
    """Write a picture, (rows, cols, 4) red, green, blue, opacity; equal pictures become equal bytes.

    Raises
    ------
    OutputWriteError
        If the system refuses the write.
    """
    rows, cols, bands = picture.shape
    profile = {"driver": "PNG", "dtype": "uint8", "count": bands, "height": rows, "width": cols}
    with warnings.catch_warnings(), MemoryFile(ext=".png") as memory, replacing(path) as temporary:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # the world file has the position
        with memory.open(**profile) as file:
            file.write(np.moveaxis(picture, 2, 0))
        temporary.write_bytes(memory.getbuffer())


def write_world(grid: Grid, unit: float, path: Path) -> None:
    """Write where a picture with one pixel per cell lies.

    Parameters
    ----------
    grid
        Of the picture.
    unit
        Metres per unit of the reference system.
    path
        `.pgw`: six lines, the size of a pixel and the centre of the north-western one, in units of that system.

    Raises
    ------
    OutputWriteError
        If the system refuses the write.
    """
    side = grid.cell / unit
    centre = ((grid.left + grid.cell / 2) / unit, (grid.top - grid.cell / 2) / unit)
    with replacing(path) as temporary:
        temporary.write_text(
            "".join(f"{value!r}\n" for value in (side, 0.0, 0.0, -side, *centre)), encoding="utf-8"
        )
