"""The databases of PROJ: pyproj and rasterio each bring one, and use it whatever the environment names.

QGIS, PostGIS and Anaconda set PROJ_LIB or PROJ_DATA for themselves. rasterio obeys: with a database of another
release of PROJ it writes rasters without a known reference system, and reports no error. So each access to rasters
stands in `own_database`. pyproj prefers its own database, so it is only checked that it has one.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from bevseg.errors import DependencyError

log = logging.getLogger(__name__)

VARIABLES = ("PROJ_DATA", "PROJ_LIB")
"""Variables of the environment that name a folder with `proj.db`; libraries look at the first before the second."""
PROBE = 4326
"""EPSG code of a system that every database has."""


@functools.cache
def load_pyproj() -> ModuleType:
    """Return pyproj, whose database has been tried.

    Raises
    ------
    DependencyError
        If its database is missing, or belongs to another release of PROJ.
    """
    import pyproj
    import pyproj.database

    _warn_of_environment()
    try:
        pyproj.CRS.from_epsg(PROBE)
    except pyproj.exceptions.ProjError as error:
        raise unusable("pyproj", str(error)) from error
    return pyproj


@contextlib.contextmanager
def own_database() -> Iterator[None]:
    """Let rasterio use its own database inside the block. The environment stays as it is."""
    import rasterio
    from rasterio.env import set_proj_data_search_path

    _warn_of_environment()
    folder = folder_of_rasterio()
    with rasterio.Env():
        # The environment has been read by now, and is read again only by the next Env.
        if folder is not None:
            set_proj_data_search_path(str(folder))
        yield


def folder_of_rasterio() -> Path | None:
    """Return the folder with the database that came with rasterio; None where it shares that of the system."""
    found = importlib.util.find_spec("rasterio")
    places = list(found.submodule_search_locations or ()) if found else []
    return next(
        (Path(place, "proj_data") for place in places if Path(place, "proj_data", "proj.db").exists()), None
    )


def foreign_folders() -> dict[str, str]:
    """Return the variables of the environment that name a database, and their values."""
    return {name: os.environ[name] for name in VARIABLES if os.environ.get(name)}


def layout_of(folder: Path) -> str:
    """Return the version of the PROJ that a database belongs to, and its layout: `9.5.1, layout 1.4`."""
    file = folder / "proj.db"
    if not file.is_file():
        return "no proj.db"
    try:
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            facts = dict(database.execute("SELECT key, value FROM metadata"))
    except sqlite3.Error as error:
        return f"proj.db cannot be read: {error}"
    major, minor = (facts.get(f"DATABASE.LAYOUT.VERSION.{part}", "?") for part in ("MAJOR", "MINOR"))
    return f"PROJ {facts.get('PROJ.VERSION', '?')}, layout {major}.{minor}"


def unusable(library: str, why: str) -> DependencyError:
    """Return the error for a library that cannot use its database."""
    foreign = ", ".join(f"{name}={value}" for name, value in foreign_folders().items())
    return DependencyError(
        f"The PROJ database of {library} cannot be used",
        where=foreign or f"proj.db of {library}",
        why=" ".join(why.split()),
        hint=f"unset {' and '.join(VARIABLES)}, and install {library} again if that does not help",
    )


@functools.cache
def _warn_of_environment() -> None:
    """Say once that another database is named, and not used. Environments such as conda share one: no word of it."""
    own = folder_of_rasterio()
    if own is None:
        return
    for name, value in foreign_folders().items():
        if Path(value).absolute() != own.absolute():
            log.warning(
                "%s names the PROJ database in %s (%s): bevseg uses those of its own libraries",
                *(name, value, layout_of(Path(value))),
            )
