"""Odd clouds that are ordinary input: they go through the whole run, and every point comes back."""

import laspy
import numpy as np
import pytest

from tests import tiny
from tests.cli.invoke import bevseg

NAN, INF = float("nan"), float("inf")
WALL = [[x / 5, 0.0, 2 + z / 5] for x in range(30) for z in range(30)]

CLOUDS = {
    "one_point": [[1.0, 2.0, 3.0]],
    "two_equal_points": [[1.0, 2.0, 3.0]] * 2,
    "all_in_one_cell": [[0.01 * i, 0.01 * (i % 3), 0.1 * i] for i in range(15)],
    "no_ground": WALL,
    "one_column": [[0.05, 0.05, 0.3 * i] for i in range(40)],
    "some_nan": [[0.0, 0, 0], [NAN, 1, 1], [1, INF, 1], [1, 1, -INF], [1, 1, 5]],
    "nothing_finite": [[NAN, NAN, NAN], [INF, 0, 0]],
    "far_away": [[9_999_999.5 + 0.1 * i, 5_400_000.2, 100.0] for i in range(20)],
}


FAST = ("one_point", "some_nan")


@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in CLOUDS]
)
def test_every_point_comes_back_in_its_place_and_the_stages_one_by_one_agree(name, tiny_model, tmp_path):
    xyz = np.array(CLOUDS[name], float)
    path = tiny.write_text(tmp_path / f"{name}.txt", xyz)
    kept, work = tmp_path / "kept", tmp_path / "work"
    for stage in (
        ("run", path, "-o", tmp_path / "out", "-m", tiny_model, "--work", kept, "--format", "laz"),
        ("ingest", path, "-o", work),
        ("ground", work, "-m", tiny_model),
        ("rasterize", work),
        ("predict", work, "-m", tiny_model),
        ("backproject", work),
        ("export", work, "-o", tmp_path / "exported", "--format", "laz"),
    ):
        result = bevseg(*stage)
        assert result.exit_code == 0, result.stderr
    one, other = (tmp_path / folder / f"{name}.laz" for folder in ("out", "exported"))
    assert one.read_bytes() == other.read_bytes()
    assert (kept / name / "labels.npz").read_bytes() == (work / name / "labels.npz").read_bytes()
    las, finite = laspy.read(one), np.isfinite(xyz).all(axis=1)
    assert len(las) == len(xyz)
    np.testing.assert_allclose(las.xyz[finite], xyz[finite], atol=0.0006)
    assert (np.asarray(las.classification)[~finite] == 0).all()
    assert (np.asarray(las.withheld) == ~finite).all()


def test_a_wall_without_ground_is_not_called_ground_all_over(tiny_model, tmp_path):
    path = tiny.write_text(tmp_path / "wall.txt", np.array(WALL))
    assert bevseg("run", path, "-o", tmp_path / "wall.laz", "-m", tiny_model).exit_code == 0
    las = laspy.read(tmp_path / "wall.laz")
    assert np.mean(np.asarray(las.classification) == 2) < 0.2


@pytest.mark.parametrize("labels", [[0, 0, 0], [3, 3, 3]])
def test_a_cloud_with_nothing_to_learn_in_a_slice_says_so(labels, tmp_path):
    xyz = np.array([[0.0, 0, 0], [1, 1, 0], [2, 2, 0]])
    tiny.write_text(tmp_path / "a.txt", xyz, np.array(labels, np.uint8))
    result = bevseg("run", tmp_path / "a.txt", "-o", tmp_path / "out", "--train-on", tmp_path / "a.txt")
    assert result.exit_code == 4
    assert "--classes" in result.stderr
