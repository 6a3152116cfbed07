"""What an instrument measures of objects that are known, and what it gets wrong."""

from dataclasses import replace

import numpy as np
import pytest

from bevseg.core.labels import BUILDING, CAR, GROUND, POLE, UNDEFINED, VEGETATION
from bevseg.sim import presets, routes
from bevseg.sim.instrument import drive, returns
from bevseg.sim.instrument.returns import NOTHING, TRUE_WITHIN, joined
from bevseg.sim.instrument.scanner import scan
from bevseg.sim.instrument.sensors import Optics, Sensor
from bevseg.sim.materials import LABELS, Material
from bevseg.sim.mesh import box, leaves
from bevseg.sim.scene import Scene
from bevseg.sim.town.street import street
from tests.sim.conftest import PROFILER

EXACT = Optics(noise=0.0)
"""What is measured is wrong by the roughness of surfaces alone."""
WALL = box((5, 8, -1), (35, 8.5, 6), Material.BRICK)
SCREEN = box((12, 4, -1), (20, 4.2, 1.5), Material.WOOD)
"""A low screen before the wall: edges 0.8 m and more apart."""


def test_returns_are_lost_with_range_and_on_glass(driven):
    def returns(material, reach):
        screen = box((0, 16, -1), (40, 16.1, 10), material)
        sensor = replace(PROFILER, optics=Optics(reach=reach, farthest=2 * reach))
        found = driven(screen, sensor=sensor)
        return ((found.labels == BUILDING) & (found.xyz[:, 1] < 16.05)).sum()

    full = returns(Material.BRICK, reach=200)
    assert 0.4 * full < returns(Material.BRICK, reach=20) < 0.8 * full
    assert returns(Material.BRICK, reach=7) == 0
    assert returns(Material.PANE, reach=200) < 0.4 * full


def test_nothing_is_seen_in_a_shadow(driven):
    wall = box((15, 5, -1), (25, 5.2, 4), Material.BRICK)

    def in_shadow(xyz):
        return ((np.abs(xyz[:, 0] - 20) < 1) & (xyz[:, 1] > 6) & (xyz[:, 1] < 9)).sum()

    assert in_shadow(driven().xyz) > 100
    assert in_shadow(driven(wall).xyz) == 0


def test_a_thing_shows_the_side_that_faces_the_road(driven):
    returns = driven(box((18, 5, 0.2), (22, 7, 1.5), Material.PAINT))
    car = returns.xyz[returns.labels == CAR]
    assert (car[:, 1] < 5.1).sum() > 100
    between_ends = np.abs(car[:, 0] - 20) < 1.9
    assert not (between_ends & (car[:, 1] > 6.9) & (car[:, 2] < 1.4)).any()


def test_ranges_are_noisy_by_centimetres(driven):
    xyz = driven().xyz
    near = xyz[np.abs(xyz[:, 1]) < 2]
    assert 0.005 < near[:, 2].std() < 0.02
    assert abs(near[:, 2].mean()) < 0.002


def with_optics(**changes):
    return replace(PROFILER, optics=replace(EXACT, **changes))


