"""What is recorded of a cloud."""

import json

import numpy as np

from bevseg.core.pointcloud import PointCloud
from bevseg.io.read import read_cloud
from bevseg.workdir.facts import cloud_facts, duplicates, sha256


def test_the_description_holds_what_people_ask_for(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("1 2 3 1\n1 2 3 1\nnan 2 3 5\n4 5 6.5 5\n1 2 3 0\n")
    facts = cloud_facts(read_cloud(path), path)
    assert json.loads(json.dumps(facts, allow_nan=False))
    assert facts["points"] == 5 and facts["non_finite"] == 1 and facts["duplicates"] == 2
    assert facts["bounds_m"] == {"x": (1, 4), "y": (2, 5), "z": (3, 6.5)}
    assert facts["classes"]["building"] == 2 and facts["classes"]["undefined"] == 1
    assert facts["sha256"] == sha256(path) and facts["crs"] is None


def test_duplicates_are_those_of_all_three_coordinates():
    steps = np.random.default_rng(0).integers(0, 4, (200, 3))
    cloud = PointCloud.from_xyz(steps / 1000)
    assert duplicates(cloud) == 200 - len(np.unique(steps, axis=0))
    assert duplicates(PointCloud.from_xyz(np.full((3, 3), np.nan))) == 0
