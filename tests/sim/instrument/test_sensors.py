"""Where the rays of a scanner go."""

import re
from dataclasses import replace

import numpy as np
import pytest

from bevseg.sim.instrument import faults
from bevseg.sim.instrument.drums import DRUMS
from bevseg.sim.instrument.sensors import Sensor
from tests.sim.conftest import LINE_SCANNER, PROFILER

SPINNING = Sensor("spinning", 2.1, 1.0, 1.0, rate=10.0, yaw=(180.0,), pitch=0.0)


def test_a_line_scanner_sees_from_straight_down_to_straight_up_ahead_on_the_right():
    pattern = LINE_SCANNER.pattern()
    ray = pattern.directions[0]
    assert ray.shape == (361, 3)
    assert np.allclose(ray[0], (0, 0, -1))
    assert np.allclose(ray[-1], (0, 0, 1))
    assert np.allclose(ray[180], (np.sqrt(0.5), -np.sqrt(0.5), 0))


def test_a_line_scanner_measures_nothing_where_the_vehicle_is():
    whole, part = LINE_SCANNER.pattern(), replace(LINE_SCANNER, blind=12.0).pattern()
    np.testing.assert_allclose(part.directions[0], whole.directions[0][24:], atol=1e-12)
    assert part.share[-1] == pytest.approx(168 / 360)


@pytest.mark.parametrize(("name", "drum"), DRUMS.items())
def test_a_spinning_scanner_has_the_beams_of_its_maker(name, drum):
    level = replace(SPINNING, beams=drum.elevations).pattern().directions[0]
    elevation = np.degrees(np.arcsin(level[:, 2])).reshape(-1, len(drum.elevations))
    assert np.allclose(elevation, drum.elevations)
    assert re.findall(r"\d+", name)[-1] == str(len(drum.elevations))
    assert (np.diff(drum.elevations) > 0).all()
    assert 2 <= drum.elevations[-1] <= 22.5  # none sees what stands high nearby


def test_a_turn_takes_a_part_of_the_time_where_turns_are_left_out():
    whole, part = SPINNING.pattern(), replace(SPINNING, duty=0.2).pattern()
    np.testing.assert_array_equal(part.directions, whole.directions)
    np.testing.assert_allclose(part.share, 0.2 * whole.share)


def test_a_spinning_scanner_leans():
    leaning = replace(SPINNING, pitch=40.0).pattern().directions[0]
    assert np.degrees(np.arcsin(leaning[:, 2])).min() < -65
    assert leaning[leaning[:, 2].argmin(), 0] < 0


def test_a_spinning_scanner_does_not_see_what_is_hidden_from_it():
    pattern = replace(SPINNING, hidden=((340.0, 380.0), (80.0, 100.0))).pattern()
    ahead, left, _ = pattern.directions[0].T
    right = np.degrees(np.arctan2(-left, ahead)) % 360
    assert not ((right < 19.5) | (right > 340.5) | ((right > 80.5) & (right < 99.5))).any()
    assert pattern.rays == len(SPINNING.beams) * 300
    assert pattern.share[0] == pytest.approx(20 / 360)


def test_a_leaning_head_does_not_see_what_stands_behind_it_and_an_upright_one_is_hidden_by_itself():
    pair = replace(SPINNING, yaw=(0.0, 180.0), pitch=(0.0, 90.0), hidden=((160.0, 200.0),)).pattern()
    for directions, hidden in zip(pair.directions, pair.hidden, strict=True):
        behind = np.degrees(np.arctan2(directions[:, 1], -directions[:, 0]))
        assert (np.abs(behind[hidden]) < 20.001).all()
        assert (np.abs(behind[~hidden]) > 19.999).all()
        assert 0 < hidden.sum() < len(hidden) / 2


def test_some_scanners_have_dead_beams_or_a_sector_that_they_do_not_see():
    beams = DRUMS["VLP-16"].elevations
    left = [faults.alive(beams, np.random.default_rng(seed)) for seed in range(300)]
    assert all(set(some) <= set(beams) for some in left)
    assert 10 < sum(len(some) < 16 for some in left) < 60
    sectors = [faults.hidden(np.random.default_rng(seed), 0.3) for seed in range(300)]
    wide = [end - begin for some in sectors for begin, end in some]
    assert 60 < len(wide) < 120
    assert 10 <= min(wide) < max(wide) <= 60


def test_each_of_two_heads_leans_by_itself():
    pair = replace(SPINNING, yaw=(0.0, 180.0), pitch=(0.0, 90.0), apart=0.2).pattern()
    upright, leaning = pair.directions
    assert np.allclose(upright, SPINNING.pattern().directions[0])
    assert np.degrees(np.arcsin(leaning[:, 2])).min() < -88
    assert np.allclose(pair.offsets, [(0.2, 0, 0), (-0.2, 0, 0)])


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
