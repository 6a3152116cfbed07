"""A volume is an image whose rows lie elsewhere: the losses that do not look at neighbours cannot tell."""

import pytest
import torch

from bevseg.seg.losses import jaccard_metric, kullback_leibler
from bevseg.seg.losses.soft_labels import boundary_smoothed
from tests.seg.losses.test_weights import ALL, loss_of, value_and_gradient


def volume(classes=4, dtype=torch.float64):
    """Logits (2, classes, 3, 4, 5), (2, 3, 4, 5) for one class, target and weights."""
    random = torch.Generator().manual_seed(0)
    shape = (2, classes, 3, 4, 5) if classes > 1 else (2, 3, 4, 5)
    target = torch.randint(0, max(classes, 2), (2, 3, 4, 5), generator=random)
    target[:, 0, 1] = 255
    weights = torch.rand(target.shape, generator=random)
    return torch.randn(shape, dtype=dtype, generator=random), target, weights


@pytest.mark.parametrize("text", ALL)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("classes", [1, 4])
def test_a_volume_costs_what_its_slices_beside_each_other_cost(text, dtype, classes):
    if classes == 1 and "[" in text:
        pytest.skip("its options are for four classes")
    logits, target, weights = volume(classes, dtype)
    found = value_and_gradient(text, logits, target, pixel_weights=weights)
    flat = value_and_gradient(
        text, logits.flatten(-3, -2), target.flatten(1, 2), pixel_weights=weights.flatten(1, 2)
    )
    torch.testing.assert_close(found[0], flat[0])
    torch.testing.assert_close(found[1].flatten(-3, -2), flat[1])
    if classes == 1:
        torch.testing.assert_close(loss_of(text)(logits[:, None], target, pixel_weights=weights), found[0])


@pytest.mark.parametrize("text", ALL)
@pytest.mark.parametrize("shape", [(2, 12, 10), (2, 3, 6, 5)])
def test_a_channel_of_logits_and_target_is_no_depth_of_a_volume(text, shape):
    if "[" in text:
        pytest.skip("its options are for four classes")
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 1, *shape[1:], generator=random)
    target = torch.randint(0, 2, shape, generator=random)
    target[:, 1] = 255
    weights = torch.rand(shape, generator=random)
    found = value_and_gradient(text, logits, target[:, None], pixel_weights=weights[:, None])
    expected = value_and_gradient(text, logits, target, pixel_weights=weights)
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize("loss", [jaccard_metric, kullback_leibler])
def test_soft_labels_of_a_volume(loss):
    logits, target, weights = volume()
    soft, boundary = boundary_smoothed(target, 4, epsilon=0.4)
    assert soft.shape == logits.shape and boundary.shape == target.shape
    expected = loss(logits.flatten(2, 3), soft.flatten(2, 3), pixel_weights=weights.flatten(1, 2))
    torch.testing.assert_close(loss(logits, soft, pixel_weights=weights), expected)


def test_the_boundary_of_a_volume_is_seen_from_all_sides():
    target = torch.zeros(1, 5, 5, 5, dtype=torch.long)
    target[0, 2, 2, 2] = 1
    _, boundary = boundary_smoothed(target, 2)
    assert boundary.sum() == 27 and boundary[0, 1:4, 1:4, 1:4].all()
