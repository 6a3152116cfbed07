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
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile
from rasterio.shutil import copy
from rasterio.transform import Affine

import bevseg
from bevseg.core.grid import Grid
from bevseg.core.labels import CLASS_NAMES, UNDEFINED, Scheme
from bevseg.core.raster import Raster
from bevseg.errors import CloudNotFoundError, InputError, LabelError
from bevseg.io.crs.kept_by_geotiff import kept_by_geotiff
from bevseg.io.crs.proj_database import own_database
from bevseg.runtime.atomic import replacing
from bevseg.runtime.memory import MIB, require_raster

TILE = 512
"""Side of a tile, cells. Rasters with more cells a side have overviews."""

KINDS = "source"
"""Name of the float band that holds kinds, not amounts."""

_MOST_DEFLATED = 1100
"""Bytes that a byte of deflate can stand for, and a little more."""

_FARTHEST = 2**40
"""World index of a cell at most: further than the Earth is wide, for any cell that a raster can have."""

_LEVEL = 4
"""Effort of deflate: a third less time than its default, and files that are a twentieth larger."""

_TAGS = ("BEVSEG_CELL", "BEVSEG_WEST", "BEVSEG_NORTH", "BEVSEG_UNIT")
"""Cell size in metres, world indices of the north-west cell, and metres per unit of the reference system."""

_CODES = "BEVSEG_CODES"
"""Tag of a raster of classes: the code of each train id, in their order."""


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
    tags = dict(tags or {})
    if scheme is not None:
        codes = _codes(scheme, raster, path)
        raster = dataclasses.replace(raster, values=codes[raster.values])
        tags[_CODES] = " ".join(str(code) for code in codes)
    # GDAL reports a full disk late or not at all: it writes to memory, and the bytes go to the file in one piece.
    with replacing(path) as temporary, own_database():
        temporary.write_bytes(_encoded(raster, scheme, units or {}, tags))


def _encoded(
    raster: Raster, scheme: Scheme | None, units: Mapping[str, str], tags: Mapping[str, str]
) -> bytes:
    floating = raster.values.dtype.kind == "f"
    # All bands get the same overviews, and a mean of kinds would mean nothing.
    mean = floating and KINDS not in raster.names
    with MemoryFile(ext=".tif") as optimised:
        with _plain(raster, scheme, units, tags) as memory, memory.open() as file:
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
        return bytes(optimised.getbuffer())


def _plain(
    raster: Raster, scheme: Scheme | None, units: Mapping[str, str], tags: Mapping[str, str]
) -> MemoryFile:
    """Return the raster as a TIFF in memory: GDAL makes a Cloud-Optimised one only from a complete one."""
    grid, unit = raster.grid, raster.unit
    profile = {
        "driver": "GTiff",
        "dtype": raster.values.dtype.name,
        "count": len(raster.names),
        "height": grid.rows,
        "width": grid.cols,
        "crs": raster.crs if raster.crs and kept_by_geotiff(raster.crs) else None,
        "transform": Affine(grid.cell / unit, 0, grid.left / unit, 0, -grid.cell / unit, grid.top / unit),
        "nodata": np.nan
        if raster.values.dtype.kind == "f"
        else int(tags.get(_CODES, "0").split()[UNDEFINED]),
        **({"photometric": "palette"} if scheme else {}),
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
        if scheme:
            shown = {entry.code: _rgba(entry.colour) for entry in scheme.written().values() if entry.train}
            file.write_colormap(1, shown)
    return memory


def _codes(scheme: Scheme, raster: Raster, path: Path) -> NDArray[np.unsignedinteger]:
    """Return the code of each train id. The first is nodata: 0, or the highest code if a class has 0."""
    occurring = np.setdiff1d(np.unique(raster.values), [UNDEFINED]).astype(np.uint8)
    scheme.encode(occurring, where=str(path))
    written = {train: entry.code for train, entry in scheme.written().items() if train != UNDEFINED}
    low, high = min(written.values(), default=0), max(written.values(), default=0)
    kind = np.uint8 if high < 255 else np.uint16
    most = int(np.iinfo(kind).max)
    if low < 0 or high >= most:
        raise LabelError(
            f"Scheme {scheme.name!r} does not fit a raster of classes",
            where=path,
            why=f"its codes lie between {low} and {high}; a raster holds 0 to 65534",
            hint="choose another --out-classes",
        )
    nodata = most if 0 in written.values() else 0
    return np.array([written.get(train, nodata) for train in range(len(CLASS_NAMES))], kind)


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
            # This driver alone: other formats can name further files, or places in the network.
            with own_database(), rasterio.open(path, driver="GTiff") as file:
                tags, names = file.tags(), file.descriptions
                _check_size(file, path)
                _check_is_ours(tags, names, path)
                values, crs = file.read(), file.crs.to_wkt() if file.crs else None
        if _CODES in tags:
            values = _train_ids(values, tags[_CODES], path)
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
    if not set(_TAGS) <= tags.keys() or not all(names) or len(set(names)) < len(names):
        raise InputError(
            "Not a bevseg raster",
            where=path,
            why=f"it lacks the tags {', '.join(_TAGS)} or names of its bands",
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


def _train_ids(values: NDArray[np.unsignedinteger], codes: str, path: Path) -> NDArray[np.uint8]:
    """Return the train id of each code; `codes` is the tag of the file."""
    table = np.full(1 << 16, len(CLASS_NAMES), np.uint8)
    try:
        listed = [int(code) for code in codes.split()]
        for train, code in reversed(list(enumerate(listed))):
            table[code] = train
        ids = table[values]
    except (ValueError, IndexError, OverflowError) as error:
        raise InputError(
            "Not a raster of classes", where=path, why=f"its tag {_CODES} is {codes:.60}"
        ) from error
    if (ids == len(CLASS_NAMES)).any():
        raise InputError(
            "The raster has unknown class codes",
            where=path,
            why=f"its tag {_CODES} lists {codes:.60}; it also holds {int(values[ids == len(CLASS_NAMES)][0])}",
            hint="run the stage that writes it again",
        )
    return ids
