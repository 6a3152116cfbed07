import numpy as np
import pytest

from bevseg.sim.materials import Material
from bevseg.sim.mesh import beam, beams, box, leaves, merge, surface


def area(mesh):
    a, b, c = mesh.corners.transpose(1, 0, 2)
    return np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2


def test_a_box_has_six_faces():
    brick = box((0, 0, 0), (1, 2, 3), Material.BRICK)
    assert area(brick) == pytest.approx(2 * (2 + 3 + 6))
    assert len(brick.corners) == 12


def test_a_beam_is_closed_and_keeps_its_length():
    bar = beam((1, 1, 0), (1, 1, 5), 0.1, Material.STEEL, sides=64)
    assert area(bar) == pytest.approx(2 * np.pi * 0.1 * 5 + 2 * np.pi * 0.01, rel=0.01)
    assert np.ptp(bar.corners[..., 2]) == pytest.approx(5)


def test_many_beams_at_once_are_as_thick_and_long_as_one_by_one():
    starts, ends = [(0, 0, 0), (1, 1, 0), (2, 2, 2)], [(0, 0, 5), (3, 1, 0), (2, 2, 2)]
    bars = beams(starts, ends, [0.1, 0.2, 0.3], Material.BARK, sides=64, tips=[0.1, 0.2, 0.3])
    assert area(bars) == pytest.approx(2 * np.pi * (0.1 * 5 + 0.2 * 2), rel=0.01)


def test_what_lies_above_a_level_keeps_all_its_corners_there():
    brick = box((0, 0, -1), (1, 2, 3), Material.BRICK)
    assert area(brick.above(0.0)) == pytest.approx(2)
    assert len(brick.above(-1.1).corners) == 12


def test_turning_goes_from_x_towards_y():
    arm = beam((0, 0, 0), (2, 0, 0), 0.01, Material.STEEL).turned(np.pi / 2)
    assert arm.corners[..., 1].max() == pytest.approx(2, abs=0.02)
    assert np.abs(arm.corners[..., 0]).max() < 0.02


def test_mirroring_changes_sides_and_nothing_else():
    part = box((0, 1, 0), (1, 2, 1), Material.WOOD)
    assert part.mirrored(-1).corners[..., 1].max() == -1
    assert area(part.mirrored(-1)) == pytest.approx(area(part))


def test_a_surface_covers_its_knots_once():
    x, y = np.array([0.0, 1, 3]), np.array([0.0, 2])
    ground = surface(x, y, np.zeros((3, 2)), np.array([[Material.ASPHALT], [Material.GRASS]]))
    assert area(ground) == pytest.approx(6)
    assert ground.materials.tolist() == [Material.ASPHALT] * 2 + [Material.GRASS] * 2


def test_leaves_lie_where_they_are_put():
    centres = np.array([[0.0, 0, 5], [1, 1, 6]])
    crown = leaves(centres, 0.2, np.random.default_rng(0))
    assert np.allclose(crown.corners.mean(axis=1), centres)


def test_nothing_merged_is_an_empty_mesh():
    assert merge([]).corners.shape == (0, 3, 3)


def test_merged_parts_keep_their_things():
    car = merge(
        [box((0, 0, 0), (1, 1, 1), Material.PAINT), box((2, 0, 0), (3, 1, 1), Material.TYRE).numbered(1)]
    )
    moved = car.at(5).turned(0.3).mirrored(-1).mapped(lambda points: points + 1).numbered(7)
    assert moved.instances.tolist() == [7] * 12 + [8] * 12
    assert moved.only(moved.materials == Material.TYRE).instances.tolist() == [8] * 12
