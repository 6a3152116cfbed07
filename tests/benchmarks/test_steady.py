"""The benchmark of steady labels: what each form of a cloud changes, and what the table says."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests import tiny


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")


@pytest.fixture
def cloud():
    import steady

    return steady.in_centimetres(tiny.thin_street("a"))


def form_of(cloud, name):
    import steady

    other, points = steady.FORMS[name](cloud, 0.4, np.random.default_rng(0))
    np.testing.assert_array_equal(other.labels, cloud.labels[points])
    return other, points


def test_a_cloud_written_in_other_steps_has_the_same_coordinates(cloud):
    import steady

    other, _ = form_of(cloud, steady.WRITTEN)
    assert (other.scale, other.offset) != (cloud.scale, cloud.offset)
    np.testing.assert_allclose(other.xyz, cloud.xyz, rtol=0, atol=1e-9)


def test_a_cloud_is_moved_by_its_share_of_a_cell(cloud):
    other, _ = form_of(cloud, "moved by a quarter of a cell")
    np.testing.assert_allclose(other.xyz - cloud.xyz, [[0.1, 0.1, 0]] * len(cloud), atol=1e-9)


def test_a_turned_cloud_keeps_distances_and_heights(cloud):
    other, _ = form_of(cloud, "turned by 30 degrees")
    before, after = ((xyz := each.xyz)[1:] - xyz[0] for each in (cloud, other))
    np.testing.assert_allclose(
        np.linalg.norm(after[:, :2], axis=1), np.linalg.norm(before[:, :2], axis=1), atol=0.003
    )
    turns = np.degrees(np.angle(after[:, 0] + 1j * after[:, 1]) - np.angle(before[:, 0] + 1j * before[:, 1]))
    far = np.linalg.norm(before[:, :2], axis=1) > 5
    np.testing.assert_allclose(turns[far] % 360, 30, atol=0.05)
    np.testing.assert_allclose(after[:, 2], before[:, 2], atol=1e-9)


def test_half_of_the_points_are_points_of_the_cloud(cloud):
    other, points = form_of(cloud, "half of the points")
    assert len(other) == len(cloud) // 2 == len(set(points.tolist()))
    np.testing.assert_array_equal(other.xyz, cloud.xyz[points])


def test_the_table_has_every_form_and_the_same_coordinates_give_the_same_labels(
    tiny_model, monkeypatch, tmp_path, capsys
):
    import labelled_clouds
    import steady

    made = labelled_clouds.Set("tiny", {"a": lambda: tiny.thin_street("a")})
    monkeypatch.setattr(steady, "sets", lambda *asked: [made])
    monkeypatch.setattr("sys.argv", ["steady.py", str(tiny_model), "--json", str(tmp_path / "s.json")])
    steady.main()
    forms = json.loads((tmp_path / "s.json").read_text())["forms"]
    assert forms[steady.WRITTEN]["changed"] == 0
    assert forms["half of the points"]["points"] * 2 == forms[steady.WRITTEN]["points"]
    printed = capsys.readouterr().out
    assert all(f"| {name} |" in printed for name in forms)
    monkeypatch.setitem(steady.FORMS, steady.WRITTEN, steady.turned(90))
    with pytest.raises(SystemExit, match="labels differ"):
        steady.main()
