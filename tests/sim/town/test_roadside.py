from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from bevseg.core.labels import CAR, POLE, UNDEFINED
from bevseg.sim.materials import LABELS, Material
from bevseg.sim.mesh import merge
from bevseg.sim.objects.trees import BARE, HABITS
from bevseg.sim.objects.vehicles.bodies import BODIES
from bevseg.sim.town import carriageway, pavement, roadside, street_poles
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.crossings import fill_crossings
from bevseg.sim.town.layout import Crossing, Side
from bevseg.sim.town.parking import PARKING
from bevseg.sim.town.pavement import FURNITURE
from bevseg.sim.town.styles import STYLES
from bevseg.sim.town.terrain import Terrain

SIDE = Side(kerb=6.0, verge=1.5, pavement=2.0, garden=5.0)


FULL = replace(STYLES["oakland"], parked=(0.6, 1.0), ranks=0.0)


def furnished(seed, parking="parallel", style=FULL, slope=0.0, crossings=(), length=80.0):
    terrain = Terrain(length, slope, (0.0, 50.0, 0.0), 0.0, SIDE, SIDE, crossings)
    builder = Builder(np.random.default_rng(seed), terrain, style)
    roadside.fill(builder, -1, PARKING[parking])
    fill_crossings(builder)
    return builder


