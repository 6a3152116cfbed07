import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bevseg.ground.zones import label_flat_zones, zone_sizes

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14)
# Quarters, so that many steps are exactly as high as the largest that joins.
QUARTERS = st.integers(-6, 6).map(lambda n: n / 4) | st.just(np.nan)
HOLED = hnp.arrays(np.float32, SHAPES, elements=QUARTERS)
NUMBERS = hnp.arrays(np.int32, SHAPES, elements=st.integers(0, 5))


def pairs(shape, neighbours):
    """(this, that, distance) of all cells next to each other, as flat indices."""
    cells = np.arange(shape[0] * shape[1]).reshape(shape)
    yield cells[:, :-1].ravel(), cells[:, 1:].ravel(), 1
    yield cells[:-1].ravel(), cells[1:].ravel(), 1
    if neighbours == 8:
        yield cells[:-1, :-1].ravel(), cells[1:, 1:].ravel(), 2**0.5
        yield cells[:-1, 1:].ravel(), cells[1:, :-1].ravel(), 2**0.5


def by_graph(heights, step, neighbours):
    """The same by SciPy: components of the graph of joined neighbours, numbered by their first cells."""
    flat, joined = heights.ravel().astype(float), []
    for this, that, distance in pairs(heights.shape, neighbours):
        near = np.abs(flat[this] - flat[that]) <= step * distance
        joined.append(np.stack([this[near], that[near]]))
    this, that = np.concatenate(joined, axis=1)
    graph = coo_array((np.ones(len(this)), (this, that)), shape=(flat.size, flat.size))
    component, zones, numbers = connected_components(graph, directed=False)[1], np.zeros(flat.size, int), {}
    for cell in np.flatnonzero(~np.isnan(flat)):
        zones[cell] = numbers.setdefault(component[cell], len(numbers) + 1)
    return zones.reshape(heights.shape)


@given(HOLED, st.sampled_from([0, 0.25, 0.5, 1]), st.sampled_from([4, 8]))
def test_zones_are_the_components_of_the_graph_in_the_order_of_their_first_cells(heights, step, neighbours):
    zones = label_flat_zones(heights, step, neighbours=neighbours)
    assert zones.dtype == np.int32
    np.testing.assert_array_equal(zones, by_graph(heights, step, neighbours))


@pytest.mark.parametrize("neighbours", [4, 8])
def test_zones_of_a_large_rough_raster(neighbours):
    rng = np.random.default_rng(3)
    heights = rng.normal(size=(210, 190)).astype(np.float32)
    heights[rng.random(heights.shape) < 0.1] = np.nan
    step = {4: 0.8, 8: 0.4}[neighbours]  # about where zones start to span the raster
    np.testing.assert_array_equal(
        label_flat_zones(heights, step, neighbours=neighbours), by_graph(heights, step, neighbours)
    )


def test_a_spiral_is_one_zone_whatever_way_it_winds():
    spiral = np.array(
        [
            [0, 9, 0, 0, 0, 0],
            [0, 9, 0, 9, 9, 0],
            [0, 9, 0, 0, 9, 0],
            [0, 9, 9, 9, 9, 0],
            [0, 0, 0, 0, 0, 0],
        ],
        np.float32,
    )
    for turned in (spiral, spiral.T, spiral[::-1], spiral[:, ::-1], spiral[::-1, ::-1]):
        assert zone_sizes(label_flat_zones(turned, 1)).tolist()[1:] in ([20, 10], [10, 20])


def test_a_zone_climbs_by_steps_and_stops_at_a_cliff():
    stairs = np.array([[0, 1, 2, 3, 5, 6]], np.float32)
    assert label_flat_zones(stairs, 1).tolist() == [[1, 1, 1, 1, 2, 2]]
    assert label_flat_zones(stairs.T.copy(), 1).ravel().tolist() == [1, 1, 1, 1, 2, 2]


def test_a_step_as_high_as_the_largest_joins_and_one_higher_by_a_rounding_does_not():
    high = np.float32(1) + np.float32(0.25)
    edge = np.array([[1, high, 1, np.nextafter(high, np.float32(2))]], np.float32)
    assert label_flat_zones(edge, 0.25).tolist() == [[1, 1, 1, 2]]


def test_corners_join_up_to_a_step_longer_by_the_root_of_two():
    corner = np.array([[0, np.nan], [np.nan, 1.4]], np.float32)
    assert label_flat_zones(corner, 1).max() == 2
    assert label_flat_zones(corner, 1, neighbours=8).max() == 1
    assert label_flat_zones(corner, 0.98, neighbours=8).max() == 2


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (3, 4), (0, 3), (3, 0)])
def test_nothing_known_is_no_zone(shape):
    unknown = np.full(shape, np.nan, np.float32)
    zones = label_flat_zones(unknown, 1, neighbours=8)
    assert zones.shape == shape
    assert not zones.any()
    assert zone_sizes(zones).tolist() == [unknown.size]


@given(NUMBERS)
def test_sizes_count_the_cells_of_each_zone(zones):
    np.testing.assert_array_equal(zone_sizes(zones), np.bincount(zones.ravel()))


@pytest.mark.parametrize(("step", "neighbours", "message"), [(-1, 4, "-1"), (np.nan, 4, "nan"), (1, 6, "6")])
def test_a_wrong_setting_is_refused(step, neighbours, message):
    with pytest.raises(ValueError, match=message):
        label_flat_zones(np.zeros((2, 2), np.float32), step, neighbours=neighbours)
