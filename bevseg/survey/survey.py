"""The clouds of one reference system as tasks see them: which points lie in which block, what results are called."""

from __future__ import annotations

import functools
import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from bevseg.bev.slices import SliceLimits
from bevseg.core.blocks import Block, Blocks, PointsByBlock, Segment
from bevseg.core.pointcloud import Crs
from bevseg.ground.find_ground import square_of
from bevseg.runtime.atomic import replacing
from bevseg.survey.point_file import read_segment

COLUMNS = ("col", "row", "cloud", "first", "start", "count", "place")
"""Columns of the table of segments: block; number of the cloud; first point of the batch, in the cloud; first point
in the file of the cloud; number of points; place of the first one among all points of the block."""

HELD = 256 << 20
"""Bytes of points that a process holds: blocks beside each other share their neighbours."""


class Rows(NamedTuple):
    """Where the rows of a block stand in the table."""

    start: int
    stop: int


@dataclass(frozen=True)
class Survey:
    """Clouds of one reference system.

    Attributes
    ----------
    files
        File of the points of each cloud.
    labels_from
        Number of points in each file, behind which its labels begin; None for a cloud without labels.
    crs
        Reference system; None if the clouds name none.
    layout
        How the plane is cut.
    limits
        The slabs.
    table
        (S, 7), the segments ordered by block; see `COLUMNS`.
    ground_keys
        Square of blocks -> name of its ground.
    label_keys
        Block -> name of its labels.
    whole_dem
        Whether the DEM of a block is kept wherever it is known; else within the extent of its points.
    """

    files: tuple[Path, ...]
    labels_from: tuple[int | None, ...]
    crs: Crs | None
    layout: Blocks
    limits: SliceLimits
    table: NDArray[np.int64]
    ground_keys: dict[Block, str]
    label_keys: dict[Block, str]
    whole_dem: bool

    @functools.cached_property
    def rows(self) -> dict[Block, Rows]:
        """Where the segments of each block stand; blocks without points do not exist."""
        edges = np.flatnonzero(np.any(np.diff(self.table[:, :2], axis=0) != 0, axis=1)) + 1
        starts, stops = [0, *edges.tolist()], [*edges.tolist(), len(self.table)]
        if len(self.table) == 0:
            return {}
        blocks = self.table[starts, :2].tolist()
        return {
            Block(*block): Rows(start, stop) for block, start, stop in zip(blocks, starts, stops, strict=True)
        }

    def ground_key(self, block: Block) -> str:
        """Return the name of the ground of a block."""
        return self.ground_keys[square_of(block)]

    def write(self, path: Path) -> None:
        """Write the survey for other processes."""
        facts: dict[str, Any] = {
            "files": [str(file) for file in self.files],
            "labels_from": self.labels_from,
            "crs": None if self.crs is None else list(vars(self.crs).values()),
            "layout": list(self.layout),
            "limits": [None if np.isnan(value) else value for value in self.limits],
            "ground_keys": list(self.ground_keys.values()),
            "label_keys": list(self.label_keys.values()),
            "whole_dem": self.whole_dem,
        }
        arrays = {
            "table": self.table,
            "squares": _array(self.ground_keys),
            "blocks": _array(self.label_keys),
        }
        with replacing(path, durable=False) as temporary:
            save_file(arrays, temporary, {"survey": json.dumps(facts)})

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` has written."""
        with safe_open(path, framework="numpy") as file:
            facts = json.loads(file.metadata()["survey"])
            table, squares, blocks = (file.get_tensor(name) for name in ("table", "squares", "blocks"))
        return cls(
            tuple(Path(name) for name in facts["files"]),
            tuple(facts["labels_from"]),
            None if facts["crs"] is None else Crs(*facts["crs"]),
            Blocks(*facts["layout"]),
            SliceLimits(*(np.nan if value is None else value for value in facts["limits"])),
            table,
            dict(zip(map(Block._make, squares.tolist()), facts["ground_keys"], strict=True)),
            dict(zip(map(Block._make, blocks.tolist()), facts["label_keys"], strict=True)),
            facts["whole_dem"],
        )


def _array(blocks: dict[Block, str]) -> NDArray[np.int64]:
    return np.array(list(blocks), np.int64).reshape(-1, 2)


@functools.lru_cache(maxsize=4)
def read_once(path: Path) -> Survey:
    """Return a survey, read once per process: its name is that of its content."""
    return Survey.read(path)


class SurveyPoints(PointsByBlock):
    """The points of a survey, read block by block from its files. Those read last are held."""

    def __init__(self, survey: Survey) -> None:
        super().__init__(survey.layout, survey.crs)
        self._survey = survey
        self._held: OrderedDict[Block, list[Segment]] = OrderedDict()
        self._bytes = 0

    def __iter__(self) -> Iterator[Block]:
        """Yield the blocks that hold points."""
        return iter(self._survey.rows)

    def __len__(self) -> int:
        return len(self._survey.rows)

    def count(self, block: Block) -> int:
        """Return the number of points of a block."""
        rows = self._survey.rows.get(block)
        return 0 if rows is None else int(self._survey.table[rows.start : rows.stop, 5].sum())

    def segments(self, block: Block) -> list[Segment]:
        """Return the points of a block by cloud."""
        if block in self._held:
            self._held.move_to_end(block)
            return self._held[block]
        rows = self._survey.rows.get(block)
        if rows is None:
            return []
        survey = self._survey
        found = [
            read_segment(survey.files[cloud], cloud, start, count, survey.labels_from[cloud])
            for _, _, cloud, _, start, count, _ in survey.table[rows.start : rows.stop].tolist()
        ]
        self._held[block] = found
        self._bytes += _bytes(found)
        while self._bytes > HELD and len(self._held) > 1:
            self._bytes -= _bytes(self._held.popitem(last=False)[1])
        return found


def _bytes(segments: Sequence[Segment]) -> int:
    return sum(17 * len(segment.x) for segment in segments)


@functools.lru_cache(maxsize=1)
def points_of(path: Path) -> SurveyPoints:
    """Return the points of a survey; a process works on one after the other."""
    return SurveyPoints(read_once(path))


def release_points() -> None:
    """Hold no points any longer."""
    points_of.cache_clear()
    read_once.cache_clear()
