"""The sample of the static page: few points, all tiles, rare classes."""

import numpy as np

from bevseg.core.labels import POLE
from bevseg.viewer.sample import sample


def metres(found):
    low, size = np.array(found.low), np.array(found.high) - found.low
    return low + np.stack([found.records[name] for name in "xyz"], axis=1) / 65535 * size


def test_all_points_are_taken_if_they_are_few(tiles, clouds):
    found = sample(tiles, 10**9)
    assert len(found.records) == sum(len(cloud) for cloud in clouds)


def test_a_sample_has_points_of_every_tile_and_keeps_its_limit(tiles):
    found = sample(tiles, 3000)
    assert 2900 < len(found.records) <= 3000
    shares = np.bincount(found.records["label"], minlength=6) / len(found.records)
    assert shares[POLE] > 3 * tiles.facts["counts"][POLE] / tiles.table["points"].sum()


def test_points_lie_where_they_are_in_the_box_of_the_sample(tiles, clouds):
    found = sample(tiles, 5000)
    origin = np.array(tiles.origin)
    xyz = np.empty((len(found.records), 3))
    for number, cloud in enumerate(clouds):
        own = found.records["source"] == number
        xyz[own] = cloud.xyz[found.records["index"][own]]
    np.testing.assert_allclose(metres(found), xyz - origin, atol=2e-3)
