"""Write the tables of docs/ground.md from the numbers of the benchmarks: `make bench-ground` runs all of them.

python docs/ground_tables.py build/ground docs/ground.md

Each table stands between `<!-- name -->` and `<!-- end -->`; what was there goes.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Numbers = Any

PUBLISHED = {
    "samp12": (2.97, 94.04),
    "samp21": (3.42, 90.47),
    "samp22": (8.94, 77.72),
    "samp24": (2.87, 92.68),
    "samp41": (5.14, 89.73),
    "samp51": (3.08, 91.13),
    "samp52": (3.93, 77.05),
    "samp54": (3.18, 93.61),
    "samp61": (1.49, 78.10),
}
"""Total error and kappa of CSF, tuned to each sample (Zhang et al. 2016, table 3)."""

PEERS = ("bevseg", "CSF", "CSF tuned", "plain opening")
LINES = ("mean", "median", "worst")


def main() -> None:
    """Fill the document."""
    folder, document = map(Path, sys.argv[1:])
    fill(document, folder, TABLES)


def fill(document: Path, folder: Path, tables: Mapping[str, Callable[[Path], str]]) -> None:
    """Write what each table makes of a folder of numbers into its block of a document."""
    text = document.read_text(encoding="utf-8")
    for name, make in tables.items():
        before, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        if not end:
            sys.exit(f"{document}: expected a block <!-- {name} --> ... <!-- end -->")
        text = f"{before}{begin}{make(folder)}\n{end}{after}"
    document.write_text(text, encoding="utf-8")


def read(folder: Path, name: str) -> Numbers:
    """Return what a benchmark has written."""
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """Return a table; the first columns are words."""
    lines = ["|".join(("", *map(" {} ".format, row), "")) for row in (head, *rows)]
    return "\n".join((lines[0], "|" + "---|" * left + "---:|" * (len(head) - left), *lines[1:]))


def percent(value: float | None, decimals: int = 2) -> str:
    """Return a number, or a dash if it is not known."""
    return "-" if value is None or math.isnan(value) else f"{value:.{decimals}f}"


def two(of: Numbers, keys: Sequence[str] = ("total", "kappa")) -> list[str]:
    """Return some scores."""
    return [percent(of[key]) for key in keys]


def isprs(folder: Path) -> str:
    """Return the scores per sample."""
    every = ("type_1", "type_2", "total", "kappa")
    ours = read(folder, "isprs")["filters"]
    zones = read(folder, "isprs_flat-zones")["filters"]["bevseg"]
    head = ["sample", *(f"`auto` {key}" for key in ("I", "II", "total", "κ"))]
    head += [f"`flat-zones` {key}" for key in ("I", "II", "total", "κ")]
    head += [f"{name} {key}" for name in PEERS[1:] for key in ("total", "κ")]
    head += ["CSF, published total", "κ"]
    rows = []
    for name in (*ours["bevseg"]["samples"], *LINES):
        of = [
            filter_[name] if name in LINES else filter_["samples"][name]
            for filter_ in (ours["bevseg"], zones, *(ours[peer] for peer in PEERS[1:]))
        ]
        known = PUBLISHED.get(name) or (tuple(_mean_published()) if name == "mean" else (None, None))
        row = [name, *two(of[0], every), *two(of[1], every), *(part for its in of[2:] for part in two(its))]
        row += [percent(value) for value in known]
        rows.append([f"**{cell}**" for cell in row] if name == "mean" else row)
    return markdown(head, rows)


def _mean_published() -> Iterable[float]:
    return (sum(column) / len(PUBLISHED) for column in zip(*PUBLISHED.values(), strict=True))


def turned(folder: Path) -> str:
    """Return the scores of samples turned and thinned."""
    filters = read(folder, "isprs")["filters"]
    names = [name for name in PEERS if "turned" in filters[name]]
    head = ["samples", *(f"{name}: {key}" for name in names for key in ("total", "κ", "worst κ"))]
    rows = [["as they are"] + [cell for name in names for cell in _three(filters[name])]]
    for change in filters["bevseg"]["turned"]:
        rows.append([change] + [cell for name in names for cell in _three(filters[name]["turned"][change])])
    return markdown(head, rows)


def _three(of: Numbers) -> list[str]:
    return [*two(of["mean"]), percent(of["worst"]["kappa"])]


def steadiness(folder: Path) -> str:
    """Return kappa of each sample under each change."""
    of = read(folder, "isprs")["filters"]["bevseg"]
    rows = [
        [
            name,
            percent(scores["kappa"]),
            *(percent(its["samples"][name]["kappa"]) for its in of["turned"].values()),
        ]
        for name, scores in of["samples"].items()
    ]
    return markdown(["κ", "as it is", *of["turned"]], rows)


def left_out(folder: Path) -> str:
    """Return the scores of samples that had no say in their settings."""
    of = read(folder, "isprs")["leave_one_out"]
    every = ("type_1", "type_2", "total", "kappa")
    table = markdown(
        ["left out", "type I", "type II", "total", "κ"], ([name, *two(of[name], every)] for name in LINES)
    )
    chosen = Counter(tuple(setting) for setting in of["chosen"].values())
    said = "; ".join(
        f"{window:g} m, {slope:g}, {threshold:g} m for {times} of {chosen.total()}"
        for (window, slope, threshold), times in chosen.most_common()
    )
    totals, kappas = ([its[key] for its in of["grid"]] for key in ("total", "kappa"))
    return (
        f"{table}\n\nChosen (window, slope, threshold): {said}. Over all {len(totals)} settings the mean total "
        f"error goes from {min(totals):.2f} to {max(totals):.2f} %, the mean κ from {min(kappas):.2f} to "
        f"{max(kappas):.2f} %."
    )


def oakland(folder: Path) -> str:
    """Return the scores per street."""
    of = read(folder, "street")["surveys"]["Oakland"]["bevseg"]
    keys = ("iou", "kappa", "type_1", "type_2", "car", "facade", "iou_vox", "kappa_vox", "kappa_all")
    head = ["cloud", "IoU", "κ", "I", "II", "car", "façade", "IoU, voxels", "κ, voxels", "κ, all points"]
    rows = [[name.removeprefix("oakland_part2_"), *two(its, keys)] for name, its in of["clouds"].items()]
    return markdown(head, rows + [[name, *two(of[name], keys)] for name in LINES])


def filters(folder: Path) -> str:
    """Return the means of all filters on Oakland."""
    own = read(folder, "street")["surveys"]["Oakland"]
    of = {"bevseg, `auto` = `flat-zones`": own["bevseg"]}
    of["bevseg, `smrf`"] = read(folder, "street_smrf")["surveys"]["Oakland"]["bevseg"]
    of |= {name: own[name] for name in PEERS[1:]}
    keys = ("iou", "kappa", "type_1", "type_2", "car", "facade", "stairs", "wall")
    head = ["filter", "IoU", "κ", "I", "II", "car", "façade", "stairs", "wall", "worst κ"]
    head += ["κ, voxels", "worst κ, voxels"]
    rows = []
    for name, its in of.items():
        mean, worst = its["mean"], its["worst"]
        others = (worst["kappa"], mean["kappa_vox"], worst["kappa_vox"])
        rows.append([name, *two(mean, keys), *map(percent, others)])
    return markdown(head, rows)


def airborne(folder: Path) -> str:
    """Return IoU and kappa of IGN and AHN3."""
    surveys = read(folder, "street")["surveys"]
    zones = read(folder, "street_flat-zones")["surveys"]
    head = ["cloud", "`auto` IoU", "κ", "I", "II", "roofs", "IoU, voxels", "κ, voxels", "`flat-zones` IoU"]
    head += [f"{name} IoU" for name in PEERS[1:]]
    keys = ("iou", "kappa", "type_1", "type_2", "building", "iou_vox", "kappa_vox")
    rows = []
    for survey in ("IGN LiDAR HD", "AHN3"):
        of = surveys[survey]
        others = [zones[survey]["bevseg"], *(of[name] for name in PEERS[1:])]
        for name, its in of["bevseg"]["clouds"].items():
            short = name.removeprefix("test_data_").removesuffix("_LA93_IGN69")
            rows.append(
                [f"{survey} {short}", *two(its, keys), *(percent(o["clouds"][name]["iou"]) for o in others)]
            )
        if len(of["bevseg"]["clouds"]) > 1:
            means = (percent(o["mean"]["iou"]) for o in others)
            rows.append([f"{survey}, mean", *two(of["bevseg"]["mean"], keys), *means])
    return markdown(head, rows)


KINDS = ("visible", "kerbs", "under cars", "under cars in gardens", "under houses", "in shadow", "beyond")


def simulated(folder: Path) -> str:
    """Return the errors of the DEM."""
    head = ["street", *KINDS]
    rows = []
    for scene in read(folder, "simulated"):
        cells = [_errors(scene, kind) for kind in KINDS]
        rows.append([f"{scene['scene']} ({100 * scene['noise']:.2g} cm)", *cells])
    return markdown(head, rows)


def _errors(scene: Numbers, kind: str) -> str:
    if kind not in scene["kinds"]:
        return "-"
    ideal = scene["by_labels"]["kinds"][kind]["rmse"]
    return f"{100 * scene['kinds'][kind]['rmse']:.1f} ({100 * ideal:.1f})"


def special(folder: Path) -> str:
    """Return the cells of bridges and courtyards."""
    rows = [
        [scene["scene"], kind, *(f"{100 * of[key]:.1f}" for key in ("bias", "rmse", "p95")), ideal]
        for scene in read(folder, "simulated")
        for kind, of in scene["kinds"].items()
        for ideal in [f"{100 * scene['by_labels']['kinds'][kind]['rmse']:.1f}"]
        if any(word in kind for word in ("deck", "courtyard"))
    ]
    return markdown(
        ["street", "cells", "bias, cm", "RMSE, cm", "95 % below, cm", "RMSE of the labels, cm"], rows, 2
    )


def slices(folder: Path) -> str:
    """Return the points in a wrong slice."""
    rows = []
    for scene in read(folder, "simulated"):
        of, ideal = scene["slices"], scene["by_labels"]["slices"]
        cells = [f"{100 * its['dem']:.2f} ({100 * its['dem_clear']:.2f})" for its in (of, ideal)]
        plane = f"{100 * of['mode']:.1f} ({100 * of['mode_clear']:.1f})"
        rows.append([f"{scene['scene']} ({100 * scene['noise']:.2g} cm)", f"{of['points']:,}", *cells, plane])
    return markdown(
        ["street", "points", "above the DEM", "above a DEM of the labels", "the paper's plane"], rows
    )


def timing(folder: Path) -> str:
    """Return time and memory."""
    rows = []
    for run in read(folder, "time")["runs"]:
        for name, of in run["filters"].items():
            rate = run["points"] / of["wall_s"] / 1e6
            cells = [
                f"{of['wall_s']:.3f}",
                f"{of['cpu_s']:.3f}",
                f"{rate:.1f}",
                f"{of['ours_of_it_wall']:.2f}",
            ]
            cells += [f"{of['memory_mib']:.0f}", f"{of['memory_mib'] * 2**20 / run['points']:.1f}"]
            rows.append([f"{run['points']:,}", name, *cells])
    head = [
        "points",
        "filter",
        "wall, s",
        "CPU, s",
        "M points/s",
        "ours / it",
        "memory, MiB",
        "bytes a point",
    ]
    return markdown(head, rows, 2)


def machine(folder: Path) -> str:
    """Return where the numbers were made."""
    of, peers = read(folder, "isprs"), read(folder, "street")["skipped"]
    versions = ", ".join(f"{name} {version}" for name, version in of["machine"]["versions"].items())
    settings = ", ".join(f"{name} {value}" for name, value in of["settings"]["ground"].items())
    skipped = "; ".join(f"{name}: {reason}" for name, reason in peers.items()) or "nothing"
    return (
        f"Machine: {of['machine']['cores']} cores of an {of['machine']['processor']}, {of['machine']['system']}, "
        f"Python {of['machine']['python']}; {versions}. Settings: {settings}. Skipped: {skipped}."
    )


TABLES: dict[str, Callable[[Path], str]] = {
    "machine": machine,
    "isprs": isprs,
    "turned": turned,
    "steadiness": steadiness,
    "left out": left_out,
    "oakland": oakland,
    "filters": filters,
    "airborne": airborne,
    "simulated": simulated,
    "special": special,
    "slices": slices,
    "timing": timing,
}

if __name__ == "__main__":
    main()
