"""What no network should say of cars and poles."""

import itertools

import numpy as np
import pytest
from scipy import ndimage

from bevseg.bev.consistency import (
    LEAST_AREA,
    LOWEST_CAR,
    LOWEST_CROWN,
    OVERRULED,
    REACH,
    RULES,
    SURE,
    consistent,
)
from bevseg.core.grid import Grid
from bevseg.core.labels import BUILDING, CAR, GROUND, POLE, PROBABILITY_BANDS, VEGETATION
from bevseg.core.raster import Raster

SHAPE = (12, 14)
EMPTY = np.zeros(SHAPE)


def rasters(low, high, heights, *, low_confidence=200, high_confidence=220):
    """Class rasters, and the band `h_max` of the low slice."""
    low, high = np.array(low, np.uint8), np.array(high, np.uint8)
    grid = Grid(0.2, 0, 0, *low.shape)
    classes = {
        name: Raster(
            grid,
            ("class", "confidence"),
            np.stack([of, np.broadcast_to(np.asarray(sure, np.uint8), of.shape)]),
        )
        for name, of, sure in (("low", low, low_confidence), ("high", high, high_confidence))
    }
    heights = np.broadcast_to(np.float32(heights), low.shape)
    return classes, {"low": Raster(grid, ("h_max",), heights[None])}


def drawn(*pieces):
    """Draw classes into rectangles of an empty raster: (class, rows, cols)."""
    values = EMPTY.copy()
    for found, rows, cols in pieces:
        values[rows, cols] = found
    return values


def test_a_car_inside_a_facade_is_the_wall():
    low, high = EMPTY.copy(), EMPTY.copy()
    low[1, :5], high[1, :2], high[1, 2] = CAR, BUILDING, VEGETATION
    settled = consistent(*rasters(low, high, 1.4))["low"]
    assert settled["class"][1, :5].tolist() == [BUILDING, BUILDING, CAR, CAR, CAR]
    assert settled["confidence"][1, :5].tolist() == [220, 220, 200, 200, 200]


@pytest.mark.parametrize("under", [BUILDING, POLE, VEGETATION])
def test_a_car_in_the_air_is_what_is_under_half_of_it(under):
    high = drawn((CAR, slice(0, 2), slice(0, 4)), (CAR, slice(6, 8), slice(0, 4)))
    low = drawn((under, slice(0, 2), slice(0, 2)), (under, slice(6, 8), slice(0, 1)))
    settled = consistent(*rasters(low, high, 1.0))["high"]
    assert (settled["class"][:2, :4] == under).all() and (settled["confidence"][:2, :4] == 200).all()
    np.testing.assert_array_equal(settled["class"][2:], high[2:])  # a quarter is not enough


def test_a_lorry_keeps_its_roof():
    truck = drawn((CAR, slice(0, 4), slice(0, 9)))
    for low in (truck, EMPTY, drawn((GROUND, slice(0, 4), slice(0, 9)))):
        np.testing.assert_array_equal(consistent(*rasters(low, truck, 2.9))["high"]["class"], truck)


@pytest.mark.parametrize(("under", "stays"), [(BUILDING, False), (VEGETATION, False), (CAR, True), (0, True)])
def test_a_pole_stands_on_no_wall_and_no_crown_but_a_lamp_hangs_over_a_car(under, stays):
    high, low = drawn((POLE, slice(3, 4), slice(2, 6))), drawn((under, slice(3, 4), slice(2, 4)))
    settled = consistent(*rasters(low, high, 2.9))["high"]["class"]
    assert (settled[3, 2:6] == (POLE if stays else under)).all()


