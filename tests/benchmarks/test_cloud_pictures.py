"""Clouds seen from above become squares and masks: nothing of them is lost or made up."""

from pathlib import Path

import numpy as np
import pytest

SLOPE = 0.3
"""What the ground rises within a cell of half a metre, at most, m."""


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")


def test_squares_hold_every_labelled_cell_once():
    import cloud_pictures

    rng = np.random.default_rng(0)
    values = rng.normal(size=(50, 33, 2)).astype(np.float32)
    ids = rng.integers(0, 3, (50, 33)).astype(np.uint8)
    bands, masks = cloud_pictures.squares(values, ids, 16)
    assert bands.shape == (4 * 3, 16, 16, 2)
    kept = masks != cloud_pictures.IGNORE
    assert np.array_equal(np.bincount(masks[kept]), np.bincount(ids.ravel()))
    assert np.isclose(bands[kept].sum(), values.sum(), rtol=1e-4)


def test_squares_without_labels_are_left_out():
    import cloud_pictures

    ids = np.full((16, 32), cloud_pictures.IGNORE, np.uint8)
    ids[:, :16] = 1
    _, masks = cloud_pictures.squares(np.zeros((16, 32, 1), np.float32), ids, 16)
    assert len(masks) == 1 and (masks == 1).all()


def test_an_airborne_cell_has_the_class_of_its_highest_point(shared_data):
    import cloud_pictures
    import laspy

    path = shared_data / "ahn3_delft" / "ahn3_cropped_2.laz"
    values, ids = cloud_pictures.aerial_raster(path, 0.5)
    las = laspy.read(path)
    xyz, codes = np.asarray(las.xyz), np.asarray(las.classification)
    cells = np.floor((xyz[:, :2] - xyz[:, :2].min(0)) / 0.5).astype(int)
    for place in np.random.default_rng(0).choice(len(cells), 50, replace=False):
        here = np.flatnonzero((cells == cells[place]).all(1))
        col, row = cells[place]
        # The ground under a cell is not level: its highest point is that above the ground.
        tops = codes[here][xyz[here, 2] > xyz[here, 2].max() - SLOPE]
        assert ids[row, col] in {int(code == cloud_pictures.BUILDING) for code in tops}
        assert np.isclose(values[row, col, 3], np.ptp(xyz[here, 2]), atol=SLOPE)
