"""What the report of a run says about one cloud, ready for JSON; lengths in metres."""

from __future__ import annotations

from typing import Any

import numpy as np

from bevseg import pipeline
from bevseg.core.cells import Extent, lowest
from bevseg.core.grid import Grid
from bevseg.core.labels import CLASS_NAMES
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.core.scores import scores_of
from bevseg.ground.find_ground import Ground
from bevseg.seg.checkpoint import Model

AREA_CELL = 1.0
"""Cell that counts as covered if it holds a point, m."""


def place_facts(cloud: PointCloud) -> dict[str, Any]:
    """Return reference system, bounds, covered area (m²) and points per m² of it."""
    bounds, extent = cloud.bounds(), Extent.of(cloud)
    area = 0
    if extent is not None:
        _, count = lowest(cloud, Grid.covering(AREA_CELL, *extent))
        area = int(np.count_nonzero(count))
    finite = len(cloud) if cloud.finite is None else int(cloud.finite.sum())
    return {
        "crs": cloud.crs.wkt or None if cloud.crs else None,
        "metres_per_unit": [cloud.crs.horizontal, cloud.crs.vertical] if cloud.crs else [1.0, 1.0],
        "bounds_m": None if bounds is None else dict(zip("xyz", bounds, strict=True)),
        "not_finite": len(cloud) - finite,
        "area_m2": area * AREA_CELL**2,
        "points_per_m2": round(finite / area, 2) if area else None,
    }


def ground_facts(ground: Ground) -> dict[str, str]:
    """Return the method that found the ground, and why it was taken."""
    return {"method": ground.method, "why": ground.why}


def label_facts(
    cloud: PointCloud, written: PointLabels, outputs: pipeline.StageOutputs, model: Model
) -> dict[str, Any]:
    """Return the points by class as written, and the scores of the model and of the oracle; None without labels."""
    counts = np.bincount(written.classes, minlength=len(CLASS_NAMES))
    facts: dict[str, Any] = {
        "classes": dict(zip(CLASS_NAMES, counts.tolist(), strict=True)),
        "scores": None,
        "oracle": None,
    }
    if pipeline.is_labelled(cloud):
        best = pipeline.oracle(cloud, outputs.dem, model.settings.slices)
        facts["scores"] = scores_of(pipeline.matrix(cloud, outputs.point_labels))
        facts["oracle"] = scores_of(pipeline.matrix(cloud, best))
    return facts
