"""Bands of the DEM for some cells: what lies around them has its say, as in the whole DEM."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.core.grid import Grid
from bevseg.ground.dem import dem_bands
from bevseg.ground.surface import Surface


@pytest.mark.parametrize(
    "searched", [Grid(0.25, -8, 127, 160, 160), Grid(1.0, -2, 31, 40, 40)], ids=["fine", "coarse"]
)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.001, 0.05]))
def test_some_cells_come_out_as_in_the_whole_dem(searched, seed, share):
    rng = np.random.default_rng(seed)
    grid = Grid(0.2, 0, 149, 150, 140)
    surface = rng.uniform(0, rng.choice([0.1, 3.0, 50.0]), searched.shape).astype(np.float32)
    off = rng.uniform(-1, 1, grid.shape).astype(np.float32)
    off[rng.random(grid.shape) >= share] = np.nan
    top, left = rng.integers(0, 100, 2)
    part = Grid(0.2, grid.west + left, grid.north - top, *rng.integers(1, 40, 2))
    whole = dem_bands(searched, Surface(surface, surface), grid, off, grid)
    found = dem_bands(searched, Surface(surface, surface), grid, off, part)
    rows, cols = grid.slices_of(part)
    np.testing.assert_array_equal(found, whole[:, rows, cols])