@pytest.mark.slow
def test_without_errors_every_return_lies_on_the_surface_it_is_of(ray_casting, monkeypatch):
    monkeypatch.setattr(returns, "ROUGHNESS", np.zeros(len(Material), np.float32))
    for seed, preset in enumerate(("shrec20", "oakland", "terrestrial")):
        setup = presets.load(preset).draw(np.random.default_rng(seed))
        sensor = replace(PROFILER, optics=replace(EXACT, returns=setup.sensor.optics.returns))
        there = street(seed, 30, style=setup.style)
        rng = np.random.default_rng(0)
        once = drive.drive(routes.straight(there), sensor, drive.Pace(), rng)
        found = joined(list(scan(Scene(there.mesh, ray_casting), sensor, [once], rng)))
        mesh = there.mesh
        around = ray_casting.t.geometry.RaycastingScene()
        corners = mesh.corners.astype(np.float32).reshape(-1, 3)
        around.add_triangles(
            ray_casting.core.Tensor(corners),
            ray_casting.core.Tensor(np.arange(len(corners), dtype=np.uint32).reshape(-1, 3)),
        )
        nearest = around.compute_closest_points(ray_casting.core.Tensor(found.xyz))
        away = np.linalg.norm(nearest["points"].numpy() - found.xyz, axis=1)
        triangle = nearest["primitive_ids"].numpy()
        assert len(found) > 50_000
        assert np.quantile(away, 0.998) < 0.001
        assert (
            away.max() < 0.02
        )  # ray casting is that inexact on triangles as thin and long as those of poles
        assert (mesh.instances[triangle] == found.instances).mean() > 0.995
        assert (LABELS[mesh.materials[triangle]] == found.labels).mean() > 0.995


def test_no_labelled_point_lies_inside_a_solid(driven):
    low, high = np.array((18, 5, 0.2)), np.array((22, 7, 1.5))
    block = box(tuple(low), tuple(high), Material.PAINT)
    fine = replace(with_optics(divergence=0.01, multipath=20.0), step=0.3)
    returns = driven(block, SCREEN, WALL, sensor=fine)
    inside = ((returns.xyz > low + 0.01) & (returns.xyz < high - 0.01)).all(axis=1)
    within = TRUE_WITHIN + 0.04  # and the space between two beams
    deep = ((returns.xyz > low + within) & (returns.xyz < high - within)).all(axis=1)
    assert inside.sum() > 10
    assert set(returns.labels[deep].tolist()) <= {UNDEFINED}


def test_beams_at_edges_come_back_from_in_between_and_are_of_nothing(driven):
    sharp, blurred = (
        driven(SCREEN, box((12, 5, -1), (20, 5.2, 6), Material.BRICK), sensor=with_optics(divergence=angle))
        for angle in (0.0, 0.02)
    )

    def between(returns):
        x, y, z = returns.xyz.T
        return (x > 12.5) & (x < 19.5) & (y > 4.35) & (y < 4.85) & (z > 0.5)

    assert not between(sharp).any()
    floating = between(blurred)
    assert floating.sum() > 20
    assert (blurred.instances[floating] == NOTHING).all()
    assert (blurred.labels[floating] == UNDEFINED).all()


def test_returns_from_within_a_crown_stay_of_the_tree(driven):
    rng = np.random.default_rng(1)
    crown = leaves(rng.normal(size=(4000, 3)) * 0.8 + (20, 6, 3), 0.2, rng)
    returns = driven(crown, sensor=with_optics(divergence=0.02))
    middle = np.linalg.norm(returns.xyz - (20, 6, 3), axis=1) < 1.0
    assert middle.sum() > 100
    assert (returns.labels[middle] == VEGETATION).mean() > 0.99


def test_mirrors_put_returns_behind_them_that_are_of_nothing(driven):
    pane = box((5, 6, -1), (35, 6.2, 5), Material.PANE)
    none, some = (driven(pane, sensor=with_optics(multipath=often)) for often in (0.0, 5.0))

    def behind(returns):
        return (returns.xyz[:, 1] > 6.3) & (returns.labels == UNDEFINED)

    assert not behind(none).any()
    assert behind(some).sum() > 50
    assert (some.instances[some.labels == UNDEFINED] == NOTHING).all()
    assert (some.xyz[behind(some), 2] < -0.1).any() or (some.xyz[behind(some), 1] > 8).any()


SIGN = box((18, 4, 0.5), (22, 4.05, 3), Material.PLATE)
DRUM = Sensor("spinning", 1.9, 0.4, 0.5, rate=10.0)


