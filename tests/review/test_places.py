"""Places to look at: connected pieces, in doubt, rare, and not twice the same kind."""

import dataclasses

import numpy as np
import pytest

from bevseg.core.labels import CAR, GROUND, POLE, UNDEFINED, VEGETATION
from bevseg.core.reasons import EDGE, NONE, STACKED
from bevseg.review.places import FEWEST, LONGEST, MOST, NEAR, candidates, choose, find_pieces


def places(*cloud, most=MOST, **given):
    return choose(candidates(*cloud, **given), most)


def block(west, south, wide, high, label, sure=200, reason=NONE, spacing=0.1):
    """Columns x, y, class, confidence, reason of a rectangle full of points."""
    x, y = np.meshgrid(np.arange(west, west + wide, spacing), np.arange(south, south + high, spacing))
    count = x.size
    return np.array([x.ravel(), y.ravel(), *(np.full(count, v) for v in (label, sure, reason))])


def scene(*blocks):
    """The five arguments of `places`."""
    x, y, *rest = np.concatenate(blocks, axis=1)
    return (x, y, *(column.astype(np.uint8) for column in rest))


def test_each_connected_piece_of_objects_is_one_place_and_ground_is_none():
    cloud = scene(
        block(0, 0, 50, 50, GROUND, 10),
        block(10, 10, 2, 4, CAR),
        block(20, 10, 2, 4, CAR),
        block(30, 30, 1, 1, UNDEFINED, 0),
    )
    found = places(*cloud)
    assert [place.label for place in found] == [CAR, CAR]
    first = min(found, key=lambda place: place.x)
    assert (first.west, first.south) == pytest.approx((10, 10))
    assert first.east == pytest.approx(12, abs=0.41) and first.north == pytest.approx(14, abs=0.41)
    assert (first.x, first.y) == pytest.approx((10.95, 11.95))
    assert first.points == 800 and first.confidence == pytest.approx(200 / 255)
    assert places(*cloud, labels=[GROUND])[0].label == GROUND


def test_the_most_doubtful_of_two_alike_comes_first():
    cloud = scene(block(0, 0, 2, 4, CAR, 240), block(50, 0, 2, 4, CAR, 90), block(100, 0, 2, 4, CAR, 200))
    found = places(*cloud)
    assert [round(place.x) for place in found] == [51, 101, 1]
    assert found[0].score == 1
    assert [place.score for place in found] == sorted((place.score for place in found), reverse=True)


def test_a_rare_class_comes_before_a_common_one_that_is_as_doubtful():
    hedges = [block(20 * i, 40, 2, 2, VEGETATION, 128) for i in range(20)]
    assert places(*scene(*hedges, block(0, 0, 2, 2, POLE, 128)))[0].label == POLE


def test_the_same_kind_is_not_proposed_again_and_again():
    hedges = [block(30 * i, 40, 2, 2, VEGETATION, 100 + i) for i in range(6)]
    cars = [block(30 * i, 0, 2, 4, CAR, 170) for i in range(2)]
    labels = [place.label for place in places(*scene(*hedges, *cars), most=4)]
    assert labels.count(CAR) == 2


def test_a_place_near_one_that_is_chosen_comes_later():
    cloud = scene(
        block(0, 0, 2, 4, CAR, 50),
        block(4, 0, 2, 4, CAR, 60),
        block(4 + 3 * NEAR, 0, 2, 4, CAR, 70),
    )
    assert [round(place.x) for place in places(*cloud)] == [1, round(5 + 3 * NEAR), 5]


def test_a_long_piece_is_cut_so_that_one_answer_fits():
    found = places(*scene(block(0, 0, 5 * LONGEST, 2, VEGETATION)))
    assert len(found) >= 5
    assert sum(place.points for place in found) == 20 * 50 * LONGEST
    for place in found:
        assert max(place.east - place.west, place.north - place.south) <= LONGEST + 1e-6