@pytest.mark.parametrize("over", [BUILDING, VEGETATION])
def test_a_pole_stands_free(over):
    sure = round(255 * SURE) - 1
    low = drawn((POLE, slice(2, 4), slice(2, 4)), (POLE, slice(8, 10), slice(2, 4)))
    high = drawn((over, slice(0, 6), slice(0, 6)), (over, slice(9, 12), slice(0, 6)))
    settled = consistent(*rasters(low, high, 2.9, low_confidence=sure))["low"]
    assert (settled["class"][2:4, 2:4] == over).all() and (settled["confidence"][2:4, 2:4] == 220).all()
    assert (settled["class"][8:10, 2:4] == POLE).all()  # half of it is in the open


def test_a_pole_that_the_network_is_sure_of_stays_in_its_crown():
    low, high = drawn((POLE, slice(2, 4), slice(2, 4))), drawn((VEGETATION, slice(0, 6), slice(0, 6)))
    confidence = np.where(np.arange(14) % 2, 255, 2 * 255 * SURE - 255 + 2)  # of its cells, on the mean
    settled = consistent(*rasters(low, high, 2.9, low_confidence=confidence.astype(np.uint8)))["low"]
    np.testing.assert_array_equal(settled["class"], low)


def test_a_bollard_under_a_crown_stays():
    low, high = drawn((POLE, slice(2, 4), slice(2, 4))), drawn((VEGETATION, slice(0, 6), slice(0, 6)))
    for top, found in ((LOWEST_CROWN - 0.1, POLE), (LOWEST_CROWN, VEGETATION)):
        heights = EMPTY.copy()
        heights[3, 3] = top
        settled = consistent(*rasters(low, high, heights, low_confidence=150))["low"]
        assert (settled["class"][2:4, 2:4] == found).all()


def test_what_is_knee_high_is_terrain_and_a_car_with_a_flat_bonnet_stays():
    low, heights = (
        drawn((CAR, slice(0, 5), slice(0, 5)), (CAR, slice(0, 12), slice(8, 11))),
        np.full(SHAPE, 1.2),
    )
    heights[:5, :5], heights[:5, 8:] = LOWEST_CAR - 0.1, 0.3
    settled = consistent(*rasters(low, EMPTY, heights))["low"]
    assert (settled["class"][:5, :5] == GROUND).all() and (settled["confidence"][:5, :5] == OVERRULED).all()
    assert (settled["class"][:, 8:11] == CAR).all()


def test_a_bumper_alone_is_not_judged():
    least = round(LEAST_AREA / 0.2**2 / 5)
    low = drawn((CAR, slice(0, 5), slice(0, least - 1)))
    assert (consistent(*rasters(low, EMPTY, 0.3))["low"]["class"] == low).all()


def test_regions_that_touch_at_a_corner_are_one():
    low, heights = drawn((CAR, slice(0, 5), slice(0, 5)), (CAR, slice(5, 12), slice(5, 10))), EMPTY.copy()
    heights[:5], heights[5:] = 0.3, 1.0
    assert (consistent(*rasters(low, EMPTY, heights))["low"]["class"] == low).all()


def test_nothing_else_changes_and_nothing_is_changed_in_place():
    classes, bands = rasters(np.full(SHAPE, VEGETATION), np.full(SHAPE, BUILDING), 0.3)
    before = {name: raster.values.copy() for name, raster in classes.items()}
    settled = consistent(classes, bands)
    for name, values in before.items():
        np.testing.assert_array_equal(settled[name].values, values)
        np.testing.assert_array_equal(classes[name].values, values)