@pytest.mark.parametrize("sensor", [DRUM, PROFILER], ids=["spinning", "profiler"])
def test_a_retro_reflector_blooms_beside_its_edges(driven, sensor):
    def beside(sign, bloom):
        """How far returns near the plane of the sign lie beside it (m, negative on it), and their classes."""
        found = driven(sign, WALL, sensor=replace(sensor, optics=replace(EXACT, bloom=bloom)))
        x, y, z = found.xyz.T
        flat = (np.abs(y - 4) < 0.25) & (z > 0.6) & (np.abs(x - 20) < 3)
        return np.maximum(np.abs(x - 20) - 2, z - 3)[flat], found.labels[flat]

    dull = replace(SIGN, materials=np.full_like(SIGN.materials, Material.STEEL))
    assert (beside(SIGN, 0.0)[0] < 0.02).all()
    assert (beside(dull, 0.3)[0] < 0.02).all()
    off, label = beside(SIGN, 0.3)
    assert (off > 0.1).sum() > 20
    assert off.max() < 0.5
    assert (label[off > 0.15] == UNDEFINED).all()
    assert (label[off < -0.01] == POLE).mean() > 0.97  # others pass close before it, at grazing incidence


def test_glass_lets_beams_through_to_what_is_behind(driven):
    pane = box((5, 6, -1), (35, 6.02, 5), Material.PANE)
    back = box((5, 9, -1), (35, 9.2, 5), Material.BRICK)
    returns = driven(pane, back, sensor=with_optics())
    room = returns.xyz[(returns.instances == 2) & (returns.labels == BUILDING)]
    assert (np.abs(room[:, 1] - 9) < 0.01).sum() > 100
    dull = driven(pane, back, sensor=with_optics(through=0.0))
    middle = np.abs(dull.xyz[:, 0] - 20) < 5
    assert not (middle & (dull.instances == 2) & (np.abs(dull.xyz[:, 1] - 9) < 0.01)).any()


def test_a_beam_has_two_returns_where_the_first_surface_lets_it_by(driven):
    rng = np.random.default_rng(1)
    crown = leaves(rng.normal(size=(3000, 3)) * 0.8 + (20, 5, 2.5), 0.2, rng)
    one, two = (driven(crown, WALL, sensor=with_optics(returns=many, divergence=0.002)) for many in (1, 2))
    assert one.number_of_returns.max() == 1
    second = np.flatnonzero(two.return_number == 2)
    assert len(second) > 100
    assert (two.number_of_returns[second] == 2).all()
    first = second - 1
    assert (two.return_number[first] == 1).all()
    assert (two.number_of_returns[first] == 2).all()
    assert (two.time[first] == two.time[second]).all()
    origin = np.column_stack([two.time[second] * 8.0, 0 * second, 0 * second + 2.2])
    reach = [np.linalg.norm(two.xyz[index] - origin, axis=1) for index in (first, second)]
    assert (reach[1] > reach[0]).mean() > 0.95


def test_ranges_come_in_steps_where_the_sensor_has_them(driven):
    returns = driven(sensor=with_optics(step=0.05))
    below = returns.xyz[np.abs(returns.xyz[:, 1]) < 0.3]
    assert len(np.unique(np.round(below[:, 2] / 0.05))) < 8


def test_a_share_of_all_returns_can_be_lost(driven):
    full, half = (len(driven(WALL, sensor=with_optics(kept=kept))) for kept in (1.0, 0.5))
    assert half == pytest.approx(full / 2, rel=0.03)


def test_time_never_falls_and_things_are_those_of_the_parts(driven):
    returns = driven(SCREEN, WALL, sensor=with_optics(returns=2, divergence=0.01))
    assert (np.diff(returns.time) >= 0).all()
    assert set(returns.instances.tolist()) <= {NOTHING, 0, 1, 2}
    assert (returns.instances[returns.labels == GROUND] == 0).all()
    assert (returns.instances[returns.labels == BUILDING] == 2).all()
