"""Which PROJ databases the libraries use, in words."""

from __future__ import annotations

from pathlib import Path

from bevseg.io.crs.kept_by_geotiff import ensure_database
from bevseg.io.crs.proj_database import folder_of_rasterio, foreign_folders, layout_of, load_pyproj


def of_pyproj() -> str:
    """Return version and database of pyproj, after it was tried.

    Raises
    ------
    DependencyError
        If the database does not serve.
    """
    pyproj = load_pyproj()
    folder = Path(pyproj.datadir.get_data_dir())
    return f"{pyproj.__version__} with {layout_of(folder)} in {folder}"


def of_rasterio() -> str:
    """Return version and database of rasterio, after it was tried.

    Raises
    ------
    DependencyError
        If the database does not serve.
    """
    import rasterio

    ensure_database()
    folder = folder_of_rasterio()
    place = f"{layout_of(folder)} in {folder}" if folder else "the PROJ database of the system"
    return f"{rasterio.__version__} (GDAL {rasterio.__gdal_version__}) with {place}"


def foreign() -> list[str]:
    """Return the variables of the environment that name another database, as `PROJ_LIB=/usr/share/proj`."""
    own = folder_of_rasterio()
    return [
        f"{name}={value}"
        for name, value in foreign_folders().items()
        if own is not None and Path(value).absolute() != own.absolute()
    ]
