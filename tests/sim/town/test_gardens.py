import dataclasses

import numpy as np
import pytest

from bevseg.core.labels import BUILDING, UNDEFINED, VEGETATION
from bevseg.sim.materials import LABELS
from bevseg.sim.town import gardens, lots
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.layout import Side
from bevseg.sim.town.lots import HOUSE, KINDS, OPEN, Lot, Taste
from bevseg.sim.town.styles import STYLES
from bevseg.sim.town.terrain import Terrain
from tests.sim.conftest import spans

SIDE = Side(kerb=6.0, verge=1.5, pavement=2.0, garden=5.0)
TERRAIN = Terrain(60.0, 0.0, (0.0, 50.0, 0.0), 0.0, SIDE, SIDE, ())
FULL = Taste(walls=1.0, hedges=1.0, beds=1.0, huts=1.0, shrubs=2.0)


def planted(lot, *, sign=1, seed=0, style="shrec20", terrain=TERRAIN):
    """The builder of a street that holds one garden."""
    builder = Builder(np.random.default_rng(seed), terrain, STYLES[style])
    gardens.garden(builder, sign, lot)
    return builder


def test_the_edge_of_a_wood_has_trees_and_undergrowth():
    builder = Builder(np.random.default_rng(1), TERRAIN, STYLES["oakland"])
    gardens.wood(builder, -1, (10.0, 40.0), (10.0, 25.0))
    assert all((LABELS[part.materials] == VEGETATION).all() for part in builder.parts)
    tops = [spans(part)[1][2] for part in builder.parts]
    assert sum(top > 4 for top in tops) > 5
    assert sum(top < 3 for top in tops) > 5


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("setback", [2.0, 6.0, 18.0])
def test_what_stands_in_a_garden_keeps_off_the_pavement(sign, setback):
    for seed, taste in enumerate([FULL, dataclasses.replace(FULL, walls=0.0), Taste()] * 2):
        use = HOUSE if seed < 3 else OPEN
        lot = Lot(10.0, 26.0, KINDS["villas"], use, setback, taste=taste)
        for part in planted(lot, sign=sign, seed=seed).parts:
            solid = (LABELS[part.materials] == BUILDING).all()
            if solid or spans(part)[1][2] < 2.5:  # crowns of trees may overhang, shrubs a little
                away = sign * part.corners[..., 1] - SIDE.front
                assert away.min() > (-0.3 if solid else -1.5)
                assert np.percentile(away, 5) > (-0.3 if solid else -0.6)
                assert part.corners[..., 0].min() > 7.5
                assert part.corners[..., 0].max() < 28.5


def test_drives_stay_free():
    for seed in range(12):
        lot = Lot(10.0, 26.0, KINDS["villas"], HOUSE, 9.0, driveway=15.0, taste=FULL)
        for part in planted(lot, seed=seed).parts:
            solid = part.only(LABELS[part.materials] == BUILDING).corners.reshape(-1, 3)
            assert not ((np.abs(solid[:, 0] - 15.0) < 1.3) & (solid[:, 1] < SIDE.front + 9.0)).any()


def test_small_buildings_stand_clear_of_the_house_and_of_each_other():
    huts = 0
    for seed in range(10):
        builder = Builder(np.random.default_rng(seed), TERRAIN, STYLES["shrec20"])
        house = np.array((10.0, SIDE.front + 12.0)), np.array((26.0, SIDE.front + 22.0))
        assert builder.claim(*house)
        gardens.garden(builder, 1, Lot(8.0, 28.0, KINDS["villas"], HOUSE, 12.0, taste=FULL))
        boxes = np.array(builder.footprints)
        huts += len(boxes) - 1
        for k, (low, high) in enumerate(boxes):
            others = np.delete(boxes, k, axis=0)
            assert not ((low < others[:, 1]).all(axis=1) & (others[:, 0] < high).all(axis=1)).any()
        solid = [part for part in builder.parts if (LABELS[part.materials] == BUILDING).all()]
        assert all(part.corners[..., 1].max() < house[0][1] + 0.2 for part in solid)
    assert huts > 5


def test_a_wide_open_plot_may_be_a_long_plain_wall_and_hardly_more():
    longest = []
    for seed in range(12):
        lot = Lot(5.0, 45.0, KINDS["flats"], OPEN, 15.0, taste=dataclasses.replace(FULL, wall=3.0))
        parts = planted(lot, seed=seed).parts
        stone = [part.only(LABELS[part.materials] == BUILDING) for part in parts]
        near = [part.only(part.corners[..., 1].max(axis=1) < SIDE.front + 2.5) for part in stone]
        longest.append(
            max((float(np.ptp(part.corners[..., 0])) for part in near if len(part.corners)), default=0)
        )
    assert max(longest) > 35.0


def test_gardens_of_one_taste_differ_from_those_of_another():
    def area_of(taste, label):
        found = 0
        for seed in range(8):
            lot = Lot(10.0, 26.0, KINDS["villas"], HOUSE, 8.0, taste=taste)
            parts = planted(lot, seed=seed).parts
            found += sum((LABELS[part.materials] == label).sum() for part in parts if spans(part)[1][2] < 5)
        return found

    walled, hedged = Taste(walls=1.0, shrubs=0.1), Taste(hedges=1.0, shrubs=0.1)
    assert area_of(walled, BUILDING) > 2 * area_of(hedged, BUILDING)
    assert area_of(hedged, VEGETATION) > area_of(walled, VEGETATION)


def test_nothing_in_a_garden_floats():
    terrain = dataclasses.replace(TERRAIN, slope=0.08)
    for seed in range(10):
        lot = Lot(10.0, 30.0, KINDS["lawn"], OPEN if seed % 2 else HOUSE, 16.0, taste=FULL)
        for part in planted(lot, seed=seed, terrain=terrain).parts:
            numbers = part.instances[LABELS[part.materials] != UNDEFINED]
            first = part.only(part.instances == numbers.min()).corners.reshape(-1, 3)
            over = first[:, 2] - terrain.height(first[:, 0], first[:, 1])
            assert over.min() < 0.35


def test_some_sides_of_streets_are_full_of_a_kind_and_some_have_hardly_any():
    drawn = [Taste.draw(np.random.default_rng(seed), STYLES["shrec20"]) for seed in range(200)]
    for kind in ("walls", "hedges", "beds", "huts"):
        chances = np.array([getattr(taste, kind) for taste in drawn])
        assert 0.1 < (chances > 0.35).mean() < 0.6
        assert (chances < 0.13).mean() > 0.3
        assert not ((chances > 0.13) & (chances < 0.35)).any()
    assert all(0.5 <= taste.wall <= 4.0 for taste in drawn)
    assert lots.Lot(0.0, 5.0, KINDS["villas"]).taste == Taste()
