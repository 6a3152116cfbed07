"""What moves while a turning head scans."""

from dataclasses import replace

import numpy as np
import pytest

from bevseg.core.labels import CAR, UNDEFINED
from bevseg.sim import presets, traffic
from bevseg.sim.instrument.drive import Pace, drive
from bevseg.sim.instrument.returns import joined
from bevseg.sim.instrument.scanner import scan
from bevseg.sim.instrument.sensors import Sensor
from bevseg.sim.materials import LABELS, Material
from bevseg.sim.mesh import box
from bevseg.sim.routes import straight, walk
from bevseg.sim.scene import Mover, Scene
from bevseg.sim.town import carriageway
from bevseg.sim.town.centreline import Centreline
from bevseg.sim.town.layout import Side
from bevseg.sim.town.street import Street, street
from bevseg.sim.town.styles import STYLES
from bevseg.sim.town.terrain import Terrain

DRUM = Sensor("spinning", 1.9, 0.5, 0.8, rate=10.0)
"""8 m/s."""
BUSY = 0.1
"""In the style `terrestrial` half as many vehicles."""


@pytest.fixture(scope="module")
def town():
    """A short street without what moves."""
    return street(5, 60, style="terrestrial", smeared=False)


@pytest.fixture(scope="module")
def met(ray_casting, town):
    """A function: begin and end of a drive, m -> the drive, and what moves near it."""
    scene = Scene(town.mesh, ray_casting)

    def movers(first, last, density=BUSY, seed=1):
        one = drive(straight(town), DRUM, Pace(), np.random.default_rng(0), first=first, last=last)
        rng = np.random.default_rng(seed)
        return one, traffic.movers(town, scene, STYLES["terrestrial"], DRUM, [one], density, rng)

    return movers


def test_a_car_that_moves_is_a_chain_of_whole_cars(ray_casting, meadow):
    road = meadow()
    time, ahead = np.array([0.0, 10.0]), np.array([(-1.0, 0, 0)] * 2)
    oncoming = Mover(
        box((-2, -0.9, 0.2), (2, 0.9, 1.5), Material.PAINT), time, np.array([(60.0, 3, 0), (0, 3, 0)]), ahead
    )
    one = drive(straight(road), DRUM, Pace(), np.random.default_rng(0), first=10, last=20)
    scene = Scene(road.mesh, ray_casting).with_movers([replace(oncoming, place=oncoming.place - (25, 0, 0))])
    found = joined(list(scan(scene, DRUM, [one], np.random.default_rng(0))))
    car = found.only(found.labels == CAR)
    turn = np.floor(car.time * DRUM.rate)
    fronts = np.array([car.xyz[turn == one, 0].min() for one in np.unique(turn)])
    assert len(fronts) == one.sweeps
    assert np.diff(fronts) == pytest.approx(-6.0 / DRUM.rate, abs=0.15)  # against the scanner, at 6 m/s
    assert set(car.instances.tolist()) == {1}


@pytest.mark.parametrize(("first", "last"), [(0, 3), (30, 33), (5, 55)])
def test_vehicles_and_people_are_met_wherever_a_drive_begins(met, first, last):
    one, movers = met(first, last)
    labels = [set(LABELS[mover.mesh.materials].tolist()) for mover in movers]
    assert {CAR} in labels and {UNDEFINED} in labels
    for mover in movers:
        during = np.linspace(mover.time[0], mover.time[-1], 50)
        away = one.pose(during * DRUM.rate)[0] - mover.places(during)
        assert np.linalg.norm(away[:, :2], axis=1).max() < DRUM.optics.farthest + 5
        x, y, _ = np.einsum("nij,nj->in", mover.axes(during), away)
        low, high = mover.mesh.corners.min(axis=(0, 1)), mover.mesh.corners.max(axis=(0, 1))
        inside = (x > low[0]) & (x < high[0]) & (y > low[1]) & (y < high[1])
        assert not inside.any()


def test_what_moves_stays_on_the_ground_and_out_of_what_stands(ray_casting, town, met):
    scene = Scene(town.mesh, ray_casting)
    for mover in met(0, 60)[1]:
        place = mover.place
        assert np.abs(place[:, 2] - town.ground(place[:, 0], place[:, 1])).max() < 0.02
        up = np.tile(np.array((0, 0, 0.6, 0, 0, 1.0), np.float32), (len(place), 1))
        up[:, :3] += place.astype(np.float32)
        assert scene.cast(up)[0].min() > 1.0  # no table, bin or car over its way


def test_a_quiet_street_has_nothing_that_moves(met):
    assert met(0, 60, density=0.0)[1] == []


def test_vehicles_of_a_lane_do_not_drive_into_each_other(met):
    cars = [mover for mover in met(0, 60, seed=2)[1] if CAR in LABELS[mover.mesh.materials]]
    pairs = [(a, b) for k, a in enumerate(cars) for b in cars[:k]]
    for a, b in pairs:
        during = np.linspace(max(a.time[0], b.time[0]), min(a.time[-1], b.time[-1]), 20)
        if during[-1] > during[0]:
            assert np.linalg.norm(a.places(during) - b.places(during), axis=1).min() > 1.9
    assert len(pairs) > 3


