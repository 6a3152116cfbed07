"""Why the class of a point is in doubt: one code per point, the first reason that applies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import UNDEFINED

NONE, STACKED, UNMEASURED, FEW, EDGE, UNLIKE = range(6)

REASON_NAMES = (
    "none",
    "stacked classes",
    "ground that nobody measured",
    "few points",
    "edge of a class",
    "unlike the training",
)
"""Name of each code."""


def of_unlike(reasons: NDArray[np.uint8], classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the reasons in a cloud that is unlike the training: `UNLIKE` wherever a class has no other one.

    Parameters
    ----------
    reasons, classes
        Codes of this table, and train ids, of points or of cells.
    """
    return np.where((reasons == NONE) & (classes != UNDEFINED), np.uint8(UNLIKE), reasons)
