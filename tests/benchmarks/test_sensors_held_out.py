"""Which clouds a training with one sensor held out sees, and that it goes on."""

import json
from pathlib import Path

import pytest

CONFIG = """
[[train]]
first_seed = 1
clouds = 2
points = 4000
preset = "oakland"
[[train]]
first_seed = 11
clouds = 2
points = 4000
preset = "drums"
[[validation]]
first_seed = 21
clouds = 1
points = 4000
preset = "drums"
[settings.raster]
cell = 0.4
[settings.net]
depth = 2
[settings.train]
batch = 2
crop = 32
"""


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")


def test_the_preset_that_is_held_out_is_scored_and_not_trained_on(tmp_path, monkeypatch, capsys):
    import sensors_held_out

    trained = []

    def train(examples, *arguments, **options):
        trained.append([example.cloud.name for example in examples])
        return real(examples, *arguments, **options)

    real = sensors_held_out.train
    monkeypatch.setattr(sensors_held_out, "train", train)
    config, table = tmp_path / "config.toml", tmp_path / "table.json"
    config.write_text(CONFIG)
    options = ["--held-out", "oakland", "none", "--features", "heights", "--steps", "2", "--filters", "4"]
    monkeypatch.setattr("sys.argv", ["sensors_held_out.py", *map(str, [table, config]), *options])
    sensors_held_out.main()
    assert trained == [["drums_00011", "drums_00012"], ["oakland_00002", "drums_00012"]]
    rows = json.loads(table.read_text())
    assert [row["trial"]["held_out"] for row in rows] == ["oakland", "none"]
    assert [list(row["presets"]) for row in rows] == [["oakland"], ["oakland", "drums"]]
    sensors_held_out.main()  # nothing is left to do
    assert len(trained) == 2
    assert "| oakland | none | heights |" in capsys.readouterr().out
