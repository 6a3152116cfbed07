"""What a crop shows follows from its number: every class in turn, or one class in every other crop."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.bev import sampling
from bevseg.bev.crops import CropSampler
from bevseg.bev.sampling import Cycle, check_sampling
from bevseg.config import GroundConfig, SliceConfig
from bevseg.core.labels import CAR, POLE
from bevseg.errors import LabelError, UsageError
from bevseg.ground.find_ground import find_ground
from tests import scenes


def sampler(cloud, name="low"):
    dem = find_ground(cloud, 0.2, GroundConfig()).dem
    return CropSampler([cloud], [dem], name=name, slices=SliceConfig(), features="heights", crop=32)


@pytest.fixture(scope="module")
def crops():
    return sampler(scenes.street())


def drawn(chosen, number, seed=0):
    return chosen(number, np.random.default_rng((seed, number)))


@pytest.mark.parametrize("first", [0, 1, 7, 30])
def test_equibatch_shows_every_class_in_as_many_crops_in_a_row_as_there_are_classes(crops, first):
    chosen = sampling.sampling("equibatch", crops, seed=1)
    count = len(crops.places)
    assert count > 2
    shown = set()
    for number in range(first, first + count):
        labels = set(np.unique(drawn(chosen, number)[1]))
        assert chosen.classes[number % count] in labels
        shown |= labels
    assert shown >= set(crops.places)


def test_equibatch_passes_over_classes_without_a_point(crops):
    cloud = scenes.street()
    few = dataclasses.replace(cloud, labels=np.where(cloud.labels == POLE, 0, cloud.labels).astype(np.uint8))
    chosen = sampling.sampling("equibatch", sampler(few), seed=1)
    assert set(chosen.classes) == set(crops.places) - {POLE}
    count = len(chosen.classes)
    assert all(chosen.classes[n % count] in drawn(chosen, n)[1] for n in range(count))


def test_a_class_with_one_point_is_its_own_cycle(crops):
    cloud = scenes.street()
    poles = np.flatnonzero(cloud.labels == POLE)
    labels = cloud.labels.copy()
    labels[poles[1:]] = 0
    chosen = sampling.sampling("equibatch", sampler(dataclasses.replace(cloud, labels=labels)), seed=0)
    turns = [n for n in range(12) if chosen.classes[n % len(chosen.classes)] == POLE]
    for number in turns:
        drawn(chosen, number)


@pytest.mark.parametrize("name", ["equibatch", "half_positive", "classes"])
def test_a_crop_depends_on_its_number_and_random_numbers_alone(crops, name):
    there, back = (sampling.sampling(name, crops, seed=3) for _ in range(2))
    forth = [drawn(there, number)[1] for number in range(6)]
    for number in reversed(range(6)):
        np.testing.assert_array_equal(drawn(back, number)[1], forth[number])


def test_every_other_crop_shows_the_class(crops):
    chosen = sampling.sampling("half_positive:car", crops, seed=0)
    assert [CAR in drawn(chosen, number)[1] for number in range(12)] == [True, False] * 6


def test_without_a_name_the_rarest_class_is_the_one(crops):
    rarest = min(crops.places, key=lambda label: len(crops.places[label]))
    assert sampling.sampling("half_positive", crops, seed=0).label == rarest


def test_a_class_that_the_slice_lacks_is_refused():
    with pytest.raises(LabelError, match="No point of class 'car'"):
        sampling.sampling("half_positive:car", sampler(scenes.street(), "high"), seed=0)


@pytest.mark.parametrize(
    "text", ["random", "half_positive:bus", "half_positive:ground", "half_positive:", "equibatch:car"]
)
def test_what_is_no_sampling_is_refused(text):
    with pytest.raises(UsageError, match=r"train\.sampling"):
        check_sampling(text)


@given(count=st.integers(1, 30), seed=st.integers(0, 5), rounds=st.integers(1, 3))
def test_every_round_of_a_cycle_shows_each_number_once(count, seed, rounds):
    cycle = Cycle(count, (seed,))
    for number in range(rounds):
        turn = [cycle.place(number * count + n) for n in range(count)]
        assert sorted(turn) == list(range(count))


def test_several_threads_take_their_turns_of_a_cycle(monkeypatch):
    """One is between two rounds while the other draws: each reads an order of the round that it needs."""
    cycle, other = Cycle(20, (0,)), Cycle(20, (0,))
    expected = [other.place(turn) for turn in (3, 25)]
    honest = np.random.default_rng

    def interrupted(seed):
        monkeypatch.setattr(np.random, "default_rng", honest)
        assert cycle.place(3) == expected[0]
        return honest(seed)

    cycle.place(0)
    monkeypatch.setattr(np.random, "default_rng", interrupted)
    assert cycle.place(25) == expected[1]
    assert [cycle.place(turn) for turn in (3, 25)] == expected


def test_rounds_of_a_cycle_have_orders_of_their_own():
    cycle = Cycle(50, (0,))
    assert [cycle.place(n) for n in range(50)] != [cycle.place(50 + n) for n in range(50)]
