"""Classes of the input that are right already stay, and the report says where the model disagrees."""

import json

import laspy
import numpy as np
import pytest

from bevseg.core.labels import load_scheme
from bevseg.core.pointcloud import PointLabels
from bevseg.errors import UsageError
from bevseg.io.keep import check_keep, keep_codes
from bevseg.io.read import FileCodes
from tests import tiny
from tests.cli.invoke import bevseg

ASPRS = load_scheme("asprs")
CODES = FileCodes(np.array([2, 2, 9, 6, 1], np.uint8), ASPRS)
MODEL = PointLabels(np.array([3, 2, 3, 1, 5], np.uint8), np.array([200, 90, 80, 250, 10], np.uint8))


def test_kept_points_get_their_code_and_full_confidence_the_others_those_of_the_model():
    labels, facts = keep_codes(MODEL, CODES, (2, 9), ASPRS)
    assert labels.classes.tolist() == [3, 3, 0, 1, 5]
    assert labels.confidence.tolist() == [255, 255, 255, 250, 10]
    assert labels.kept.mask.tolist() == [True, True, True, False, False]
    assert MODEL.classes.tolist() == [3, 2, 3, 1, 5]
    assert (facts["2"]["points"], facts["2"]["class"], facts["2"]["otherwise"]) == (2, "ground", 1)
    assert facts["2"]["model"]["car"] == 1
    assert (facts["9"]["points"], facts["9"]["class"], facts["9"]["otherwise"]) == (1, "undefined", 1)


def test_in_another_scheme_the_class_is_kept_and_a_code_without_class_is_refused(tmp_path):
    shrec20 = load_scheme("shrec20")
    assert keep_codes(MODEL, CODES, (2,), shrec20)[0].kept is None
    check_keep(CODES, (2, 17), shrec20, tmp_path)
    with pytest.raises(UsageError, match="Code 9 cannot be kept"):
        check_keep(CODES, (2, 9), shrec20, tmp_path)
    with pytest.raises(UsageError, match="no classes to keep"):
        check_keep(None, (2,), ASPRS, tmp_path)


@pytest.fixture
def surveyed(tmp_path):
    """A LAS file with water, ground and unclassified points."""
    cloud = tiny.thin_street("s")
    header = laspy.LasHeader(version="1.2", point_format=1)
    header.scales, header.offsets = [0.001] * 3, np.floor(cloud.xyz.min(axis=0))
    las = laspy.LasData(header)
    las.x, las.y, las.z = cloud.xyz.T
    las.classification = np.arange(len(cloud)) % 3 * 4 + 1  # 1, 5, 9
    las.write(str(tmp_path / "s.las"))
    return tmp_path / "s.las"


@pytest.mark.parametrize("word", ["las", "ply", "txt"])
def test_kept_codes_are_in_the_output_of_every_format(word, surveyed, tiny_model, tmp_path):
    before = np.asarray(laspy.read(surveyed).classification)
    out = tmp_path / f"out.{word}"
    options = ("-m", tiny_model, "--keep", "5,9", "--out-classes", "asprs")
    result = bevseg("run", surveyed, "-o", out, *options)
    assert result.exit_code == 0, result.stderr
    if word == "las":
        after = np.asarray(laspy.read(out).classification)
    else:
        laz = tmp_path / "again.las"
        assert (
            bevseg("run", out, "-o", laz, "-m", tiny_model, "--classes", "asprs", "--keep", "5,9").exit_code
            == 0
        )
        after = np.asarray(laspy.read(laz).classification)
    kept = before != 1
    np.testing.assert_array_equal(after[kept], before[kept])
    assert not np.isin(after[~kept], [9]).any()


def test_the_report_counts_and_export_keeps_as_the_run_does(surveyed, tiny_model, tmp_path):
    options = ("-m", tiny_model, "--keep", "5,9", "--work", tmp_path / "work")
    result = bevseg("run", surveyed, "-o", tmp_path / "out", *options)
    assert result.exit_code == 0, result.stderr
    kept = json.loads((tmp_path / "out" / "report.json").read_text())["clouds"]["s"]["kept"]
    for code in ("5", "9"):
        assert kept[code]["points"] == sum(kept[code]["model"].values()) > 0
    assert kept["9"]["otherwise"] == kept["9"]["points"]
    assert kept["5"]["otherwise"] == kept["5"]["points"] - kept["5"]["model"]["vegetation"]
    assert bevseg("export", tmp_path / "work", "-o", tmp_path / "exported", "--keep", "5,9").exit_code == 0
    assert (tmp_path / "exported" / "s.las").read_bytes() == (tmp_path / "out" / "s.las").read_bytes()


def test_no_codes_is_a_usage_error():
    assert bevseg("run", "x", "-o", "y", "--keep", "water").exit_code == 2
