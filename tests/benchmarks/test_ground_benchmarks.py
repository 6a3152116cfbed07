"""What the benchmarks of the ground read, refuse and count."""

import gzip
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from bevseg.core.pointcloud import PointCloud

LEVEL = "".join(f"{x} {y} 5.0 0\n" for x in range(8) for y in range(8))
"""64 points of level ground."""


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")


def isprs(folder, monkeypatch, *options):
    import ground_isprs

    monkeypatch.setattr("sys.argv", ["ground_isprs.py", str(folder), *options])
    ground_isprs.main()


def gzipped(text):
    return gzip.compress(text.encode())


@pytest.mark.parametrize("packed", [False, True])
def test_samples_of_either_packing_are_scored(tmp_path, monkeypatch, capsys, packed):
    name = "samp12.txt.gz" if packed else "samp12.txt"
    (tmp_path / name).write_bytes(gzipped(LEVEL) if packed else LEVEL.encode())
    isprs(tmp_path, monkeypatch, "--json", str(tmp_path / "out.json"))
    assert "| samp12 | 0.00 | - | 0.00 | - |" in capsys.readouterr().out
    assert '"type_2": null' in (tmp_path / "out.json").read_text()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no file is called sampNN"),
        ({"notes.txt": LEVEL.encode()}, "no file is called sampNN"),
        ({"samp12.txt.gz": gzipped(LEVEL)[:-12]}, "samp12.txt.gz"),
        ({"samp12.txt": b""}, "samp12.txt"),
        ({"samp12.txt": LEVEL.encode() + b"1 2 x 0\n"}, "samp12.txt"),
        ({"samp12.txt": b"1 2 3\n4 5 6\n"}, "No class codes"),
        ({"samp12.txt": b"1 2 3 2\n4 5 6 1\n"}, "expected 0 for ground and 1 for objects"),
        ({"samp12.txt": LEVEL.encode(), "samp12.txt.gz": gzipped(LEVEL)}, "the name 'samp12'"),
    ],
)
def test_a_folder_that_cannot_be_scored_ends_with_2_and_the_reason(
    tmp_path, monkeypatch, capsys, files, said
):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SystemExit) as end:
        isprs(tmp_path, monkeypatch)
    assert end.value.code == 2
    assert said in capsys.readouterr().err


def test_voxels_count_alike_however_many_points_they_hold():
    import ground_street

    cloud = PointCloud.from_xyz(
        np.array([[0.1, 0.1, 0.1], [0.2, 0.2, 0.2], [0.4, 0.4, 0.4], [0.6, 0.1, 0.1]])
    )
    np.testing.assert_allclose(ground_street.voxel_weights(cloud), [1 / 3, 1 / 3, 1 / 3, 1])


def test_scores_of_a_weighted_mistake():
    import ground_scores

    truth, found = np.array([True, True, False, False]), np.array([True, False, False, False])
    assert ground_scores.scores(truth, found)["type_1"] == 50
    assert ground_scores.scores(truth, found, np.array([3.0, 1.0, 1.0, 1.0]))["type_1"] == 25


def test_worst_is_the_highest_error_and_the_lowest_kappa():
    import ground_scores

    scores = ((90.0, 3.0), (80.0, math.nan), (85.0, 1.0))
    clouds = {name: {"kappa": k, "type_1_vox": e} for name, (k, e) in zip("abc", scores, strict=True)}
    assert ground_scores.summary(clouds)["worst"] == {"kappa": 80.0, "type_1_vox": 3.0}
    assert ground_scores.summary(clouds)["mean"] == {"kappa": 85.0, "type_1_vox": 2.0}


def test_the_plain_opening_takes_a_house_off_a_plane():
    import ground_peers

    x, y = (axis.ravel() + 0.5 for axis in np.mgrid[0:60.0, 0:60.0])
    house = (abs(x - 30) < 5) & (abs(y - 30) < 5)
    xyz = np.column_stack([x, y, np.where(house, 6.0, 0.02 * x)])
    found = ground_peers.opening(xyz, **ground_peers.OPENING["airborne"])
    np.testing.assert_array_equal(found, ~house)


