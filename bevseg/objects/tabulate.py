"""Labelled clouds, one after the other -> the cells of their objects and of their ground."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import GROUND, UNDEFINED
from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.errors import CrsError
from bevseg.objects.cells import Cells

SIDE = 0.2
"""Side of a cell of an object, m: that of the rasters that the labels come from."""

GROUND_SIDE = 1.0
"""Side of a cell of the ground, m: finer than the ground changes under an object."""

BATCH = 1 << 21
"""Points that become cells at once."""


class Labelled(Protocol):
    """A cloud with a class for each point; `io.read_labelled` gives one."""

    @property
    def cloud(self) -> PointCloud:
        """The points."""

    @property
    def classes(self) -> NDArray[np.uint8]:
        """(N,) train ids."""

    @property
    def confidence(self) -> NDArray[np.uint8] | None:
        """(N,) confidences, 255 for 1; None if the points have none."""


class Table(NamedTuple):
    """The cells of one or more clouds.

    Attributes
    ----------
    objects
        Cells of `SIDE` of all classes but ground and undefined.
    ground
        Cells of `GROUND_SIDE` of the ground.
    crs
        The reference system of all clouds.
    first
        The first cloud, for messages.
    """

    objects: Cells
    ground: Cells
    crs: Crs | None
    first: str = ""


def tabulate(each: Labelled) -> Table:
    """Count the points of a cloud in cells."""
    objects, ground = _Sum(SIDE), _Sum(GROUND_SIDE)
    cloud = each.cloud
    for start in range(0, len(cloud), BATCH):
        part = np.arange(start, min(start + BATCH, len(cloud)))
        if cloud.used is not None:
            part = part[cloud.used[part]]
        classes = each.classes[part]
        others = part[(classes != GROUND) & (classes != UNDEFINED)]
        objects.add(Cells.of_points(cloud, each.classes, each.confidence, others, SIDE))
        own = part[classes == GROUND]
        ground.add(Cells.of_points(cloud, each.classes, each.confidence, own, GROUND_SIDE))
    return Table(objects.total(), ground.total(), cloud.crs, str(cloud.origin or cloud.name))


def join(tables: Iterable[Table]) -> Table:
    """Return the cells of all clouds as one table.

    Raises
    ------
    CrsError
        If the clouds are in different reference systems.
    """
    objects, ground = _Sum(SIDE), _Sum(GROUND_SIDE)
    first: Table | None = None
    for table in tables:
        first = first or table
        _check_system(first, table)
        objects.add(table.objects)
        ground.add(table.ground)
    crs, name = (None, "") if first is None else (first.crs, first.first)
    return Table(objects.total(), ground.total(), crs, name)


class _Sum:
    """Tables added up. They are joined when the new ones outgrow the sum: so each row is sorted a few times."""

    def __init__(self, side: float) -> None:
        self._side, self._sum, self._new = side, Cells.none(side), list[Cells]()

    def add(self, cells: Cells) -> None:
        self._new.append(cells)
        if sum(len(part) for part in self._new) > len(self._sum):
            self._sum = self.total()
            self._new = []

    def total(self) -> Cells:
        return Cells.joined([self._sum, *self._new], self._side)


def _check_system(first: Table, table: Table) -> None:
    one, other = ("" if each.crs is None else each.crs.wkt for each in (first, table))
    if one != other:
        raise CrsError(
            "The clouds are in different reference systems",
            where=f"{first.first} and {table.first}",
            why="the objects of a file are in one system",
            hint="find the objects of each system with a command of its own",
        )
