"""LAZ -> labelled LAZ, stage by stage, beside what the codec alone takes for the same file.

    python benchmarks/end_to_end.py [--points 3000000 30000000] [--json F]

`T_codec` is laspy with lazrs (parallel) reading and writing the file and nothing else. It is measured in turn with
the pipeline, each in a process of its own; imports, loading of the model and one pass over a small street (compiled
code comes from its cache, torch chooses its kernels) come before the clock starts. The stages are the functions that
`bevseg run` calls, at cells of 0.1 m, with two networks of 16 filters and random weights.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
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

CELL = 0.1
STAGES = ("read", "ground", "rasterize", "predict", "backproject", "write")


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=int, nargs="+", default=SIZES, help="sizes of the streets")
    parser.add_argument("--repeats", type=int, help="instead of 5, and 3 from ten million points on")
    parser.add_argument("--json", type=Path, help="write the numbers to this file as well")
    parser.add_argument("--worker", choices=WORKERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return WORKERS[options.worker](options.points[0])
    street_cloud.ready(SMALL, FOLDER)
    runs = []
    for points in options.points:
        runs.append(measure(points, options.repeats or (3 if points >= FEWER_FROM else 5)))
        print(table(runs[-1]), flush=True)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({"runs": runs}, indent=2) + "\n", encoding="utf-8")
    return None


def measure(points: int, repeats: int) -> dict[str, Any]:
    """Time codec and pipeline in turn; return medians."""
    street_cloud.ready(points, FOLDER)
    codec, pipeline = (
        Worker(__file__, "--worker", name, "--points", str(points)) for name in ("codec", "pipeline")
    )
    pairs = [(codec.turn(), pipeline.turn()) for _ in range(repeats)]
    codec.end()
    peak = pipeline.end()
    codec_s = statistics.median(seconds["read"] + seconds["write"] for seconds, _ in pairs)
    total_s = statistics.median(sum(seconds.values()) for _, seconds in pairs)
    return {
        "points": points,
        "codec_s": round(codec_s, 4),
        "total_s": round(total_s, 4),
        "total_codec_ratio": round(total_s / codec_s, 3),
        "peak_mib": round(peak),
        "stages": {
            name: round(statistics.median(seconds[name] for _, seconds in pairs), 4) for name in STAGES
        },
    }


def table(run: dict[str, Any]) -> str:
    """Return the numbers of a run as a table in Markdown."""

    def line(name: str, seconds: float) -> str:
        return f"| {name} | {seconds:.3f} | {run['points'] / seconds / 1e6:.1f} | {seconds / run['codec_s']:.2f} |"

    lines = ["", f"{run['points']:,} points, peak {run['peak_mib']} MiB", ""]
    lines += ["| stage | s | M points/s | of T_codec |", "|---|---:|---:|---:|"]
    lines += [line(name, seconds) for name, seconds in run["stages"].items()]
    lines += [line("**total**", run["total_s"]), line("T_codec", run["codec_s"])]
    return "\n".join(lines)


class Worker:
    """A process that measures once whenever it is told to: a script that calls `serve`, and its arguments."""

    def __init__(self, *script: str) -> None:
        # Threads that spin while they wait would slow down the worker whose turn it is.
        environment = {"OMP_WAIT_POLICY": "passive"} | os.environ
        self._process = subprocess.Popen(
            [sys.executable, *script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._answer()

    def turn(self) -> dict[str, float]:
        """Measure once; return seconds by stage."""
        return self._ask("go")

    def end(self) -> float:
        """End the process; return its peak memory in MiB."""
        peak = self._ask("end")
        self._process.wait()
        return float(peak)

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


def serve(once: Callable[[], dict[str, float]]) -> None:
    """Measure for every line that comes in; at the end, answer with the peak memory in MiB."""
    print(json.dumps("ready"), flush=True)
    for word in sys.stdin:
        if word.strip() == "end":
            break
        print(json.dumps(once()), flush=True)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)


def _serve(once: Callable[[Path, Path], dict[str, float]], points: int, name: str) -> None:
    """Warm up on a small street, then measure on a large one."""
    out = FOLDER / f"out_{name}.laz"
    once(street_cloud.ready(SMALL, FOLDER), out)
    serve(lambda: once(street_cloud.ready(points, FOLDER), out))
    out.unlink(missing_ok=True)


def _codec(points: int) -> None:
    """Measure laspy reading and writing."""
    import laspy

    backend = laspy.LazBackend.LazrsParallel

    def once(path: Path, out: Path) -> dict[str, float]:
        start = time.perf_counter()
        cloud = laspy.read(path, laz_backend=backend)
        middle = time.perf_counter()
        cloud.write(out, laz_backend=backend)
        return {"read": middle - start, "write": time.perf_counter() - middle}

    _serve(once, points, "codec")


def _pipeline(points: int) -> None:
    """Measure the stages of `bevseg run`."""
    from bevseg import pipeline
    from bevseg.io.read import read_cloud
    from bevseg.io.write import write_cloud
    from bevseg.runtime.progress import Stopwatch
    from bevseg.seg import checkpoint

    model = checkpoint.load(random_model(CELL, FOLDER))

    def once(path: Path, out: Path) -> dict[str, float]:
        watch = Stopwatch()
        with watch("read"):
            cloud = read_cloud(path)
        made = pipeline.label(cloud, model, device="cpu", watch=watch)
        with watch("write"):
            write_cloud(cloud, made.point_labels, out, overwrite=True)
        return watch.seconds

    _serve(once, points, "pipeline")


def random_model(cell: float, folder: Path) -> Path:
    """Write a model of two untrained networks for cells of this side, m."""
    import torch

    from bevseg.bev.bands import bands
    from bevseg.config import NetConfig, RasterConfig, Settings
    from bevseg.seg import checkpoint
    from bevseg.seg.inputs import OUTPUTS
    from bevseg.seg.models.build import build

    torch.manual_seed(0)
    settings = Settings(raster=RasterConfig(cell=cell), net=NetConfig(filters=16))
    tables = bands(settings.raster.features)
    nets = {name: build(settings.net, len(table), len(OUTPUTS)) for name, table in tables.items()}
    path = folder / f"random_{cell:g}.safetensors"
    checkpoint.save(checkpoint.Model(nets, tables, settings), path, overwrite=True)
    return path


WORKERS = {"codec": _codec, "pipeline": _pipeline}

if __name__ == "__main__":
    main()
