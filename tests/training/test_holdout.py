"""Which clouds are held out."""

import logging

import numpy as np
import pytest

from bevseg.errors import UsageError
from bevseg.training.holdout import hold_out


def clouds(names, **points):
    """Return counts per train id for each name: 1,000 points of every class, or those given."""
    alike = np.array([0, 1000, 1000, 1000, 1000, 1000])
    return {name: np.array(points.get(name, alike)) for name in names}


TEN = clouds(f"cloud_{i}" for i in range(10))


def test_a_seed_holds_out_the_same_whole_clouds_whatever_their_order():
    turned = dict(reversed(TEN.items()))
    assert hold_out(TEN, None, 0.15, 3) == hold_out(turned, None, 0.15, 3)
    assert {hold_out(TEN, None, 0.15, seed) for seed in range(20)} != {hold_out(TEN, None, 0.15, 3)}


@pytest.mark.parametrize(
    ("count", "share", "held"), [(2, 0.15, 1), (10, 0.15, 2), (3, 0.99, 2), (60, 0.15, 9)]
)
def test_at_least_one_is_held_out_and_never_all(count, share, held):
    assert len(hold_out(clouds(f"c{i}" for i in range(count)), None, share, 0)) == held


def test_what_is_held_out_shows_every_class_and_costs_training_least():
    no_house = [0, 0, 1000, 1000, 1000, 1000]
    all_houses = [0, 9000, 1000, 1000, 1000, 1000]
    streets = clouds("abcd", a=no_house, b=no_house, c=all_houses)
    for seed in range(5):
        assert hold_out(streets, None, 0.25, seed) == ("d",)


def test_a_single_cloud_is_not_split_and_one_warning_says_so(caplog):
    with caplog.at_level(logging.WARNING):
        assert hold_out(clouds(["only"]), None, 0.15, 0) == ()
    assert len(caplog.records) == 1


def test_a_share_of_0_holds_none_out():
    assert hold_out(TEN, None, 0.0, 3) == ()


def test_named_clouds_are_held_out():
    assert hold_out(TEN, ["cloud_3", "cloud_1"], 0.15, 0) == ("cloud_1", "cloud_3")


def test_clouds_of_a_group_are_held_out_together():
    groups = [("cloud_0", "cloud_1", "cloud_2"), *((f"cloud_{i}",) for i in range(3, 10))]
    for seed in range(10):
        held = set(hold_out(TEN, None, 0.3, seed, groups))
        assert len(held & set(groups[0])) in (0, 3)
        assert sum(bool(held & set(group)) for group in groups) == 2


def test_groups_of_one_cloud_each_change_no_choice():
    groups = [(name,) for name in reversed(TEN)]
    for seed in range(10):
        assert hold_out(TEN, None, 0.3, seed, groups) == hold_out(TEN, None, 0.3, seed)


@pytest.mark.parametrize("val", [["cloud_11"], list(TEN)])
def test_names_that_cannot_be_held_out_are_refused(val):
    with pytest.raises(UsageError, match="labelled clouds are"):
        hold_out(TEN, val, 0.15, 0)
