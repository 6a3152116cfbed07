"""Labelled clouds -> a sampler of training crops.

Augmentation turns, mirrors and thins the cloud, hides parts of it and shifts the grid before it is rasterized. The
result is a raster that a scanner could have made; a turned raster is not. A crop takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bevseg.bev.bands import bands, needs_moments, write_bands
from bevseg.bev.cell_statistics import CellStatistics, add_height, add_place, bin_of
from bevseg.bev.rasterize import add_vote, majority
from bevseg.bev.slices import GROUND_SLAB, LOW, SLAB_OF, SliceLimits, limits_of, slab_and_height
from bevseg.bev.view import View, share_seen
from bevseg.config import SliceConfig
from bevseg.core.cells import cell_in_window, level_of
from bevseg.core.grid import floor_cell
from bevseg.core.heights import height_above_ground
from bevseg.core.labels import CLASS_NAMES, GROUND, UNDEFINED
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.errors import LabelError
from bevseg.runtime.kernels import compiled

TILE = 8.0
"""Side (m) of the tiles that the points are sorted by, so that a crop touches only the points around it."""

KEEP = (0.3, 1.0)
"""Share of the points that thinning keeps: drawn between these for every crop."""

LIFT = 0.05
"""Standard deviation (m) of the height shift of a crop: no DEM is better than that."""

STRETCH = 0.1
"""Largest relative change of the horizontal scale of a crop."""

TALL = 0.05
"""Standard deviation of the relative change of heights."""

ALONE = 0.3
"""Share of the crops that show only the points of their slice: what is above or below may be hidden as well."""

HOLES = 3
"""Largest number of holes in a crop: rectangles of 1/24 to 1/4 of its side, empty like a shadow."""

RARE_SHARE = 0.5
"""Share of the crops that are centred on a point of a class drawn evenly; the others on any point."""

OBJECTS = tuple(label for label in range(len(CLASS_NAMES)) if label not in (UNDEFINED, GROUND))
"""Train ids that crops are centred on if nothing else is said."""


class _Tiled(NamedTuple):
    """The points of one cloud relative to its south-west corner, sorted by tile.

    Attributes
    ----------
    x, y
        float32, m.
    z, dem
        Height of the point and of the ground below it, m, as the limits of the slabs measure it.
    labels
        Train ids.
    centres
        Train ids by which points are found to centre crops on.
    starts
        First point of each tile, row by row, and the end of the last.
    cols, rows
        Tiles.
    limits
        Slabs; `level` is already subtracted: 0, or NaN where heights count from the DEM.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    z: NDArray[np.float32]
    dem: NDArray[np.float32]
    labels: NDArray[np.uint8]
    centres: NDArray[np.uint8]
    starts: NDArray[np.int64]
    cols: int
    rows: int
    limits: SliceLimits


class _Draw(NamedTuple):
    """The random choices of a crop, made before its points are drawn.

    Attributes
    ----------
    centre
        Middle of the crop in the cloud, m.
    turn
        2 x 2 matrix, row by row.
    keep
        Share of the points.
    tall, lift
        Heights become height * tall + lift.
    only
        The one slab whose points are shown besides the ground, or -1 for all.
    eye
        The scanner with a narrow view that sees the rest.
    seed
        Of the thinning.
    """

    centre: tuple[float, float]
    turn: tuple[float, float, float, float]
    keep: float
    tall: float
    lift: float
    only: int
    eye: View
    seed: int

    @classmethod
    def from_generator(
        cls, rng: np.random.Generator, cloud: _Tiled, point: int, side: float, slab: int, views: float
    ) -> _Draw:
        """Draw a crop of `side` metres with the point somewhere in its middle half."""
        jitter = rng.uniform(-0.25, 0.25, 2) * side
        return cls(
            centre=(float(cloud.x[point] + jitter[0]), float(cloud.y[point] + jitter[1])),
            turn=_random_turn(rng),
            keep=float(rng.uniform(*KEEP)),
            tall=float(rng.normal(1, TALL)),
            lift=float(rng.normal(0, LIFT)),
            only=slab if rng.random() < ALONE else -1,
            eye=View.draw(rng, side) if rng.random() < views else View.full(),
            seed=int(rng.integers(2**32)),
        )


Crop = tuple[NDArray[np.float32], NDArray[np.uint8]]
"""Bands (bands, crop, crop) and train ids (crop, crop)."""

Place = NDArray[np.int64]
"""Number of a cloud, number of a point in it."""


