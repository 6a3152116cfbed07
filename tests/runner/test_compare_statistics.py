"""Clouds of two kinds, side by side."""

import json

import numpy as np
import pytest

from bevseg.core.labels import CAR, GROUND
from bevseg.errors import CloudNotFoundError, OutputExistsError
from bevseg.runner.compare_statistics import compare, rows, simulate_and_compare, text
from bevseg.stages.simulate import SimulationRequest


def write(path, step, labels=True):
    """Write a level street, 8 x 6 m, with points every `step` m and a box on it."""
    rng = np.random.default_rng(0)
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(0.05, 8, step), np.arange(0.05, 6, step)))
    on_box = (x > 3) & (x < 5) & (y > 2) & (y < 4)
    z = np.where(on_box, 1.5, 0.0) + 0.005 * rng.standard_normal(x.size)
    columns = [x, y, z] + ([np.where(on_box, CAR, GROUND)] if labels else [])
    path.parent.mkdir(exist_ok=True)
    np.savetxt(path, np.column_stack(columns), fmt="%.3f")
    return path


@pytest.fixture
def folders(tmp_path):
    for at, step in enumerate((0.10, 0.11)):
        write(tmp_path / "made" / f"street_{at}.txt", step)
        write(tmp_path / "real" / f"scan_{at}.txt", step / 2)
    return tmp_path / "made", tmp_path / "real"


def test_half_the_spacing_is_four_times_the_density(folders):
    table = compare([folders[0]], folders[1]).facts
    assert table["ratio"]["density, mean, points/m2"] == pytest.approx(0.25, rel=0.05)
    assert table["ratio"]["next point, 50 % below, m"] == pytest.approx(2, rel=0.1)
    assert set(table["real"]["clouds"]) == {"scan_0", "scan_1"}


def test_a_cloud_is_like_itself(folders):
    outcome = compare([folders[1]], folders[1])
    assert {ratio for ratio in outcome.facts["ratio"].values() if ratio is not None} == {1.0}
    assert "*" not in "".join(row[3] for row in rows(outcome.facts))


def test_a_ratio_far_from_1_is_marked(folders):
    table = compare([folders[0]], folders[1]).facts
    (line,) = (line for line in text(table).splitlines() if line.startswith("density, mean"))
    assert line.split()[-2:] == ["0.25", "*"]
    assert "mean and spread over 2 simulated and 2 real clouds" in text(table)


def test_labels_play_no_part_unless_their_scheme_is_named(folders, tmp_path):
    for at, step in enumerate((0.10, 0.11)):
        write(tmp_path / "bare" / f"scan_{at}.txt", step / 2, labels=False)
    labelled, bare = (compare([folders[0]], real).facts for real in (folders[1], tmp_path / "bare"))
    assert labelled == bare
    assert not any(name.startswith("car") for name in labelled["ratio"])


def test_classes_are_compared_on_request(folders):
    table = compare([folders[0]], folders[1], classes="shrec20").facts
    assert table["ratio"]["car, %"] == pytest.approx(1, abs=0.1)
    assert table["real"]["mean"]["car at 1 to 3 m, %"] == 100
    assert table["ratio"]["pole above 6 m, %"] is None


def test_numbers_are_written_and_not_replaced(folders, tmp_path):
    path = tmp_path / "comparison.json"
    outcome = compare([folders[0]], folders[1], json_path=path)
    assert outcome.written == [path]
    assert json.loads(path.read_text()) == outcome.facts
    with pytest.raises(OutputExistsError):
        compare([folders[0]], folders[1], json_path=path)


def test_a_folder_without_clouds_is_refused_before_any_work(folders, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CloudNotFoundError):
        compare([folders[0]], tmp_path / "empty")


def test_a_request_for_no_cloud_takes_those_in_its_directory(folders):
    outcome = simulate_and_compare(SimulationRequest(folders[0], clouds=0), folders[1])
    assert outcome.facts == compare(sorted(folders[0].glob("street_?.txt")), folders[1]).facts
    assert outcome.written == []


def test_nothing_is_simulated_if_there_is_nothing_to_compare_with(tmp_path):
    with pytest.raises(CloudNotFoundError):
        simulate_and_compare(SimulationRequest(tmp_path / "made"), tmp_path / "nowhere")
    assert not (tmp_path / "made").exists()
