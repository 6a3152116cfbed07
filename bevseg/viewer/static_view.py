"""Labelled clouds of a run -> view.html: the page of the viewer with a sample of the points inside, to hand over."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import bevseg
from bevseg.core.labels import CLASS_NAMES
from bevseg.printable import utf8_values
from bevseg.review.run_outputs import RunOutputs
from bevseg.runtime.atomic import write_text
from bevseg.viewer.doubtful import DoubtfulPlaces
from bevseg.viewer.overlay import Overlay
from bevseg.viewer.sample import sample
from bevseg.viewer.scene import scene_table
from bevseg.viewer.sources import tile_source
from bevseg.viewer.tile_file import RECORD, Tiles
from bevseg.viewer.tiles import build_tiles

MOST_POINTS = 300_000
"""Points of the page at most."""

MOST_BYTES = 4_000_000
"""Bytes of the page at most: of clouds with colours it has fewer points."""

_ENOUGH = 5
"""So many times the points of the page are looked at: enough to favour rare classes among them."""

_COARSE = np.uint16(0xFFF0)
"""Bits of a place in a tile that are kept: steps of 1.2 cm in 50 m."""

_IMPORT = re.compile(r'^import .* from "\./(\w+)\.js";\n', re.MULTILINE)
_ICON = '<link rel="icon" href="data:,">\n'
_STYLE = '<link rel="stylesheet" href="style.css">\n'
_SCRIPT = '<script type="module" src="main.js"></script>\n'


def write_static_view(outputs: RunOutputs, path: Path) -> None:
    """Write the page: one file that asks nobody for anything, and opens without a server.

    Parameters
    ----------
    outputs
        The results of a run.
    path
        Of the page; a file there is replaced.

    Raises
    ------
    InputError, CloudNotFoundError, CloudFormatError, LabelError
        If the clouds cannot be read, or have no points.
    OutputWriteError
        If the page cannot be written.
    """
    total = sum(int(cloud.facts.get("points", 0)) for cloud in outputs.clouds)
    every = max(total // (_ENOUGH * MOST_POINTS), 1)
    name = outputs.folder.resolve().name if outputs.folder is not None else outputs.clouds[0].name
    with tempfile.TemporaryDirectory(prefix="bevseg-view-") as folder:
        sources = [tile_source(cloud, is_hashed=False) for cloud in outputs.clouds]
        tiles = build_tiles(sources, Path(folder) / "tiles", every=every)
        places = DoubtfulPlaces(tiles, Overlay(tiles)).table()
        for place in places:
            place["points"] *= every
        page = _page_within(tiles, name, places)
    write_text(page, path)


def _page_within(tiles: Tiles, name: str, places: list[dict[str, Any]]) -> str:
    """Return the page with as many points as its size allows."""
    most = MOST_POINTS
    while True:
        page = _page(tiles, name, places, most)
        if len(page) <= MOST_BYTES or most < 1000:
            return page
        most = int(most * min(0.95, MOST_BYTES / len(page)))


def _page(tiles: Tiles, name: str, places: list[dict[str, Any]], most: int) -> str:
    records = {tile: _packed(values) for tile, values in sample(tiles, most).items()}
    data = {
        "scene": _scene(tiles, name, records),
        "points": _base64(list(records.values())),
        "places": places,
    }
    text = json.dumps(utf8_values(data), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    # In a page, a script ends at the first "</script", wherever it stands.
    return _inlined(text.replace("<", "\\u003c"))


def _scene(tiles: Tiles, name: str, records: dict[int, NDArray[np.void]]) -> dict[str, Any]:
    scene = scene_table(
        tiles, name, dict(zip(CLASS_NAMES, tiles.facts["counts"], strict=True)), editable=False
    )
    held = [scene["tiles"][tile] for tile in records]
    for number, (row, values) in enumerate(zip(held, records.values(), strict=True)):
        row.update(id=number, points=len(values), levels=[len(values)])
    return {**scene, "tiles": held, "sampled": True}


def _packed(records: NDArray[np.void]) -> NDArray[np.void]:
    """Return records in the order of the file, places coarse: neighbours are alike, and pack well."""
    records = records[np.lexsort([records["index"], records["source"]])]
    for axis in "xyz":
        records[axis] &= _COARSE
    return records


def _base64(parts: list[NDArray[np.void]]) -> str:
    """Return records as text: the first byte of all, then the second of all ..., packed by gzip."""
    rows = np.concatenate(parts).view(np.uint8).reshape(-1, RECORD.itemsize)
    return base64.b64encode(gzip.compress(rows.T.tobytes(), 6, mtime=0)).decode()


def _inlined(data: str) -> str:
    """Return the page with style, scripts and data inside; its policy allows these scripts and no request."""
    page, style, script = _file("index.html"), _file("style.css"), _script()
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="generator" content="bevseg {bevseg.__version__}">\n'
    )
    for old, new in (
        (_ICON, head + _ICON),
        (_STYLE, f"<style>{style}</style>\n"),
        (
            _SCRIPT,
            f'<script type="application/json" id="data">{data}</script>\n<script type="module">{script}</script>\n',
        ),
    ):
        if page.count(old) != 1:
            raise AssertionError(f"index.html has no line {old!r}")
        page = page.replace(old, new)
    return page


def _script() -> str:
    """Return all modules of the page as one, each after those that it imports."""
    order: list[str] = []

    def add(name: str) -> None:
        if name in order:
            return
        text = _file(f"{name}.js")
        for needed in _IMPORT.findall(text):
            add(needed)
        order.append(name)

    add("main")
    texts = (_IMPORT.sub("", _file(f"{name}.js")) for name in order)
    return "\n".join(re.sub(r"^export ", "", text, flags=re.MULTILINE) for text in texts)


def _file(name: str) -> str:
    return (resources.files("bevseg.viewer") / "page" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
