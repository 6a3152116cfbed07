"""Classes of the points -> the class codes that a file gets: one rule for all writers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import Scheme
from bevseg.core.pointcloud import PointCloud, PointLabels


def codes_to_write(
    cloud: PointCloud, point_labels: PointLabels, scheme: Scheme, path: Path
) -> NDArray[np.int64]:
    """Return the (N,) codes: kept ones as they are, 0 for points that take no part, all others by the scheme.

    Parameters
    ----------
    cloud, point_labels
        The points and their classes.
    scheme
        Which code is written for a class.
    path
        The output, for the message.

    Raises
    ------
    LabelError
        If the scheme has no code for a class.
    """
    kept = point_labels.kept
    if kept is None:
        codes = scheme.encode(point_labels.classes, where=str(path))
    else:
        codes = kept.codes.astype(np.int64)
        codes[~kept.mask] = scheme.encode(point_labels.classes[~kept.mask], where=str(path))
    if cloud.used is not None:
        codes[~cloud.used] = 0
    return codes
