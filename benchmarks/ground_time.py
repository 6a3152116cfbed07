"""Time and memory of the ground filter beside cloth simulation (CSF) and a plain opening, one core for each.

    python benchmarks/ground_time.py [--points 3000000 30000000] [--repeats 5] [--json F] [--method smrf] [--peers]

Ours goes from the points in memory, as `read_cloud` gives them, to the DEM at the default cell and the label of each
point. CSF, and with --peers the plain opening, go from float64 coordinates that lie ready to the labels, without a
DEM. Each has a process of its own, held on one core (the same for all), with one thread; a pass over a small street
comes first, so compilation is left out. Then they take turns. Seconds are medians, of the wall clock and of the
process's own CPU time; the ratios are medians of each turn's own.

Memory is the highest resident size during one more turn in a fresh process, less what was resident before it (points
and libraries) and, for ours, less the bands of the DEM. The mark of the system is set back before (Linux).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import street_cloud

FOLDER = Path(__file__).parents[1] / "build" / "bench"
SIZES = (3_000_000, 30_000_000)
SMALL = 50_000
"""Points of the street for warming up."""

FEWER_FROM = 10_000_000
"""From so many points on, medians of 3 instead of 5."""

CSF_PACKAGE = "cloth-simulation-filter"
MIB = 1 << 20

Once = Callable[[], object]


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=int, nargs="+", default=SIZES, help="sizes of the streets")
    parser.add_argument("--repeats", type=int, help="instead of 5, and 3 from ten million points on")
    parser.add_argument("--method", help="instead of the default of GroundConfig")
    parser.add_argument("--peers", action="store_true", help="measure the plain opening as well")
    parser.add_argument("--json", type=Path, help="write the numbers to this file as well")
    parser.add_argument("--worker", choices=WORKERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return _serve(WORKERS[options.worker], options.points[0], options.method)
    street_cloud.ready(SMALL, FOLDER)
    names, skipped = _filters(options.peers)
    runs = []
    for points in sorted(options.points):
        repeats = options.repeats or (3 if points >= FEWER_FROM else 5)
        runs.append(measure(points, repeats, names, options.method))
        print(table(runs[-1]), flush=True)
    for line in growth(runs):
        print(line)
    for name, reason in skipped.items():
        print(f"\n{name}: skipped: {reason}")
    if options.json:
        from ground_scores import config, machine, write_json

        used = dataclasses.asdict(config(options.method))
        write_json({"settings": used, "machine": machine(), "runs": runs, "skipped": skipped}, options.json)
    return None


def _filters(peers: bool) -> tuple[list[str], dict[str, str]]:
    """Return what is measured, and what is not and why."""
    from ground_scores import version

    names, skipped = ["bevseg"], {}
    if version(CSF_PACKAGE) is None:
        skipped["CSF"] = f"{CSF_PACKAGE} is not installed (pip install 'bevseg[bench]')"
    else:
        names.append("CSF")
    if peers:
        names.append("plain opening")
        skipped["PDAL"] = "its filters cannot be told from its reading and writing when run by its command"
    return names, skipped


def measure(points: int, repeats: int, names: list[str], method: str | None) -> dict[str, Any]:
    """Let the filters take turns; return medians, ratios and memory."""
    street_cloud.ready(points, FOLDER)
    workers = {name: _Worker(name, points, method) for name in names}
    turns = [{name: worker.turn() for name, worker in workers.items()} for _ in range(repeats)]
    for worker in workers.values():
        worker.end()
    run: dict[str, Any] = {"points": points, "repeats": repeats, "filters": {}}
    for name in names:
        fresh = _Worker(name, points, method)
        run["filters"][name] = {
            kind: statistics.median(turn[name][kind] for turn in turns) for kind in ("wall_s", "cpu_s")
        } | fresh.memory()
        fresh.end()
        run["filters"][name] |= {
            f"ours_of_it_{kind[:-2]}": statistics.median(
                turn["bevseg"][kind] / turn[name][kind] for turn in turns
            )
            for kind in ("wall_s", "cpu_s")
        }
    return run


def table(run: dict[str, Any]) -> str:
    """Return the numbers of a run as a table in Markdown."""
    lines = ["", f"{run['points']:,} points, one core, medians of {run['repeats']}", ""]
    lines.append("| filter | wall s | CPU s | M points/s | ours / it, wall | CPU | memory MiB | B a point |")
    lines.append("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, of in run["filters"].items():
        rate, bytes_ = run["points"] / of["wall_s"] / 1e6, of["memory_mib"] * MIB / run["points"]
        lines.append(
            f"| {name} | {of['wall_s']:.3f} | {of['cpu_s']:.3f} | {rate:.1f} | {of['ours_of_it_wall']:.2f} "
            f"| {of['ours_of_it_cpu']:.2f} | {of['memory_mib']:.0f} | {bytes_:.1f} |"
        )
    return "\n".join(lines)


def growth(runs: list[dict[str, Any]]) -> list[str]:
    """Return by how much the seconds grow from the smallest street to the largest."""
    if len(runs) < 2:
        return []
    first, last = runs[0], runs[-1]
    lines = [
        "",
        f"From {first['points']:,} to {last['points']:,}: {last['points'] / first['points']:.1f} x the points",
    ]
    for name, of in last["filters"].items():
        before = first["filters"][name]
        wall, cpu = (of[kind] / before[kind] for kind in ("wall_s", "cpu_s"))
        lines.append(f"- {name}: {wall:.1f} x the wall time, {cpu:.1f} x the CPU time")
    return lines


class _Worker:
    """A process on one core that measures once whenever it is told to."""

    def __init__(self, kind: str, points: int, method: str | None) -> None:
        one = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, __file__, "--worker", kind, "--points", str(points)]
        command += ["--method", method] if method else []
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | one
        )
        self._answer()

    def turn(self) -> dict[str, float]:
        """Measure once; return seconds."""
        answer: dict[str, float] = self._ask("time")
        return answer

    def memory(self) -> dict[str, float]:
        """Measure once; return MiB."""
        answer: dict[str, float] = self._ask("memory")
        return answer

    def end(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _ask(self, word: str) -> Any:
        assert self._process.stdin
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout
        answer = self._process.stdout.readline()
        if not answer:
            sys.exit(f"a measuring process ended with {self._process.wait()}")
        return json.loads(answer)


def _serve(ready: Callable[[Path, str | None], Once], points: int, method: str | None) -> None:
    """Warm up on a small street, then measure for every line that comes in."""
    _one_thread()
    ready(street_cloud.ready(SMALL, FOLDER), method)()
    once = ready(street_cloud.ready(points, FOLDER), method)
    print(json.dumps("ready"), flush=True)
    for word in sys.stdin:
        print(json.dumps(_memory(once) if word.strip() == "memory" else _seconds(once)), flush=True)


def _one_thread() -> None:
    """Hold this process on one core, and let bevseg start no second thread there."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    from bevseg.runtime import kernels

    kernels.THREADS = 1


