"""What the benchmark of a model on clouds it has never seen reads, scores and prints."""

import gzip
import json
from pathlib import Path

import laspy
import numpy as np
import pytest

from bevseg.core.labels import BUILDING, CAR, CLASS_NAMES, GROUND, POLE, UNDEFINED, VEGETATION
from bevseg.core.scores import scores_of
from bevseg.errors import CloudFormatError
from tests import tiny


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")


def frame(folder, codes, xyz=None):
    """Write a single spin and return the file of its points."""
    codes = np.array(codes, np.int32)
    np.save(folder / "labels_01.npy", codes[:, None])
    np.save(folder / "points_01.npy", np.zeros((len(codes), 3), np.float32) if xyz is None else xyz)
    return folder / "points_01.npy"


def test_a_spin_is_read_with_its_classes(tmp_path):
    import labelled_clouds

    xyz = np.random.default_rng(0).normal(0, 20, (20, 3)).astype(np.float32)
    cloud = labelled_clouds.spin(frame(tmp_path, range(20), xyz))
    assert cloud.name == "01"
    np.testing.assert_allclose(cloud.xyz, xyz, atol=0.0006)
    expected = np.full(20, UNDEFINED)
    expected[[1, 4, 5]] = CAR
    expected[[9, 10, 11, 12, 17]] = GROUND
    expected[13], expected[[15, 16]], expected[[18, 19]] = BUILDING, VEGETATION, POLE
    np.testing.assert_array_equal(cloud.labels, expected)


def test_a_spin_whose_labels_are_another_frames_is_refused(tmp_path):
    import labelled_clouds

    path = frame(tmp_path, [1, 2])
    np.save(path, np.zeros((3, 3), np.float32))
    with pytest.raises(CloudFormatError, match="differ in number"):
        labelled_clouds.spin(path)


def test_a_merged_cloud_has_the_classes_of_its_source_and_not_those_of_the_file(tmp_path):
    import labelled_clouds

    las = laspy.LasData(laspy.LasHeader(point_format=6, version="1.4"))
    las.x = np.arange(11.0)
    las.y = las.z = np.zeros(11)
    las.classification = np.full(11, 6)
    las.add_extra_dim(laspy.ExtraBytesParams("src_label", np.uint8))
    las["src_label"] = np.arange(11)
    (tmp_path / "nuscenes_a_merged").mkdir()
    las.write(tmp_path / "nuscenes_a_merged" / "a.laz")
    found = labelled_clouds.nuscenes_merged(tmp_path)
    assert found.scans == "merged"
    cloud = found.clouds["a"]()
    np.testing.assert_array_equal(
        cloud.labels,
        [GROUND, GROUND, BUILDING, UNDEFINED, VEGETATION, UNDEFINED, UNDEFINED, CAR, CAR, CAR, UNDEFINED],
    )


def test_a_sparse_frame_is_read_with_its_classes(tmp_path):
    import labelled_clouds

    (tmp_path / "ika_aachen").mkdir()
    points = np.random.default_rng(0).normal(0, 20, (11, 4)).astype(np.float32)
    np.savez(tmp_path / "ika_aachen" / "one.npz", points=points, label=np.arange(11, dtype=np.uint8))
    cloud = labelled_clouds.ika(tmp_path).clouds["one"]()
    np.testing.assert_allclose(cloud.xyz, points[:, :3], atol=0.0006)
    expected = [GROUND, GROUND, BUILDING, POLE, VEGETATION, UNDEFINED, UNDEFINED, CAR, CAR, CAR, UNDEFINED]
    np.testing.assert_array_equal(cloud.labels, expected)


def test_what_nuscenes_does_not_tell_apart_is_left_out_and_nothing_else():
    import labelled_clouds

    truth = np.array([BUILDING, BUILDING, CAR, VEGETATION, VEGETATION, GROUND, GROUND], np.uint8)
    answer = np.array([POLE, CAR, POLE, GROUND, GROUND, VEGETATION, POLE], np.uint8)
    above = np.array([2, 2, 2, 0.29, 0.31, 0.1, 0.1], np.float32)
    left_out = labelled_clouds.unclear_in_nuscenes(truth, answer, above)
    np.testing.assert_array_equal(left_out, [True, False, False, True, False, False, False])


