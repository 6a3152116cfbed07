"""Ground and labels of the blocks of a survey -> its DEM and its classes from above, as GeoTIFFs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from bevseg.core.blocks import Block
from bevseg.core.labels import Scheme
from bevseg.core.raster import Raster
from bevseg.ground.find_ground import square_of
from bevseg.io.mosaic.write import write_mosaic
from bevseg.survey.ground_file import read_ground
from bevseg.survey.labels_file import read_picture
from bevseg.survey.scratch import Scratch
from bevseg.survey.survey import Survey, read_once
from bevseg.workdir.ground_products import MEANING, UNITS

CLASSES_MEANING = "Class of the highest point of each cell."


def write_rasters(
    survey: Path, scratch: Scratch, dem: Path, classes: Path, scheme: Scheme, missing: frozenset[Block]
) -> list[Path]:
    """Write the DEM of a survey, and the class of the highest point of each cell.

    Parameters
    ----------
    survey
        File of the survey; the ground and the labels of its blocks are found.
    scratch
        The scratch folder.
    dem, classes
        `NAME.tif`, as for `bevseg.io.mosaic.write.write_mosaic`. Files of these names are replaced.
    scheme
        Its codes are written.
    missing
        Blocks that could not be labelled.
    """
    known = read_once(survey)
    blocks = [block for block in known.label_keys if block not in missing]

    def pieces(read: Callable[[Survey, Block, Scratch], Raster]) -> dict[Block, Callable[[], Raster]]:
        return {block: functools.partial(read, known, block, scratch) for block in blocks}

    return [
        *write_mosaic(
            dem, pieces(_dem), known.layout, units=UNITS, tags=_about(MEANING["dem"]), overwrite=True
        ),
        *write_mosaic(
            classes,
            pieces(_classes),
            known.layout,
            scheme=scheme,
            tags=_about(CLASSES_MEANING),
            overwrite=True,
        ),
    ]


def _dem(survey: Survey, block: Block, scratch: Scratch) -> Raster:
    path = scratch.ground(survey.ground_keys[square_of(block)])
    return read_ground(path, [block])[block].dem


def _classes(survey: Survey, block: Block, scratch: Scratch) -> Raster:
    picture = read_picture(scratch.labels(survey.label_keys[block]))
    crs = survey.crs
    wkt, unit = (None, 1.0) if crs is None else (crs.wkt or None, crs.horizontal)
    return Raster(picture.grid, ("class",), picture.classes[None], wkt, unit)


def _about(meaning: str) -> dict[str, str]:
    return {"TIFFTAG_IMAGEDESCRIPTION": meaning}
