"""The simulated person: what one click says about a piece that is right, wrong or mixed."""

from pathlib import Path

import numpy as np
import pytest

from bevseg.core.labels import BUILDING, CAR, POLE, UNDEFINED, VEGETATION
from bevseg.review.places import candidates


@pytest.fixture
def person(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    import person

    return person


def square(west, side, spacing=0.1):
    x, y = np.meshgrid(np.arange(west, west + side, spacing), np.arange(0, side, spacing))
    return x.ravel(), y.ravel()


def answer_of(person, x, y, truth, classes):
    (place,) = candidates(x, y, classes)
    return person.Person(x, y, truth, classes).answer(place)


@pytest.mark.parametrize("true", [CAR, BUILDING, UNDEFINED])
def test_a_piece_that_is_one_thing_gets_its_class_as_a_whole(person, true):
    x, y = square(0, 2)
    said = answer_of(person, x, y, np.full(len(x), true, np.uint8), np.full(len(x), CAR, np.uint8))
    assert (said.label, said.shape, len(said.points)) == (true, "piece", len(x))


def test_a_few_points_of_another_class_are_overlooked(person):
    x, y = square(0, 4)
    truth = np.where(x < 0.25, POLE, VEGETATION).astype(np.uint8)
    said = answer_of(person, x, y, truth, np.full(len(x), VEGETATION, np.uint8))
    assert (said.label, said.shape) == (VEGETATION, "piece")
    assert said.right == pytest.approx(np.mean(truth == VEGETATION))


def test_of_a_mixed_piece_the_wrong_part_is_drawn_around(person):
    x, y = square(0, 4)
    truth = np.where((x < 1) & (y < 2), POLE, VEGETATION).astype(np.uint8)
    said = answer_of(person, x, y, truth, np.full(len(x), VEGETATION, np.uint8))
    assert (said.label, said.shape) == (POLE, "rectangle")
    assert said.right >= person.PURE
    assert 0.7 < len(said.points) / np.sum(truth == POLE) < 1.3


def test_a_rectangle_leaves_out_what_would_become_wrong(person):
    x, y = square(0, 6)
    truth = np.where(x + y < 4, BUILDING, VEGETATION).astype(np.uint8)
    said = answer_of(person, x, y, truth, np.full(len(x), VEGETATION, np.uint8))
    assert said.label == BUILDING
    assert said.right >= person.PURE
    assert len(said.points) > np.sum(truth == BUILDING) / 3


def test_a_piece_whose_wrong_points_lie_scattered_gets_what_it_mostly_is(person):
    x, y = square(0, 3)
    rng = np.random.default_rng(0)
    truth = np.where(rng.random(len(x)) < 0.85, VEGETATION, UNDEFINED).astype(np.uint8)
    said = answer_of(person, x, y, truth, np.full(len(x), VEGETATION, np.uint8))
    assert said.label == VEGETATION
