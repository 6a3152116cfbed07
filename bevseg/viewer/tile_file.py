"""Points of all clouds, tile after tile, as they lie on disk.

A folder of tiles has these files:

- `records.bin`: what the page draws of each point, `RECORD`;
- `exact.bin`: the coordinates as they stand in the cloud, and the number of the cloud, `EXACT`, in the same order;
- `places.bin`: where each point of each cloud stands in these two, uint32, cloud after cloud;
- `tiles.npy`: where each tile begins, and its box, `TILE`;
- `ground.npy`: height of the ground in the cells of 1 m of each square of 50 m;
- `index.json`: clouds, counts, and the key that tells whether the files still belong to them. It is written last.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from bevseg.config.files import read_json
from bevseg.core.grid import floor_cell

VERSION = 2
"""Of the files; tiles of another version are built again."""

SIDE = 50
"""Side of a tile, m. A crowded one is cut into quarters."""

NO_TRUTH = 255
"""Truth of a point that has none."""

NOWHERE = 0xFFFFFFFF
"""Place of a point that is in no tile: its coordinates are not finite, or it is far from all others."""

RECORD = np.dtype(
    [
        ("x", "<u2"),
        ("y", "<u2"),
        ("z", "<u2"),
        ("label", "u1"),
        ("confidence", "u1"),
        ("reason", "u1"),
        ("truth", "u1"),
        ("red", "u1"),
        ("green", "u1"),
        ("blue", "u1"),
        ("intensity", "u1"),
        ("source", "u1"),
        ("height", "u1"),
        ("index", "<u4"),
    ]
)
"""What the page draws. x, y, z: place in the box of the tile, 0 to 65535; source: number of the cloud mod 256; height
above ground in steps of 0.1 m, at most 25.5 m; index: of the point in its cloud."""

EXACT = np.dtype([("x", "<i4"), ("y", "<i4"), ("z", "<i4"), ("cloud", "<u2")])
"""Steps of a point as `PointCloud` has them, and the number of its cloud."""

TILE = np.dtype(
    [("first", "i8"), ("points", "i8"), ("min", "f8", 3), ("max", "f8", 3), ("square", "i4"), ("side", "f8")]
)
"""First point and number of points; box relative to the origin, m; number of its square of 50 m; side, m."""

SQUARE = np.dtype([("col", "i8"), ("row", "i8")])


@dataclass(frozen=True)
class TiledCloud:
    """A cloud of the tiles: its name, number of points, and metres per step and offset of x, y and z."""

    name: str
    points: int
    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    labelled: bool


@dataclass(frozen=True)
class Tiles:
    """Tiles on disk, open to read. They are never changed: edits lie over them.

    Attributes
    ----------
    folder
        Where they lie.
    clouds
        In the order of their numbers.
    table
        (T,) `TILE`.
    ground
        (S, 50, 50) float32 height of the ground relative to the origin, m, by square, row northwards, column.
    squares
        (S,) `SQUARE`: column and row of each square, counted in 50 m from the origin of the world.
    origin
        x, y, z of the world that coordinates are relative to, m.
    facts
        All entries of `index.json`; `has` lists the values that occur, `counts` the points by class.
    """

    folder: Path
    clouds: tuple[TiledCloud, ...]
    table: NDArray[np.void]
    ground: NDArray[np.float32]
    squares: NDArray[np.void]
    origin: tuple[float, float, float]
    facts: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Tiles:
        """Open the tiles of a folder.

        Raises
        ------
        InputError
            If the index cannot be read.
        """
        hint = f"remove {folder}, and repeat the command"
        facts = read_json(folder / "index.json", hint=hint, most_bytes=100_000_000)
        clouds = tuple(
            TiledCloud(c["name"], c["points"], tuple(c["scale"]), tuple(c["offset"]), c["labelled"])
            for c in facts["clouds"]
        )
        return cls(
            folder,
            clouds,
            np.load(folder / "tiles.npy"),
            np.load(folder / "ground.npy"),
            np.load(folder / "squares.npy"),
            tuple(facts["origin"]),
            facts,
        )

    @property
    def starts(self) -> NDArray[np.int64]:
        """(clouds + 1,) number of points of all clouds before each."""
        return np.cumsum([0, *(cloud.points for cloud in self.clouds)])

    def records(self, tile: int, first: int = 0, last: int | None = None) -> NDArray[np.void]:
        """Return some records of a tile, in their shuffled order."""
        return self._read("records.bin", RECORD, tile, first, last)

    def exact(self, tile: int, first: int = 0, last: int | None = None) -> NDArray[np.void]:
        """Return steps and clouds of some points of a tile, in the order of the records."""
        return self._read("exact.bin", EXACT, tile, first, last)

    def _read(
        self, name: str, kind: np.dtype[np.void], tile: int, first: int, last: int | None
    ) -> NDArray[np.void]:
        row = self.table[tile]
        points = int(row["points"])
        first = min(max(first, 0), points)
        count = max(min(points if last is None else last, points) - first, 0)
        offset = (int(row["first"]) + first) * kind.itemsize
        return np.fromfile(self.folder / name, kind, count, offset=offset)

    def coordinates(self, exact: NDArray[np.void]) -> tuple[NDArray[np.float64], ...]:
        """Return x, y and z of points relative to the origin, m, (N,) each."""
        return coordinates(exact, self.scales, self.offsets, self.origin)

    @property
    def scales(self) -> NDArray[np.float64]:
        """(clouds, 3) metres per step."""
        return np.array([cloud.scale for cloud in self.clouds])

    @property
    def offsets(self) -> NDArray[np.float64]:
        """(clouds, 3) offsets, m."""
        return np.array([cloud.offset for cloud in self.clouds])

    def heights(
        self, tile: int, x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return heights above ground of points of a tile, m, from coordinates relative to the origin."""
        square = self.table[tile]["square"]
        return z - self.ground[square].reshape(-1)[cells_in_square(x + self.origin[0], y + self.origin[1])]

    def places(self, cloud: int, indices: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return where points of a cloud stand in the files, -1 for those in no tile.

        Parameters
        ----------
        cloud
            Number of the cloud.
        indices
            (N,) of the points in it.
        """
        stored = np.memmap(self.folder / "places.bin", "<u4", "r")
        found = stored[self.starts[cloud] + indices].astype(np.int64)
        found[found == NOWHERE] = -1
        return found

    def tiles_of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of the tile of each place."""
        return np.searchsorted(self.table["first"], places, side="right") - 1


def coordinates(
    exact: NDArray[np.void],
    scales: NDArray[np.float64],
    offsets: NDArray[np.float64],
    origin: tuple[float, float, float],
) -> tuple[NDArray[np.float64], ...]:
    """Return x, y and z of points relative to an origin, m, (N,) each: to the bit `PointCloud.xyz` minus the origin.

    Parameters
    ----------
    exact
        (N,) `EXACT`.
    scales, offsets
        (clouds, 3).
    origin
        x, y, z, m.
    """
    cloud = exact["cloud"]
    one = len(scales) == 1
    return tuple(
        exact[name] * (scales[0, axis] if one else scales[cloud, axis])
        + (offsets[0, axis] if one else offsets[cloud, axis])
        - origin[axis]
        for axis, name in enumerate("xyz")
    )


def read_points(file: BinaryIO, kind: np.dtype[np.void], first: int, points: int) -> NDArray[np.void]:
    """Read points from an open file, from the place `first` on."""
    file.seek(first * kind.itemsize)
    return np.fromfile(file, kind, points)


def write_points(file: BinaryIO, values: NDArray[np.void], first: int) -> None:
    """Write points into an open file without buffer, from the place `first` on."""
    file.seek(first * values.dtype.itemsize)
    rest = memoryview(values.tobytes())
    while len(rest):  # a system may write less than it is asked to
        rest = rest[file.write(rest) :]


def cells_in_square(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return which cell of 1 m of its square of 50 m each point lies in: 50 row + column, from world coordinates."""
    col, row = (np.mod(floor_cell(value, 1.0), SIDE).astype(np.int64) for value in (x, y))
    return SIDE * row + col
