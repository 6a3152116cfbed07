"""The ground of a square of blocks on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from bevseg.core.blocks import Block
from bevseg.core.grid import Grid
from bevseg.core.raster import Raster
from bevseg.core.scan_counts import ScanCounts
from bevseg.ground.search import DEM_BANDS
from bevseg.runtime.atomic import replacing


@dataclass(frozen=True)
class BlockGround:
    """The ground of a block: its DEM, the method that found it, and why; and the counts of `core.scan_counts`."""

    dem: Raster
    method: str
    why: str
    counts: ScanCounts


def write_ground(path: Path, found: dict[Block, BlockGround], seconds: float) -> None:
    """Write the ground of some blocks, and the seconds that it took."""
    table: dict[str, Any] = {
        _name(block): {
            "grid": list(vars(ground.dem.grid).values()),
            "crs": ground.dem.crs,
            "unit": ground.dem.unit,
            "method": ground.method,
            "why": ground.why,
            "counts": ground.counts.tolist(),
            "seconds": seconds / len(found),
        }
        for block, ground in found.items()
    }
    arrays = {_name(block): np.ascontiguousarray(ground.dem.values) for block, ground in found.items()}
    with replacing(path, durable=False) as temporary:
        save_file(arrays, temporary, {"ground": json.dumps(table)})


def read_ground(path: Path, blocks: Iterable[Block]) -> dict[Block, BlockGround]:
    """Read the ground of some blocks."""
    with safe_open(path, framework="numpy") as file:
        table = json.loads(file.metadata()["ground"])
        return {block: _ground(file.get_tensor(_name(block)), table[_name(block)]) for block in blocks}


def read_facts(path: Path, block: Block) -> dict[str, Any]:
    """Read `method`, `why` and `seconds` of a block."""
    with safe_open(path, framework="numpy") as file:
        return dict(json.loads(file.metadata()["ground"])[_name(block)])


def read_counts(path: Path, blocks: Iterable[Block]) -> dict[Block, ScanCounts]:
    """Read the counts of some blocks."""
    with safe_open(path, framework="numpy") as file:
        table = json.loads(file.metadata()["ground"])
    return {block: _counts(table[_name(block)]) for block in blocks}


def _ground(values: np.ndarray[Any, Any], facts: dict[str, Any]) -> BlockGround:
    raster = Raster(Grid(*facts["grid"]), DEM_BANDS, values, facts["crs"], facts["unit"])
    return BlockGround(raster, facts["method"], facts["why"], _counts(facts))


def _counts(facts: dict[str, Any]) -> ScanCounts:
    return np.array(facts["counts"], np.int64)


def _name(block: Block) -> str:
    return f"{block.col},{block.row}"
