"""Points and ground of a block -> its labels, and what is seen of it from above, on disk: a task."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg import pipeline
from bevseg.bev.highest_points import highest_points
from bevseg.config import PredictConfig
from bevseg.config.names import SLICES
from bevseg.core.blocks import Block
from bevseg.core.cells import Extent
from bevseg.core.grid import Grid
from bevseg.core.height_counts import count_heights
from bevseg.core.heights import height_above_ground
from bevseg.core.labels import CLASS_NAMES
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.ground.find_ground import square_of
from bevseg.pipeline import BlockOutputs, load_model
from bevseg.runtime.progress import Stopwatch
from bevseg.seg.checkpoint import Model
from bevseg.seg.device import resolve
from bevseg.survey.ground_file import read_ground
from bevseg.survey.labels_file import BlockPicture, write_labels
from bevseg.survey.scratch import Scratch
from bevseg.survey.survey import Survey, SurveyPoints, points_of, read_once


def label_block(
    block: Block,
    survey: Path,
    scratch: Scratch,
    model: Path,
    *,
    device: str,
    tta: PredictConfig,
    probabilities: bool,
) -> None:
    """Label the points of a block and write their labels to the scratch folder, unless they are there.

    Parameters
    ----------
    block
        The block. The ground of all blocks that it depends on is found.
    survey
        File of the survey.
    scratch
        The scratch folder.
    model
        File of the model.
    device, tta, probabilities
        As for `pipeline.label`.
    """
    whole = read_once(survey)
    path = scratch.labels(whole.label_keys[block])
    if path.exists():
        return
    points, networks, watch = points_of(survey), load_model(model), Stopwatch()
    dems = _dems(whole, block, scratch, pipeline.reach_of(networks, tta))
    found = pipeline.label_block(
        points,
        block,
        dems,
        whole.limits,
        networks,
        device=device,
        tta=tta,
        probabilities=probabilities,
        watch=watch,
    )
    cloud = points.of(block)
    own = found.point_labels
    assert own.reasons is not None  # backproject gives them
    rows = [own.classes, own.confidence, own.reasons]
    labels = _true_labels(points, block)
    if labels is not None:
        cloud = replace(cloud, labels=labels)
        with watch("score"):
            rows.append(_oracle(cloud, found, whole, networks))
    with watch("picture"):
        picture, heights = _picture(cloud, found), _heights(points, block, cloud, found)
    write_labels(
        path,
        np.stack(rows),
        picture,
        heights,
        probabilities=own.probabilities,
        device=str(resolve(device)),
        seconds=watch.seconds,
    )


def _dems(survey: Survey, block: Block, scratch: Scratch, reach: float) -> dict[Block, Raster]:
    """Return the DEM of a block and of those within reach."""
    near = [each for each in survey.layout.within(block, reach) if each in survey.rows]
    squares: dict[Block, list[Block]] = {}
    for each in near:
        squares.setdefault(square_of(each), []).append(each)
    return {
        each: ground.dem
        for square, blocks in squares.items()
        for each, ground in read_ground(scratch.ground(survey.ground_keys[square]), blocks).items()
    }


def _true_labels(points: SurveyPoints, block: Block) -> NDArray[np.uint8] | None:
    """Return the train ids of the points of a block, 0 in clouds without labels; None if no cloud has any."""
    segments = points.segments(block)
    if all(segment.labels is None for segment in segments):
        return None
    return np.concatenate(
        [np.zeros(len(each.x), np.uint8) if each.labels is None else each.labels for each in segments]
    )


def _oracle(cloud: PointCloud, found: BlockOutputs, survey: Survey, model: Model) -> NDArray[np.uint8]:
    """Return the classes that perfect networks would give."""
    best = pipeline.oracle(cloud, found.dem, model.settings.slices, limits=survey.limits)
    return best.classes


def _picture(cloud: PointCloud, found: BlockOutputs) -> BlockPicture:
    """Return what is seen of the points of a block."""
    extent = Extent.of(cloud)
    assert extent is not None, "a block holds points"
    grid = Grid.covering(found.dem.grid.cell, *extent)
    highest = np.stack([found.bands[name].cut_to(grid)["h_max"] for name in SLICES])
    top = highest_points(cloud, found.point_labels, grid)
    return BlockPicture(grid, top.classes, highest.astype(np.float16), top.confidence, top.reasons, top.truth)


def _heights(points: SurveyPoints, block: Block, cloud: PointCloud, found: BlockOutputs) -> NDArray[np.int64]:
    """Return the points of each cloud of a block by class and height, (clouds, classes, bins)."""
    counts: dict[int, NDArray[np.int64]] = {}
    above, classes, start = height_above_ground(cloud, found.dem), found.point_labels.classes, 0
    for segment in points.segments(block):
        part = slice(start, start + len(segment.x))
        own = count_heights(above[part], classes[part], len(CLASS_NAMES))
        counts[segment.cloud] = counts.get(segment.cloud, 0) + own
        start = part.stop
    return np.stack([counts[number] for number in sorted(counts)])
