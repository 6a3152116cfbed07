"""Labelled clouds -> their objects."""

from __future__ import annotations

from collections.abc import Iterable

from bevseg.core.labels import BUILDING, CAR, POLE, VEGETATION
from bevseg.objects.buildings import find_buildings
from bevseg.objects.cars import find_cars
from bevseg.objects.crowns import find_crowns
from bevseg.objects.facades import find_facades
from bevseg.objects.ground_heights import GroundHeights
from bevseg.objects.objects import Objects
from bevseg.objects.poles import find_poles
from bevseg.objects.tabulate import Labelled, Table, join, tabulate


def find_objects(clouds: Iterable[Labelled]) -> Objects:
    """Find the objects of labelled clouds. What crosses the border of a cloud is one object.

    Parameters
    ----------
    clouds
        Clouds with a class for each point. They are taken one after the other, and none is kept: memory follows the
        area that objects cover.

    Raises
    ------
    CrsError
        If the clouds are in different reference systems.
    """
    return objects_of(join(tabulate(cloud) for cloud in clouds))


def objects_of(table: Table) -> Objects:
    """Find the objects in the cells of one or more clouds."""
    ground = GroundHeights(table.ground)
    cells = table.objects
    return Objects(
        find_cars(cells.of(CAR), ground),
        find_poles(cells.of(POLE), ground),
        find_crowns(cells.of(VEGETATION), ground),
        find_buildings(cells.of(BUILDING), ground),
        find_facades(cells.of(BUILDING), ground),
        table.crs,
    )