def test_crumbs_are_no_places():
    cloud = scene(block(0, 0, 0.1, 0.05 * (FEWEST - 1), CAR, spacing=0.05)[:, : FEWEST - 1])
    assert places(*cloud) == []


def test_a_piece_that_a_person_has_spoken_about_is_no_place():
    cloud = scene(block(0, 0, 2, 4, CAR, 50), block(50, 0, 2, 4, CAR, 200))
    spoken = np.zeros(len(cloud[0]), bool)
    spoken[3] = True
    assert [round(place.x) for place in places(*cloud, spoken=spoken)] == [51]


def test_symmetries_that_disagree_say_what_is_in_doubt():
    cloud = scene(block(0, 0, 2, 4, CAR, 250), block(50, 0, 2, 4, CAR, 200))
    disagreement = np.where(cloud[0] < 10, 0.9, 0).astype(np.float32)
    assert [round(place.x) for place in places(*cloud, disagreement=disagreement)] == [1, 51]


def test_the_reason_is_the_most_frequent_one_that_is_one():
    cloud = scene(
        block(0, 0, 2, 4, CAR),
        block(0, 4, 2, 1, CAR, reason=EDGE),
        block(0, 5, 2, 2, CAR, reason=STACKED),
        block(50, 0, 2, 4, CAR),
    )
    assert {round(place.x): place.reason for place in places(*cloud)} == {1: STACKED, 51: NONE}


def test_nothing_but_classes_is_needed_and_an_empty_cloud_has_no_places():
    x, y, classes, *_ = scene(block(0, 0, 2, 4, CAR))
    assert places(x, y, classes)[0].confidence == 0
    assert places(x[:0], y[:0], classes[:0]) == []
    assert places(x, y, np.full_like(classes, GROUND)) == []


def test_arrays_of_different_lengths_are_refused():
    x, y, classes, sure, why = scene(block(0, 0, 2, 4, CAR))
    with pytest.raises(ValueError, match="differ in length"):
        places(x, y, classes, sure[:-1], why)


def test_places_do_not_depend_on_where_the_cloud_lies_or_on_the_order_of_its_points():
    x, y, *rest = scene(block(0.1, 0.1, 2, 4, CAR, 50), block(50.1, 0.1, 2, 2, POLE, 99))
    order = np.random.default_rng(0).permutation(len(x))
    here = places(x, y, *rest)
    there = places(x[order] + 400_000, y[order] + 5_400_000, *(column[order] for column in rest))
    for one, other in zip(here, there, strict=True):
        assert other.x - 400_000 == pytest.approx(one.x, abs=1e-6)
        assert other.north - 5_400_000 == pytest.approx(one.north, abs=1e-6)
        assert (other.points, other.score) == (one.points, pytest.approx(one.score))


def test_the_piece_of_a_place_is_that_of_its_point():
    cloud = scene(block(0, 0, 30, 30, GROUND), block(5, 5, 2, 4, CAR), block(20, 5, 2, 2, POLE))
    pieces = find_pieces(*cloud[:3])
    assert (pieces[cloud[2] == GROUND] == -1).all()
    for place in places(*cloud):
        same = pieces == pieces[place.index]
        assert same.sum() == place.points and (cloud[2][same] == place.label).all()


def test_places_of_several_clouds_are_chosen_together():
    one = candidates(*scene(block(0, 0, 2, 4, CAR, 50)), cloud="one")
    other = candidates(*scene(block(0, 0, 2, 4, CAR, 40)), cloud="other")
    assert [place.cloud for place in choose(one + other)] == ["other", "one"]
    assert [place.cloud for place in choose(one + other, most=1)] == ["other"]
    assert choose([]) == []


def test_height_tells_kinds_apart():
    above = np.zeros(1600, np.float32)
    above[:800] = 5
    found = candidates(*scene(block(0, 0, 2, 4, CAR), block(50, 0, 2, 4, CAR)), above=above)
    assert [place.height for place in found] == [5, 0]
    assert len({place.kind for place in found}) == 2
    assert dataclasses.replace(found[0], height=float("nan")).kind[2] == -1
