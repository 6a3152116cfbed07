"""Maps of corrected clouds: the highest point of a cell that had the class which it shows decides."""

import numpy as np
import pytest

from bevseg.core.height_counts import LOWEST, STEP
from bevseg.core.labels import CAR, POLE, VEGETATION
from bevseg.io.correct import Corrected
from bevseg.report import corrected_maps
from bevseg.report.corrected_maps import correct_maps
from tests import tiny
from tests.report.clouds import maps

# Two points in the north-west cell, one in each of two others, one outside the maps.
XYZ = np.array(
    [[100.1, 199.9, 3.0], [100.3, 199.7, 5.0], [100.9, 199.6, 2.0], [100.2, 199.2, 1.0], [400, 400, 9]]
)
BEFORE = np.array([POLE, VEGETATION, CAR, CAR, CAR], np.uint8)


@pytest.fixture
def cloud(tmp_path):
    return tiny.write_text(tmp_path / "a.txt", XYZ, BEFORE)


def drawn():
    """Maps of 2 x 2 cells of 0.5 m with the ground at 0 m."""
    return maps(
        np.array([[VEGETATION, CAR], [CAR, 0]], np.uint8),
        ground=np.zeros((2, 2), np.float32),
        confidence=np.array([[90, 91], [92, 0]], np.uint8),
    )


def corrected(cloud, changes):
    """Maps after a person spoke about some points: index -> class."""
    after, mask = BEFORE.copy(), np.zeros(len(BEFORE), bool)
    after[list(changes)], mask[list(changes)] = list(changes.values()), True
    return correct_maps(drawn(), cloud, Corrected(BEFORE, after, mask))


def test_without_corrections_maps_stay(cloud):
    found, before = corrected(cloud, {}), drawn()
    for name in ("classes", "confidence", "reasons", "heights"):
        np.testing.assert_array_equal(getattr(found, name), getattr(before, name))


def test_the_highest_point_of_a_cell_decides(cloud):
    found = corrected(cloud, {0: CAR, 2: POLE})
    np.testing.assert_array_equal(found.classes, [[VEGETATION, POLE], [CAR, 0]])
    np.testing.assert_array_equal(found.confidence, [[90, 255], [92, 0]])
    found = corrected(cloud, {1: CAR, 3: 0, 4: POLE})
    np.testing.assert_array_equal(found.classes, [[CAR, CAR], [0, 0]])
    np.testing.assert_array_equal(found.confidence, [[255, 91], [0, 0]])


def test_a_point_of_another_class_than_the_cell_shows_decides_nothing(cloud):
    before = BEFORE.copy()
    before[1] = 3  # higher than the pole, but it is not what the cell shows
    shown = maps(np.array([[POLE, CAR], [CAR, 0]], np.uint8), ground=np.zeros((2, 2), np.float32))
    after, mask = before.copy(), np.array([False, True, False, False, False])
    after[1] = VEGETATION
    np.testing.assert_array_equal(
        correct_maps(shown, cloud, Corrected(before, after, mask)).classes, shown.classes
    )


def test_points_change_their_class_at_their_height(cloud):
    before = drawn()
    rise = int((5.0 - LOWEST) / STEP)
    before.heights[VEGETATION, rise] = 7
    mask = np.arange(5) == 1
    found = correct_maps(
        before, cloud, Corrected(BEFORE, np.where(mask, POLE, BEFORE).astype(np.uint8), mask)
    )
    assert found.heights[VEGETATION, rise] == 6
    assert found.heights[POLE, rise] == 1
    assert found.heights.sum() == before.heights.sum()


def test_batches_change_nothing(tmp_path, monkeypatch):
    from tests.review.results import CLASSES, results

    path = results(tmp_path, "a.laz").clouds[0].path
    before = maps(np.full((80, 40), POLE, np.uint8), left=-5.0, top=30.0)
    classes = np.full(len(CLASSES), POLE, np.uint8)
    mask = np.arange(len(CLASSES)) % 2 == 0
    found = Corrected(classes, np.where(mask, np.uint8(CAR), classes), mask)
    whole = correct_maps(before, path, found)
    monkeypatch.setattr(corrected_maps, "BATCH", 3)
    parts = correct_maps(before, path, found)
    assert (whole.classes == CAR).sum() == mask.sum()
    np.testing.assert_array_equal(whole.classes, parts.classes)
