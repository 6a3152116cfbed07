"""Points of a square of blocks -> the ground of its blocks, on disk: a task."""

from __future__ import annotations

from pathlib import Path

from bevseg.config import GroundConfig
from bevseg.core.blocks import Block
from bevseg.core.cells import Extent
from bevseg.core.grid import Grid
from bevseg.core.scan_counts import scan_counts
from bevseg.ground.find_ground import Ground, find_ground_of_square
from bevseg.runtime.progress import Stopwatch
from bevseg.survey.ground_file import BlockGround, write_ground
from bevseg.survey.scratch import Scratch
from bevseg.survey.survey import SurveyPoints, points_of, read_once


def find_ground(square: Block, survey: Path, scratch: Scratch, config: GroundConfig) -> None:
    """Find the ground of the blocks of a square and write it to the scratch folder, unless it is there.

    Parameters
    ----------
    square
        South-west block of the square.
    survey
        File of the survey.
    scratch
        The scratch folder.
    config
        Method and thresholds.
    """
    known = read_once(survey)
    path = scratch.ground(known.ground_keys[square])
    if path.exists():
        return
    points, watch = points_of(survey), Stopwatch()
    with watch("ground"):
        found = find_ground_of_square(points, square, config)
    kept = {
        block: BlockGround(
            ground.dem.cut_to(_kept_cells(points, block, ground, whole=known.whole_dem)),
            ground.method,
            ground.why,
            scan_counts(points.of(block), ground.dem, known.limits.ground_band),
        )
        for block, ground in found.items()
    }
    write_ground(path, kept, watch.seconds["ground"])


def _kept_cells(points: SurveyPoints, block: Block, ground: Ground, *, whole: bool) -> Grid:
    """Return the cells of a block whose DEM is kept."""
    own, known = points.layout.grid(block), ground.dem.grid
    if not whole:
        extent = Extent.of(points.of(block))
        assert extent is not None, "a block holds points"
        known = Grid.covering(own.cell, *extent)
    return own.meet(known)
