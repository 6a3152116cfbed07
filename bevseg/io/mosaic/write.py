"""Rasters of the blocks of a survey -> one Cloud-Optimised GeoTIFF, or tiles of it and a virtual raster over them.

The blocks come one at a time, and only the file that is being written is in memory. A tile is a square of whole
blocks that lies fixed in the world: each block is in one file, and surveys side by side have the same tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path, PurePosixPath

from bevseg.core.blocks import Block, Blocks
from bevseg.core.grid import Grid
from bevseg.core.labels import Scheme
from bevseg.core.raster import Raster
from bevseg.errors import InputError
from bevseg.io import aux_xml, qgis
from bevseg.io.mosaic import vrt
from bevseg.io.mosaic.paths import ensure_no_mosaic, folder_of, possible_files, remove, tile_of, virtual_of
from bevseg.io.mosaic.pieces import Pieces, around, common
from bevseg.io.raster_codes import RasterCodes
from bevseg.runtime.atomic import replacing

MOST_CELLS = 1 << 24
"""Cells of a single file at most: a square of 819 m at cells of 0.2 m. A file is made in memory, with its overviews.
A DEM of so many cells without a hole takes some 320 MiB; tiles take 180 MiB, however many there are."""

TILE_CELLS = 2048
"""Side of a tile, cells, in whole blocks: 4 x 4 of them at cells of 0.2 m. A tile of a DEM then has 48 MiB before
compression. One file per block would be 16 times as many, and a viewer opens every file that it shows."""

_MOST_SIDE = 2**31 - 1
"""Cells of a side of a virtual raster at most: GDAL counts them in 32 bits."""


def write_mosaic(
    path: Path,
    pieces: Mapping[Block, Callable[[], Raster]],
    layout: Blocks,
    *,
    extent: Grid | None = None,
    scheme: Scheme | None = None,
    units: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    overwrite: bool = False,
    most_cells: int = MOST_CELLS,
) -> list[Path]:
    """Write the rasters of a survey: `NAME.tif`, or `NAME.vrt` and `NAME_tiles/` if they have more than `most_cells`.

    A style for QGIS lies beside. All files appear by rename when all of them are complete, the virtual raster last.

    Parameters
    ----------
    path
        `NAME.tif`.
    pieces
        Block -> function that gives its raster; it is called once, after the raster before has been written. A raster
        lies within the cells of its block, and all have the same bands. Cells without a raster are nodata. Tiles
        without a block do not exist.
    layout
        How the plane is cut into blocks.
    extent
        The cells to write; None for all cells around the blocks.
    scheme
        For rasters of one band of train ids, as in `geotiff.write`. None for all other rasters.
    units, tags
        As in `geotiff.write`.
    overwrite
        Whether a mosaic of that name, in one file or in tiles, may be replaced.
    most_cells
        Cells of a single file at most; empty cells count.

    Returns
    -------
    list of Path
        The files; the first one shows the whole survey.

    Raises
    ------
    InputError
        If no block lies in the extent, or the survey is too wide for a virtual raster.
    LabelError
        If the scheme has no code for a class that occurs, or one that is not in 0 to 65534.
    OutputExistsError
        If there is such a mosaic, and it may not be replaced.
    OutputWriteError
        If the system refuses the write.
    """
    ensure_no_mosaic(path, overwrite=overwrite)
    codes = None if scheme is None else RasterCodes.of(scheme, path)
    survey = Pieces(pieces, layout, codes, units or {}, tags or {})
    blocks = [block for block in pieces if extent is None or _meet(layout.grid(block), extent)]
    if not blocks:
        raise InputError(
            "The survey has no cells to write",
            where=path,
            why="no point lies in the extent" if pieces else "none of its points takes part",
            hint="look at the clouds with `bevseg inspect`",
        )
    whole = extent or around([layout.grid(block) for block in blocks])
    before = possible_files(path)
    write = _write_one if whole.rows * whole.cols <= most_cells else _write_tiles
    try:
        written = write(path, survey, blocks, whole)
        remove(set(before).difference(written))
    finally:
        with suppress(OSError):  # it is not there, or it holds tiles
            folder_of(path).rmdir()
    return written


def _write_one(path: Path, survey: Pieces, blocks: Sequence[Block], whole: Grid) -> list[Path]:
    """Write a single file. What is opened first appears last."""
    with ExitStack() as outputs:
        raster, style = (outputs.enter_context(replacing(file)) for file in (path, qgis.path_beside(path)))
        with survey.encoded(_in_rows(blocks), whole) as data:
            raster.write_bytes(data)
        style.write_text(survey.style(), encoding="utf-8", newline="\n")
        written = [path, qgis.path_beside(path)]
        if survey.codes:
            written.append(aux_xml.path_beside(path))
            names = outputs.enter_context(replacing(written[-1]))
            names.write_text(aux_xml.class_names(survey.codes.scheme), encoding="utf-8", newline="\n")
    return written


def _write_tiles(path: Path, survey: Pieces, blocks: Sequence[Block], whole: Grid) -> list[Path]:
    """Write tiles and a virtual raster over them. What is opened first appears last."""
    virtual = virtual_of(path)
    if max(whole.shape) > _MOST_SIDE:
        raise InputError(
            "The survey is too wide for one raster",
            where=virtual,
            why=f"it has {whole.rows:,} x {whole.cols:,} cells; a side has {_MOST_SIDE:,} at most",
            hint="look for points far away from the others, or use larger cells",
        )
    written, sources = [virtual, qgis.path_beside(path)], []
    with ExitStack() as outputs:
        document, style = [outputs.enter_context(replacing(file)) for file in written]
        for tile, (cells, own) in _tiles(survey.layout, blocks).items():
            file, grid = tile_of(path, tile), common(cells, whole)
            with survey.encoded(_in_rows(own), grid) as data:
                outputs.enter_context(replacing(file)).write_bytes(data)
            written.append(file)
            sources.append(vrt.Source(PurePosixPath(file.parent.name, file.name), grid))
        style.write_text(survey.style(), encoding="utf-8", newline="\n")
        # A name can have any bytes, and GDAL takes them as they are.
        document.write_bytes(vrt.document(survey.header(whole), sources).encode("utf-8", "surrogateescape"))
    return written


def _tiles(layout: Blocks, blocks: Sequence[Block]) -> dict[Block, tuple[Grid, list[Block]]]:
    """Return column and row of each tile in the world -> its cells and blocks, the south-west tile first."""
    side = max(TILE_CELLS // layout.cells, 1)
    large = Blocks(layout.cell, layout.cells * side)
    tiles: dict[Block, tuple[Grid, list[Block]]] = {}
    for block in sorted(blocks, key=lambda block: (block.row // side, block.col // side)):
        tile = Block(block.col // side, block.row // side)
        tiles.setdefault(tile, (large.grid(tile), []))[1].append(block)
    return tiles


def _in_rows(blocks: Sequence[Block]) -> list[Block]:
    """Return blocks from north to south, as the tiles of a file lie: GDAL packs each tile once."""
    return sorted(blocks, key=lambda block: (-block.row, block.col))


def _meet(one: Grid, other: Grid) -> bool:
    return 0 not in common(one, other).shape