def _seconds(once: Once) -> dict[str, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    made = once()
    seconds = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    del made  # giving memory back is not timed
    return seconds


def _memory(once: Once) -> dict[str, float]:
    """Return how far the resident size rose during one call, and how much of that is the DEM, MiB."""
    Path("/proc/self/clear_refs").write_text("5")  # sets the highest resident size back to the present one
    before = _status("VmRSS")
    made = once()
    peak = _status("VmHWM")
    dem = getattr(made, "dem", None)
    raster = 0.0 if dem is None else dem.values.nbytes / MIB
    return {"peak_mib": peak, "points_mib": before, "dem_mib": raster, "memory_mib": peak - before - raster}


def _status(name: str) -> float:
    """Return a size of this process from the system, MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def _bevseg(path: Path, method: str | None) -> Once:
    from ground_scores import config

    from bevseg.config import RasterConfig
    from bevseg.ground.find_ground import find_ground
    from bevseg.io.read import read_cloud

    cloud, settings = read_cloud(path), config(method)
    return lambda: find_ground(cloud, RasterConfig.cell, settings)


def _csf(path: Path, _: str | None) -> Once:
    import ground_peers

    from bevseg.io.read import read_cloud

    xyz = read_cloud(path).xyz
    return lambda: ground_peers.csf(xyz, ground_peers.CSF["CSF"]["street"])


def _opening(path: Path, _: str | None) -> Once:
    import ground_peers

    from bevseg.io.read import read_cloud

    xyz = read_cloud(path).xyz
    return lambda: ground_peers.opening(xyz, **ground_peers.OPENING["street"])


WORKERS = {"bevseg": _bevseg, "CSF": _csf, "plain opening": _opening}

if __name__ == "__main__":
    main()
