"""`bevseg ingest`: clouds of any format into a work directory."""

import json

import laspy
import numpy as np

from bevseg.workdir.folder import Folder
from tests.cli.invoke import bevseg


def test_the_cloud_holds_train_ids_as_classes(worked, streets):
    las = laspy.read(worked / "work" / "a" / "cloud.las")
    labels = np.loadtxt(streets / "a.txt", usecols=3)
    np.testing.assert_array_equal(las.classification, labels)


def test_cloud_json_tells_the_source(worked, streets):
    facts = json.loads((worked / "work" / "a" / "cloud.json").read_text())
    assert facts["source"] == str((streets / "a.txt").resolve())
    assert facts["points"] == sum(facts["classes"].values())


def test_columns_are_named_on_ingest(tmp_path):
    (tmp_path / "a.txt").write_text("9 3.0 1.0 2.0\n1 3.5 1.5 2.5\n")
    result = bevseg("ingest", tmp_path / "a.txt", "-o", tmp_path / "work", "--columns", "label,z,x,y")
    assert result.exit_code == 0, result.stderr
    cloud = Folder(tmp_path / "work" / "a").read_cloud()
    np.testing.assert_allclose(cloud.xyz, [[1.0, 2.0, 3.0], [1.5, 2.5, 3.5]])
