"""The covered area is that of the square metres that hold a point, wherever the blocks end."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bevseg.core.blocks import Blocks, PointsByBlock
from bevseg.core.pointcloud import PointCloud
from bevseg.survey.area import CoveredArea


@st.composite
def places(draw, cell):
    """Whole millimetres around borders of blocks, west and east of zero."""
    border = round(Blocks.of(cell).side * 1000)
    size = draw(st.integers(1, 80))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spread = draw(st.sampled_from([2, 1500, 200_000]))
    return rng.integers(-3, 3, (size, 2)) * border + rng.integers(-spread, spread + 1, (size, 2))


def area_of(parts, layout):
    area = CoveredArea(layout)
    for part in parts:
        xyz = np.column_stack([part / 1000, np.zeros(len(part))])
        points = PointsByBlock.of_cloud(PointCloud.from_xyz(xyz), layout)
        for block in points:
            for segment in points.segments(block):
                area.add(block, segment)
    return area.total()


@given(st.data(), st.sampled_from([0.1, 0.15, 0.2, 0.3, 0.4, 0.57, 0.123456, 1.0]), st.integers(1, 4))
def test_it_is_the_number_of_square_metres_that_hold_a_point(data, cell, count):
    millimetres = data.draw(places(cell))
    expected = len({tuple(place) for place in (millimetres // 1000).tolist()})
    parts = [part for part in np.array_split(millimetres, count) if len(part)]
    assert area_of(parts, Blocks.of(cell)) == expected


def test_it_is_nothing_without_points():
    assert area_of([], Blocks.of(0.2)) == 0.0
