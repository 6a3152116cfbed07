"""The names of the files of a mosaic, and what may be done with those that exist."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from bevseg.core.blocks import Block
from bevseg.errors import OutputExistsError
from bevseg.io import aux_xml, qgis
from bevseg.io.mosaic import vrt
from bevseg.runtime.atomic import ensure_absent, write_error

FOLDER = "_tiles"
"""End of the name of the folder with the tiles."""


def ensure_no_mosaic(path: Path, *, overwrite: bool) -> None:
    """Check that a mosaic may be written; called before any work.

    Parameters
    ----------
    path
        `NAME.tif`.
    overwrite
        Whether a mosaic of that name, in one file or in tiles, may be replaced.

    Raises
    ------
    OutputExistsError
        If there is one, and it may not be replaced.
    """
    folder = folder_of(path)
    if folder.exists() and not folder.is_dir():
        raise OutputExistsError(
            "The folder of the tiles is a file", where=folder, hint="move it, or name another output"
        )
    for file in possible_files(path):
        ensure_absent(file, overwrite=overwrite)


def possible_files(path: Path) -> list[Path]:
    """Return all files that a mosaic of that name can have, in one file or in tiles; tiles only if they exist."""
    virtual, folder = virtual_of(path), folder_of(path)
    pattern = re.compile(rf"{re.escape(path.stem)}_-?\d+_-?\d+{re.escape(path.suffix)}")
    tiles = [file for file in folder.iterdir() if pattern.fullmatch(file.name)] if folder.is_dir() else []
    return [path, virtual, qgis.path_beside(path), aux_xml.path_beside(path), *sorted(tiles)]


def virtual_of(path: Path) -> Path:
    """Return the path of the virtual raster."""
    return path.with_suffix(vrt.SUFFIX)


def folder_of(path: Path) -> Path:
    """Return the path of the folder with the tiles."""
    return path.with_name(path.stem + FOLDER)


def tile_of(path: Path, tile: Block) -> Path:
    """Return the path of a tile, given its column and row in the world."""
    return folder_of(path) / f"{path.stem}_{tile.col}_{tile.row}{path.suffix}"


def remove(files: Iterable[Path]) -> None:
    """Remove files of an older mosaic; OutputWriteError if the system refuses it."""
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise write_error(file, error) from error
