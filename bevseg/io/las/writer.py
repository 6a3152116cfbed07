"""Labelled cloud, or a cloud with its ground -> LAS or LAZ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import Scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.io.las.codes import (
    CONFIDENCE,
    FIVE_BITS,
    TRAIN_ID,
    code_table,
    description,
    ensure_fit,
    with_lookup,
)
from bevseg.io.las.dimensions import Dimension
from bevseg.io.las.reader import LasSource
from bevseg.io.las.record import write_codes

_UNCLASSIFIED, _GROUND = 1, 2


def write(cloud: PointCloud, point_labels: PointLabels, path: Path, scheme: Scheme) -> None:
    """Write the labelled cloud: the points of its source with new classes and `bevseg_confidence`.

    Parameters
    ----------
    cloud
        From any reader. A LAS or LAZ source keeps every other byte of header, records and points; other sources
        become LAS 1.4, point format 6.
    point_labels
        One class and confidence per point.
    path
        `.las` or `.laz`.
    scheme
        Which codes are written. Where the point format ends at 31, higher codes become 1 and the train id stands
        in `bevseg_class`.

    Raises
    ------
    LabelError
        If the scheme has no code for a class, or one above 255.
    OSError
        If the system refuses the write.
    """
    kept = point_labels.kept
    table = code_table(
        scheme, point_labels.classes if kept is None else point_labels.classes[~kept.mask], path
    )
    dimensions = {CONFIDENCE: Dimension(point_labels.confidence, description(scheme))}
    limit = FIVE_BITS if _format(cloud) < 6 else 255
    if any(entry.code > limit for entry in scheme.written().values()) or TRAIN_ID in _names(cloud):
        dimensions[TRAIN_ID] = Dimension(point_labels.classes, "train id of bevseg")
    table[table > limit] = _UNCLASSIFIED
    codes = table.astype(np.uint8)[point_labels.classes]
    if kept is not None:
        ensure_fit(kept.codes[kept.mask], limit, path)
        codes[kept.mask] = kept.codes[kept.mask]
    if cloud.finite is not None:
        codes[~cloud.finite] = 0
    write_codes(cloud, codes, path, dimensions, lambda header: with_lookup(header, scheme, limit))


def write_ground(
    cloud: PointCloud, is_ground: NDArray[np.bool_], heights: NDArray[np.float32], path: Path
) -> None:
    """Write the cloud with class 2 on ground points and 1 on all others, and `height_above_ground` (m)."""
    codes = np.where(is_ground, np.uint8(_GROUND), np.uint8(_UNCLASSIFIED))
    write_codes(cloud, codes, path, {"height_above_ground": Dimension(heights, "m above the DEM")})


def _format(cloud: PointCloud) -> int:
    return cloud.source.point_format if isinstance(cloud.source, LasSource) else 6


def _names(cloud: PointCloud) -> tuple[str, ...]:
    return cloud.source.points.dtype.names or () if isinstance(cloud.source, LasSource) else ()
