"""Heights above the ground -> how many points of each class lie at each height."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LOWEST, STEP, BINS = -1.0, 0.5, 64
"""Lower edge of the first bin, width of a bin, both m, and number of bins: -1 m to 31 m. The first and the last one
hold what lies beyond them, too."""


def count_heights(heights: NDArray[np.float32], classes: NDArray[np.uint8], most: int) -> NDArray[np.int64]:
    """Count points by class and height.

    Parameters
    ----------
    heights
        (N,) above the ground, m; points without one (NaN) do not count.
    classes
        (N,) train ids.
    most
        Number of classes.

    Returns
    -------
    NDArray
        (most, BINS) numbers of points.
    """
    known = ~np.isnan(heights)
    steps = np.floor((heights[known] - np.float32(LOWEST)) / np.float32(STEP))
    bins = np.clip(steps, 0, BINS - 1).astype(np.int64)
    counts = np.bincount(classes[known] * np.int64(BINS) + bins, minlength=most * BINS)
    return counts.reshape(most, BINS)
