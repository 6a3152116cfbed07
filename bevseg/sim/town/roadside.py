"""One side of the road, from its lane to its pavement: poles, plants, parked vehicles, people and furniture."""

from __future__ import annotations

from bevseg.sim.town.builder import Builder
from bevseg.sim.town.carriageway import PASSED
from bevseg.sim.town.parking import Parking, park, park_anywhere
from bevseg.sim.town.pavement import put_furniture, put_large, put_people
from bevseg.sim.town.street_plants import plant_companions, plant_trees, plant_verge
from bevseg.sim.town.street_poles import put_poles


def fill(builder: Builder, sign: int, parking: Parking) -> None:
    """Furnish one side (1 left, -1 right) from its lane to its pavement."""
    side = builder.terrain.side(sign)
    put_poles(builder, sign, side)
    trunks = plant_trees(builder, sign, side, max(side.kerb - parking.width, min(side.kerb, PASSED + 0.2)))
    plant_companions(builder, sign, side, trunks)
    plant_verge(builder, sign, side)
    if not parking.empty:
        park(builder, sign, side, parking)
    put_people(builder, sign, side)
    put_furniture(builder, sign, side)
    if builder.style.large:
        put_large(builder, sign, side)
    if builder.style.loose:
        park_anywhere(builder, sign, side)
