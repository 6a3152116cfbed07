"""`bevseg view`: time and memory of its tiles, and time of what a person does, on many points.

    python benchmarks/viewer.py [--points 20000000] [--folder build/bench/viewer]

The cloud is a long street (`street_cloud.py`), LAZ, with class codes. Seconds of the clock and of the processor are
given: they differ on a busy machine. Memory is what the process holds beside files (Linux).
"""

from __future__ import annotations

import argparse
import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import street_cloud

from bevseg.review.edits import EditList
from bevseg.viewer.session import Session
from bevseg.viewer.sources import TileSource
from bevseg.viewer.tile_file import Tiles
from bevseg.viewer.tiles import build_tiles

BUILDING, GROUND = 1, 3

T = TypeVar("T")


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=int, default=20_000_000, help="number of points")
    folder = Path(__file__).parents[1] / "build" / "bench" / "viewer"
    parser.add_argument("--folder", type=Path, default=folder, help="where the cloud and its tiles go")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    path = street_cloud.ready(options.points, options.folder)
    print("| what | s | s of the processor | result |\n|---|---:|---:|---|")
    source = TileSource(path.stem, path, sha256="0" * 64)
    peak = _Peak()
    built = timed(
        "build the tiles", lambda: build_tiles([source], options.folder / "tiles"), lambda _: str(peak)
    )
    measure(built.folder)


def measure(folder: Path) -> None:
    """Measure what a person waits for."""
    tiles = timed("open the tiles", lambda: Tiles.open(folder), lambda found: f"{len(found.table):,} tiles")
    (folder.parent / "edits.jsonl").unlink(missing_ok=True)
    edits = EditList.open(folder.parent, {cloud.name: "0" * 64 for cloud in tiles.clouds})
    session = Session(tiles, "benchmark", edits)
    timed("the scene", session.scene)
    timed(
        "first records of 200 tiles",
        lambda: [session.records(k % len(tiles.table), 0, 2500) for k in range(200)],
    )
    middle = (tiles.table["min"][:, :2].min(axis=0) + tiles.table["max"][:, :2].max(axis=0)) / 2
    for radius in (1, 5, 50, 300):
        chosen = timed(
            f"choose by a lasso of {radius} m", lambda r=radius: session.select(lasso(*middle, r)), _points
        )
    request = {"selection": chosen["selection"], "action": "class", "class": "car"}
    if chosen["points"]:
        timed("set their class", lambda: session.edit(request), _points)
        timed("undo", session.undo, _points)
    for name, label in (("building", BUILDING), ("ground", GROUND)):
        timed(f"choose the piece of a {name}", lambda k=label: session.select(piece(tiles, k)), _points)
    timed("doubtful places", session.places, lambda found: f"{len(found)} places")
    timed("doubtful places again", session.places)


def lasso(x: float, y: float, radius: float) -> dict[str, Any]:
    """Return a query with a polygon of 40 vertices."""
    angles = [2 * math.pi * k / 40 for k in range(40)]
    points = [[x + radius * math.cos(a), y + radius * math.sin(a)] for a in angles]
    return {"shape": {"kind": "polygon", "points": points}}


def piece(tiles: Tiles, label: int) -> dict[str, Any]:
    """Return a query for the piece of the first point of a class in the fullest tile."""
    records = tiles.records(int(tiles.table["points"].argmax()))
    index = int(records[records["label"] == label]["index"][0])
    return {"shape": {"kind": "piece", "cloud": tiles.clouds[0].name, "index": index}}


def timed(what: str, work: Callable[[], T], result: Callable[[T], str] = lambda _: "") -> T:
    """Return the result of some work, after a row with its times."""
    clock, processor = time.perf_counter(), time.process_time()
    found = work()
    spent = time.perf_counter() - clock, time.process_time() - processor
    print(f"| {what} | {spent[0]:.2f} | {spent[1]:.2f} | {result(found)} |", flush=True)
    return found


def _points(answer: dict[str, Any]) -> str:
    return f"{answer['points']:,} points"


class _Peak:
    """Most memory that the process has held beside files, looked at ten times a second."""

    def __init__(self) -> None:
        self._most = 0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            lines = Path("/proc/self/status").read_text().splitlines()
            held = next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
            self._most = max(self._most, held)
            time.sleep(0.1)

    def __str__(self) -> str:
        return f"{self._most / 1024:.0f} MiB at most"


if __name__ == "__main__":
    main()
