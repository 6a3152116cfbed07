"""Rasters as GeoTIFF, written and read: bands by name, class codes with colours, the exact grid in the tags.

The files are Cloud-Optimised: tiled, overviews behind the full resolution, all directories ahead of the data.
"""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from bevseg.core.grid import Grid
from bevseg.core.labels import Scheme
from bevseg.core.raster import Raster
from bevseg.errors import CloudNotFoundError, InputError
from bevseg.io.cog import TAGS, TILE, Header, encoded
from bevseg.io.crs.proj_database import own_database
from bevseg.io.raster_codes import TAG, RasterCodes, train_ids
from bevseg.runtime.atomic import replacing
from bevseg.runtime.memory import MIB, require_raster

_MOST_DEFLATED = 1100
"""Bytes that a byte of deflate can stand for, and a little more."""

_FARTHEST = 2**40
"""World index of a cell at most: further than the Earth is wide, for any cell that a raster can have."""


def write(
    raster: Raster,
    path: Path,
    *,
    scheme: Scheme | None = None,
    units: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Write a raster; a file of that name is replaced. Equal rasters become equal bytes.

    Parameters
    ----------
    raster
        Float bands hold NaN, class bands 0, where nothing is known: that is the nodata value of the file.
    path
        `.tif`.
    scheme
        For a raster of one band of train ids: the file holds the codes of this scheme, with its colours, and `read`
        gives the train ids back. Train id 0 becomes the nodata value. None for all other rasters.
    units
        Band -> unit of its values, `m` say; the reference system gives those of the coordinates.
    tags
        Further tags of the file.

    Raises
    ------
    LabelError
        If the scheme has no code for a class that occurs, or one that is not in 0 to 65535.
    OutputWriteError
        If the system refuses the write.
    DependencyError
        If the database of reference systems cannot be used.
    """
    codes = None if scheme is None else RasterCodes.of(scheme, path)
    if codes is not None:
        raster = dataclasses.replace(raster, values=codes.encode(raster.values))
    dtype = raster.values.dtype.name
    header = Header(raster.grid, raster.names, dtype, raster.crs, raster.unit, codes, units or {}, tags or {})
    with replacing(path) as temporary, encoded(header, [raster]) as data:
        temporary.write_bytes(data)


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
            why="there is no file with this path",
            hint="run the stage that writes it first",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            # This driver alone: other formats can name further files, or places in the network.
            with own_database(), rasterio.open(path, driver="GTiff") as file:
                tags, names = file.tags(), file.descriptions
                _check_size(file, path)
                _check_is_ours(tags, names, path)
                values, crs = file.read(), file.crs.to_wkt() if file.crs else None
        if TAG in tags:
            values = train_ids(values, tags[TAG], path)
        unit = float(tags["BEVSEG_UNIT"])
        if not 0 < unit < math.inf:
            raise ValueError(f"its unit is {unit} m")
        return Raster(_grid(tags, *values.shape[1:]), tuple(names), values, crs, unit)
    except (RasterioError, ValueError, TypeError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            "The GeoTIFF cannot be read",
            where=path,
            why=" ".join(str(error).split())[:300],
            hint="run the stage that writes it again",
        ) from error


def _check_is_ours(tags: Mapping[str, str], names: Sequence[str | None], path: Path) -> None:
    """Raise InputError unless the grid stands in the tags and each band has a name: a header can claim any number."""
    if not set(TAGS) <= tags.keys() or not all(names) or len(set(names)) < len(names):
        raise InputError(
            "Not a bevseg raster",
            where=path,
            why=f"it lacks the tags {', '.join(TAGS)} or names of its bands",
            hint="run the stage that writes it",
        )


def _check_size(file: rasterio.DatasetReader, path: Path) -> None:
    """Raise InputError or OutOfMemoryError before a size is believed that only the header claims."""
    per_cell = sum(np.dtype(dtype).itemsize for dtype in file.dtypes)
    claimed, there = file.width * file.height * per_cell, path.stat().st_size
    if claimed > _MOST_DEFLATED * there + MIB:
        raise InputError(
            "The GeoTIFF claims more cells than it can hold",
            where=path,
            why=f"{file.count} bands of {file.height:,} x {file.width:,} cells in {there:,} bytes",
            hint="run the stage that writes it again",
        )
    for rows, cols in file.block_shapes:  # all of a block is unpacked, even if the raster is smaller
        if rows * cols > max(TILE * TILE, file.width * file.height):
            raise InputError(
                "The GeoTIFF claims blocks larger than any of bevseg",
                where=path,
                why=f"{rows:,} x {cols:,} cells for a raster of {file.height:,} x {file.width:,}",
                hint="run the stage that writes it again",
            )
    require_raster(file.height, file.width, per_cell, where=str(path))


def _grid(tags: Mapping[str, str], rows: int, cols: int) -> Grid:
    """Return the grid of the tags; ValueError if it cannot be."""
    cell, west, north = float(tags["BEVSEG_CELL"]), int(tags["BEVSEG_WEST"]), int(tags["BEVSEG_NORTH"])
    if not 0 < cell < math.inf or max(abs(west), abs(north)) > _FARTHEST:
        raise ValueError(f"its cells are {cell} m, and begin at {west}, {north}")
    return Grid(cell, west, north, rows, cols)
