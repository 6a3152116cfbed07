"""The benchmark of randomised scanners in training: what it changes, and what it prints."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from bevseg.sim import presets


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    """Let the scripts be imported, and forget the presets that they add."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    monkeypatch.setattr(presets, "_added", {})


def values(setup):
    """All numbers of a setup, by name."""
    table = dataclasses.asdict(setup)
    sensor = table.pop("sensor")
    return table | sensor.pop("optics") | sensor


def test_one_thing_at_a_time_is_other_than_in_the_preset():
    import robustness

    for name, change in robustness.CHANGES.items():
        plain = presets.load("oakland").draw(np.random.default_rng(1))
        was, now = values(plain), values(change(plain))
        other = [key for key in was if was[key] != now[key]]
        expected = {"as in training": 0, "short of sight, 20 m": 2}.get(name, 1)
        assert len(other) <= expected, (name, other)
        assert bool(other) == bool(expected) or name == "short of sight, 20 m"


@pytest.mark.slow
def test_both_models_are_scored_on_the_same_streets(tiny_model, tmp_path, monkeypatch, capsys):
    import robustness

    for name, count in (("CHANGES", 2), ("DENSITIES", 1)):
        monkeypatch.setattr(robustness, name, dict(list(getattr(robustness, name).items())[:count]))
    monkeypatch.setattr(robustness, "OTHERS", ())
    arguments = [
        "--clouds",
        1,
        "--points",
        3000,
        "--real",
        "--json",
        tmp_path / "r.json",
        "--keep",
        tmp_path / "s",
    ]
    monkeypatch.setattr("sys.argv", ["robustness.py", *map(str, [tiny_model, tiny_model, *arguments])])
    robustness.main()
    found = json.loads((tmp_path / "r.json").read_text())
    names = ["as in training", "1.2 m up", "a quarter of the points"]
    assert list(found) == names
    printed = capsys.readouterr().out
    for name in names:
        assert found[name]["with"] == found[name]["without"]
        assert f"| {name} |" in printed
    assert found["a quarter of the points"]["with"]["points"] < 1000
    assert len(list((tmp_path / "s").iterdir())) == len(names)


def test_the_ablation_pair_differs_in_the_scanner_alone():
    import default_model

    ours, theirs = (
        default_model.read_config(default_model.CONFIG.with_name(f"robust_{which}.toml"))
        for which in ("with", "without")
    )
    assert ours.settings == theirs.settings
    for a, b in zip(ours.train + ours.validation, theirs.train + theirs.validation, strict=True):
        assert (a.seed, a.config.points) == (b.seed, b.config.points)
        assert (a.config.preset, b.config.preset) == ("mixed", "oakland")
