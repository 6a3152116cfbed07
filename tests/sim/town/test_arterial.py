"""What must be true of main roads: the strip in the middle, service roads, rails and barriers."""

from dataclasses import replace

import numpy as np
import pytest

from bevseg.core.labels import CAR, POLE, UNDEFINED, VEGETATION
from bevseg.sim.materials import LABELS, Material
from bevseg.sim.town import arterial
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.layout import Crossing, Side
from bevseg.sim.town.styles import STYLES
from bevseg.sim.town.terrain import Terrain

SIDE = Side(kerb=12.0, verge=2.0, pavement=3.0, garden=5.0, service=5.0)
WIDE = Terrain(80.0, 0.0, (0.0, 50.0, 0.0), 0.0, SIDE, SIDE, (Crossing(40.0, 5.0, 2.0),), median=3.0)
BUSY = replace(STYLES["boulevard"], rails=2.0, barriers=2.0, gantries=0.03)


def built(seed, **asked):
    return Builder(np.random.default_rng(seed), replace(WIDE, **asked), BUSY)


def inside(builder):
    """All triangles, and which have a corner within the lanes, lower than vehicles are high."""
    corners = np.concatenate([part.corners for part in builder.parts])
    labels = np.concatenate([LABELS[part.materials] for part in builder.parts])
    t = np.abs(corners[..., 1])
    lanes = (
        (t > WIDE.median + 0.2) & (t < SIDE.kerb - 0.2) & (corners[..., 2] < 3.5) & (corners[..., 2] > 0.3)
    )
    return labels, lanes.any(axis=1)


def test_the_strip_is_a_kerb_higher_than_the_road_and_open_at_cross_streets():
    on, beside = (WIDE.height([10.0, 40.0, 70.0], [t] * 3) for t in (2.5, 3.5))
    assert on - beside == pytest.approx([WIDE.kerb, 0.0, WIDE.kerb], abs=0.04)


def test_a_service_road_is_asphalt_and_lower_than_the_pavement():
    edge = SIDE.front - SIDE.pavement
    road, pavement = WIDE.height(10.0, edge - 1.0), WIDE.height(10.0, edge + 0.3)
    assert 0.5 * WIDE.kerb < pavement - road < 1.5 * WIDE.kerb
    i, j = WIDE.relief.patch(np.array([10.0]), np.array([edge - 1.0]))
    assert WIDE.relief.materials[i, j] == Material.ASPHALT


@pytest.mark.parametrize("paved", [False, True])
def test_nothing_on_the_strip_stands_in_the_lanes(paved):
    found = set()
    for seed in range(6):
        builder = built(seed)
        arterial.fill(builder, WIDE.median, paved=paved)
        labels, lanes = inside(builder)
        assert not lanes.any()
        found |= set(labels.tolist())
    assert found == ({POLE, UNDEFINED} if paved else {POLE, UNDEFINED, VEGETATION})


def test_nothing_on_the_strip_stands_in_a_cross_street():
    for seed in range(6):
        builder = built(seed)
        arterial.fill(builder, WIDE.median, paved=False)
        corners = np.concatenate([part.corners for part in builder.parts]).reshape(-1, 3)
        street = (np.abs(corners[:, 0] - 40) < 5) & (np.abs(corners[:, 1]) < SIDE.kerb)
        assert corners[street, 2].min(initial=9.0) > 2.0


def test_vehicles_wait_on_the_service_road_and_rails_and_barriers_stand_beside_the_lanes():
    found = set()
    for seed in range(8):
        builder = built(seed)
        arterial.edge(builder, -1)
        cars = [part for part in builder.parts if CAR in LABELS[part.materials]]
        assert cars
        for part in cars:
            t = -part.corners[..., 1]
            assert SIDE.kerb + SIDE.verge < t.min()
            assert t.max() < SIDE.front - SIDE.pavement + 0.2
        labels, lanes = inside(builder)
        assert not lanes.any()
        found |= set(labels.tolist())
    assert {CAR, UNDEFINED} <= found


def test_no_barrier_goes_through_a_building():
    builder = built(1)
    builder.claim(np.array((-30.0, -40.0)), np.array((130.0, -SIDE.front)))
    before = len(builder.parts)
    arterial._barriers(builder, -1)
    assert len(builder.parts) == before