def crowded(seed, shape=(150, 170)):
    """A raster full of small pieces over and under each other, none longer than the reach."""
    generator = np.random.default_rng(seed)

    def blobs():
        cells = generator.choice(6, tuple(n // 3 + 1 for n in shape), p=[0.5, 0.1, 0.12, 0.06, 0.12, 0.1])
        fine = np.kron(cells, np.ones((3, 3), int))[: shape[0], : shape[1]]
        return np.where(generator.random(shape) < 0.2, 0, fine)

    low, high = blobs(), blobs()
    confidence = generator.integers(50, 256, (2, *shape))
    heights = generator.choice([0.2, 0.4, 1.0, 1.8, 2.5], shape)
    for values, found in itertools.product((low, high), (CAR, POLE)):
        boxes = ndimage.find_objects(ndimage.label(values == found, np.ones((3, 3)))[0])
        assert max(side.stop - side.start for box in boxes for side in box) <= REACH
    return rasters(low, high, heights, low_confidence=confidence[0], high_confidence=confidence[1])


def each(change, rasters):
    """Apply a function to the values of rasters, (bands, rows, cols)."""
    found = {name: change(raster.values) for name, raster in rasters.items()}
    return {
        name: Raster(Grid(0.2, 0, 0, *values.shape[1:]), rasters[name].names, values)
        for name, values in found.items()
    }


def same(first, second):
    """Return whether all values are equal."""
    return all(np.array_equal(raster.values, second[name].values) for name, raster in first.items())


@pytest.mark.parametrize("seed", range(3))
def test_each_rule_has_work_on_a_crowded_raster(seed):
    classes, bands = crowded(seed)
    for rule in RULES[:-1]:  # there are no beds
        assert not same(classes, consistent(classes, bands, rules=(rule,))), rule.__name__


@pytest.mark.parametrize("seed", range(3))
def test_twice_is_once(seed):
    classes, bands = crowded(seed)
    once = consistent(classes, bands)
    assert same(once, consistent(once, bands))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("turn", [lambda v: np.rot90(v, 1, (1, 2)), lambda v: v[:, ::-1]])
def test_a_turned_or_mirrored_raster_gives_the_turned_result(seed, turn):
    classes, bands = crowded(seed)
    assert same(each(turn, consistent(classes, bands)), consistent(each(turn, classes), each(turn, bands)))


@pytest.mark.parametrize("seed", range(3))
def test_a_tile_with_its_margin_gives_what_the_whole_raster_does(seed):
    classes, bands = crowded(seed)
    window = (slice(None), slice(50 - REACH, 100 + REACH), slice(60 - REACH, 100 + REACH))
    core = (slice(None), slice(REACH, -REACH), slice(REACH, -REACH))
    tile = consistent(each(lambda v: v[window], classes), each(lambda v: v[window], bands))
    whole = each(lambda v: v[:, 50:100, 60:100], consistent(classes, bands))
    assert same(each(lambda v: v[core], tile), whole)


def test_probabilities_of_what_is_put_right_follow_the_rule():
    low, high = drawn((CAR, slice(0, 12), slice(0, 10))), drawn((BUILDING, slice(0, 2), slice(0, 10)))
    pole = drawn((POLE, slice(9, 11), slice(12, 14)))
    low, high = low + pole, high + drawn((VEGETATION, slice(8, 12), slice(12, 14)))
    low[5:, :10] = 0
    classes, bands = rasters(low, high, 2.5, low_confidence=150)
    shares = {
        name: np.array(values, np.uint8)[:, None, None]
        for name, values in {"low": (40, 150, 5, 30, 30), "high": (220, 5, 10, 10, 10)}.items()
    }
    names = ("class", "confidence", *PROBABILITY_BANDS)
    with_shares = {
        name: Raster(raster.grid, names, np.concatenate([raster.values, np.tile(shares[name], (1, *SHAPE))]))
        for name, raster in classes.items()
    }
    settled = consistent(with_shares, bands)["low"].values
    np.testing.assert_array_equal(settled[:2], consistent(classes, bands)["low"].values)
    assert (settled[2:, 3, :10] == shares["low"][:, 0]).all()  # no rule says anything
    assert (settled[2:, 0, :10] == shares["high"][:, 0]).all()  # a wall
    trunk = settled[:, 9, 12]
    assert trunk[0] == VEGETATION and trunk[1 + VEGETATION] == trunk[1] == 220
    assert abs(int(trunk[2:].sum()) - 255) <= 2 and sorted(trunk[2:])[3] < 220
