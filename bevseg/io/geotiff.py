"""Rasters as GeoTIFF, written and read: bands by name, a colour table for classes, the exact grid in the tags."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile
from rasterio.transform import Affine

from bevseg.atomic import replacing
from bevseg.errors import CloudNotFoundError, InputError
from bevseg.grid import Grid
from bevseg.raster import Raster

_TILE = 256
_TAGS = ("BEVSEG_CELL", "BEVSEG_WEST", "BEVSEG_NORTH", "BEVSEG_UNIT")
"""Cell size in metres, world indices of the north-west cell, and metres per unit of the reference system."""


def write(raster: Raster, path: Path, *, colours: Mapping[int, str] | None = None) -> None:
    """Write a raster; a file of that name is replaced.

    Parameters
    ----------
    raster
        Float bands hold NaN, class bands 0, where nothing is known: that is the nodata value of the file.
    path
        `.tif`.
    colours
        Class id -> `#rrggbb`, for the first band of a uint8 raster.

    Raises
    ------
    OutputWriteError
        If the system refuses the write.
    """
    # GDAL reports a full disk late or not at all: it writes to memory, and the bytes go to the file in one piece.
    with replacing(path) as temporary:
        temporary.write_bytes(_encoded(raster, colours))


def _encoded(raster: Raster, colours: Mapping[int, str] | None) -> bytes:
    grid, unit = raster.grid, raster.unit
    floating = raster.values.dtype.kind == "f"
    profile = {
        "driver": "GTiff",
        "dtype": raster.values.dtype.name,
        "count": len(raster.names),
        "height": grid.rows,
        "width": grid.cols,
        "crs": raster.crs or None,
        "transform": Affine(grid.cell / unit, 0, grid.left / unit, 0, -grid.cell / unit, grid.top / unit),
        "nodata": np.nan if floating else 0,
        "compress": "deflate",
        "predictor": 3 if floating else 2,
        "tiled": True,
        "blockxsize": _TILE,
        "blockysize": _TILE,
        **({"photometric": "palette", "alpha": "no"} if colours else {}),
    }
    values = (grid.cell, grid.west, grid.north, unit)
    with MemoryFile() as memory:
        with memory.open(**profile) as file:
            file.write(raster.values)
            file.descriptions = raster.names
            file.update_tags(**{tag: repr(value) for tag, value in zip(_TAGS, values, strict=True)})
            if colours:
                file.write_colormap(1, {number: _rgba(colour) for number, colour in colours.items()})
        return bytes(memory.getbuffer())


def _rgba(colour: str) -> tuple[int, int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue, 255


def read(path: Path) -> Raster:
    """Read a raster that `write` wrote.

    Raises
    ------
    CloudNotFoundError
        If the file does not exist.
    InputError
        If it is no GeoTIFF, damaged, or not ours.
    """
    if not path.exists():
        raise CloudNotFoundError(
            "No such raster",
            where=path,
            why="the path leads nowhere",
            hint="run the stage that writes it first",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as file:
                values, tags = file.read(), file.tags()
                names, crs = file.descriptions, file.crs
    except RasterioError as error:
        raise InputError(
            "The GeoTIFF cannot be read", where=path, why=str(error), hint="make it again with its stage"
        ) from error
    if not set(_TAGS) <= tags.keys() or not all(names):
        raise InputError(
            "Not a raster of bevseg",
            where=path,
            why=f"it lacks the tags {', '.join(_TAGS)} or names of its bands",
            hint="make it with the stage that writes it",
        )
    cell, unit = float(tags["BEVSEG_CELL"]), float(tags["BEVSEG_UNIT"])
    rows, cols = values.shape[1:]
    grid = Grid(cell, int(tags["BEVSEG_WEST"]), int(tags["BEVSEG_NORTH"]), rows, cols)
    return Raster(grid, tuple(names), values, crs.to_wkt() if crs else None, unit)
