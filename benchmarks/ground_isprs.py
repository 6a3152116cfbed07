"""Ground filters on the samples of the ISPRS filter test (Sithole and Vosselman 2004), one setting for all of them.

    python benchmarks/ground_isprs.py DIR [--json F] [--method smrf] [--peers] [--turned] [--leave-one-out]

DIR holds sampNN.txt or sampNN.txt.gz: lines of `x y z class`, 0 = ground, 1 = object. What `bevseg ground CLOUD` does
with the defaults is compared with the classes: type I (ground lost), type II (objects kept), total error and Cohen's
kappa in %. The classes are read apart from the points and only to score.

--turned scores every filter on the same samples turned by 30 and 55 degrees, thinned to 60 %, and both.
--sparse scores openings by cells of 1 and of 2 m on the samples and on parts of their points.
--leave-one-out scores a grid of settings (window x slope x threshold, round the defaults) on all samples; for each
sample the one is taken whose mean kappa is best on the others, and scored on the sample that was left out.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import ground_peers
import ground_settings
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
from bevseg.core.cells import Extent
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import BevsegError, CloudFormatError, CloudNotFoundError
from bevseg.ground import search, smrf
from bevseg.ground.lowest_cells import add, nothing
from bevseg.io.find import find_clouds
from bevseg.io.read import read_cloud

SAMPLE = re.compile(r"samp\d+\.txt(\.gz)?")
GROUND, OBJECT = 0, 1
Samples = Mapping[str, tuple[PointCloud, Mask]]
KEPT = (1.0, 0.5, 0.25, 0.1)
"""Shares of the points that `--sparse` keeps."""

CELLS = (1.0, 2.0)
"""Cells of the openings that it compares, m."""

COLUMNS = ("type_1", "type_2", "total", "kappa", "seconds")


def main() -> None:
    """Parse the command line, score, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder of sampNN.txt[.gz]")
    parser.add_argument("--method", help=f"instead of the default of {GroundConfig.__name__}")
    parser.add_argument("--peers", action="store_true", help="measure other filters as well")
    parser.add_argument("--turned", action="store_true", help="also on samples turned and thinned")
    parser.add_argument("--sparse", action="store_true", help="also cells of 1 and 2 m on thinned samples")
    parser.add_argument("--leave-one-out", action="store_true", help="also a grid of settings")
    parser.add_argument("--json", type=Path, help="write the numbers to this file as well")
    options = parser.parse_args()
    try:
        samples = {path.name.split(".")[0]: load(path) for path in samples_in(options.folder)}
        report(samples, options)
    except BevsegError as error:
        fail(error)


def report(samples: Samples, options: argparse.Namespace) -> None:
    """Score all filters on all samples, print and write."""
    settings = config(options.method)
    filters, about, skipped = {"bevseg": bevseg_filter(settings)}, {}, {}
    if options.peers:
        found = ground_peers.find("airborne")
        filters |= found.filters
        about, skipped = found.about, found.skipped
    made: dict[str, Any] = {}
    for name, filter_ in filters.items():
        of_samples = {sample: measure(filter_, *data) for sample, data in samples.items()}
        print(table(f"{name}, {about.get(name, settings)}", of_samples, COLUMNS), flush=True)
        made[name] = {"samples": of_samples, "parameters": about.get(name)} | summary(of_samples)
        if options.turned:
            made[name]["turned"] = score_changed(name, filter_, samples)
    print_skipped(skipped.items())
    content: dict[str, Any] = {"machine": machine(), "filters": made, "skipped": skipped}
    content["settings"] = {"cell": RasterConfig.cell, "ground": dataclasses.asdict(settings)}
    if options.sparse:
        content["sparse"] = score_cells(settings, samples)
    if options.leave_one_out:
        content["leave_one_out"] = score_left_out(settings, samples)
    if options.json:
        write_json(content, options.json)


def score_changed(name: str, filter_: Filter, samples: Samples) -> dict[str, Any]:
    """Score a filter on samples that were thinned and turned; print and return the scores of each change."""
    made = {}
    for kept, degrees in ground_settings.CHANGES:
        of = {
            sample: measure(filter_, *ground_settings.changed(*data, kept, degrees))
            for sample, data in samples.items()
        }
        change = f"{kept:.0%} of the points, turned by {degrees} degrees"
        print(table(f"{name}, {change}", of, COLUMNS), flush=True)
        made[change] = {"samples": of} | summary(of)
    return made


def score_cells(settings: GroundConfig, samples: Samples) -> list[dict[str, Any]]:
    """Score openings by cells of several sizes on thinned samples; print and return."""
    filter_ = bevseg_filter(dataclasses.replace(settings, method="smrf"))
    found = []
    print(
        "\n### kappa by the cell of the openings\n\n| sample | points kept | points/m2 | chosen, m | ", end=""
    )
    print(
        " | ".join(f"{cell:g} m" for cell in CELLS), "|\n|---|---:|---:|---:|", "---:|" * len(CELLS), sep=""
    )
    for name, data in samples.items():
        for kept in KEPT:
            cloud, truth = ground_settings.changed(*data, kept, 0)
            extent = Extent.of(cloud)
            assert extent is not None, "a sample has points"
            counts = nothing(extent)
            add(cloud, counts)
            area = float(np.prod([end - start for start, end in extent]))
            row: dict[str, Any] = {"sample": name, "kept": kept, "density": len(cloud) / area}
            row["chosen"] = smrf.cell_for(counts.counts)
            for cell in CELLS:
                with mock.patch.object(search, "cell_for", lambda _, cell=cell: cell):
                    row[f"{cell:g} m"] = scores(truth, filter_(cloud))["kappa"]
            found.append(row)
            kappas = " | ".join(f"{row[f'{cell:g} m']:.2f}" for cell in CELLS)
            print(
                f"| {name} | {kept:.0%} | {row['density']:.3f} | {row['chosen']:g} | {kappas} |", flush=True
            )
    return found


def score_left_out(settings: GroundConfig, samples: Samples) -> dict[str, Any]:
    """Score each sample with the setting that is best on the others; print and return."""
    of_settings = {
        setting: {name: measure(bevseg_filter(its), *data) for name, data in samples.items()}
        for setting, its in ground_settings.grid(settings).items()
    }
    choices = ground_settings.left_out(of_settings)
    of = {choice.sample: choice.scores for choice in choices}
    print(table("left out of the choice of the setting", of, COLUMNS))
    print("\n| left out | window, m | slope | threshold, m |\n|---|---:|---:|---:|")
    for choice in choices:
        print(f"| {choice.sample} | {' | '.join(map(str, choice.setting))} |")
    means = {setting: summary(scores_)["mean"] for setting, scores_ in of_settings.items()}
    totals, kappas = ([mean[name] for mean in means.values()] for name in ("total", "kappa"))
    print(f"\n{len(means)} settings: mean total error {min(totals):.2f} to {max(totals):.2f} %, ", end="")
    print(f"mean kappa {min(kappas):.2f} to {max(kappas):.2f} %", flush=True)
    return {
        "samples": of,
        "chosen": {choice.sample: choice.setting for choice in choices},
        "grid": [{"setting": setting, **mean} for setting, mean in means.items()],
    } | summary(of)


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
    return read_cloud(path), classes == GROUND


def measure(filter_: Filter, cloud: PointCloud, truth: Mask) -> Scores:
    """Return the errors of a filter on one sample, and its seconds (the first with compilation)."""
    start = time.perf_counter()
    found = filter_(cloud)
    seconds = time.perf_counter() - start
    return scores(truth, found) | {"points": len(cloud), "seconds": seconds}


if __name__ == "__main__":
    main()
