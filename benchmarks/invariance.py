"""One cloud in many forms -> `bevseg run` on each: how many classes and confidences differ from those of the whole.

    python benchmarks/invariance.py CLOUD [--classes SCHEME] [--pieces 2 7 50] [--jobs 1 2 4] [--memory 1GiB 8GiB]
        [--cluster] [--seed N]

The forms: the cloud as it is (LAS with steps of 0.1 mm), cut into pieces by lines and at random, its points shuffled,
written with other scales and offsets, with other numbers of processes, with little and with much memory, and, on
request, on a Dask cluster of two local workers. Each form is labelled by a process of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import laspy
import numpy as np
from numpy.typing import NDArray

import bevseg

STEP = 1e-4
BEVSEG = (sys.executable, "-m", "bevseg")


def main() -> None:
    """Parse the command line, label all forms, print a line each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cloud", type=Path)
    parser.add_argument("--classes", help="scheme of the cloud")
    parser.add_argument("--pieces", type=int, nargs="+", default=[2, 7, 50])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--memory", nargs="+", default=["1GiB", "8GiB"])
    parser.add_argument("--cluster", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cloud = bevseg.read(options.cloud, classes=options.classes)
    steps = np.rint(cloud.xyz / STEP).astype(np.int64)
    rng = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        whole = labels_of(folder, steps, [np.arange(len(steps))], ())
        print(f"{options.cloud.name}: {len(steps):,} points")
        for form, parts, how, scale in forms(steps, rng, options):
            found = labels_of(folder, steps, parts, how, scale)
            tell(form, found, whole)
        if options.cluster:
            address = stack.enter_context(local_cluster())
            parts = by_lines(steps, 7)
            tell(
                "7 pieces on a cluster of 2 workers",
                labels_of(folder, steps, parts, ("--cluster", address)),
                whole,
            )


def forms(
    steps: NDArray[np.int64], rng: np.random.Generator, options: argparse.Namespace
) -> Iterator[tuple[str, list[NDArray[np.intp]], Sequence[str], int]]:
    """Yield the name of a form, the points of each file, further options, and steps that one of the file has."""
    everything = [np.arange(len(steps))]
    for count in options.pieces:
        yield f"{count} pieces by lines", by_lines(steps, count), (), 1
        yield f"{count} pieces at random", np.array_split(rng.permutation(len(steps)), count), (), 1
    yield "shuffled", [rng.permutation(len(steps))], (), 1
    yield "steps of 0.01 mm, another offset", everything, (), -10
    for jobs in options.jobs:
        yield f"7 pieces, --jobs {jobs}", by_lines(steps, 7), ("--jobs", str(jobs)), 1
    for size in options.memory:
        yield f"7 pieces, --max-memory {size}", by_lines(steps, 7), ("--max-memory", size), 1


def by_lines(steps: NDArray[np.int64], count: int) -> list[NDArray[np.intp]]:
    """Cut the longer side into equal lengths."""
    ends = np.ptp(steps[:, :2], axis=0)
    along = steps[:, int(ends.argmax())]
    edges = np.linspace(along.min(), along.max() + 1, count + 1)[1:-1]
    pieces = np.searchsorted(edges, along, "right")
    return [part for i in range(count) if len(part := np.flatnonzero(pieces == i))]


def labels_of(
    folder: Path,
    steps: NDArray[np.int64],
    parts: Sequence[NDArray[np.intp]],
    how: Sequence[str],
    finer: int = 1,
) -> NDArray[np.int64]:
    """Write the parts, label them, and return class and confidence of every point, (2, N)."""
    source, out = folder / "in", folder / "out"
    for place in (source, out):
        shutil.rmtree(place, ignore_errors=True)
    source.mkdir()
    for number, part in enumerate(parts):
        write(source / f"piece_{number:02d}.las", steps[part], finer)
    command = [*BEVSEG, "run", str(source), "-o", str(out), "-qq", *how]
    subprocess.run(command, check=True)
    found = np.full((2, len(steps)), -1)
    for number, part in enumerate(parts):
        las = laspy.read(out / f"piece_{number:02d}.las")
        confidence = np.rint(np.asarray(las["bevseg_confidence"], float) * 255)
        found[:, part] = np.asarray(las.classification), confidence
    return found


def write(path: Path, steps: NDArray[np.int64], finer: int) -> None:
    """Write points as LAS; a negative `finer` means steps of a tenth and an odd offset."""
    header = laspy.LasHeader(point_format=6, version="1.4")
    scale = STEP / abs(finer)
    origin = steps.min(axis=0) - (12_345 if finer < 0 else 0)
    header.scales, header.offsets = [scale] * 3, origin * STEP
    las = laspy.LasData(header)
    las.X, las.Y, las.Z = ((steps - origin) * abs(finer)).T
    las.write(path)


def tell(form: str, found: NDArray[np.int64], whole: NDArray[np.int64]) -> None:
    """Print how many classes and confidences differ."""
    classes, confidences = (found != whole).sum(axis=1)
    print(f"  {form}: {classes:,} classes and {confidences:,} confidences differ", flush=True)


@contextlib.contextmanager
def local_cluster() -> Iterator[str]:
    """Yield the address of a cluster of two workers."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


if __name__ == "__main__":
    main()
