"""A scan is unlike the training only where it lies well outside of the range of the training clouds."""

import numpy as np
import pytest

from bevseg.core.scan_counts import scan_statistics
from bevseg.core.scan_ranges import FEWEST, WORDS, unlike, warning
from tests.core.test_scan_counts import statistics
from tests.scenes import street

SCANS = {"points_per_m2": [40.0, 3000.0] * FEWEST, "covered": [0.2, 0.6] * FEWEST}


@pytest.mark.parametrize(
    ("found", "names"),
    [
        ({"points_per_m2": 40.0, "covered": 0.6}, []),
        ({"points_per_m2": 27.0, "covered": 0.17}, []),  # less than a tenth of the range beyond its end
        ({"points_per_m2": 25.0, "covered": 0.15}, ["points_per_m2", "covered"]),
        ({"points_per_m2": 9000.0}, ["points_per_m2"]),
        ({"standing": 0.0}, []),  # the training knows nothing of it
        ({}, []),
    ],
)
def test_an_end_of_the_range_may_be_passed_by_a_tenth_of_it(found, names):
    assert [each.name for each in unlike(found, SCANS)] == names


def test_few_clouds_show_no_range_and_a_model_that_knows_none_says_nothing():
    few = {"points_per_m2": [40.0] * (FEWEST - 1)}
    assert unlike({"points_per_m2": 1.0}, few) == unlike({"points_per_m2": 1.0}, {}) == []


def test_the_next_cloud_of_the_same_kind_is_seldom_out_of_the_range_of_the_fewest():
    drawn = np.random.default_rng(0).normal(size=(4000, FEWEST + 1))
    out = [unlike({"covered": next_}, {"covered": before}) != [] for next_, *before in drawn.tolist()]
    assert 0.0005 < np.mean(out) < 0.005  # 0.002


def test_a_cloud_that_was_trained_on_is_not_unlike():
    scans = {name: [*values, 8.0 if name == "points_per_m2" else 0.9] for name, values in SCANS.items()}
    assert unlike({"points_per_m2": 8.0, "covered": 0.9}, scans) == []


def test_the_warning_names_numbers_and_what_to_do():
    found = [*unlike({"points_per_m2": 8.0}, SCANS), *unlike({"points_per_m2": 9.0, "covered": 1.0}, SCANS)]
    text = warning("a, b", found, "--train-on FOLDER")
    assert "points per m2: 8 to 9 (training: 40 to 3,000)" in text
    assert ": 1 (training: 0.2 to 0.6)" in text
    assert text.endswith("(--train-on FOLDER)")
    assert "as far as they are known" in text
    assert "confidence" in text


def test_every_statistic_has_its_words():
    assert set(statistics(street())) == set(WORDS)
    assert scan_statistics.__doc__ is not None
    assert all(f"`{name}`" in scan_statistics.__doc__ for name in WORDS)