def test_long_vehicles_of_a_lane_keep_apart_by_their_lengths(ray_casting, meadow):
    road = replace(meadow(), lanes=((0.0, 1), (4.0, -1)))
    buses = replace(STYLES["shrec20"], fleet={"bus": 1.0}, people=0.0)
    one = drive(straight(road), DRUM, Pace(), np.random.default_rng(0))
    found = traffic.movers(
        road, Scene(road.mesh, ray_casting), buses, DRUM, [one], 4 * BUSY, np.random.default_rng(0)
    )
    half = {id(bus): np.abs(bus.mesh.corners[..., 0]).max() for bus in found}
    pairs = [(a, b) for k, a in enumerate(found) for b in found[:k] if abs((a.place - b.place[:1])[0, 1]) < 1]
    for a, b in pairs:
        during = np.linspace(max(a.time[0], b.time[0]), min(a.time[-1], b.time[-1]), 20)
        if during[-1] > during[0]:
            gaps = np.linalg.norm(a.places(during) - b.places(during), axis=1)
            assert gaps.min() > half[id(a)] + half[id(b)] + 1.5
    assert len(pairs) > 3


def test_a_long_stop_of_the_scanner_lets_nothing_drive_through_it(ray_casting, meadow):
    road = replace(meadow(), lanes=((0.3, -1),))
    one = drive(straight(road), replace(DRUM, rate=1.0), Pace(), np.random.default_rng(0), first=18, last=22)
    held = replace(one, number=np.where(one.number > one.number[-1] / 2, one.number + 12, one.number))
    found = traffic.movers(
        road, Scene(road.mesh, ray_casting), STYLES["shrec20"], replace(DRUM, rate=1.0), [held], BUSY,
        np.random.default_rng(0),
    )  # fmt: skip
    for mover in found:
        during = np.linspace(mover.time[0], mover.time[-1], 500)
        away = np.abs(mover.places(during) - held.pose(during)[0])[:, :2]
        assert not ((away[:, 0] < 1.5) & (away[:, 1] < 1.4)).any()


def test_a_car_that_waits_in_a_lane_does_not_empty_it(ray_casting, meadow):
    waiting = box((24, 7, 0.2), (28, 9, 1.5), Material.PAINT)
    road = replace(meadow(waiting), lanes=((8.0, -1),))
    one = drive(straight(road), DRUM, Pace(), np.random.default_rng(0))
    style = replace(STYLES["shrec20"], people=0.0)
    found = traffic.movers(
        road, Scene(road.mesh, ray_casting), style, DRUM, [one], BUSY, np.random.default_rng(0)
    )
    assert len(found) > 3
    for mover in found:
        half = np.abs(mover.mesh.corners[..., 0]).max()
        assert (np.abs(mover.place[:, 0] - 26.0) > 2.0 + half).all()


def test_a_kind_of_town_says_how_much_moves(ray_casting, meadow):
    road = replace(meadow(), lanes=((8.0, 1), (12.0, -1)))
    one = drive(straight(road), DRUM, Pace(), np.random.default_rng(0))
    many = {}
    for name in ("road", "suburb", "boulevard"):
        found = traffic.movers(
            road, Scene(road.mesh, ray_casting), STYLES[name], DRUM, [one], BUSY, np.random.default_rng(0)
        )
        cars = sum(CAR in LABELS[mover.mesh.materials] for mover in found)
        many[name] = cars, len(found) - cars
    assert many["road"][1] == 0 < many["boulevard"][1]
    assert many["suburb"][0] < many["boulevard"][0]


@pytest.mark.parametrize("width", [0.0, 0.3])
def test_who_walks_keeps_to_the_edge_of_a_road_with_hardly_a_pavement(ray_casting, width):
    verge = Side(kerb=4, verge=0, pavement=width, garden=6)
    terrain = Terrain(40.0, 0.0, (0.0, 50.0, 0.0), 0.0, verge, verge)
    line = Centreline.draw(np.random.default_rng(0), 40.0, "straight")
    country = Street(terrain.mesh().mapped(line.to_plane), terrain, line, -2.0, ((-2.0, 1), (2.0, -1)))
    scene, rng = Scene(country.mesh, ray_casting), np.random.default_rng(0)
    on_foot = walk(country, scene, rng)
    assert np.abs(np.abs(line.to_street(on_foot.place[:, :2])[:, 1]) - 4).max() < 0.6
    one = drive(straight(country), DRUM, Pace(), rng)
    found = traffic.movers(country, scene, STYLES["shrec20"], DRUM, [one], BUSY, rng)
    people = [mover for mover in found if CAR not in LABELS[mover.mesh.materials]]
    assert people
    for person in people:
        assert np.allclose(np.abs(line.to_street(person.place[:, :2])[:, 1]), 4 + width / 2, atol=0.01)


@pytest.mark.slow
def test_a_street_without_what_moves_holds_none_of_it(monkeypatch):
    def fail(*_):
        raise AssertionError("smeared")

    busy = replace(STYLES["shrec20"], traffic=1.0, ghosts=1.0)
    monkeypatch.setitem(STYLES, "shrec20", busy)
    monkeypatch.setattr(carriageway, "moving", fail)
    street(3, 20, smeared=False)
    with pytest.raises(AssertionError, match="smeared"):
        street(3, 20)


def test_turning_heads_meet_what_moves_and_line_scanners_find_it_in_the_street():
    def drawn(name):
        return presets.load(name).draw(np.random.default_rng(0)).traffic

    assert drawn("drums") is not None
    assert drawn("oakland") is drawn("terrestrial") is None
