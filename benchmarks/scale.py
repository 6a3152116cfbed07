"""`bevseg run` on surveys of any size: time, memory and scratch files, beside what the codec alone takes.

    python benchmarks/scale.py [CASE ...] [--points 3000000 30000000 300000000 1000000000] [--cells 0.2 0.1]
        [--repeats N] [--data DIR] [--files N] [--tile POINTS] [--max-memory 2GiB] [--jobs N] [--json F] [--make-only]

CASE is `network` (the default: a street network of each number of points, in tiles), `spread` (1,065 points over 1.4
km2), `corridor` (a million points along 100 km) or `files` (10,000 files of 1,000 points). All are made by
`surveys.py` in DIR, and made once.

A run is a whole process, as a user starts it. `T_codec` is laspy with lazrs (parallel) reading and writing the same
files by chunks and nothing else, in a process that has started already. Start-up is `bevseg run` on a cloud of 1,000
points, with kernels that are compiled already. The three take turns. Numbers are medians of the turns, with the least
and the greatest; ratios are those of a turn. Memory is the sum of the proportional set sizes of all processes,
sampled. `others` says how many cores other processes used during the runs: above 0.3, trust the ratios of processor
time.

At cells of 0.2 m, the model that ships labels. At other cells, it is two networks of 16 filters with random weights,
as in `end_to_end.py`. `--max-memory` and a scratch folder are passed to `bevseg run` if it has such options.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import end_to_end
import laspy
import process_tree
import scale_tables
import surveys
from ground_scores import machine, version, write_json
from street_network import Recipe

from bevseg.config import RasterConfig

POINTS = (3_000_000, 30_000_000, 300_000_000, 1_000_000_000)
CELLS = (0.2, 0.1)
DATA = end_to_end.FOLDER / "scale"

FEWEST_FROM = 100_000_000
"""From so many points on, a single turn."""

BYTES_A_POINT = 5
"""Of a LAZ file of the network, at most."""

CHUNK = 1_000_000
"""Points that the codec holds at a time."""

SPREAD = (1_065, 1.4)
"""Points, and km2 over which they lie."""

CORRIDOR = (1_000_000, 100.0)
"""Points, and the length of the road, km."""

FILES, POINTS_OF_FILE = 10_000, 1_000
"""Files, and points of each."""

STARTUP = (1, 1_000)
"""Files and points of the survey whose run is called the start-up."""

NAMES = ("network", "spread", "corridor", "files")
BEVSEG = (sys.executable, "-m", "bevseg")
ENVIRONMENT = {"OMP_WAIT_POLICY": "passive"}


@dataclass(frozen=True)
class Case:
    """A survey to measure: its name, number of points and number of files, and what makes its folder."""

    name: str
    points: int
    files: int | None
    make: Callable[[], Path]


def main() -> None:
    """Parse the command line, make the surveys, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(NAMES)} [network]")
    parser.add_argument("--points", type=int, nargs="+", default=POINTS, help="sizes of the network")
    parser.add_argument("--cells", type=float, nargs="+", default=CELLS, help="cell sizes, m")
    parser.add_argument("--repeats", type=int, help="turns; instead of 5, 3 from 10 M points, 1 from 100 M")
    parser.add_argument(
        "--data", type=Path, default=DATA, help="folder of surveys, outputs and scratch files"
    )
    parser.add_argument("--files", type=int, default=FILES, help="number of files of the case `files`")
    parser.add_argument("--tile", type=int, help="points of a tile at most [25 M; less for small networks]")
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--max-memory", default="2GiB", help="of `bevseg run`, if it has this option")
    parser.add_argument("--jobs", help="of `bevseg run`")
    parser.add_argument("--json", type=Path, help="write the numbers to this file as well")
    parser.add_argument("--make-only", action="store_true", help="make the surveys, measure nothing")
    parser.add_argument("--codec", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.codec:
        return end_to_end.serve(lambda: codec(*options.codec))
    if unknown := set(options.cases) - set(NAMES):
        parser.error(f"no case {', '.join(sorted(unknown))}: choose from {', '.join(NAMES)}")
    about = {"machine": machine(), "seed": options.seed, "tile": options.tile}
    about["machine"]["versions"] |= {name: version(name) for name in ("laspy", "lazrs", "torch")}
    runs: list[dict[str, Any]] = []
    for case in cases(options):
        if missing := room(case.points, options.data):
            print(f"\n{case.name}, {case.points:,} points: skipped: {missing}", flush=True)
            continue
        folder = case.make()
        for cell in () if options.make_only else options.cells:
            runs.append(measure(case, folder, cell, options))
            print(scale_tables.block(runs[-1]), flush=True)
            if options.json:  # after each: the next may take hours
                write_json(about | {"runs": runs}, options.json)
    if runs:
        print("\n".join(["", *scale_tables.summary(runs), "", *scale_tables.growth(runs)]))
    return None


def cases(options: argparse.Namespace) -> list[Case]:
    """Return what was asked for."""
    data, recipe = options.data, Recipe(seed=options.seed)

    def network(points: int) -> Case:
        return Case("network", points, None, lambda: surveys.network(data, points, options.tile, recipe))

    others = {
        "spread": Case("spread", SPREAD[0], 1, lambda: surveys.spread(data, *SPREAD, recipe)),
        "corridor": Case("corridor", CORRIDOR[0], 1, lambda: surveys.corridor(data, *CORRIDOR, recipe)),
        "files": Case(
            "files",
            options.files * POINTS_OF_FILE,
            options.files,
            lambda: surveys.small_files(data, options.files, POINTS_OF_FILE, recipe),
        ),
    }
    found: list[Case] = []
    for name in options.cases or ["network"]:
        found += [others[name]] if name in others else map(network, options.points)
    return found


def room(points: int, folder: Path) -> str | None:
    """Return why the disk is too small for a survey, its outputs, and scratch files as large; None if it is not."""
    folder.mkdir(parents=True, exist_ok=True)
    free, needed = shutil.disk_usage(folder).free, 3 * BYTES_A_POINT * points
    if free >= needed:
        return None
    return f"{free / 1e9:.0f} GB are free at {folder}, and it takes up to {needed / 1e9:.0f} GB"


def measure(case: Case, folder: Path, cell: float, options: argparse.Namespace) -> dict[str, Any]:
    """Let codec, start-up and run take turns; return all numbers."""
    few = 1 if case.points >= FEWEST_FROM else 3 if case.points >= end_to_end.FEWER_FROM else 5
    small = surveys.small_files(options.data, *STARTUP, Recipe(seed=options.seed))
    out, scratch = options.data / "out", options.data / "scratch"
    extra = arguments(cell, options, scratch)
    worker = end_to_end.Worker(__file__, "--codec", str(folder), str(options.data / "out_codec"))
    first, _ = run(small, out, scratch, extra)  # compiles what the cache lacks
    if first.status:
        sys.exit(f"bevseg run ends with {first.status}: {first.message}")
    turns = []
    for _ in range(options.repeats or few):
        turns.append({"load": os.getloadavg()[0], "codec": worker.turn()})
        for name, survey in (("startup", small), ("run", folder)):
            used, stages = run(survey, out, scratch, extra)
            turns[-1][name] = asdict(used) | {"stages": stages}
        if used.status:
            break
    worker.end()
    return {
        "case": case.name,
        "points": case.points,
        "files": case.files or len(list(folder.glob("*.laz"))),
        "cell": cell,
        "arguments": extra,
    } | scale_tables.numbers(turns, case.points)


def arguments(cell: float, options: argparse.Namespace, scratch: Path) -> list[str]:
    """Return the arguments of `bevseg run` beside survey and output."""
    model = "default" if cell == RasterConfig.cell else end_to_end.random_model(cell, options.data)
    found = ["--model", str(model)]
    if options.jobs:
        found += ["--jobs", options.jobs]
    known = subprocess.run([*BEVSEG, "run", "--help"], capture_output=True, text=True, check=True).stdout
    for name, value in (("--max-memory", options.max_memory), ("--scratch", str(scratch))):
        found += [name, value] if f"{name} " in known else []
    return found


def run(
    survey: Path, out: Path, scratch: Path, extra: Sequence[str]
) -> tuple[process_tree.Usage, dict[str, float]]:
    """Label a survey; return what it took, and seconds by stage. The outputs are removed."""
    for folder in (out, scratch):
        shutil.rmtree(folder, ignore_errors=True)
    scratch.mkdir(parents=True)
    os.sync()  # what others have written is on the disk when the clock starts
    used = process_tree.run(
        [*BEVSEG, "run", survey, "--output", out, *extra],
        scratch,
        ENVIRONMENT | os.environ | {"TMPDIR": str(scratch)},
    )
    report = out / "report.json"
    table = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    for folder in (out, scratch):
        shutil.rmtree(folder, ignore_errors=True)
    return used, table.get("speed", {}).get("seconds", {})


def codec(folder: Path, out: Path) -> dict[str, float]:
    """Read and write all files of a folder by chunks; return seconds by the clock and of processor time."""
    backend = laspy.LazBackend.LazrsParallel
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    os.sync()
    cpu, begin = time.process_time(), time.perf_counter()
    for path in sorted(folder.glob("*.laz")):
        with (
            laspy.open(path, laz_backend=backend) as source,
            laspy.open(out / path.name, mode="w", header=source.header, laz_backend=backend) as copy,
        ):
            for points in source.chunk_iterator(CHUNK):
                copy.write_points(points)
    used = {"wall_s": time.perf_counter() - begin, "cpu_s": time.process_time() - cpu}
    shutil.rmtree(out)
    return used


if __name__ == "__main__":
    main()
