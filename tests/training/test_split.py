"""How a training is split by its options, and what is refused."""

import logging

import pytest

from bevseg.config import Settings, TrainConfig
from bevseg.errors import UsageError
from bevseg.training.split import split_of
from tests.training.scattered import RD, strewn_example

SETTINGS = Settings(train=TrainConfig(val_share=0.34))


def split(examples, val=None, val_blocks=None, seed=0, settings=SETTINGS):
    return split_of(examples, settings, val=val, val_blocks=val_blocks, seed=seed)


def names(parts):
    return sorted(part.cloud.name for part in parts)


@pytest.fixture(scope="module")
def tiles():
    """Two tiles side by side, and three streets far away from these and from each other."""
    starts = {"tile_1": 0, "tile_2": 110, "x": 1000, "y": 2000, "z": 3000}
    return [
        strewn_example(name, (west, west + 100.0), points=1000, seed=west, crs=RD)
        for name, west in starts.items()
    ]


def test_the_choice_takes_clouds_that_touch_together_or_not_at_all(tiles):
    found = [split(tiles, seed=seed) for seed in range(8)]
    for each in found:
        held = names(each.validation)
        assert ("tile_1" in held) == ("tile_2" in held)
        assert held and names(each.learned) == sorted(set(names(tiles)) - set(held))
        assert each.facts == {} and list(each.asked) == held


def test_named_clouds_that_touch_others_are_refused_with_both_names(tiles):
    with pytest.raises(UsageError, match="tile_2 is held out, and tile_1") as caught:
        split(tiles, val=["x", "tile_2"])
    assert caught.value.where == "--val" and "25.6 m" in caught.value.why
    for way in ("name tile_1 in --val", "--val-blocks"):
        assert way in caught.value.hint
    assert names(split(tiles, val=["tile_2", "tile_1"]).validation) == ["tile_1", "tile_2"]


def test_if_all_clouds_touch_blocks_are_held_out(tiles):
    row = [*tiles[:2], strewn_example("tile_3", (215.0, 600.0), points=4000, crs=RD)]
    found = split(row)
    assert set(found.facts) == {"split"} and found.asked == found.facts["split"]
    assert found.facts["split"]["share"] == 0.34
    assert found.validation and found.learned


def test_if_all_clouds_touch_and_are_too_small_none_is_held_out_and_one_warning_says_so(caplog):
    small = [strewn_example(name, (0.0, 20.0), points=300, seed=i, crs=RD) for i, name in enumerate("ab")]
    with caplog.at_level(logging.WARNING):
        found = split(small)
    assert names(found.learned) == ["a", "b"] and found.validation == []
    assert caplog.text.count("none is held out") == 1


def test_a_share_of_0_holds_out_nothing_of_clouds_that_touch(tiles):
    found = split(tiles, settings=Settings(train=TrainConfig(val_share=0.0)))
    assert names(found.learned) == names(tiles)


def test_the_facts_of_blocks_say_what_was_held_out(tiles):
    found = split(tiles, val_blocks=0.3, seed=4)
    facts = found.facts["split"]
    sides = [{tuple(block) for block in facts[side]} for side in ("held_out", "training")]
    assert not sides[0] & sides[1]
    assert {(0, 0), (1, 0), (2, 0), (9, 0)} <= sides[0] | sides[1]
    assert {key: facts[key] for key in ("share", "seed", "cell_m", "block_cells", "guard_cells")} == {
        "share": 0.3,
        "seed": 4,
        "cell_m": 0.2,
        "block_cells": 512,
        "guard_cells": 128,
    }
    assert list(facts["systems"]) == ["tile_1", "tile_2", "x", "y", "z"]


def test_clouds_without_labels_lose_what_is_held_out(tiles):
    found = split(tiles, val_blocks=0.3)
    kept = found.without_held_out(tiles)
    assert [len(one.cloud) for one in kept] == [len(one.cloud) for one in found.learned]
    assert len(split(tiles, val=["x"]).without_held_out(tiles)) == len(tiles)


@pytest.mark.parametrize("share", [0, 1, -0.2, float("nan"), "a", True])
def test_a_share_outside_of_its_domain_is_refused(tiles, share):
    with pytest.raises(UsageError, match="share") as caught:
        split(tiles, val_blocks=share)
    assert caught.value.where == "--val-blocks"


def test_clouds_and_blocks_exclude_each_other(tiles):
    with pytest.raises(UsageError, match="Either"):
        split(tiles, val=["x"], val_blocks=0.2)
