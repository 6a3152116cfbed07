"""What must be true of a simulated scan for it to teach anything about real ones."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from bevseg.errors import UsageError
from bevseg.labels import BUILDING, CAR, GROUND, VEGETATION
from bevseg.sim import simulate, survey
from bevseg.sim.bend import Bend
from bevseg.sim.materials import Material
from bevseg.sim.mesh import box, merge
from bevseg.sim.scanner import Scanner, Scene, scan
from bevseg.sim.street import Street, street
from bevseg.sim.terrain import Side, Terrain

MEADOW = Side(kerb=30, verge=0, pavement=1, garden=1, bank=0, bank_width=1)
"""Nothing but road."""


@pytest.fixture(scope="module")
def drive(ray_casting):
    """A function: things -> echoes of a level, straight road that holds nothing else."""
    terrain = Terrain(40.0, 0.0, (0.0, 50.0, 0.0), 0.0, MEADOW, MEADOW, ())
    s = np.arange(-100, 141, 1.0)
    straight = Bend(s, np.column_stack([s, np.zeros_like(s)]), np.zeros_like(s))

    def scanned(*things, reach=Scanner.reach):
        mesh = merge([terrain.mesh(np.random.default_rng(0)), *things])
        scene = Scene(Street(mesh, terrain, straight, lane=0.0), ray_casting)
        parts = list(scan(scene, Scanner(reach=reach), np.random.default_rng(0)))
        xyz, labels = (np.concatenate([getattr(p, name) for p in parts]) for name in ("xyz", "labels"))
        return xyz, labels

    return scanned


def test_a_seed_gives_the_same_scan(scanned):
    again = survey(3, 40_000, length=50)
    for name in ("x", "y", "z", "labels"):
        assert getattr(again.cloud, name).tobytes() == getattr(scanned.cloud, name).tobytes()
    assert again.intensity.tobytes() == scanned.intensity.tobytes()
    assert again.gps_time.tobytes() == scanned.gps_time.tobytes()


@pytest.mark.parametrize("points", [1, 999, 20_000])
def test_exactly_the_points_that_were_asked_for(ray_casting, points):
    assert len(simulate(1, points, length=20)) == points


def test_classes_have_the_shares_of_real_streets(ray_casting):
    labels = np.concatenate([simulate(seed, 10_000).labels for seed in range(4)])
    undefined, building, car, ground, pole, vegetation = np.bincount(labels) / len(labels)
    assert 0.001 < undefined < 0.01
    assert 0.08 < building < 0.25
    assert 0.03 < car < 0.09
    assert 0.5 < ground < 0.75
    assert 0.004 < pole < 0.012
    assert 0.05 < vegetation < 0.25


def test_coordinates_are_large_and_steps_are_small(scanned):
    (west, east), (south, north), _ = scanned.cloud.bounds()
    assert 80_000 < west < east < 95_000
    assert 430_000 < south < north < 445_000
    assert max(np.abs(scanned.cloud.x).max(), np.abs(scanned.cloud.y).max()) < 200_000


def test_points_come_in_the_order_of_the_drive(scanned):
    turn = Scanner.spacing * 5 / Scanner.speed
    back = np.maximum.accumulate(scanned.gps_time) - scanned.gps_time
    assert back.max() < turn
    assert np.ptp(scanned.gps_time) == pytest.approx(50 / Scanner.speed, rel=0.05)


def test_density_falls_with_range(drive):
    xyz, _ = drive()
    middle = np.abs(xyz[:, 0] - 20) < 10
    counts = np.histogram(np.abs(xyz[middle, 1]), [0, 2, 4, 8, 16, 32])[0] / np.diff([0, 2, 4, 8, 16, 32])
    assert (np.diff(counts) < 0).all()
    assert counts[0] > 20 * counts[-1]


def test_profiles_lie_apart_as_stripes(drive):
    xyz, _ = drive()
    away = xyz[(np.abs(xyz[:, 0] - 20) < 5) & (np.abs(xyz[:, 1] - 15) < 0.5)]
    nearest = cKDTree(away[:, :2]).query(away[:, :2], k=2)[0][:, 1]
    isotropic = 0.5 / np.sqrt(len(away) / 10)
    assert np.median(nearest) < 0.7 * isotropic


def test_echoes_are_lost_with_range_and_on_glass(drive):
    def echoes(material, reach):
        screen = box((0, 16, -1), (40, 16.1, 10), material)
        return (drive(screen, reach=reach)[1] == BUILDING).sum()

    full = echoes(Material.BRICK, reach=200)
    assert 0.4 * full < echoes(Material.BRICK, reach=20) < 0.8 * full
    assert echoes(Material.BRICK, reach=7) == 0
    assert echoes(Material.PANE, reach=200) < 0.4 * full


def test_nothing_is_seen_in_a_shadow(drive):
    wall = box((15, 5, -1), (25, 5.2, 4), Material.BRICK)

    def in_shadow(xyz):
        return ((np.abs(xyz[:, 0] - 20) < 1) & (xyz[:, 1] > 6) & (xyz[:, 1] < 9)).sum()

    assert in_shadow(drive()[0]) > 100
    assert in_shadow(drive(wall)[0]) == 0


def test_a_thing_shows_the_side_that_faces_the_road(drive):
    xyz, labels = drive(box((18, 5, 0.2), (22, 7, 1.5), Material.PAINT))
    car = xyz[labels == CAR]
    assert (car[:, 1] < 5.1).sum() > 100
    between_ends = np.abs(car[:, 0] - 20) < 1.9
    assert not (between_ends & (car[:, 1] > 6.9) & (car[:, 2] < 1.4)).any()


def test_ranges_are_noisy_by_centimetres(drive):
    xyz, _ = drive()
    near = xyz[np.abs(xyz[:, 1]) < 2]
    assert 0.005 < near[:, 2].std() < 0.02
    assert abs(near[:, 2].mean()) < 0.002


def test_crowns_hang_over_cars(ray_casting):
    cloud = simulate(5, 60_000, length=60)
    cells = np.floor(cloud.xyz[:, :2] / 0.5).astype(np.int64)
    key = cells[:, 0] * 10_000_000 + cells[:, 1]
    car, crown = cloud.labels == CAR, cloud.labels == VEGETATION
    top = dict(zip(key[car], cloud.xyz[car, 2], strict=True))
    over = [z - top[k] for k, z in zip(key[crown], cloud.xyz[crown, 2], strict=True) if k in top]
    assert sum(gap > 1.0 for gap in over) > 20


def test_the_scanned_ground_is_the_true_ground_of_the_slope(ray_casting):
    cloud, true = simulate(6, 30_000, length=50, slope=0.08), street(6, 50, slope=0.08)
    s = np.arange(2, 48, 0.02)
    line = true.bend.plane(np.column_stack([s, np.full_like(s, true.lane), np.zeros_like(s)]))
    local = cloud.xyz[cloud.labels == GROUND] - cloud.offset
    distance, index = cKDTree(line[:, :2]).query(local[:, :2])
    on_lane = distance < 0.3
    z, along = local[on_lane, 2], s[index[on_lane]]
    error = z - true.terrain.height(along, true.lane)
    assert on_lane.sum() > 1000
    assert np.sqrt(np.mean(error**2)) < 0.03
    assert np.polyfit(along, z, 1)[0] == pytest.approx(0.08, abs=0.03)


def test_progress_is_told_to_the_end(ray_casting):
    steps = []
    survey(1, 2_000, length=10, progress=steps.append)
    assert steps[0].done == 0
    assert steps[-1].done == steps[-1].total
    assert steps[-1].points >= 2_000


@pytest.mark.parametrize(("points", "length"), [(0, 80), (100, 1)])
def test_nothing_to_simulate_is_a_usage_error(points, length):
    with pytest.raises(UsageError, match="Nothing to simulate"):
        simulate(1, points, length=length)
