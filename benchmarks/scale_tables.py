"""Turns of `scale.py` -> medians, and tables in Markdown."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

RATIOS: dict[str, Callable[[Mapping[str, Any]], float]] = {
    "ratio": lambda turn: turn["run"]["wall_s"] / turn["codec"]["wall_s"],
    "ratio_after_startup": lambda turn: _beyond(turn, "wall_s") / turn["codec"]["wall_s"],
    "cpu_ratio": lambda turn: turn["run"]["cpu_s"] / turn["codec"]["cpu_s"],
    "cpu_ratio_after_startup": lambda turn: _beyond(turn, "cpu_s") / turn["codec"]["cpu_s"],
}
"""Name -> what a turn gives: run / T_codec, whole and less the start-up, by the clock and in processor time."""


def _beyond(turn: Mapping[str, Any], kind: str) -> float:
    """Return the seconds of a run less those of a start-up."""
    return float(turn["run"][kind] - turn["startup"][kind])


def numbers(turns: Sequence[Mapping[str, Any]], points: int) -> dict[str, Any]:
    """Return medians with least and greatest of all turns, and the turns."""
    failed = [turn["run"] for turn in turns if turn["run"]["status"]]
    found: dict[str, Any] = {
        "failed": f"exit status {failed[0]['status']}: {failed[0]['message']}" if failed else None,
        "run_s": spread([turn["run"]["wall_s"] for turn in turns]),
        "startup_s": spread([turn["startup"]["wall_s"] for turn in turns]),
        "codec_s": spread([turn["codec"]["wall_s"] for turn in turns]),
        **{name: spread([ratio(turn) for turn in turns]) for name, ratio in RATIOS.items()},
        "peak_mib": spread([turn["run"]["peak_mib"] for turn in turns]),
        "scratch_mib": spread([turn["run"]["scratch_mib"] for turn in turns]),
        "others": spread([turn["run"]["others"] for turn in turns]),
    }
    found["points_per_s"] = points / found["run_s"]["median"]
    names = dict.fromkeys(name for turn in turns for name in turn["run"]["stages"])
    found["stages"] = {
        name: statistics.median(turn["run"]["stages"].get(name, 0.0) for turn in turns) for name in names
    }
    return found | {"turns": list(turns)}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, least and greatest."""
    return {"median": statistics.median(values), "least": min(values), "greatest": max(values)}


def block(run: Mapping[str, Any]) -> str:
    """Return the stages of a run as a table in Markdown."""
    title = f"{run['case']}, {run['points']:,} points in {run['files']:,} files, cells of {run['cell']:g} m"
    lines = ["", f"{title}, {len(run['turns'])} turns", ""]
    if run["failed"]:
        return "\n".join([*lines, f"failed: {run['failed']}"])
    codec_s, run_s = run["codec_s"]["median"], run["run_s"]["median"]
    rows = {"start-up": run["startup_s"]["median"]} | run["stages"]
    rows |= {"**whole run**": run_s, "T_codec": codec_s}
    lines += ["| stage | s | ms a file | M points/s | of T_codec |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {name} | {seconds:.3f} | {1000 * seconds / run['files']:.2f} "
        f"| {run['points'] / max(seconds, 1e-9) / 1e6:.2f} | {seconds / codec_s:.2f} |"
        for name, seconds in rows.items()
    ]
    return "\n".join(lines)


def summary(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one line for each run, as a table in Markdown."""
    columns = "survey | points | cell m | run s | M points/s | start-up s | T_codec s | run / T_codec"
    columns += " | after start-up | CPU, run / T_codec | after start-up | peak MiB | scratch MiB | others"
    lines = [f"| {columns} |", "|---|" + "---:|" * columns.count("|")]
    for run in runs:
        head = f"| {run['case']} | {run['points']:,} | {run['cell']:g} |"
        if run["failed"]:
            lines.append(f"{head} {run['failed']} |")
            continue
        shown = (
            _shown(run["run_s"], 2),
            f"{run['points_per_s'] / 1e6:.3f}",
            _shown(run["startup_s"], 2),
            _shown(run["codec_s"], 3),
            *(_shown(run[name], 2) for name in RATIOS),
            *(_shown(run[name], 0) for name in ("peak_mib", "scratch_mib")),
            _shown(run["others"], 1),
        )
        lines.append(f"{head} {' | '.join(shown)} |")
    return lines


def _shown(values: Mapping[str, float], decimals: int) -> str:
    """Return the median, and least and greatest behind it."""
    median, least, greatest = (f"{values[name]:.{decimals}f}" for name in ("median", "least", "greatest"))
    return median if least == greatest else f"{median} ({least}-{greatest})"


def growth(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return how time per point and memory change from each size of the network to the next, by cell."""
    lines = []
    for cell in dict.fromkeys(run["cell"] for run in runs):
        of_cell = [run for run in runs if run["cell"] == cell and run["case"] == "network"]
        done = sorted((run for run in of_cell if not run["failed"]), key=lambda run: run["points"])
        for less, more in itertools.pairwise(done):
            each = more["run_s"]["median"] / less["run_s"]["median"] * less["points"] / more["points"]
            peak = more["peak_mib"]["median"] / less["peak_mib"]["median"]
            lines.append(
                f"- cells of {cell:g} m, from {less['points']:,} to {more['points']:,} points: "
                f"{each:.2f} x the time per point, {peak:.2f} x the memory"
            )
    return lines
