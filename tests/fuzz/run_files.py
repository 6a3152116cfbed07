"""What runs leave behind, as bytes, and how the next run reads it."""

from __future__ import annotations

import json
from pathlib import Path

CONDITIONS = {"bevseg": "1.0", "model": "0" * 64, "looks": {"flips": 1}, "options": {}, "schemes": {}}
DONE = {
    "source": "/scans/a.laz",
    "sha256": "1" * 64,
    "output_sha256": "2" * 64,
    "points": 3,
    "seconds": {"ground": 0.5},
    "outputs": {"cloud": "/out/a.laz"},
    "scores": None,
}


def reports(folder: Path) -> list[bytes]:
    """A report."""
    training = {"trained_on": ["a"], "sources": {"a": "/scans/a.laz"}}
    table = {"conditions": CONDITIONS, "training": training, "clouds": {"a": DONE, "b": DONE}, "failures": []}
    return [json.dumps(table, indent=1).encode(), json.dumps(table | {"training": None}).encode()]


def unfinished(folder: Path) -> list[bytes]:
    """The notes of a run that was ended."""
    lines = [{"training": {"trained_on": ["a"]}}]
    lines += [{"stem": stem, "conditions": CONDITIONS, "cloud": DONE} for stem in "ab"]
    return ["".join("\n" + json.dumps(line) for line in lines).encode()]


def read_in_output(path: Path, name: str) -> str:
    """Read a file under this name in the output of a run, as the next run does."""
    from bevseg.runner.conditions import differences
    from bevseg.runner.finished import others, read_earlier

    out = path.with_suffix("")
    out.mkdir(exist_ok=True)
    path.replace(out / name)
    (out / "a.laz").touch()
    earlier = read_earlier(out)
    others(earlier, out, ["b"])
    for record in earlier.records.values():
        differences(record.conditions, CONDITIONS)
    return ""