def test_a_peer_that_is_not_there_is_skipped_with_the_reason(monkeypatch):
    import ground_peers

    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(ground_peers, "version", lambda package: None)
    found = ground_peers.find("street")
    assert list(found.filters) == ["plain opening"]
    assert set(found.skipped) == {"CSF", "CSF tuned", "PDAL smrf", "PDAL pmf", "PDAL csf"}


FAKE_PDAL = """#!{python}
import json, sys
import laspy
if sys.argv[1] == "--version":
    sys.exit(print("pdal 2.8.4 (fake)"))
source, step, target = json.load(open(sys.argv[2]))
las = laspy.read(source)
assert step == {{"type": "filters.smrf", "cell": 0.5, "threshold": 0.2}}, step
las.points = las.points[list(range(len(las.points)))[::-1]]
las.classification[:] = 1
las.classification[las.z < 1] = 2
las.write(target["filename"])
"""


@pytest.mark.slow
def test_labels_of_pdal_come_back_in_the_order_of_the_points(tmp_path, monkeypatch):
    import ground_peers

    command = tmp_path / "pdal"
    command.write_text(FAKE_PDAL.format(python=sys.executable))
    command.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda name: str(command))
    found = ground_peers.find("street")
    z = np.array([0.0, 5.0, 0.5, 7.0, 3.0])
    cloud = PointCloud.from_xyz(np.column_stack([np.arange(5.0) + 5e5, np.full(5, 5.4e6), z]))
    np.testing.assert_array_equal(found.filters["PDAL smrf"](cloud), z < 1)
    assert found.about["PDAL smrf"] == "pdal 2.8.4 (fake), cell 0.5, threshold 0.2"


def test_a_sample_has_no_say_in_the_setting_it_is_scored_with():
    import ground_settings

    kappas = {(12.0, 0.1, 0.3): (99.0, 20.0, 20.0), (18.0, 0.1, 0.3): (50.0, 60.0, 60.0)}
    of_settings = {
        setting: {name: {"kappa": kappa} for name, kappa in zip("abc", of, strict=True)}
        for setting, of in kappas.items()
    }
    choices = {
        choice.sample: (choice.setting[0], choice.scores["kappa"])
        for choice in ground_settings.left_out(of_settings)
    }
    assert choices == {"a": (18.0, 50.0), "b": (12.0, 20.0), "c": (12.0, 20.0)}


def test_the_grid_holds_the_defaults_and_keeps_the_method():
    import ground_settings

    settings = ground_settings.GroundConfig(method="flat-zones")
    of_grid = ground_settings.grid(settings)
    assert len(of_grid) == 27
    assert settings in of_grid.values()


def test_turning_keeps_distances_and_the_truth_of_each_point():
    import ground_settings

    random = np.random.default_rng(1)
    xyz = random.uniform(0, 50, (500, 3)) + np.array([5e5, 5.4e6, 100.0])
    cloud, truth = PointCloud.from_xyz(xyz), xyz[:, 2] > 125
    thin, its = ground_settings.changed(cloud, truth, 0.6, 0)
    found, still = ground_settings.changed(cloud, truth, 0.6, 30)
    assert 250 < len(found) < 350
    np.testing.assert_array_equal(still, found.xyz[:, 2] > 125)
    np.testing.assert_array_equal(still, its)
    before, after = (np.diff(of.xyz[:, :2], axis=0) @ np.array([1, 1j]) for of in (thin, found))
    np.testing.assert_allclose(after / before, np.exp(1j * np.deg2rad(30)), atol=0.02)


@pytest.mark.slow
def test_turned_and_left_out_scores_stand_in_the_json(tmp_path, monkeypatch, capsys):
    uneven = "".join(f"{x} {y} {5 + 3 * (x > 12)} {int(x > 12)}\n" for x in range(16) for y in range(16))
    for name in ("samp12.txt", "samp21.txt"):
        (tmp_path / name).write_text(uneven)
    isprs(tmp_path, monkeypatch, "--turned", "--leave-one-out", "--json", str(tmp_path / "out.json"))
    made = json.loads((tmp_path / "out.json").read_text())
    assert len(made["filters"]["bevseg"]["turned"]) == 5
    assert set(made["leave_one_out"]["samples"]) == {"samp12", "samp21"}
    assert len(made["leave_one_out"]["grid"]) == 27
    assert "27 settings: mean total error" in capsys.readouterr().out
