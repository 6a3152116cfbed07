"""Ground filters on the samples of the ISPRS filter test (Sithole and Vosselman 2004), one setting for all of them.

    python benchmarks/ground_isprs.py DIR [--json F] [--method smrf] [--peers]

DIR holds sampNN.txt or sampNN.txt.gz: lines of `x y z class`, 0 = ground, 1 = object. What `bevseg ground CLOUD` does
with the defaults is compared with the classes: type I (ground lost), type II (objects kept), total error and Cohen's
kappa in %. The classes are read apart from the points and only to score.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import time
from pathlib import Path
from typing import Any

import ground_peers
import numpy as np
from ground_scores import (
    Filter,
    Mask,
    Scores,
    bevseg_filter,
    codes,
    config,
    fail,
    machine,
    print_skipped,
    scores,
    summary,
    table,
    write_json,
)

from bevseg.config import GroundConfig, RasterConfig
from bevseg.errors import BevsegError, CloudFormatError, CloudNotFoundError
from bevseg.ingest import find_clouds, ingest
from bevseg.pointcloud import PointCloud

SAMPLE = re.compile(r"samp\d+\.txt(\.gz)?")
GROUND, OBJECT = 0, 1
COLUMNS = ("type_1", "type_2", "total", "kappa", "seconds")


def main() -> None:
    """Parse the command line, score, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder of sampNN.txt[.gz]")
    parser.add_argument("--method", help=f"instead of the default of {GroundConfig.__name__}")
    parser.add_argument("--peers", action="store_true", help="measure other filters as well")
    parser.add_argument("--json", type=Path, help="write the numbers to this file as well")
    options = parser.parse_args()
    try:
        report(options.folder, options.method, options.peers, options.json)
    except BevsegError as error:
        fail(error)


def report(folder: Path, method: str | None, peers: bool, json: Path | None) -> None:
    """Score all filters on all samples, print and write."""
    settings = config(method)
    samples = {path.name.split(".")[0]: load(path) for path in samples_in(folder)}
    filters, about, skipped = {"bevseg": bevseg_filter(settings)}, {}, {}
    if peers:
        found = ground_peers.find("airborne")
        filters |= found.filters
        about, skipped = found.about, found.skipped
    made: dict[str, Any] = {}
    for name, filter_ in filters.items():
        of_samples = {sample: measure(filter_, *data) for sample, data in samples.items()}
        print(table(f"{name}, {about.get(name, settings)}", of_samples, COLUMNS), flush=True)
        made[name] = {"samples": of_samples, "parameters": about.get(name)} | summary(of_samples)
    print_skipped(skipped.items())
    if json:
        used = {"cell": RasterConfig.cell, "ground": dataclasses.asdict(settings)}
        write_json({"settings": used, "machine": machine(), "filters": made, "skipped": skipped}, json)


def samples_in(folder: Path) -> list[Path]:
    """Return the files of the samples.

    Raises
    ------
    CloudNotFoundError
        If there is no folder or no sample in it.
    UsageError
        If a sample is there twice.
    """
    if not folder.is_dir():
        raise CloudNotFoundError("No such folder", where=folder, hint="name the folder of the samples")
    paths = sorted(path for path in folder.iterdir() if SAMPLE.fullmatch(path.name))
    if not paths:
        raise CloudNotFoundError(
            "No samples of the ISPRS filter test",
            where=folder,
            why="no file is called sampNN.txt or sampNN.txt.gz",
            hint="name the folder that holds them",
        )
    return [cloud.path for cloud in find_clouds(paths).clouds]


def load(path: Path) -> tuple[PointCloud, Mask]:
    """Return the points as every command of bevseg reads them, and which of them are ground.

    Raises
    ------
    CloudFormatError
        If the file is damaged, or its classes are not 0 and 1.
    """
    classes = codes(path)
    if not np.isin(classes, (GROUND, OBJECT)).all():
        raise CloudFormatError(
            "Not a sample of the ISPRS filter test",
            where=path,
            why=f"its classes are {np.unique(classes)[:10]}",
            hint="expected 0 for ground and 1 for objects",
        )
    return ingest(path), classes == GROUND


def measure(filter_: Filter, cloud: PointCloud, truth: Mask) -> Scores:
    """Return the errors of a filter on one sample, and its seconds (the first with compilation)."""
    start = time.perf_counter()
    found = filter_(cloud)
    seconds = time.perf_counter() - start
    return scores(truth, found) | {"points": len(cloud), "seconds": seconds}


if __name__ == "__main__":
    main()
