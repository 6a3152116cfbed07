"""Ground and labels of the blocks of a survey -> its DEM and its classes from above, as GeoTIFFs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from bevseg.core.blocks import Block
from bevseg.core.labels import Scheme
from bevseg.core.raster import Raster
from bevseg.io.mosaic.write import write_mosaic
from bevseg.survey.ground_file import read_ground
from bevseg.survey.labels_file import read_picture
from bevseg.survey.scratch import Scratch
from bevseg.survey.survey import Survey, read_once
from bevseg.workdir.ground_products import MEANING, UNITS

CLASSES_MEANING = "Class of the highest point of each cell."


def write_dem(
    survey: Path, scratch: Scratch, path: Path, missing: frozenset[Block] = frozenset()
) -> list[Path]:
    """Write the DEM of a survey; the ground of its blocks is found.

    Parameters
    ----------
    survey
        File of the survey.
    scratch
        The scratch folder.
    path
        `NAME.tif`, as for `bevseg.io.mosaic.write.write_mosaic`. Files of this name are replaced.
    missing
        Blocks that have no result.
    """
    known = read_once(survey)
    pieces = _pieces(known, scratch, missing, _dem)
    return write_mosaic(path, pieces, known.layout, units=UNITS, tags=_about(MEANING["dem"]), overwrite=True)


def write_classes(
    survey: Path, scratch: Scratch, path: Path, scheme: Scheme, missing: frozenset[Block] = frozenset()
) -> list[Path]:
    """Write the class of the highest point of each cell of a survey, in the codes of a scheme.

    The other parameters are those of `write_dem`; the blocks are labelled.
    """
    known = read_once(survey)
    pieces = _pieces(known, scratch, missing, _classes)
    return write_mosaic(
        path, pieces, known.layout, scheme=scheme, tags=_about(CLASSES_MEANING), overwrite=True
    )


def _pieces(
    survey: Survey,
    scratch: Scratch,
    missing: frozenset[Block],
    read: Callable[[Survey, Block, Scratch], Raster],
) -> dict[Block, Callable[[], Raster]]:
    blocks = [block for block in survey.label_keys if block not in missing]
    return {block: functools.partial(read, survey, block, scratch) for block in blocks}


def _dem(survey: Survey, block: Block, scratch: Scratch) -> Raster:
    return read_ground(scratch.ground(survey.ground_key(block)), [block])[block].dem


def _classes(survey: Survey, block: Block, scratch: Scratch) -> Raster:
    picture = read_picture(scratch.labels(survey.label_keys[block]))
    crs = survey.crs
    wkt, unit = (None, 1.0) if crs is None else (crs.wkt or None, crs.horizontal)
    return Raster(picture.grid, ("class",), picture.classes[None], wkt, unit)


def _about(meaning: str) -> dict[str, str]:
    return {"TIFFTAG_IMAGEDESCRIPTION": meaning}
