"""Ground of the blocks of a survey -> what kind of scan each of its clouds is."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from bevseg.core.blocks import Block
from bevseg.core.scan_counts import COUNTS, scan_statistics
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
    held: dict[Block, list[tuple[str, Block]]] = {}
    for name, blocks in blocks_of.items():
        for block in blocks:
            held.setdefault(square_of(block), []).append((name, block))
    totals = {name: np.zeros(COUNTS, np.int64) for name in blocks_of}
    for square, parts in held.items():  # the counts of all blocks at once might not fit
        path = scratch.ground(survey.ground_keys[square])
        if path.exists():
            counts = read_counts(path, {block for _, block in parts})
            for name, block in parts:
                totals[name] += counts[block]
    return {name: scan_statistics(total) for name, total in totals.items()}
