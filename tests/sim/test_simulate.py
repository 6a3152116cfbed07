"""What must be true of a simulated scan for it to teach anything about real ones."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from bevseg.core.labels import CAR, CLASS_NAMES, GROUND, VEGETATION
from bevseg.errors import UsageError
from bevseg.sim import presets
from bevseg.sim.simulate import simulate, simulate_scan
from bevseg.sim.town.street import street


@pytest.mark.slow
def test_a_seed_gives_the_same_scan(scanned):
    again = simulate_scan(3, 40_000, length=50)
    for name in ("x", "y", "z", "labels"):
        assert getattr(again.cloud, name).tobytes() == getattr(scanned.cloud, name).tobytes()
    for name in ("intensity", "gps_time", "return_number", "number_of_returns", "instances"):
        assert getattr(again, name).tobytes() == getattr(scanned, name).tobytes()


SLOW = pytest.mark.slow


@pytest.mark.parametrize("points", [pytest.param(1, marks=SLOW), 999, pytest.param(20_000, marks=SLOW)])
def test_exactly_the_points_that_were_asked_for(ray_casting, points):
    assert len(simulate(1, points, length=20)) == points


@pytest.mark.slow
def test_classes_have_the_shares_of_real_streets(ray_casting):
    labels = np.concatenate([simulate(seed, 4_000, length=60).labels for seed in range(12)])
    undefined, building, car, ground, pole, vegetation = np.bincount(labels) / len(labels)
    assert 0.001 < undefined < 0.03
    assert 0.08 < building < 0.25
    assert 0.04 < car < 0.13
    assert 0.5 < ground < 0.75
    assert 0.004 < pole < 0.012
    assert 0.05 < vegetation < 0.25


def test_coordinates_are_large_and_steps_are_small(scanned):
    (west, east), (south, north), _ = scanned.cloud.bounds()
    assert 80_000 < west < east < 95_000
    assert 430_000 < south < north < 445_000
    assert max(np.abs(scanned.cloud.x).max(), np.abs(scanned.cloud.y).max()) < 200_000


def test_points_come_in_the_order_of_the_drive(scanned):
    assert (np.diff(scanned.gps_time) >= 0).all()
    assert np.ptp(scanned.gps_time) > 50 / 20


@pytest.mark.slow
def test_crowns_hang_over_cars(ray_casting):
    over = 0
    for seed in range(3):
        cloud = simulate(seed, 20_000, length=60)
        cells = np.floor(cloud.xyz[:, :2] / 0.5).astype(np.int64)
        key = cells[:, 0] * 10_000_000 + cells[:, 1]
        car, crown = cloud.labels == CAR, cloud.labels == VEGETATION
        top = dict(zip(key[car], cloud.xyz[car, 2], strict=True))
        above = (z - top[k] for k, z in zip(key[crown], cloud.xyz[crown, 2], strict=True) if k in top)
        over += sum(gap > 1.0 for gap in above)
    assert over > 20


@pytest.mark.slow
def test_the_scanned_ground_is_the_true_ground_of_the_slope(ray_casting):
    cloud, true = simulate(6, 30_000, length=50, slope=0.08), street(6, 50, slope=0.08)
    s = np.arange(2, 48, 0.02)
    line = true.centreline.to_plane(np.column_stack([s, np.full_like(s, true.lane), np.zeros_like(s)]))
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
    simulate_scan(1, 2_000, length=10, progress=steps.append)
    assert steps[0].done == 0
    assert steps[-1].done == steps[-1].total
    assert steps[-1].points >= 2_000


def test_nothing_to_simulate_is_a_usage_error():
    with pytest.raises(UsageError, match=r"simulate\.points = 0"):
        simulate(1, 0, length=80)


@pytest.mark.parametrize("name", ["length", "resolution"])
@pytest.mark.parametrize("value", [-1.0, 0.0, 1e-9, 1e9, np.inf, np.nan])
def test_senseless_lengths_and_resolutions_are_usage_errors(name, value):
    with pytest.raises(UsageError, match=f"simulate.{name}"):
        simulate(1, 10, **{name: value})


def test_no_such_preset_is_a_usage_error_that_names_them():
    with pytest.raises(UsageError, match="terrestrial"):
        simulate(0, preset="moon")


@pytest.fixture(scope="module")
def scans(ray_casting):
    """Preset -> two scans, 12,000 points each: as long as the sensor likes, and of 40 m."""
    return {
        preset: [
            simulate_scan(seed, 12_000, preset=preset, length=length) for seed, length in ((0, None), (1, 40))
        ]
        for preset in presets.names()
    }


@pytest.mark.slow
@pytest.mark.parametrize("preset", presets.names())
def test_every_preset_finds_every_class_in_a_few_streets(scans, preset):
    found = set(np.concatenate([one.cloud.labels for one in scans[preset]]).tolist())
    assert found == set(range(len(CLASS_NAMES)))


@pytest.mark.slow
@pytest.mark.parametrize("preset", presets.names())
def test_every_preset_brings_home_a_sound_scan(scans, preset):
    for one in scans[preset]:
        assert len(one.cloud) == 12_000
        assert np.isfinite(one.cloud.xyz).all()
        assert (np.diff(one.gps_time) >= 0).all()
        assert (
            (one.return_number >= 1)
            & (one.return_number <= one.number_of_returns)
            & (one.number_of_returns <= 2)
        ).all()
        assert ((one.instances == 0) <= (one.cloud.labels == GROUND)).all()
        assert np.ptp(one.cloud.xyz, axis=0).max() < 500


@pytest.mark.slow
@pytest.mark.parametrize("preset", presets.names())
def test_points_of_ground_lie_on_the_exact_ground(scans, preset):
    for one in scans[preset]:
        local = one.cloud.xyz[one.instances == 0] - one.cloud.offset
        error = local[:, 2] - one.street.ground(local[:, 0], local[:, 1])
        registration = one.setup.error + one.setup.drift
        noise = 0.03 + one.setup.sensor.optics.noise + 2 * registration
        assert np.isfinite(error).mean() > 0.999
        assert np.nanquantile(np.abs(error), 0.98) < noise
        assert abs(np.nanmedian(error)) < 0.005 + registration


@pytest.mark.slow
@pytest.mark.parametrize("seed", [9100, 9102, 9103])
def test_few_points_are_a_single_turn_of_a_drum(ray_casting, seed):
    one = simulate_scan(seed, 2000, preset="drums")
    assert len(one.cloud) == 2000
    assert np.ptp(one.gps_time) < 3 / one.setup.sensor.rate


def test_one_line_scanner_in_ten_crawls_by_fits_and_starts():
    drawn = [presets.load("oakland").draw(np.random.default_rng(seed)) for seed in range(300)]
    crawling = [setup for setup in drawn if setup.sensor.spacing < 0.13]
    assert 15 <= len(crawling) <= 50
    assert {setup.pace.swing for setup in crawling} == {0.8}
    assert max(setup.pace.swing for setup in drawn if setup not in crawling) < 0.8


@pytest.mark.slow
def test_second_returns_come_from_sensors_that_have_them(scans):
    assert {one.number_of_returns.max() for one in scans["oakland"] + scans["terrestrial"]} == {1}
    spinning = [one for one in scans["shrec20"] if one.setup.sensor.kind == "spinning"]
    assert spinning
    assert all(one.number_of_returns.max() == 2 for one in spinning)


@pytest.mark.slow
def test_the_sensor_decides_the_density_unless_a_length_is_told(ray_casting):
    few, many = (simulate_scan(2, points, preset="oakland") for points in (30_000, 60_000))

    def way(one):
        return np.ptp(one.gps_time)

    assert way(many) == pytest.approx(2 * way(few), rel=0.4)
    told = [simulate_scan(2, points, preset="oakland", length=30) for points in (5_000, 10_000)]
    assert told[0].street.terrain.length == told[1].street.terrain.length == 30


@pytest.mark.slow
def test_a_line_scanner_sees_one_side_and_what_hangs_over_the_other(ray_casting):
    one = next(
        s for s in (simulate_scan(seed, 30_000, preset="oakland") for seed in range(9)) if not turned(s)
    )
    s, t = street_coordinates(one)
    across = t > one.street.lane + 0.6
    height = one.cloud.xyz[:, 2] - one.cloud.offset[2] - one.street.terrain.height(s, t)
    solid = (one.instances >= 0) & (height < 1.5)
    assert (across & solid).mean() < 0.002
    edge = np.abs(t - one.street.lane) < 0.5
    assert edge.mean() > 0.05


def street_coordinates(one):
    """(s, t) of the points of a scan, to a few cm."""
    lane = np.arange(-25, one.street.terrain.length + 25, 0.05)
    line = one.street.centreline.to_plane(np.column_stack([lane, 0 * lane, 0 * lane]))[:, :2]
    local = one.cloud.xyz[:, :2] - one.cloud.offset[:2]
    _, index = cKDTree(line).query(local)
    course = np.interp(lane[index], one.street.centreline.s, one.street.centreline.heading)
    away = local - line[index]
    return lane[index], away[:, 1] * np.cos(course) - away[:, 0] * np.sin(course)


def turned(one):
    """Whether a drive went round a corner: few points of ground lie on the lane."""
    _, t = street_coordinates(one)
    ahead = (np.abs(t - one.street.lane) < 0.3) & (one.cloud.labels == GROUND)
    return not np.histogram(one.gps_time[ahead], 10)[0].all()
