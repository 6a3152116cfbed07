"""A scheme that is meant for some of the clouds does not wreck the others."""

import json

import laspy
import numpy as np
import pytest

from bevseg.core.labels import load_scheme
from bevseg.io.read import read_cloud
from tests import tiny
from tests.cli.invoke import bevseg

SHREC20 = load_scheme("shrec20")


def asprs_las(path, codes):
    """A LAS file of somebody else with these classes, in turn."""
    cloud = tiny.thin_street("s")
    header = laspy.LasHeader(version="1.4", point_format=6)
    header.scales = [0.001] * 3
    las = laspy.LasData(header)
    las.x, las.y, las.z = cloud.xyz.T
    las.classification = np.resize(codes, len(cloud)).astype(np.uint8)
    las.write(str(path))
    return path


def test_a_las_file_of_asprs_codes_is_scored_as_such_beside_text_of_another_scheme(tiny_model, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    tiny.write_street(folder / "text.txt")
    asprs_las(folder / "las.las", [1, 2, 5, 6])
    result = bevseg("run", folder, "-o", tmp_path / "out", "-m", tiny_model, "--classes", "shrec20")
    assert result.exit_code == 0, result.stderr
    clouds = json.loads((tmp_path / "out" / "report.json").read_text())["clouds"]
    assert ["6 are not in scheme 'shrec20'" in text for text in clouds["las"]["warnings"]] == [True]
    assert clouds["text"]["warnings"] == []
    truth = clouds["las"]["scores"]["confusion"]
    points = {name: sum(row) for name, row in zip(truth["truth"], truth["counts"], strict=True)}
    assert points["car"] == points["pole"] == 0
    assert min(points["building"], points["ground"], points["vegetation"]) > 0


def test_what_bevseg_wrote_is_read_as_it_says(tiny_model, tmp_path):
    tiny.write_street(tmp_path / "a.txt")
    assert bevseg("run", tmp_path / "a.txt", "-o", tmp_path / "a.laz", "-m", tiny_model).exit_code == 0
    with pytest.warns(UserWarning, match="read in scheme 'asprs', which bevseg wrote them in"):
        named = read_cloud(tmp_path / "a.laz", scheme=SHREC20)
    np.testing.assert_array_equal(named.labels, read_cloud(tmp_path / "a.laz").labels)


def test_a_scheme_of_the_user_may_leave_codes_out(tmp_path):
    (tmp_path / "city.toml").write_text(
        'name = "city"\n[[classes]]\ncode = 6\nname = "house"\ntrain = "building"\n'
    )
    path = asprs_las(tmp_path / "a.las", [2, 6])
    with pytest.warns(UserWarning, match="codes 2 are not in scheme 'city' and become undefined"):
        cloud = read_cloud(path, scheme=load_scheme(str(tmp_path / "city.toml")))
    assert set(np.unique(cloud.labels)) == {0, 1}
