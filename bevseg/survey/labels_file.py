"""The labels of a block on disk, and what pictures and rasters show of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from bevseg.core.grid import Grid
from bevseg.runtime.atomic import replacing

_SEEN = ("classes", "highest", "confidence", "reasons", "truth")
"""Arrays of a picture."""


@dataclass(frozen=True)
class BlockPicture:
    """What is seen of a block from above.

    Attributes
    ----------
    grid
        The cells in the extent of its points.
    classes
        (rows, cols) uint8, class of the highest point; 0 where there is none.
    highest
        (slices, rows, cols) float16, height of the highest point of each slice above the DEM, m; NaN without one.
    confidence, reasons
        (rows, cols) uint8, likewise.
    truth
        (rows, cols) uint8, its train id in the input; 0 where the input has none.
    """

    grid: Grid
    classes: NDArray[np.uint8]
    highest: NDArray[np.float16]
    confidence: NDArray[np.uint8]
    reasons: NDArray[np.uint8]
    truth: NDArray[np.uint8]


def write_labels(
    path: Path,
    labels: NDArray[np.uint8],
    picture: BlockPicture,
    heights: NDArray[np.int64],
    *,
    probabilities: NDArray[np.uint8] | None,
    device: str,
    seconds: Mapping[str, float],
) -> None:
    """Write the labels of a block.

    Parameters
    ----------
    path
        The file.
    labels
        (3, N), class, confidence and reason of its points; or (4, N), with the class that perfect networks would
        give.
    picture
        What is seen of it.
    heights
        (clouds, classes, bins), points of each cloud that has any here, by class and height above ground; in the
        order of the clouds.
    probabilities
        (5, N), of all classes; None: nobody asked.
    device, seconds
        Where they were computed, and how long each stage took.
    """
    facts = {"grid": list(vars(picture.grid).values()), "device": device, "seconds": dict(seconds)}
    arrays: dict[str, NDArray[Any]] = {
        "labels": labels,
        "heights": heights,
        **{name: getattr(picture, name) for name in _SEEN},
    }
    if probabilities is not None:
        arrays["probabilities"] = probabilities
    with replacing(path, durable=False) as temporary:
        save_file(arrays, temporary, {"labels": json.dumps(facts)})


def read_labels(path: Path, start: int, count: int) -> NDArray[np.uint8]:
    """Return the labels of some points of a block, (3, N) or (4, N)."""
    with safe_open(path, framework="numpy") as file:
        found: NDArray[np.uint8] = file.get_slice("labels")[:, start : start + count]
    return found


def read_probabilities(path: Path, start: int, count: int) -> NDArray[np.uint8]:
    """Return the probabilities of all classes of some points of a block, (5, N); they were asked for."""
    with safe_open(path, framework="numpy") as file:
        found: NDArray[np.uint8] = file.get_slice("probabilities")[:, start : start + count]
    return found


def read_picture(path: Path) -> BlockPicture:
    """Return what is seen of a block."""
    with safe_open(path, framework="numpy") as file:
        facts = json.loads(file.metadata()["labels"])
        return BlockPicture(Grid(*facts["grid"]), *(file.get_tensor(name) for name in _SEEN))


def read_heights(path: Path, place: int) -> NDArray[np.int64]:
    """Return the points of a cloud in a block by class and height, (classes, bins).

    Parameters
    ----------
    path
        The file.
    place
        Place of the cloud among those that have points in the block.
    """
    with safe_open(path, framework="numpy") as file:
        found: NDArray[np.int64] = file.get_slice("heights")[place]
    return found


def read_facts(path: Path) -> dict[str, Any]:
    """Return `device` and `seconds` of a block."""
    with safe_open(path, framework="numpy") as file:
        return dict(json.loads(file.metadata()["labels"]))
