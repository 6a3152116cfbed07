"""What every reader gives: the points of a file and the class codes as they stand there, not yet understood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.pointcloud import PointCloud


@dataclass(frozen=True)
class Scan:
    """The content of a file.

    Attributes
    ----------
    cloud
        The points, without labels.
    codes
        (N,) class codes of the file; None if it has none.
    scheme
        Name of the scheme that bevseg wrote the codes in; None for files of other origin.
    """

    cloud: PointCloud
    codes: NDArray[np.integer] | None = None
    scheme: str | None = None
