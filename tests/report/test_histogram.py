"""Bars of the heights."""

import numpy as np
import pytest

from bevseg.core.height_counts import BINS, LOWEST, STEP, count_heights
from bevseg.core.labels import CAR, GROUND, POLE
from bevseg.report.histogram import HEIGHT, WIDTH, histogram


def counts(heights, classes):
    return count_heights(np.array(heights, np.float32), np.array(classes, np.uint8), 6)


def test_points_are_counted_in_bins_by_class_and_the_last_bins_hold_what_lies_beyond():
    found = counts([-50, -1.0, 0.0, 0.49, 0.5, 99, np.nan], [CAR, CAR, POLE, POLE, POLE, POLE, POLE])
    zero = round(-LOWEST / STEP)
    assert found[CAR, 0] == 2 and found[POLE, zero] == 2 and found[POLE, zero + 1] == 1
    assert found[POLE, BINS - 1] == 1 and found.sum() == 6


def test_the_ground_is_left_out_and_the_longest_bar_fills_the_drawing():
    shown = histogram(
        counts([0.1] * 100 + [1.1] * 4 + [1.1] + [3.1] * 2, [GROUND] * 100 + [CAR] * 4 + [POLE] + [POLE] * 2)
    )
    assert sum(bar.width for bar in shown.bars) == pytest.approx(WIDTH * (1 + 2 / 5))
    lengths = {round(bar.y): bar.x + bar.width for bar in shown.bars}
    assert max(lengths.values()) == pytest.approx(WIDTH)
    assert all(0 <= bar.y <= HEIGHT for bar in shown.bars)


def test_a_cloud_of_ground_alone_has_no_bars():
    assert histogram(counts([0.1], [GROUND])).bars == ()