def test_points_that_a_set_leaves_out_are_in_no_count(tiny_model):
    import labelled_clouds

    from bevseg import pipeline

    def no_cars(truth, answer, above):
        assert truth.shape == answer.shape == above.shape
        return truth == CAR

    clouds = {"a": lambda: tiny.thin_street("a")}
    model = pipeline.load_model(tiny_model)
    found, whole = (
        labelled_clouds.score(
            model, labelled_clouds.Set("one", clouds, ignore=rule), "cpu", lambda text: None
        )
        for rule in (no_cars, None)
    )
    expected = np.array(whole["pooled"]["confusion"])
    expected[CAR] = 0
    np.testing.assert_array_equal(found["pooled"]["confusion"], expected)
    assert "car" not in found["pooled"]["oracle"]


def test_the_share_of_buildings_called_car_is_of_those_that_count():
    import labelled_clouds

    matrix = np.zeros((len(CLASS_NAMES),) * 2, np.int64)
    matrix[BUILDING, BUILDING], matrix[BUILDING, CAR], matrix[CAR, CAR] = 3, 1, 9
    assert labelled_clouds.scores_and_oracle(matrix, matrix)["building_as_car"] == 0.25
    matrix[BUILDING] = 0
    assert labelled_clouds.scores_and_oracle(matrix, matrix)["building_as_car"] is None


def test_the_scores_of_a_set_are_those_of_all_its_points(tiny_model):
    import labelled_clouds

    from bevseg import pipeline

    clouds = {name: lambda n=name, s=seed: tiny.thin_street(n, s) for seed, name in enumerate("ab")}
    model = pipeline.load_model(tiny_model)
    found = labelled_clouds.score(model, labelled_clouds.Set("two", clouds), "cpu", lambda text: None)
    labelled = [pipeline.label(read(), model, device="cpu").point_labels for read in clouds.values()]
    matrix = sum(pipeline.matrix(read(), of) for read, of in zip(clouds.values(), labelled, strict=True))
    expected = scores_of(matrix)
    assert found["pooled"]["confusion"] == matrix.tolist()
    assert found["pooled"]["iou"]["miou"] == pytest.approx(expected["miou"])
    assert found["pooled"]["iou"]["miou_4"] == pytest.approx(expected["miou_4"])
    assert set(found["clouds"]) == {"a", "b"}
    assert found["pooled"]["oracle"]["miou"] > 0.9


def test_a_class_that_the_truth_lacks_has_no_score_and_no_part_in_the_means():
    import labelled_clouds

    matrix = np.zeros((len(CLASS_NAMES),) * 2, np.int64)
    matrix[GROUND, GROUND], matrix[BUILDING, BUILDING], matrix[BUILDING, CAR] = 8, 3, 1
    found = labelled_clouds.scores_and_oracle(matrix, matrix)
    assert found["iou"] == {"building": 0.75, "ground": 1.0, "miou": 0.875, "miou_4": 0.875}


def test_the_tables_name_what_was_measured_and_what_was_not_there(tiny_model, tmp_path, monkeypatch, capsys):
    import transfer

    folder = tmp_path / "data" / "oakland3d"
    folder.mkdir(parents=True)
    cloud = tiny.thin_street("x")
    codes = np.array([1001, 1400, 1501, 1200, 1103, 1300])[cloud.labels]
    text = tiny.write_text(tmp_path / "part_ab.xyz", cloud.xyz, codes)
    (folder / "part_ab.xyz.gz").write_bytes(gzip.compress(text.read_bytes()))
    arguments = ["--data", tmp_path / "data", "--sets", "oakland", "kitti", "--json", tmp_path / "t.json"]
    monkeypatch.setattr("sys.argv", ["transfer.py", *map(str, [tiny_model, *arguments])])
    transfer.main()
    said = capsys.readouterr()
    assert "kitti: not below" in said.err
    assert "| part_ab |" in said.out
    found = json.loads((tmp_path / "t.json").read_text())
    pooled = found["sets"]["oakland"]["pooled"]
    assert f"| oracle | {100 * pooled['oracle']['building']:.1f} |" in said.out
    assert f"| {pooled['points']:,} |" in said.out
    assert f"| {100 * pooled['ece']:.1f} | {100 * pooled['errors_of_least_confident']:.1f} |" in said.out
    assert len(found["model"]["sha256"]) == 64
