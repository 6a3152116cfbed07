"""Small inputs that once failed -> what bevseg makes of each, as a table.

    python benchmarks/hard_cases.py ../shared/cases [--bevseg "python -m bevseg"] [-o build/cases.json]
    python benchmarks/hard_cases.py --compare build/before.json build/after.json

Every file of the folder is labelled by `bevseg run FILE -o OUT` in an empty directory (settings: handed to
`bevseg ground SCAN --config FILE`). The table has the exit code, the seconds, the memory at the peak, the points of
the result, and the first message.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LONGEST = 60
"""Seconds after which a case counts as a hang."""


def cases(folder: Path) -> list[Path]:
    """Return the input files of the folders, without their READMEs."""
    return sorted(p for p in folder.glob("*/*") if p.is_file() and not p.name.startswith("README"))


def tried(path: Path, bevseg: Sequence[str], scan: Path) -> dict[str, Any]:
    """Run bevseg on one file and return what it gave."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        if path.suffix == ".toml":
            command = [*bevseg, "ground", scan, "-o", Path(folder) / "dem.tif", "--config", path]
        else:
            command = [*bevseg, "run", path, "-o", out]
        start = time.monotonic()
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        try:
            done = subprocess.run(
                [os.fspath(word) for word in command],
                capture_output=True,
                timeout=LONGEST,
                cwd=folder,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30)),
            )
        except subprocess.TimeoutExpired:
            return {"exit": "hang", "seconds": LONGEST, "message": "", "points": None}
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        said = done.stderr.decode("utf-8", "replace")
        lines = [
            line for line in said.splitlines() if re.search(r"error|warning|Error|Exception|bug|panick", line)
        ]
        report = out / "report.json"
        clouds = json.loads(report.read_text(encoding="utf-8"))["clouds"] if report.exists() else {}
        return {
            "exit": done.returncode,
            "seconds": round(time.monotonic() - start, 1),
            "peak_mib": round(peak / 1024) if peak > before else None,
            "points": sum(cloud["points"] for cloud in clouds.values()) or None,
            "written": sorted(
                p.name.encode("utf-8", "replace").decode() for p in out.glob("*") if p.suffix != ".png"
            ),
            "message": lines[0][:300] if lines else "",
        }


def main() -> None:
    """Run the cases, or compare two runs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=lambda text: Path(text).resolve())
    parser.add_argument("--bevseg", default=f"{sys.executable} -m bevseg")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("BEFORE", "AFTER"))
    given = parser.parse_args()
    if given.compare:
        before, after = (json.loads(path.read_text(encoding="utf-8")) for path in given.compare)
        print("| case | before | now |\n|---|---|---|")
        for name in after:
            print(f"| {name} | {_cell(before.get(name))} | {_cell(after[name])} |")
        return
    scan = next(p for p in cases(given.folder) if p.suffix == ".laz")
    table = {}
    for path in cases(given.folder):
        name = str(path.relative_to(given.folder)).encode("utf-8", "replace").decode()
        table[name] = tried(path, shlex.split(given.bevseg), scan)
        print(f"{name}: {_cell(table[name])}", flush=True)
    if given.output:
        given.output.parent.mkdir(parents=True, exist_ok=True)
        given.output.write_text(json.dumps(table, indent=1), encoding="utf-8")


def _cell(result: dict[str, Any] | None) -> str:
    if result is None:
        return "-"
    points = f", {result['points']:,} points" if result["points"] else ""
    message = result["message"].replace("|", "\\|").removeprefix("bevseg: error: ")
    return f"exit {result['exit']}{points}{': ' if message else ''}{message}"


if __name__ == "__main__":
    main()
