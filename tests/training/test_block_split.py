"""Blocks that are held out: no crop shows a point of theirs, and no point of the guard band is scored."""

import dataclasses

import numpy as np
import pytest

from bevseg.config import Settings, TrainConfig
from bevseg.core.blocks import Blocks
from bevseg.core.labels import CAR, UNDEFINED, VEGETATION
from bevseg.errors import UsageError
from bevseg.training.block_split import split_by_blocks
from bevseg.training.examples import labelled_crops
from bevseg.training.squares import GUARD, number_of, place_of
from tests.training import scattered
from tests.training.scattered import CELL, RD, away, relabelled, strewn_example

SETTINGS = Settings(train=TrainConfig(crop=192))


@pytest.fixture(scope="module")
def examples():
    """A street of 1 km, and a second scan of a part of it and of a field beside it."""
    street = strewn_example("street", (-312.0, 700.0))
    again = strewn_example("again", (-10.0, 330.0), (-60.0, 150.0), 9000, seed=1, crs=RD)
    return [street, again]


@pytest.fixture(scope="module")
def split(examples):
    return split_by_blocks(examples, CELL, 0.2, 0)


def labelled(parts):
    return sum(int((part.cloud.labels != UNDEFINED).sum()) for part in parts)


def places(parts, kept=lambda cloud: np.ones(len(cloud), bool)):
    return {tuple(row) for part in parts for row in part.cloud.xyz[kept(part.cloud)].tolist()}


def test_the_guard_band_has_one_width_and_a_block_is_a_whole_number_of_it():
    for cell in (0.05, 0.2, 0.25, 1.0):
        layout = Blocks.of(cell)
        assert layout.cells % GUARD == 0
    assert GUARD * CELL == scattered.GUARD and Blocks.of(CELL).side == pytest.approx(scattered.BLOCK)


def test_what_trains_is_all_that_lies_a_guard_band_or_further_away(examples, split):
    trained = split.to_train(examples)
    assert labelled(trained) > 0
    for one in trained:
        assert away(one.cloud, split.held_out).min() >= scattered.GUARD - 1e-6
    far = [away(one.cloud, split.held_out) >= scattered.GUARD + 1e-6 for one in examples]
    assert labelled(trained) >= sum(int(each.sum()) for each in far)


def test_no_crop_shows_a_point_that_is_held_out_or_in_the_guard_band(examples, split):
    marked = [
        relabelled(one, np.where(away(one.cloud, split.held_out) < scattered.GUARD, CAR, VEGETATION))
        for one in examples
    ]
    rng = np.random.default_rng(0)
    for name in ("low", "high"):
        everywhere, training = (
            labelled_crops(name, some, SETTINGS, 0) for some in (marked, split.to_train(marked))
        )
        assert any((everywhere(i, rng)[1] == CAR).any() for i in range(50))
        for number in range(200):
            values, labels = training(number, rng)
            assert (labels == VEGETATION).any() and not (labels == CAR).any()
            assert np.isfinite(values[:, labels == UNDEFINED]).sum() == 0


def test_each_labelled_point_held_out_is_scored_once_and_no_other(examples, split):
    parts = split.to_score(examples)
    held = sum(int((away(one.cloud, split.held_out) == 0).sum()) for one in examples)
    assert labelled(parts) == held > 0
    scored = places(parts, lambda cloud: cloud.labels != UNDEFINED)
    assert len(scored) == held
    assert not scored & places(split.to_train(examples))


def test_around_a_block_there_is_what_lies_in_its_guard_band_and_nothing_that_trains(examples, split):
    trained = places(split.to_train(examples))
    for part in split.to_score(examples):
        col, row = part.scored.west // 512, part.scored.north // 512
        assert (col, row) in split.held_out
        distances = away(part.cloud, [(col, row)])
        assert distances.max() < scattered.GUARD + 1e-6
        np.testing.assert_array_equal(part.cloud.labels != UNDEFINED, distances == 0)
        assert not places([part]) & trained
        assert part.dem.grid.rows <= 768 and part.dem.grid.cols <= 768


def test_a_place_that_was_scanned_twice_is_on_one_side(examples):
    """Whatever reference system the clouds have."""
    street = examples[0]
    twin = dataclasses.replace(street, cloud=dataclasses.replace(street.cloud, name="twin", crs=RD))
    split = split_by_blocks([street, twin], CELL, 0.3, 1)
    one, other = split.to_train([street, twin])
    np.testing.assert_array_equal(one.cloud.xyz, other.cloud.xyz)
    assert len(split.to_score([street, twin])) == 2 * len(split.held_out)


def test_the_seed_decides_and_not_the_order_of_the_clouds(examples, split):
    assert split_by_blocks(examples[::-1], CELL, 0.2, 0) == split
    field = [strewn_example("field", (0.0, 1000.0), (0.0, 1000.0), 20000)]
    first, again, other = (split_by_blocks(field, CELL, 0.2, seed) for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize("share", [0.1, 0.2, 0.4])
def test_about_the_share_of_the_points_is_held_out(share):
    street = strewn_example("street", (0.0, 2048.0))
    split = split_by_blocks([street], CELL, share, 0)
    assert labelled(split.to_score([street])) / len(street.cloud) == pytest.approx(share, abs=0.03)


def test_what_is_held_out_shows_the_classes_and_leaves_some_to_learn():
    """Cars stand in two blocks alone: one of them is held out."""
    street = strewn_example("street", (0.0, 1024.0))
    block = (street.cloud.xyz[:, 0] // scattered.BLOCK).astype(int)
    street = relabelled(street, np.where(np.isin(block, [1, 8]), CAR, VEGETATION))
    for seed in range(4):
        held = {col for col, _ in split_by_blocks([street], CELL, 0.2, seed).held_out}
        assert len(held & {1, 8}) == 1


def test_points_that_are_not_finite_are_on_neither_side(examples, split):
    street = examples[0]
    finite = np.arange(len(street.cloud)) % 2 == 0
    half = dataclasses.replace(street, cloud=dataclasses.replace(street.cloud, finite=finite))
    for sides in (split.to_train, split.to_score):
        assert all(part.cloud.finite.all() for part in sides([half]))


@pytest.mark.parametrize(
    ("x", "why"), [((5.0, 95.0), "in one block"), ((90.0, 115.0), "in the guard band around them")]
)
def test_clouds_that_cannot_be_split_are_refused(x, why):
    with pytest.raises(UsageError, match="too few blocks") as caught:
        split_by_blocks([strewn_example("small", x)], CELL, 0.2, 0)
    assert why in caught.value.why and "--val" in caught.value.hint


def test_a_number_stands_for_one_place():
    rng = np.random.default_rng(0)
    anywhere = rng.integers(-(2**31) + 1, 2**31 - 1, (1000, 2))
    np.testing.assert_array_equal(place_of(number_of(anywhere)), anywhere)
