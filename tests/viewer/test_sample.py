"""The sample of the static page: few points, all tiles, rare classes."""

import numpy as np

from bevseg.core.labels import POLE
from bevseg.viewer.sample import sample


def test_all_points_are_taken_if_they_are_few(tiles, clouds):
    found = sample(tiles, 10**9)
    assert sum(len(records) for records in found.values()) == sum(len(cloud) for cloud in clouds)


def test_a_sample_has_points_of_every_tile_and_keeps_its_limit(tiles):
    found = sample(tiles, 3000)
    assert sorted(found) == list(range(len(tiles.table)))
    records = np.concatenate(list(found.values()))
    assert 2900 < len(records) <= 3000
    shares = np.bincount(records["label"], minlength=6) / len(records)
    assert shares[POLE] > 3 * tiles.facts["counts"][POLE] / tiles.table["points"].sum()


def test_the_points_of_a_tile_are_its_first_ones(tiles):
    for tile, records in sample(tiles, 3000).items():
        np.testing.assert_array_equal(records, tiles.records(tile, 0, len(records)))
