"""What the page is told before it draws."""

import numpy as np

from bevseg.viewer.scene import bounds, levels
from bevseg.viewer.tile_file import TILE, Tiles


def scene_of(corners, points):
    """Tiles of 50 m with these south-west corners and numbers of points."""
    table = np.zeros(len(corners), TILE)
    table["min"][:, :2], table["max"][:, :2] = corners, np.array(corners) + 50
    table["points"] = points
    return Tiles(None, (), table, np.empty(0), np.empty(0), (0, 0, 0), {})


def test_levels_end_with_all_points_and_grow_by_four():
    assert levels(1_000_000) == [3907, 15_625, 62_500, 250_000, 1_000_000]
    assert levels(4000) == [4000] and levels(1) == [1]


def test_a_stray_point_does_not_make_the_scene_large():
    tiles = scene_of([[0, 0], [50, 0], [90_000, 70_000]], [50_000, 50_000, 3])
    low, high = bounds(tiles)
    assert low[:2].tolist() == [0, 0] and high[:2].tolist() == [100, 50]


def test_two_towns_are_both_in_the_scene():
    tiles = scene_of([[0, 0], [90_000, 70_000]], [50_000, 9_000])
    assert bounds(tiles)[1][:2].tolist() == [90_050, 70_050]


def test_a_small_scene_is_shown_as_a_whole():
    tiles = scene_of([[0, 0], [50, 0], [900, 900]], [50_000, 50_000, 3])
    assert bounds(tiles)[1][:2].tolist() == [950, 950]
