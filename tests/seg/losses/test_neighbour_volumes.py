"""Losses that look at neighbours, in volumes: numbers by hand, and the laws that hold for images."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy import ndimage

from bevseg.errors import UsageError
from bevseg.seg.losses.contour import boundary, distance_cross_entropy, shape_aware
from bevseg.seg.losses.distance_maps import contour_distance, contour_penalty, target_distance
from bevseg.seg.losses.hausdorff import hausdorff_cv, hausdorff_dt, hausdorff_erosion, hausdorff_one_sided
from bevseg.seg.losses.structure import structural_similarity

LOSSES = {
    "dt": hausdorff_dt,
    "dt inside": partial(hausdorff_dt, inside=True),
    "one-sided": hausdorff_one_sided,
    "erosion": hausdorff_erosion,
    "balls": partial(hausdorff_cv, radii=(1, 2)),
    "distance ce": distance_cross_entropy,
    "shape-aware": shape_aware,
    "shape-aware mismatch": partial(shape_aware, scope="mismatch"),
    "boundary": boundary,
    "ssl": structural_similarity,
}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
binary_or_not = pytest.mark.parametrize("class_maps", [1, 3])

CUBE = torch.ones(1, 3, 3, 3, dtype=torch.long)
WRONG = torch.full((1, 3, 3, 3), -50.0, dtype=torch.float64)
UNSURE = torch.zeros(1, 1, 1, 4, dtype=torch.float64)
ROW = torch.tensor([[[[0, 0, 1, 1]]]])


def scene(class_maps=3, shape=(3, 4, 5), ignored=0.15):
    rng = np.random.default_rng(1)
    logits = torch.tensor(rng.normal(0, 2, (2, class_maps, *shape)))
    target = torch.tensor(rng.integers(0, max(class_maps, 2), (2, *shape)))
    target[torch.tensor(rng.random((2, *shape)) < ignored)] = 255
    return logits, target


def value_and_gradient(loss, logits, target):
    logits = logits.detach().clone().requires_grad_()
    value = loss(logits, target)
    value.backward()
    return value.detach(), logits.grad


@pytest.mark.parametrize(
    ("loss", "logits", "target", "expected"),
    [
        (hausdorff_dt, UNSURE, ROW, 0.25 * (4 + 1 + 1 + 4) / 4),
        (hausdorff_one_sided, UNSURE, ROW, 0.25 * (4 + 1 + 1 + 4) / 4),
        (boundary, UNSURE, ROW, 0.5 * (2 + 1 + 0 - 1) / 4),
        (distance_cross_entropy, UNSURE, ROW, 1.25 * math.log(2)),
        # Of seven voxels 7, 6, 5 and 4 are wrong: less one half and stretched, 1, 2/3, 1/3 and 0.
        (partial(hausdorff_erosion, erosions=1), WRONG, CUBE, (1 + 6 * 2 / 3 + 12 / 3) / 27),
        # The same shares of a ball; above one half and doubled they are 7, 5, 3 and 1 sevenths.
        (partial(hausdorff_cv, radii=[1]), WRONG, CUBE, 2 * (7 + 6 * 5 + 12 * 3 + 8) / 7 / 27),
        # Nothing predicted: no contour.
        (shape_aware, WRONG, CUBE, 50.0),
    ],
)
def test_by_hand(loss, logits, target, expected):
    assert loss(logits, target).item() == pytest.approx(expected, rel=1e-6)


def test_the_contour_of_a_cube_is_all_but_its_middle():
    wide = torch.nn.functional.pad(CUBE, [1] * 6)
    distance = contour_distance(wide, 1)[0, 0]
    assert (distance == 0).sum() == 26
    assert distance[2, 2, 2] == 1  # the middle
    assert distance[0, 0, 0] == pytest.approx(math.sqrt(3))


def test_distances_are_those_of_scipy():
    _, target = scene(shape=(6, 7, 8))
    for image, maps in zip(target, target_distance(target, 3), strict=True):
        for c in range(3):
            mask = (image == c).numpy()
            expected = ndimage.distance_transform_edt(mask) + ndimage.distance_transform_edt(~mask)
            np.testing.assert_allclose(maps[c], expected, rtol=1e-6)


@pytest.mark.parametrize("present", [0, 1])
def test_a_class_without_a_contour_has_no_distance(present):
    everywhere = torch.full((1, 4, 4, 4), present)
    assert not target_distance(everywhere, 1).any()
    assert not contour_penalty(everywhere, 1).any()
    assert not target_distance(everywhere, 2).any()
    assert not contour_penalty(everywhere, 2).any()


@pytest.mark.parametrize("name", ["dt", "dt inside", "one-sided", "distance ce", "boundary"])
@binary_or_not
def test_a_volume_of_one_slice_costs_what_the_image_does(name, class_maps):
    logits, target = scene(class_maps, (1, 5, 6))
    loss = LOSSES[name]
    assert torch.isclose(loss(logits, target), loss(logits[:, :, 0], target[:, 0]), rtol=1e-12)


@binary_or_not
def test_slices_that_are_alike_correlate_as_one_of_them(class_maps):
    logits, target = scene(class_maps, (1, 6, 7))
    volume = structural_similarity(logits.expand(-1, -1, 4, -1, -1), target.expand(-1, 4, -1, -1))
    assert torch.isclose(volume, structural_similarity(logits[:, :, 0], target[:, 0]), rtol=1e-12)


@every_loss
@binary_or_not
def test_turning_and_mirroring_a_volume_changes_nothing(loss, class_maps):
    logits, target = scene(class_maps)
    for planes in ((-3, -2), (-2, -1), (-3, -1)):
        turned = loss(logits.rot90(1, planes), target.rot90(1, planes))
        assert torch.isclose(loss(logits, target), turned, rtol=1e-9)
    for axis in (-3, -2, -1):
        assert torch.isclose(loss(logits, target), loss(logits.flip(axis), target.flip(axis)), rtol=1e-9)


@pytest.mark.parametrize(
    "name", [name for name in LOSSES if name != "ssl"]
)  # its weights are no function of z
@binary_or_not
def test_gradients_are_those_of_finite_differences(name, class_maps):
    loss = LOSSES[name]
    logits, target = scene(class_maps, (2, 3, 3))
    assert torch.autograd.gradcheck(partial(loss, target=target), logits.requires_grad_(), eps=1e-7)


@every_loss
@binary_or_not
def test_what_ignored_voxels_hold_changes_nothing(loss, class_maps):
    logits, target = scene(class_maps)
    ignored = (target == 255)[:, None].expand_as(logits)
    spoiled = torch.where(ignored, torch.nan, logits)
    value, gradient = value_and_gradient(loss, spoiled, target)
    torch.testing.assert_close([value, gradient], [*value_and_gradient(loss, logits, target)], rtol=0, atol=0)
    assert not gradient[ignored].any()


@every_loss
@binary_or_not
def test_a_volume_without_a_valid_voxel_costs_nothing(loss, class_maps):
    logits, target = scene(class_maps)
    value, gradient = value_and_gradient(loss, logits, torch.full_like(target, 255))
    assert value == 0
    assert not gradient.any()


def ball_at(col, size=24, radius=4):
    places = torch.arange(size)
    away = [(places - centre) ** 2 for centre in (12, 12, col)]
    return ((away[0][:, None, None] + away[1][:, None] + away[2]) < radius**2).long()[None]


@pytest.mark.parametrize("name", ["dt", "one-sided", "erosion", "balls", "shape-aware", "boundary"])
def test_a_ball_costs_more_the_further_it_is_off(name):
    target = ball_at(7)
    costs = [LOSSES[name](ball_at(7 + by) * 10.0 - 5, target).item() for by in (0, 1, 3, 6)]
    assert costs == sorted(costs)
    assert len(set(costs)) == 4


def test_a_window_that_would_take_hours_is_refused():
    logits, target = scene()
    with pytest.raises(UsageError, match="Invalid window: 23"):
        structural_similarity(logits, target, window=23)
    structural_similarity(logits[:, :, 0], target[:, 0], window=23)
