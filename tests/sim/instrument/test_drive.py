"""Where the instrument is, and where its rays go."""

from dataclasses import replace

import numpy as np
import pytest

from bevseg.sim.instrument import drive
from bevseg.sim.instrument.drive import Pace
from bevseg.sim.instrument.sensors import HDL32, Sensor
from bevseg.sim.town.street import street
from tests.sim.conftest import PROFILER

LINE_SCANNER = Sensor("line_scanner", 2.1, 0.5, 0.25, rate=37.5, yaw=(-45.0,))
SPINNING = Sensor("spinning", 2.1, 1.0, 1.0, rate=10.0, yaw=(180.0,), pitch=0.0)


def test_a_push_broom_fans_from_straight_down_to_straight_up_ahead_on_the_right():
    pattern = LINE_SCANNER.pattern()
    ray = pattern.directions[0]
    assert ray.shape == (361, 3)
    assert np.allclose(ray[0], (0, 0, -1))
    assert np.allclose(ray[-1], (0, 0, 1))
    assert np.allclose(ray[180], (np.sqrt(0.5), -np.sqrt(0.5), 0))


def test_a_push_broom_brings_nothing_home_from_where_the_vehicle_is():
    whole, part = LINE_SCANNER.pattern(), replace(LINE_SCANNER, blind=12.0).pattern()
    np.testing.assert_allclose(part.directions[0], whole.directions[0][24:], atol=1e-12)
    assert part.share[-1] == pytest.approx(168 / 360)


def test_a_drum_has_the_beams_of_its_maker_and_leans():
    level = SPINNING.pattern().directions[0]
    elevation = np.degrees(np.arcsin(level[:, 2])).reshape(-1, 32)
    assert np.allclose(elevation, HDL32)
    leaning = replace(SPINNING, pitch=40.0).pattern().directions[0]
    assert np.degrees(np.arcsin(leaning[:, 2])).min() < -65
    assert leaning[leaning[:, 2].argmin(), 0] < 0


@pytest.mark.parametrize(
    "sensor", [LINE_SCANNER, SPINNING, PROFILER, replace(LINE_SCANNER, kind="terrestrial")]
)
def test_rays_are_unit_vectors_in_the_order_of_time(sensor):
    pattern = sensor.pattern()
    assert np.allclose(np.linalg.norm(pattern.directions, axis=2), 1)
    assert (np.diff(pattern.share) >= 0).all()
    assert 0 <= pattern.share[0] <= pattern.share[-1] <= 1


@pytest.mark.parametrize("factor", [0.01, 0.5, 2.0])
def test_a_denser_sensor_has_so_many_more_rays_on_a_metre(factor):
    other = LINE_SCANNER.denser(factor)
    assert LINE_SCANNER.step * LINE_SCANNER.spacing / (other.step * other.spacing) == pytest.approx(factor)
    assert other.spacing <= 1.5


def test_profiles_lie_as_far_apart_as_the_pace_says(meadow):
    route = drive.straight(meadow())
    even = drive.drive(route, LINE_SCANNER, Pace(), np.random.default_rng(0))
    assert even.sweeps == pytest.approx(40 / 0.25, abs=1)
    uneven = drive.drive(route, LINE_SCANNER, Pace(swing=0.5), np.random.default_rng(0))
    x = uneven.pose(np.arange(uneven.sweeps, dtype=float))[0][:, 0]
    assert np.ptp(np.diff(x)) > 0.05
    assert (np.diff(x) > 0.09).all()


def test_a_stop_leaves_sweeps_at_one_place(meadow):
    route = drive.straight(meadow())
    stopped = drive.drive(route, LINE_SCANNER, Pace(stops=1.0), np.random.default_rng(0))
    x = stopped.pose(np.arange(stopped.sweeps, dtype=float))[0][:, 0]
    assert 2 <= (np.diff(x) < 0.1).sum() <= 13


def test_a_part_of_a_drive_has_the_errors_and_the_pace_of_the_whole(meadow):
    route, pace = drive.straight(meadow()), Pace(swing=0.4)
    whole, part = (
        drive.drive(route, LINE_SCANNER, pace, np.random.default_rng(3), first=first, last=last, error=0.02)
        for first, last in ((0.0, np.inf), (10.0, 20.0))
    )
    assert (whole.shift == part.shift).all()
    assert np.ptp(part.place[:, 0]) == pytest.approx(10, abs=0.5)
    inside = (whole.place[:, 0] >= 10) & (whole.place[:, 0] <= 20)
    assert np.allclose(np.diff(whole.number[inside]), np.diff(part.number))


def test_registration_shifts_passes_by_centimetres(meadow):
    route, rng = drive.straight(meadow()), np.random.default_rng(0)
    shifts = np.array([drive.drive(route, LINE_SCANNER, Pace(), rng, error=0.02).shift for _ in range(200)])
    assert np.allclose(shifts.std(axis=0), (0.02, 0.02, 0.01), rtol=0.2)


def test_a_turn_goes_round_a_corner_on_the_road():
    there, route = next(
        (there, route)
        for there in (street(seed, 120, style="oakland") for seed in range(20))
        if (route := drive.turning(there, np.random.default_rng(0), least=40)) is not None
    )
    assert abs(np.ptp(route.heading)) == pytest.approx(np.pi / 2, abs=0.35)
    ground = there.ground(route.place[:, 0], route.place[:, 1])
    assert np.abs(route.place[:, 2] - ground).max() < 0.15
    assert np.allclose(np.diff(route.along), 0.25, atol=0.01)
    at = route.through * route.length
    assert route.curvature[np.abs(route.along - at) < 2].max() > 0.05


def test_the_way_back_is_in_the_other_lane_and_the_other_direction():
    there = street(1, 60)
    ahead, back = drive.straight(there), drive.straight(there, back=True)
    assert np.cos(ahead.heading[10] - back.heading[-10]) == pytest.approx(-1, abs=0.02)
    gap = np.linalg.norm(ahead.place[40, :2] - back.place[:, :2], axis=1).min()
    assert gap == pytest.approx(2 * abs(there.lane), abs=0.4)


def test_tripods_stand_on_the_pavement_where_there_is_most_room():
    there = street(2, 90)
    middle = there.centreline.to_plane(np.array([[15.0, 0, 0]]))[0]

    def room(place):
        return np.linalg.norm(place[:2] - middle[:2])

    places = drive.standpoints(there, 3, 30.0, np.random.default_rng(0), room)
    s, t = there.centreline.to_street(np.array(places)[:, :2]).T
    assert (np.diff(s) > 5).all()
    for along, across in zip(s, t, strict=True):
        side = there.terrain.side(1 if across > 0 else -1)
        assert side.front - side.pavement <= abs(across) <= side.front, along


def test_a_tripod_turns_half_a_circle_and_sees_all_around():
    tripod = Sensor("terrestrial", 1.7, 2.0, 2.0, rate=50.0)
    one = drive.station(np.zeros(3), tripod, np.random.default_rng(0))
    assert one.sweeps == 90
    place, heading, _, _ = one.pose(np.array([0.0, 90.0]))
    assert np.ptp(heading) == pytest.approx(np.pi)
    assert np.allclose(place, (0, 0, 1.7))
