"""A real street: `bevseg run` on its pieces gives the labels that `bevseg.label` gives the whole."""

import numpy as np
import pytest

import bevseg
from tests.runner.cut_clouds import assert_labelled_like_the_whole, at_random, by_lines

STREET = "oakland3d/oakland_part2_ad.xyz_label_conf.gz"

EVERY = 6
"""Of so many points one is taken."""


@pytest.fixture(scope="module")
def whole(shared_data, tiny_model):
    """Points of a street of Oakland, whole millimetres, and their labels."""
    path = shared_data / STREET
    if not path.exists():
        pytest.skip(f"{STREET} is not in the shared data")
    xyz = np.rint(np.loadtxt(path, usecols=(0, 1, 2))[::EVERY] * 1000) / 1000
    found = bevseg.label(bevseg.PointCloud.from_xyz(xyz, name="street"), model=tiny_model)
    return xyz, np.stack([found.classes, found.confidence, found.reasons])


@pytest.mark.parametrize(
    ("cut", "parts", "ending", "jobs", "little"),
    [
        (by_lines, 1, "laz", 1, True),
        (by_lines, 7, "txt", 1, False),
        (at_random, 2, "laz", 1, True),
        pytest.param(by_lines, 1, "las", 1, False, marks=pytest.mark.slow),
        pytest.param(by_lines, 2, "txt", 1, False, marks=pytest.mark.slow),
        pytest.param(at_random, 7, "las", 2, False, marks=pytest.mark.slow),
    ],
)
def test_labels_of_a_real_street_do_not_depend_on_the_cut(
    cut, parts, ending, jobs, little, whole, tiny_model, tmp_path, monkeypatch
):
    (tmp_path / "in").mkdir()
    pieces = cut(len(whole[0]), parts)
    patch = monkeypatch if little else None
    assert_labelled_like_the_whole(tmp_path, tiny_model, *whole, pieces, ending, jobs, patch)
