"""A labelled cloud of which no maps were kept -> maps of its points alone, without the ground."""

from __future__ import annotations

import dataclasses

import numpy as np

from bevseg.bev.highest_points import highest_points
from bevseg.core.grid import Grid
from bevseg.core.height_counts import BINS
from bevseg.core.labels import CLASS_NAMES
from bevseg.core.pointcloud import PointLabels
from bevseg.io.read_labelled import LabelledCloud
from bevseg.report.maps_file import UNKNOWN, Maps
from bevseg.review.run_outputs import RunCloud

CELL = 0.2
"""Side of a cell, m; larger in a cloud that has more than `SIDE` of them."""

SIDE = 1000
"""Cells along the longer side of the maps, at most."""


def maps_of_points(cloud: RunCloud) -> Maps | None:
    """Return what is seen of a labelled cloud; None if it has no finite points.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    labelled = cloud.read()
    points = dataclasses.replace(labelled.cloud, labels=cloud.read_truth())
    near = points if points.used is None else points.take(np.flatnonzero(points.used))
    bounds = near.bounds()
    if bounds is None:
        return None
    extent = max(high - low for low, high in bounds[:2])
    grid = Grid.covering(max(CELL, extent / (SIDE - 1)), bounds[0], bounds[1])
    seen = highest_points(points, _labels(labelled), grid)
    return Maps(
        grid.cell,
        1,
        grid.left,
        grid.top,
        np.full(grid.shape, np.nan, np.float32),
        np.full(grid.shape, UNKNOWN, np.uint8),
        seen.classes,
        seen.confidence,
        seen.reasons,
        seen.truth,
        np.zeros((len(CLASS_NAMES), BINS), np.int64),
    )


def _labels(labelled: LabelledCloud) -> PointLabels:
    """Return the labels of a cloud, with confidence 0 where its file has none."""
    nothing = np.zeros(len(labelled), np.uint8)
    confidence = nothing if labelled.confidence is None else labelled.confidence
    return PointLabels(labelled.classes, confidence, reasons=labelled.reasons)