def boxes(builder, label):
    """Lowest and highest corner of every instance that has triangles of a class."""
    found = []
    for part in builder.parts:
        for instance in np.unique(part.instances):
            mesh = part.only((part.instances == instance) & (LABELS[part.materials] == label))
            if len(mesh.corners):
                points = mesh.corners.reshape(-1, 3)
                found.append((points.min(axis=0), points.max(axis=0)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("parking", [name for name, kind in PARKING.items() if not kind.empty])
def test_parked_cars_stand_side_by_side_and_never_in_each_other(parking):
    for seed in range(4):
        cars = sorted(boxes(furnished(seed, parking), CAR), key=lambda box: box[0][0])
        middles = [(low[0] + high[0]) / 2 for low, high in cars]
        assert len(cars) > 2
        assert np.diff(middles).min() > 2.0
        if not PARKING[parking].pitch:
            gaps = [after[0][0] - before[1][0] for before, after in pairwise(cars)]
            assert min(gaps) > 0.2
            assert min(gaps) < 1.6
        for low, high in cars:
            assert low[1] > -SIDE.kerb - 1.5
            assert high[1] < 0.5


def test_nothing_parks_where_nothing_may():
    assert not boxes(furnished(0, "none"), CAR)


def test_half_parked_cars_stand_on_the_pavement():
    cars = boxes(furnished(1, "half"), CAR)
    assert min(low[1] for low, _ in cars) < -SIDE.kerb - 0.3


def test_crowns_hang_over_parked_cars():
    over = 0
    for seed in range(6):
        builder = furnished(seed)
        crowns = [
            part for part in builder.parts if Material.LEAF in part.materials and len(part.corners) > 300
        ]
        over += sum((part.corners[..., 1].max() > -SIDE.kerb + 1.0) for part in crowns)
    assert over > 5


def test_things_stand_on_the_slope():
    builder = furnished(2, slope=0.08)
    height = builder.terrain.height
    for low, high in boxes(builder, CAR):
        middle = (low + high) / 2
        assert abs(low[2] + 0.0 - float(height(middle[0], middle[1]))) < 0.45


def test_every_part_is_a_thing_of_its_own():
    builder = furnished(3)
    numbers = [set(np.unique(part.instances).tolist()) for part in builder.parts]
    assert sum(len(of) for of in numbers) == len(set().union(*numbers))


def test_corners_have_lights_or_signs():
    builder = furnished(0, crossings=(Crossing(40.0, 4.0),))
    mesh = merge(builder.parts)
    steel = mesh.corners[np.isin(mesh.materials, [Material.STEEL, Material.PLATE])]
    near = np.abs(np.abs(steel[..., 0] - 40.0) - 5.0) < 1.0
    assert near.any()


def test_lights_hang_over_a_crossing_from_wires_between_masts():
    hung = furnished(0, crossings=(Crossing(40.0, 4.0),), style=replace(FULL, spans=1.0))
    without = furnished(0, crossings=(Crossing(40.0, 4.0),), style=replace(FULL, spans=0.0))
    added = hung.parts[len(without.parts) :]
    assert any((part.materials == Material.WIRE).all() for part in added)
    lights = [
        part for part in added if part.corners[..., 2].min() > 1 and (part.materials != Material.WIRE).all()
    ]
    assert lights
    for light in lights:
        assert light.corners[..., 2].min() > 4.6
        assert set(LABELS[light.materials].tolist()) == {POLE}


@pytest.mark.slow
def test_triangles_stay_few():
    counts = [sum(len(part.corners) for part in furnished(seed, length=150.0).parts) for seed in range(5)]
    assert np.mean(counts) < 170_000


def test_no_leaf_hangs_into_the_lanes():
    for seed in range(6):
        for part in furnished(seed, "none").parts:
            leaf = part.only(part.materials == Material.LEAF).corners.mean(axis=1)
            assert leaf[np.abs(leaf[:, 1]) < SIDE.kerb - 0.5, 2].min(initial=9.0) > 3.4


def test_shuttles_wait_in_ranks():
    style = replace(STYLES["oakland"], ranks=1.0, parked=(0.0, 0.0))
    terrain = Terrain(80.0, 0.0, (0.0, 50.0, 0.0), 0.0, SIDE, SIDE, ())
    ranks = []
    for seed in range(4):
        builder = Builder(np.random.default_rng(seed), terrain, style)
        roadside.fill(builder, -1, PARKING["parallel"])
        ranks.append(boxes(builder, CAR))
    assert max(len(rank) for rank in ranks) >= 3
    assert max(high[2] for rank in ranks for _, high in rank) > 2.5


def test_shares_of_furniture_name_all_of_it():
    assert sum(share for share, _, _ in FURNITURE) == pytest.approx(1.0)
    made = [make(np.random.default_rng(0)) for _, _, make in FURNITURE]
    assert all(UNDEFINED in LABELS[part.materials] for part in made)


def test_styles_name_vehicles_trees_and_parking_that_there_are_and_leave_none_out():
    for name, all_of_them in (("fleet", BODIES), ("habits", {*HABITS, BARE}), ("parking", PARKING)):
        shares = [getattr(style, name) for style in STYLES.values()]
        assert {kind for of in shares for kind in of} == set(all_of_them)
        assert all(share > 0 for of in shares for share in of.values())


def test_a_seed_furnishes_alike():
    first, again = merge(furnished(4).parts), merge(furnished(4).parts)
    assert np.array_equal(first.corners, again.corners)


def test_vehicles_that_stand_alone_keep_to_their_side_and_off_the_lanes():
    style = replace(STYLES["suburb"], loose=0.1)
    found = 0
    for seed in range(4):
        builder = Builder(
            np.random.default_rng(seed), Terrain(80.0, 0.0, (0.0, 50.0, 0.0), 0.0, SIDE, SIDE), style
        )
        roadside.fill(builder, -1, PARKING["none"])
        for low, high in boxes(builder, CAR):
            found += 1
            assert high[1] < -2.2
            assert low[1] > -SIDE.front - 0.5
    assert found > 5


def test_large_things_stand_between_kerb_and_front_or_off_the_middle_of_a_narrow_road():
    narrow = Side(kerb=2.6, verge=0.0, pavement=0.6, garden=0.0)
    for side, name in ((SIDE, "boulevard"), (narrow, "centre")):
        style = replace(STYLES[name], large=0.2)
        builder = Builder(
            np.random.default_rng(2), Terrain(80.0, 0.0, (0.0, 50.0, 0.0), 0.0, side, side), style
        )
        pavement.put_large(builder, 1, side)
        assert len(builder.parts) > 3
        for part in builder.parts:
            t = part.corners[..., 1]
            assert t.min() > min(side.front - side.pavement, max(1.7, side.front - 2.6))
            assert t.max() < side.front


def test_boards_and_posts_stand_out_neither_over_the_lanes_nor_into_houses():
    style = replace(STYLES["boulevard"], posts=0.3)
    builder = Builder(np.random.default_rng(1), Terrain(80.0, 0.0, (0.0, 50.0, 0.0), 0.0, SIDE, SIDE), style)
    street_poles.put_posts(builder, 1, SIDE)
    assert len(builder.parts) > 8
    for part in builder.parts:
        low = part.corners[(part.corners[..., 2] < 2.6).any(axis=1)]
        assert low[..., 1].min() > SIDE.kerb
        assert np.quantile(low[..., 1], 0.5) < SIDE.front + 0.5


def test_lanes_lie_side_by_side_between_the_strip_and_the_kerb():
    assert carriageway.lanes(3.0) == [1.5]
    assert carriageway.lanes(6.0) == pytest.approx([2.4, 4.8])
    assert carriageway.lanes(11.0, 2.0, 3) == pytest.approx([3.5, 6.5, 9.5])


def test_strips_are_reserved_as_a_whole_or_not_at_all():
    builder = Builder(np.random.default_rng(0), Terrain(80.0, 0.0, (0.0, 50.0, 0.0), 0.0, SIDE, SIDE, ()))
    assert builder.take("walk", 10.0, 12.0)
    assert not builder.take(["kerb", "walk"], 11.0, 14.0)
    assert builder.take("kerb", 11.0, 14.0)


def test_low_trees_keep_a_crown_under_a_high_clearance():
    style = replace(FULL, tree_rows=1.0, tree_height=(2.8, 3.2), tree_clear=(3.5, 6.0))
    for seed in range(4):
        plants = [part for part in furnished(seed, "none", style).parts if Material.BARK in part.materials]
        assert plants
        assert all(np.isfinite(part.corners).all() for part in plants)
        assert all(
            (part.materials == Material.LEAF).sum() > 20 for part in plants if len(part.corners) > 2000
        )
