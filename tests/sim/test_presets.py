"""The register of presets: how one is found, and how one is added."""

import subprocess
import sys

import numpy as np
import pytest

from bevseg.errors import UsageError
from bevseg.sim import presets
from bevseg.sim.simulate import simulate_scan
from tests.cli.invoke import bevseg

WHEELBARROW = """
from bevseg.sim.instrument.sensors import Sensor
from bevseg.sim.setup import Preset, Setup


def draw(rng):
    return Setup(Sensor("line_scanner", height=0.8, step=1.0, spacing=0.5, rate=10.0), "shrec20")


PRESET = Preset(draw, points=300)
"""


def test_the_presets_that_ship_can_be_loaded():
    assert set(presets.names()) >= {
        "backpack",
        "drums",
        "mixed",
        "oakland",
        "shrec20",
        "survey_car",
        "terrestrial",
    }
    assert all(presets.load(name).points > 0 for name in presets.names())


def drawn(name):
    return [presets.load(name).draw(np.random.default_rng(seed)) for seed in range(200)]


def test_half_the_drums_cut_the_fronts_and_some_see_not_far():
    sensors = [setup.sensor for setup in drawn("drums")]
    assert 0.4 < np.mean([max(sensor.beams) < 12 for sensor in sensors]) < 0.6
    assert 0.2 < np.mean([sensor.optics.farthest < 30 for sensor in sensors]) < 0.4
    assert max(sensor.spacing for sensor in sensors) < 4


def test_a_person_carries_one_head_or_an_upright_and_a_leaning_one():
    setups = drawn("backpack")
    pairs = [setup.sensor for setup in setups if len(setup.sensor.yaw) == 2]
    assert 60 < len(pairs) < 140
    assert all(sensor.pitch[0] < 10 < 55 < sensor.pitch[1] for sensor in pairs)
    assert all(setup.walks and setup.traffic is not None for setup in setups)
    turns = [setup.sensor.rate / setup.sensor.duty for setup in setups]
    pace = [setup.sensor.spacing * setup.sensor.rate for setup in setups]
    assert {round(turn) for turn in turns} == {10, 20}
    assert 0.5 <= min(pace) < max(pace) <= 1.5


def test_a_survey_is_whole_or_thinned_and_none_casts_many_rays_in_vain():
    sensors = [setup.sensor for setup in drawn("survey_car")]
    left = np.array([0.14 / sensor.step * sensor.optics.kept for sensor in sensors])
    assert left.min() < 0.1
    assert 1.0 < left.max() < 2.0
    assert all(0.25 <= sensor.optics.kept <= 1.0 for sensor in sensors)
    assert all(0.02 <= sensor.spacing <= 0.075 and 200 <= sensor.rate <= 250 for sensor in sensors)


def test_one_file_adds_a_preset(tmp_path, monkeypatch, ray_casting):
    (tmp_path / "wheelbarrow.py").write_text(WHEELBARROW)
    monkeypatch.setattr(presets, "__path__", [*presets.__path__, str(tmp_path)])
    assert "wheelbarrow" in presets.names()
    made = simulate_scan(1, preset="wheelbarrow", length=10)
    assert len(made.cloud) == 300
    assert made.setup.sensor.height == 0.8


def test_an_entry_point_of_another_package_adds_a_preset(tmp_path, monkeypatch, ray_casting):
    (tmp_path / "garden.py").write_text(WHEELBARROW)
    about = tmp_path / "garden-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: garden\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[bevseg.presets]\nwheelbarrow = garden:PRESET\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert simulate_scan(1, preset="wheelbarrow", length=10).setup.sensor.height == 0.8
    result = bevseg("simulate", "-o", tmp_path / "out", "--preset", "wheelbarow", "--length", 10)
    assert result.exit_code == 2
    assert "did you mean 'wheelbarrow'" in str(result.stderr)


def test_a_name_that_is_taken_cannot_be_added(monkeypatch):
    monkeypatch.setattr(presets, "_added", {})
    oakland = presets.load("oakland")
    presets.add("oakland-by-night", oakland)
    assert presets.load("oakland-by-night") is oakland
    for name in ("oakland", "oakland-by-night"):
        with pytest.raises(UsageError, match="already"):
            presets.add(name, oakland)


def test_names_are_listed_without_importing_a_preset():
    code = "import sys; from bevseg.sim.presets import names; names(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "torch", "scipy", "open3d"} & set(loaded.stdout.split())
