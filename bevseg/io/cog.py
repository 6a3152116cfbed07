"""Rasters -> the bytes of a Cloud-Optimised GeoTIFF: tiled, overviews, all directories ahead of the data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import rasterio
from rasterio.io import MemoryFile
from rasterio.shutil import copy
from rasterio.transform import Affine
from rasterio.windows import Window

import bevseg
from bevseg.core.grid import Grid
from bevseg.core.raster import Raster
from bevseg.io.crs.kept_by_geotiff import kept_by_geotiff
from bevseg.io.crs.proj_database import own_database
from bevseg.io.raster_codes import TAG, RasterCodes
from bevseg.runtime.memory import MIB

TILE = 512
"""Side of a tile, cells. Rasters with more cells a side have overviews."""

KINDS = "source"
"""Name of the float band that holds kinds, not amounts."""

TAGS = ("BEVSEG_CELL", "BEVSEG_WEST", "BEVSEG_NORTH", "BEVSEG_UNIT")
"""Cell size in metres, world indices of the north-west cell, and metres per unit of the reference system."""

_LEVEL = 4
"""Effort of deflate: a third less time than its default, and files that are a twentieth larger."""

_CACHE = 64 * MIB
"""Cells that GDAL keeps unpacked, bytes; its own rule is a twentieth of the memory of the machine."""


@dataclass(frozen=True)
class Header:
    """All that a file says of its cells.

    Attributes
    ----------
    grid
        The cells of the file.
    names, dtype, crs, unit
        As in `Raster`; the type is that of the file.
    codes
        Of a raster of classes; None for all others.
    units
        Band -> unit of its values.
    more
        Further tags.
    """

    grid: Grid
    names: tuple[str, ...]
    dtype: str
    crs: str | None
    unit: float
    codes: RasterCodes | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_float(self) -> bool:
        """Whether the bands hold amounts, NaN where nothing is known."""
        return self.dtype.startswith("float")

    @property
    def nodata(self) -> float:
        """Value of the cells of which nothing is known."""
        return math.nan if self.is_float else self.codes.nodata if self.codes else 0

    @property
    def system(self) -> str | None:
        """Reference system of the file; None also for one that a GeoTIFF cannot hold."""
        return self.crs if self.crs and kept_by_geotiff(self.crs) else None

    def transform(self) -> Affine:
        """Return cells -> units of the reference system."""
        grid, unit = self.grid, self.unit
        return Affine(grid.cell / unit, 0, grid.left / unit, 0, -grid.cell / unit, grid.top / unit)

    def tags(self) -> dict[str, str]:
        """Return the tags of the file."""
        values = (self.grid.cell, self.grid.west, self.grid.north, self.unit)
        return {
            "AREA_OR_POINT": "Area",
            "TIFFTAG_SOFTWARE": f"bevseg {bevseg.__version__}",
            **{tag: repr(value) for tag, value in zip(TAGS, values, strict=True)},
            **self.more,
            **({TAG: self.codes.tag()} if self.codes else {}),
        }


@contextmanager
def encoded(header: Header, pieces: Iterable[Raster]) -> Iterator[memoryview]:
    """Yield the bytes of a file; they are gone behind the block. Equal cells become equal bytes.

    GDAL reports a full disk late or not at all: it writes to memory, and the bytes go to the file in one piece.

    Parameters
    ----------
    header
        Of the whole file.
    pieces
        Parts of it that lie on its grid and have its type; all other cells are nodata. They are taken one at a time.
    """
    # All bands get the same overviews, and a mean of kinds would mean nothing.
    mean = header.is_float and KINDS not in header.names
    with own_database(), rasterio.Env(GDAL_CACHEMAX=_CACHE), MemoryFile(ext=".tif") as optimised:
        with _plain(header, pieces) as memory, memory.open() as file:
            copy(
                file,
                optimised.name,
                driver="COG",
                compress="deflate",
                predictor=_predictor(header),
                level=_LEVEL,
                blocksize=TILE,
                overview_resampling="average" if mean else "nearest",
            )
        yield optimised.getbuffer()


def _predictor(header: Header) -> str:
    return "floating_point" if header.is_float else "standard"


def _plain(header: Header, pieces: Iterable[Raster]) -> MemoryFile:
    """Return a TIFF in memory: GDAL makes a Cloud-Optimised one only from a complete one."""
    memory = MemoryFile()
    with memory.open(
        driver="GTiff",
        dtype=header.dtype,
        count=len(header.names),
        height=header.grid.rows,
        width=header.grid.cols,
        crs=header.system,
        transform=header.transform(),
        nodata=header.nodata,
        tiled=True,
        blockxsize=TILE,
        blockysize=TILE,
        interleave="band",
        sparse_ok=True,
        compress="deflate",
        zlevel=1,
        predictor=3 if header.is_float else 2,
        bigtiff="if_safer",
        **({"photometric": "palette"} if header.codes else {}),
    ) as file:
        for piece in pieces:
            if piece.values.size:
                file.write(piece.values, window=_window(piece.grid, header.grid))
            del piece  # before the next one is loaded
        file.descriptions = header.names
        file.units = tuple(header.units.get(name, "") for name in header.names)
        file.update_tags(**header.tags())
        if header.codes:
            file.write_colormap(1, header.codes.palette())
    return memory


def _window(part: Grid, whole: Grid) -> Window:
    return Window(part.west - whole.west, whole.north - part.north, part.cols, part.rows)
