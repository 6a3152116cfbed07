"""Heights with gaps (NaN)."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=25)
HOLED = hnp.arrays(np.float32, SHAPES, elements=st.floats(-50, 50, width=32) | st.just(np.nan))


def with_gaps(surface, gaps, rng):
    rows, cols = surface.shape
    gap = np.zeros(surface.shape, bool)
    if gaps == "block":
        gap[rows // 5 : -rows // 5, cols // 6 : -cols // 3] = True
    elif gaps == "blocks":
        for _ in range(8):
            row, col = rng.integers(0, rows - 3), rng.integers(0, cols - 3)
            gap[row : row + rng.integers(3, 16), col : col + rng.integers(3, 16)] = True
    elif gaps == "all but the rim":
        gap[1:-1, 1:-1] = True
    elif gaps == "all but a swath":
        y, x = np.indices(surface.shape)
        gap = (np.abs(y - x) > cols / 8) | (rng.random(surface.shape) < 0.2)
    else:
        gap = rng.random(surface.shape) < gaps
    return np.where(gap, np.nan, surface).astype(np.float32)
