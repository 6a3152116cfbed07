"""The trial of a head on points: shapes of neighbourhoods, scores between cells, and where a head begins."""

from pathlib import Path

import numpy as np
import pytest

from bevseg.core.grid import Grid
from bevseg.core.raster import Raster


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")


@pytest.mark.parametrize("around", ["by_cubes", "by_neighbours"])
def test_a_wall_is_planar_and_steep_and_a_pole_is_linear(around):
    import point_head

    side = np.arange(0.05, 2.4, 0.1)
    wall = np.stack([a.ravel() for a in np.meshgrid(side, [0.0], side)], axis=1)
    pole = np.stack([np.full(48, 20.0), np.zeros(48), np.arange(48) * 0.05], axis=1)
    found = point_head.shape(*getattr(point_head, around)(np.concatenate([wall, pole])))
    inside = np.all((wall > 0.6) & (wall < 1.8) | (wall == 0), axis=1)
    linear, planar, scattered, steep = found[: len(wall)][inside].T[:4]
    assert planar.min() > 0.5
    assert scattered.max() < 0.01
    assert steep.min() > 0.99
    assert linear.max() < 0.5
    assert found[len(wall) :, 0].min() > 0.99


def test_a_score_between_cells_leaves_out_those_that_are_empty():
    import point_head

    dem = Raster(Grid(1.0, 0, 0, 1, 3), ("height",), np.zeros((1, 1, 3)))
    planes, mask = np.array([[[0.8, 0.4, 0.0]]], np.float32), np.array([[True, True, False]])
    points = np.array([[1.0, 0.5, 0.0], [1.75, 0.5, 0.0]])
    assert point_head.bilinear(planes, mask, points, dem)[:, 0] == pytest.approx([0.6, 0.4])


def test_a_head_begins_as_the_rule():
    import point_head
    import torch

    head = point_head.Head(torch.zeros(9), torch.ones(9))
    columns = torch.randn(20, 9)
    rule = torch.arange(20) % 5
    columns[:, :6] = torch.eye(6)[rule + 1]
    assert torch.equal(head(columns).argmax(1), rule)
