"""Where the instrument is at each sweep."""

import numpy as np
import pytest

from bevseg.sim.instrument import drive
from bevseg.sim.instrument.drive import Pace
from bevseg.sim.instrument.sensors import Sensor
from bevseg.sim.routes import straight
from tests.sim.conftest import LINE_SCANNER


def test_profiles_lie_as_far_apart_as_the_pace_says(meadow):
    route = straight(meadow())
    even = drive.drive(route, LINE_SCANNER, Pace(), np.random.default_rng(0))
    assert even.sweeps == pytest.approx(40 / 0.25, abs=1)
    uneven = drive.drive(route, LINE_SCANNER, Pace(swing=0.5), np.random.default_rng(0))
    x = uneven.pose(np.arange(uneven.sweeps, dtype=float))[0][:, 0]
    assert np.ptp(np.diff(x)) > 0.05
    assert (np.diff(x) > 0.09).all()


def test_a_stop_leaves_sweeps_at_one_place(meadow):
    route = straight(meadow())
    stopped = drive.drive(route, LINE_SCANNER, Pace(stops=1.0), np.random.default_rng(0))
    x = stopped.pose(np.arange(stopped.sweeps, dtype=float))[0][:, 0]
    assert 2 <= (np.diff(x) < 0.1).sum() <= 13


def test_a_part_of_a_drive_has_the_errors_and_the_pace_of_the_whole(meadow):
    route, pace = straight(meadow()), Pace(swing=0.4)
    whole, part = (
        drive.drive(route, LINE_SCANNER, pace, np.random.default_rng(3), first=first, last=last, error=0.02)
        for first, last in ((0.0, np.inf), (10.0, 20.0))
    )
    assert (whole.shift == part.shift).all()
    assert np.ptp(part.place[:, 0]) == pytest.approx(10, abs=0.5)
    inside = (whole.place[:, 0] >= 10) & (whole.place[:, 0] <= 20)
    assert np.allclose(np.diff(whole.number[inside]), np.diff(part.number))


def test_registration_shifts_passes_by_centimetres(meadow):
    route, rng = straight(meadow()), np.random.default_rng(0)
    shifts = np.array([drive.drive(route, LINE_SCANNER, Pace(), rng, error=0.02).shift for _ in range(200)])
    assert np.allclose(shifts.std(axis=0), (0.02, 0.02, 0.01), rtol=0.2)


def test_registration_moves_single_sweeps_by_centimetres_and_each_as_a_whole(meadow):
    route = straight(meadow())
    drives = [
        drive.drive(route, LINE_SCANNER, Pace(), np.random.default_rng(seed), drift=0.03)
        for seed in range(60)
    ]
    one = drives[0]
    errors = one.error(np.array([[0.0, 0.5, 0.99], [70.0, 70.3, 70.9]]))
    assert (errors[:, 0] == errors[:, 1]).all() and (errors[:, 0] == errors[:, 2]).all()
    assert np.abs(errors[0, 0] - errors[1, 0]).min() > 1e-4
    spread = np.concatenate([each.error(np.arange(each.sweeps, dtype=float)) for each in drives]).std(axis=0)
    assert np.allclose(spread, (0.025, 0.025, 0.0125), rtol=0.25)  # between the knots it is less


def test_a_part_of_a_drive_has_the_errors_of_the_sweeps_of_the_whole(meadow):
    route = straight(meadow())
    whole, part = (
        drive.drive(route, LINE_SCANNER, Pace(), np.random.default_rng(3), first=first, last=last, drift=0.03)
        for first, last in ((0.0, np.inf), (10.0, 20.0))
    )
    inside = (whole.place[:, 0] >= 10) & (whole.place[:, 0] <= 20)
    np.testing.assert_array_equal(whole.wander[inside], part.wander)


def test_a_tripod_turns_half_a_circle_and_sees_all_around():
    tripod = Sensor("terrestrial", 1.7, 2.0, 2.0, rate=50.0)
    one = drive.station(np.zeros(3), tripod, np.random.default_rng(0))
    assert one.sweeps == 90
    place, heading, _, _ = one.pose(np.array([0.0, 90.0]))
    assert np.ptp(heading) == pytest.approx(np.pi)
    assert np.allclose(place, (0, 0, 1.7))
