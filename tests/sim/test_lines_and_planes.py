"""Planes through points whose slope is known."""

import numpy as np
import pytest

from bevseg.sim.lines_and_planes import planes
from tests.sim.test_statistics import on_plane


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_planes_give_slope_and_scatter(noise):
    rng = np.random.default_rng(1)
    xyz = on_plane(rng.uniform(0, 4, (4000, 2)), 0.3, -0.4)
    xyz[:, 2] += noise * rng.standard_normal(len(xyz))
    slope, residual = planes(np.zeros(len(xyz), np.int64), xyz, 4, 100)
    assert slope == pytest.approx([0.5], abs=0.002)
    assert residual == pytest.approx([noise], rel=0.05, abs=1e-6)


def test_a_line_and_few_points_give_no_plane():
    line = on_plane(np.column_stack([np.linspace(0, 4, 200)] * 2))
    assert len(planes(np.zeros(200, np.int64), line, 4, 100)[0]) == 0
    few = on_plane(np.random.default_rng(0).uniform(0, 4, (99, 2)))
    assert len(planes(np.zeros(99, np.int64), few, 4, 100)[0]) == 0