class CropSampler:
    """Draws crops of one slice: `sampler(rng)` -> (bands, labels).

    bands (bands, crop, crop) float32, in physical units, NaN where unknown; labels (crop, crop) uint8 train ids,
    0 where undefined or empty. The same generator state gives the same crop.

    Parameters
    ----------
    clouds, dems
        Labelled clouds and their DEMs, in pairs.
    name
        The slice.
    slices, features
        As for `rasterize`.
    crop
        Side of a crop, cells of the DEMs.
    views
        Share of the crops that show what a scanner with a narrow view would see.
    classes
        Train ids that crops are centred on.
    centres
        (N,) train ids of each cloud by which crops are centred, where they are not the labels to learn.

    Attributes
    ----------
    places
        Train id of each of these classes that has a point in the slice -> (points, 2), number of the cloud and of
        the point.

    Raises
    ------
    ValueError
        If a cloud has no labels.
    LabelError
        If no point of the slice is labelled.
    """

    def __init__(
        self,
        clouds: Sequence[PointCloud],
        dems: Sequence[Raster],
        *,
        name: str,
        slices: SliceConfig,
        features: str,
        crop: int,
        views: float = 0.0,
        classes: Sequence[int] = OBJECTS,
        centres: Sequence[NDArray[np.uint8]] | None = None,
    ) -> None:
        self.name, self.features, self.crop, self.views = name, features, crop, views
        self.cell = dems[0].grid.cell
        by: Sequence[NDArray[np.uint8] | None] = centres or [None] * len(clouds)
        self._clouds = [
            _tiled(cloud, dem, slices, ids) for cloud, dem, ids in zip(clouds, dems, by, strict=True)
        ]
        self.places = self._places_by_class(SLAB_OF[name], classes)
        if not self.places:
            raise LabelError(
                f"No labelled point in the {name} slice",
                where=", ".join(cloud.name for cloud in clouds),
                why="every label there is undefined or ground",
                hint="check --classes, or train the other slice alone with --slice",
            )
        sizes = np.array([len(cloud.x) for cloud in self._clouds], float)
        self._shares = sizes / sizes.sum()

    def __call__(self, rng: np.random.Generator) -> Crop:
        """Draw a crop: half the time around a point of a class drawn evenly, else around any point."""
        if rng.random() < RARE_SHARE:
            places = list(self.places.values())[int(rng.integers(len(self.places)))]
            return self.around(places[int(rng.integers(len(places)))], rng)
        return self.around(self.anywhere(rng), rng)

    def anywhere(self, rng: np.random.Generator) -> Place:
        """Draw any point."""
        which = int(rng.choice(len(self._clouds), p=self._shares))
        return np.array([which, rng.integers(len(self._clouds[which].x))])

    def around(self, place: Place, rng: np.random.Generator) -> Crop:
        """Draw a crop with a point somewhere in its middle half."""
        cloud, point = self._clouds[place[0]], int(place[1])
        draw = _Draw.from_generator(rng, cloud, point, self.crop * self.cell, SLAB_OF[self.name], self.views)
        cells = self.crop * self.crop
        for eye in dict.fromkeys(
            (draw.eye, View.full())
        ):  # a view that hides all that is labelled teaches nothing
            statistics = CellStatistics.empty(cells, needs_moments(self.features))
            votes = np.zeros((cells, len(SLAB_OF), len(CLASS_NAMES)), np.uint16)
            dem = np.zeros(cells, np.float32)
            shown = draw._replace(eye=eye)
            _fill(cloud, shown, self.cell, self.crop, statistics, statistics.views(), votes, dem)
            if votes[:, SLAB_OF[self.name] - LOW, 1:].any():
                break
        shape = (self.crop, self.crop)
        values = np.empty((len(bands(self.features)[self.name]), *shape), np.float32)
        write_bands(statistics, dem, cloud.limits, self.features, self.name, self.cell, values)
        labels = majority(votes[:, SLAB_OF[self.name] - LOW]).reshape(shape)
        for rows, cols in _holes(rng, self.crop):
            values[:, rows, cols], labels[rows, cols] = np.nan, UNDEFINED
        return values, labels

    def cells(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return column and row of the cells that places (N, 2) of points of one cloud lie in, (N, 2)."""
        cloud, points = self._clouds[places[0, 0]], places[:, 1]
        sides = (floor_cell(axis[points], self.cell) for axis in (cloud.x, cloud.y))
        return np.column_stack([*sides]).astype(np.int64)

    def _places_by_class(self, slab: int, classes: Sequence[int]) -> dict[int, NDArray[np.int64]]:
        found: dict[int, list[NDArray[np.int64]]] = {}
        for which, cloud in enumerate(self._clouds):
            slabs = _slabs(cloud.z, cloud.dem, cloud.limits)
            for label in classes:
                points = np.flatnonzero((slabs == slab) & (cloud.centres == label))
                found.setdefault(label, []).append(np.column_stack([np.full(len(points), which), points]))
        by_class = {label: np.concatenate(places) for label, places in found.items()}
        return {label: places for label, places in by_class.items() if len(places)}


def _tiled(cloud: PointCloud, dem: Raster, slices: SliceConfig, centres: NDArray[np.uint8] | None) -> _Tiled:
    """Sort the finite points of a labelled cloud by tile."""
    if cloud.labels is None:
        raise ValueError(f"cloud {cloud.name!r} has no labels")
    limits = limits_of([cloud], slices)
    above = height_above_ground(cloud, dem)
    kept = np.flatnonzero(np.isfinite(above))
    x = (cloud.x[kept] * cloud.scale[0] + (cloud.offset[0] - dem.grid.left)).astype(np.float32)
    bottom = dem.grid.top - dem.grid.rows * dem.grid.cell
    y = (cloud.y[kept] * cloud.scale[1] + (cloud.offset[1] - bottom)).astype(np.float32)
    cols, rows = (int(floor_cell(side * dem.grid.cell, TILE)) + 1 for side in (dem.grid.cols, dem.grid.rows))
    tile = floor_cell(y, TILE).astype(np.int64) * cols + floor_cell(x, TILE).astype(np.int64)
    order = np.argsort(tile, kind="stable")
    starts = np.searchsorted(tile[order], np.arange(cols * rows + 1))
    above, kept = above[kept][order], kept[order]
    if np.isnan(limits.level):
        z, ground = above, np.zeros_like(above)
    else:
        z = (cloud.z[kept] * cloud.scale[2] + (cloud.offset[2] - limits.level)).astype(np.float32)
        ground, limits = z - above, limits._replace(level=0.0)
    labels = cloud.labels[kept]
    by = labels if centres is None else centres[kept]
    return _Tiled(x[order], y[order], z, ground, labels, by, starts, cols, rows, limits)


def _random_turn(rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Return a 2 x 2 matrix row by row: any rotation, mirrored half the time, stretched a little."""
    angle = rng.uniform(0, 2 * np.pi)
    stretch = rng.uniform(1 - STRETCH, 1 + STRETCH)
    mirror = 1 if rng.random() < 0.5 else -1
    cos, sin = float(np.cos(angle) * stretch), float(np.sin(angle) * stretch)
    return cos, -sin, mirror * sin, mirror * cos


def _holes(rng: np.random.Generator, crop: int) -> list[tuple[slice, slice]]:
    """Return up to HOLES rectangles of rows and columns."""
    holes = []
    for _ in range(int(rng.integers(HOLES + 1))):
        height, width = rng.integers(crop // 24, crop // 4 + 1, 2)
        row, col = rng.integers(0, crop - height + 1), rng.integers(0, crop - width + 1)
        holes.append((slice(row, row + height), slice(col, col + width)))
    return holes


@compiled
def _slabs(z, dem, limits):  # type: ignore[no-untyped-def]
    slabs = np.empty(len(z), np.uint8)
    for i in range(len(z)):
        slabs[i], _ = slab_and_height(z[i], dem[i], limits)
    return slabs


@compiled
def _fill(cloud, draw, cell, crop, statistics, views, votes, dem):  # type: ignore[no-untyped-def]
    np.random.seed(draw.seed)  # noqa: NPY002  (the generator that compiled code has)
    (east, north), turn, limits = draw.centre, draw.turn, cloud.limits
    half = 0.5 * crop * cell
    reach = half * np.sqrt(2.0) / (1.0 - STRETCH)
    west_tile, east_tile = max(int((east - reach) / TILE), 0), min(int((east + reach) / TILE), cloud.cols - 1)
    south_tile, north_tile = (
        max(int((north - reach) / TILE), 0),
        min(int((north + reach) / TILE), cloud.rows - 1),
    )
    for row in range(south_tile, north_tile + 1):
        start = cloud.starts[row * cloud.cols + west_tile]
        for i in range(start, cloud.starts[row * cloud.cols + east_tile + 1]):
            x, y = cloud.x[i] - east, cloud.y[i] - north
            share = draw.keep * share_seen(draw.eye, x, y, cloud.z[i] - cloud.dem[i])
            if np.random.random() > share:  # noqa: NPY002
                continue
            x, y = turn[0] * x + turn[1] * y + half, turn[2] * x + turn[3] * y + half
            k = cell_in_window(x, y, cell, crop, crop)
            if k < 0:
                continue
            slab, height = slab_and_height(
                cloud.z[i] * draw.tall + draw.lift, cloud.dem[i] * draw.tall, cloud.limits
            )
            dem[k] = cloud.dem[i]
            if slab == GROUND_SLAB:
                statistics.ground[k] += np.float32(1)
            elif draw.only >= 0 and slab != draw.only:
                continue
            else:
                foot = np.float32(limits.ground_band if slab == LOW else limits.split)
                bin_ = bin_of(np.float32(height), foot)
                add_height(statistics.slices, views, slab - LOW, k, np.float32(height), bin_)
                if statistics.moments.shape[1]:
                    add_place(statistics.moments, slab - LOW, k, level_of(x, cell), level_of(y, cell))
                add_vote(votes, k, slab, cloud.labels[i])
