"""Sums of heights per cell, in whole numbers -> mean height per cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Heights = NDArray[np.float32]
Sums = NDArray[np.signedinteger]
"""(..., 2): heights added up, in parts of `PER_METRE`, and how many there are."""

PER_METRE = 10_000
"""Heights are added up in whole tenths of a millimetre: then the order of the points changes nothing."""

WIDE = 2.0
"""Larger cells (m) may hold so many points that the sums of their heights exceed 32 bits."""


def mean_height(sums: Sums) -> Heights:
    """Return the mean of what was added up in each cell, m; NaN where nothing was.

    Parameters
    ----------
    sums
        (threads, cells, 2): what each thread has added up; the first is overwritten with the total.
    """
    for more in sums[1:]:
        sums[0] += more
    total, hits = (sums[0, :, at].astype(np.float32) for at in (0, 1))
    with np.errstate(invalid="ignore"):
        total /= hits * np.float32(PER_METRE)
    return total
