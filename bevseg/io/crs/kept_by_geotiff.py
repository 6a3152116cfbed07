"""WKT -> the system that a GeoTIFF gives back: written to memory, read again, and compared."""

from __future__ import annotations

import functools
import logging
import warnings

from rasterio.crs import CRS
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile

from bevseg.io.crs.proj_database import PROBE, own_database, unusable

log = logging.getLogger(__name__)


@functools.lru_cache(maxsize=64)
def kept_by_geotiff(wkt: str) -> bool:
    """Return whether a GeoTIFF holds this system. If not, a warning says so: no system is better than a wrong one.

    Raises
    ------
    DependencyError
        If the database of PROJ that rasterio has cannot be used.
    """
    ensure_database()
    with own_database():
        try:
            asked = CRS.from_user_input(wkt)
            kept = _same(asked, _written_and_read(asked))
        except (CRSError, RasterioError):
            kept = False
    if not kept:
        log.warning("A GeoTIFF cannot hold the reference system %.80s: rasters are written without it", wkt)
    return kept


def ensure_database() -> None:
    """Raise DependencyError if the database of PROJ that rasterio has cannot be used."""
    with own_database():
        try:
            CRS.from_epsg(PROBE)
        except CRSError as error:
            raise unusable("rasterio", str(error)) from error


def _written_and_read(crs: CRS) -> CRS | None:
    with warnings.catch_warnings(), MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(driver="GTiff", width=1, height=1, count=1, dtype="uint8", crs=crs):
            pass
        with memory.open() as file:
            return file.crs


def _same(asked: CRS, got: CRS | None) -> bool:
    """Return whether both are one system. The names and the sequence of axes are not part of a GeoTIFF."""
    if got is None:
        return False
    codes, formulas = (asked.to_epsg(), got.to_epsg()), (_formula(asked), _formula(got))
    return bool(
        asked == got or (codes[0] and codes[0] == codes[1]) or (formulas[0] and formulas[0] == formulas[1])
    )


def _formula(crs: CRS) -> dict[str, object]:
    """Return the parameters of PROJ; a shift of the datum by nothing is none."""
    return {
        name: value for name, value in crs.to_dict().items() if (name, value) != ("towgs84", "0,0,0,0,0,0,0")
    }
