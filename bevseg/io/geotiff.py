"""Rasters as GeoTIFF, written and read: bands by name, a colour table for classes, the exact grid in the tags.

The files are Cloud-Optimised: tiled, overviews behind the full resolution, all directories ahead of the data.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile
from rasterio.shutil import copy
from rasterio.transform import Affine

import bevseg
from bevseg.core.grid import Grid
from bevseg.core.raster import Raster
from bevseg.errors import CloudNotFoundError, InputError
from bevseg.runtime.atomic import replacing

TILE = 512
"""Side of a tile, cells. Rasters with more cells a side have overviews."""

KINDS = "source"
"""Name of the float band that holds kinds, not amounts."""

_LEVEL = 4
"""Effort of deflate: a third less time than its default, and files that are a twentieth larger."""

_TAGS = ("BEVSEG_CELL", "BEVSEG_WEST", "BEVSEG_NORTH", "BEVSEG_UNIT")
"""Cell size in metres, world indices of the north-west cell, and metres per unit of the reference system."""


def write(
    raster: Raster,
    path: Path,
    *,
    colours: Mapping[int, str] | None = None,
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
    colours
        Class id -> `#rrggbb`, for the first band of a uint8 raster.
    units
        Band -> unit of its values, `m` say; the reference system gives those of the coordinates.
    tags
        Further tags of the file.

    Raises
    ------
    OutputWriteError
        If the system refuses the write.
    """
    # GDAL reports a full disk late or not at all: it writes to memory, and the bytes go to the file in one piece.
    with replacing(path) as temporary:
        temporary.write_bytes(_encoded(raster, colours, units or {}, tags or {}))


def _encoded(
    raster: Raster, colours: Mapping[int, str] | None, units: Mapping[str, str], tags: Mapping[str, str]
) -> bytes:
    floating = raster.values.dtype.kind == "f"
    # All bands get the same overviews, and a mean of kinds would mean nothing.
    mean = floating and KINDS not in raster.names
    with MemoryFile(ext=".tif") as optimised:
        with _plain(raster, colours, units, tags) as memory, memory.open() as file:
            copy(
                file,
                optimised.name,
                driver="COG",
                compress="deflate",
                predictor="floating_point" if floating else "standard",
                level=_LEVEL,
                blocksize=TILE,
                overview_resampling="average" if mean else "nearest",
            )
        data = optimised.getbuffer()
        return _without_alpha(data) if colours else bytes(data)


def _plain(
    raster: Raster, colours: Mapping[int, str] | None, units: Mapping[str, str], tags: Mapping[str, str]
) -> MemoryFile:
    """Return the raster as a TIFF in memory: GDAL makes a Cloud-Optimised one only from a complete one."""
    grid, unit = raster.grid, raster.unit
    profile = {
        "driver": "GTiff",
        "dtype": raster.values.dtype.name,
        "count": len(raster.names),
        "height": grid.rows,
        "width": grid.cols,
        "crs": raster.crs or None,
        "transform": Affine(grid.cell / unit, 0, grid.left / unit, 0, -grid.cell / unit, grid.top / unit),
        "nodata": np.nan if raster.values.dtype.kind == "f" else 0,
        **({"photometric": "palette", "alpha": "no"} if colours else {}),
    }
    values = (grid.cell, grid.west, grid.north, unit)
    memory = MemoryFile()
    with memory.open(**profile) as file:
        file.write(raster.values)
        file.descriptions = raster.names
        file.units = tuple(units.get(name, "") for name in raster.names)
        file.update_tags(
            AREA_OR_POINT="Area",
            TIFFTAG_SOFTWARE=f"bevseg {bevseg.__version__}",
            **{tag: repr(value) for tag, value in zip(_TAGS, values, strict=True)},
            **tags,
        )
        if colours:
            file.write_colormap(1, {number: _rgba(colour) for number, colour in colours.items()})
    return memory


_EXTRA_SAMPLES = 338


def _without_alpha(data: memoryview) -> bytes:
    """Return the bytes of a TIFF in which no band is an opacity.

    GDAL takes the second band beside a colour table for one whenever it copies: the confidence of a class is none.
    """
    plain = bytearray(data)
    if plain[:4] != b"II*\0":  # above 4 GiB offsets are wider
        return bytes(plain)
    (at,) = struct.unpack_from("<I", plain, 4)
    while at:
        (entries,) = struct.unpack_from("<H", plain, at)
        for entry in range(at + 2, at + 2 + 12 * entries, 12):
            tag, kind, count = struct.unpack_from("<HHI", plain, entry)
            if (tag, kind, count) == (_EXTRA_SAMPLES, 3, 1):
                struct.pack_into("<H", plain, entry + 8, 0)
        (at,) = struct.unpack_from("<I", plain, at + 2 + 12 * entries)
    return bytes(plain)


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
            why="there is no file with this path",
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
            "The GeoTIFF cannot be read",
            where=path,
            why=str(error),
            hint="run the stage that writes it again",
        ) from error
    if not set(_TAGS) <= tags.keys() or not all(names):
        raise InputError(
            "Not a bevseg raster",
            where=path,
            why=f"it lacks the tags {', '.join(_TAGS)} or names of its bands",
            hint="run the stage that writes it",
        )
    cell, unit = float(tags["BEVSEG_CELL"]), float(tags["BEVSEG_UNIT"])
    rows, cols = values.shape[1:]
    grid = Grid(cell, int(tags["BEVSEG_WEST"]), int(tags["BEVSEG_NORTH"]), rows, cols)
    return Raster(grid, tuple(names), values, crs.to_wkt() if crs else None, unit)
