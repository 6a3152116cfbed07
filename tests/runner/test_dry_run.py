"""`--dry-run` says what a run would do, and writes nothing."""

import re

import numpy as np

from tests.cli.invoke import bevseg, left_behind
from tests.runner.cut_clouds import label, write_las


def test_the_room_that_it_names_is_enough_and_it_writes_nothing(tiny_model, tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    write_las(tmp_path / "in" / "a.las", rng.uniform(0, [400, 400, 0.1], (20_000, 3)), epsg=32632)
    told = label(tmp_path, tiny_model, "--dry-run").stdout
    assert left_behind(tmp_path) == ["in"]
    assert "a.las: 20,000 points -> a.las, a.png, a.qml" in told
    label(tmp_path, tiny_model, "--part", "1/1")
    used = sum(path.stat().st_size for path in (tmp_path / "out" / ".bevseg-scratch").iterdir())
    named = int(re.search("scratch: up to ([0-9,]+) MiB", told)[1].replace(",", "")) * 2**20
    assert used <= named < 2 * used


def test_what_is_finished_is_skipped(tiny_model, streets, tmp_path):
    command = ("run", streets / "a.txt", "-o", tmp_path / "out", "-m", tiny_model)
    assert bevseg(*command).exit_code == 0
    before = left_behind(tmp_path / "out")
    assert bevseg(*command, "--dry-run").stdout.startswith("a: finished, skipped")
    assert left_behind(tmp_path / "out") == before
