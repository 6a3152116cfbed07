"""Ground of the blocks of a survey -> what kind of scan each of its clouds is."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from bevseg.core.blocks import Block
from bevseg.core.scan_counts import COUNTS, ScanCounts, scan_statistics
from bevseg.ground.find_ground import square_of
from bevseg.survey.ground_file import read_counts
from bevseg.survey.scratch import Scratch
from bevseg.survey.survey import Survey


def cloud_scans(
    survey: Survey, scratch: Scratch, blocks_of: Mapping[str, Collection[Block]]
) -> dict[str, dict[str, float]]:
    """Return the statistics of clouds of a survey, as from `scan_statistics`.

    Those of a cloud are of all points of its blocks, whatever clouds these points are in. So it does not matter where
    a survey was cut within a block. A block whose ground was not found does not count.

    Parameters
    ----------
    survey, scratch
        The survey, and the folder with the ground of its blocks.
    blocks_of
        Name of a cloud -> its blocks.
    """
    squares: dict[Block, set[Block]] = {}
    for blocks in blocks_of.values():
        for block in blocks:
            squares.setdefault(square_of(block), set()).add(block)
    counts: dict[Block, ScanCounts] = {}
    for square, held in squares.items():
        path = scratch.ground(survey.ground_keys[square])
        if path.exists():
            counts |= read_counts(path, held)
    return {
        name: scan_statistics(
            sum((counts[block] for block in blocks if block in counts), np.zeros(COUNTS, np.int64))
        )
        for name, blocks in blocks_of.items()
    }
