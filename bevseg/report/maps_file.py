"""What a report shows of a cloud from above, on disk: arrays of at most a thousand cells a side."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from bevseg.config.files import parse_json
from bevseg.core.height_counts import BINS
from bevseg.core.labels import CLASS_NAMES
from bevseg.errors import BevsegError, InputError
from bevseg.report.page_names import file_of
from bevseg.review.run_outputs import REVIEW

LAYOUT = 1
"""Version of these files."""

UNKNOWN = 255
"""Source of a cell without a DEM; the others are those of the band `source`."""

_MAPS = {
    "ground": np.float32,
    "source": np.uint8,
    "classes": np.uint8,
    "confidence": np.uint8,
    "reasons": np.uint8,
    "truth": np.uint8,
}
"""Arrays (rows, cols) and their types."""


def maps_path(out: Path, name: str) -> Path:
    """Return the file of the maps of a cloud in the directory of the results of a run."""
    return out / REVIEW / "maps" / file_of(name, ".safetensors")


@dataclass(frozen=True)
class Maps:
    """What is seen of a cloud from above, and the heights of its points.

    Attributes
    ----------
    cell
        Side of a cell of the rasters, m.
    factor
        How many of these cells become one of the maps, in each direction.
    left, top
        X of the west edge and y of the north edge, m.
    ground
        (rows, cols) float32, height of the DEM, m; NaN where it is not known.
    source
        (rows, cols) uint8: `MEASURED`, `INTERPOLATED` or `EXTRAPOLATED` of `core.raster`, or `UNKNOWN`.
    classes, confidence, reasons
        (rows, cols) uint8, labels of the highest point; 0 without one.
    truth
        (rows, cols) uint8, its train id in the input; 0 where the input has none.
    heights
        (classes, bins) int64, points by class and height above ground, of `core.height_counts`.
    """

    cell: float
    factor: int
    left: float
    top: float
    ground: NDArray[np.float32]
    source: NDArray[np.uint8]
    classes: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    reasons: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    heights: NDArray[np.int64]

    @property
    def side(self) -> float:
        """Side of a cell of the maps, m."""
        return self.cell * self.factor

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        rows, cols = self.classes.shape
        return rows, cols


def write_maps(maps: Maps, path: Path) -> None:
    """Write the maps of a cloud; equal maps become equal bytes."""
    facts = {"layout": LAYOUT, **{name: getattr(maps, name) for name in ("cell", "factor", "left", "top")}}
    arrays = {name: np.ascontiguousarray(getattr(maps, name)) for name in (*_MAPS, "heights")}
    save_file(arrays, path, {"maps": json.dumps(facts)})


def read_maps(path: Path) -> Maps:
    """Read the maps of a cloud.

    Raises
    ------
    InputError
        If the file is damaged, of another version, or no file of maps.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            facts = parse_json((file.metadata() or {}).get("maps", ""), path, hint="")
            if facts.get("layout") != LAYOUT:
                raise ValueError(f"its layout is {facts.get('layout')!r}, this version knows {LAYOUT}")
            arrays = {name: file.get_tensor(name) for name in (*_MAPS, "heights")}
        _check(arrays)
        edges = (float(facts["left"]), float(facts["top"]))
        return Maps(float(facts["cell"]), int(facts["factor"]), *edges, **arrays)
    except (SafetensorError, BevsegError, OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            "The maps of a cloud cannot be read",
            where=path,
            why=str(error)[:300],
            hint="label the cloud again with bevseg run --overwrite",
        ) from error


def _check(arrays: dict[str, NDArray[np.generic]]) -> None:
    """Raise ValueError if arrays are not those of one cloud."""
    shape = arrays["classes"].shape
    for name, kind in _MAPS.items():
        if arrays[name].dtype != kind or arrays[name].shape != shape or len(shape) != 2 or 0 in shape:
            raise ValueError(f"{name} has type {arrays[name].dtype} and shape {arrays[name].shape}")
    if arrays["heights"].shape != (len(CLASS_NAMES), BINS):
        raise ValueError(f"heights has shape {arrays['heights'].shape}")
    for name in ("classes", "truth"):
        if int(arrays[name].max()) >= len(CLASS_NAMES):
            raise ValueError(f"{name} holds an unknown class")
