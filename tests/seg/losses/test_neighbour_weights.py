"""Weights and reductions of the losses that look at neighbours."""

from functools import partial

import pytest
import torch

from bevseg.errors import UsageError
from bevseg.seg.losses.contour import boundary, distance_cross_entropy, shape_aware
from bevseg.seg.losses.hausdorff import hausdorff_cv, hausdorff_dt, hausdorff_erosion, hausdorff_one_sided
from bevseg.seg.losses.structure import structural_similarity
from tests.seg.losses.registered import FUNCTIONS, MAKERS

OF_MAPS = {
    "dt": hausdorff_dt,
    "one-sided": hausdorff_one_sided,
    "erosion": hausdorff_erosion,
    "discs": partial(hausdorff_cv, radii=(1, 2)),
    "boundary": boundary,
}
OF_PIXELS = {"distance ce": distance_cross_entropy, "shape-aware": shape_aware}
SSL = {"ssl": structural_similarity}
every_loss = pytest.mark.parametrize("name", OF_MAPS | OF_PIXELS | SSL)
binary_or_not = pytest.mark.parametrize("maps", [1, 3])
every_shape = pytest.mark.parametrize("shape", [(6, 7), (3, 4, 5)], ids=["images", "volumes"])


def loss_of(name):
    return (OF_MAPS | OF_PIXELS | SSL)[name]


def scene(maps, shape):
    random = torch.Generator().manual_seed(0)
    # Wrong in large pieces: something is left of these by an erosion.
    target = (torch.rand(2, *shape, generator=random) < 0.9).long()
    logits = -4 + torch.randn(2, maps, *shape, dtype=torch.float64, generator=random)
    logits[:, min(1, maps - 1)] -= 5
    target[torch.rand(target.shape, generator=random) < 0.05] = 255
    return logits, target, torch.rand(target.shape, dtype=torch.float64, generator=random)


@every_loss
@binary_or_not
@every_shape
def test_parts_have_the_shape_of_the_pixels_and_cost_nothing_where_ignored(name, maps, shape):
    logits, target, _ = scene(maps, shape)
    parts = loss_of(name)(logits, target, reduction="none")
    assert parts.shape == (target.shape if name in OF_PIXELS else logits.shape)
    assert parts.any()
    ignored = target == 255
    assert not (parts[ignored] if name in OF_PIXELS else parts.movedim(1, -1)[ignored]).any()


@every_loss
@binary_or_not
@every_shape
def test_the_sum_is_that_of_the_parts(name, maps, shape):
    logits, target, weights = scene(maps, shape)
    options = {"pixel_weights": weights, "class_weights": torch.arange(1.0, 1 + max(maps, 2))}
    parts = loss_of(name)(logits, target, reduction="none", **options)
    total = loss_of(name)(logits, target, reduction="sum", **options)
    torch.testing.assert_close(parts.sum(), total, rtol=1e-12, atol=0)


@every_loss
@binary_or_not
@every_shape
def test_the_mean_divides_by_the_weights(name, maps, shape):
    logits, target, weights = scene(maps, shape)
    of_classes = torch.arange(1.0, 1 + max(maps, 2), dtype=torch.float64)
    loss = partial(loss_of(name), logits, target, class_weights=of_classes, pixel_weights=weights)
    counted = torch.where(target == 255, 0, weights)
    if name in OF_PIXELS:
        weight = (counted * of_classes[target.clamp(max=1)]).sum()
    elif name in OF_MAPS:
        weight = counted.sum() * of_classes[-maps:].sum()
    else:
        hard = structural_similarity(logits, target, reduction="none") > 0
        weight = (hard.movedim(1, -1) * counted[..., None] * of_classes[-maps:]).sum()
    torch.testing.assert_close(loss(), loss(reduction="sum") / weight, rtol=1e-12, atol=0)


@every_loss
@binary_or_not
def test_weights_that_are_all_equal_change_nothing(name, maps):
    logits, target, _ = scene(maps, (6, 7))
    expected = loss_of(name)(logits, target)
    for options in (
        {"class_weights": [3.0] * max(maps, 2)},
        {"pixel_weights": torch.full(target.shape, 0.3)},
    ):
        torch.testing.assert_close(loss_of(name)(logits, target, **options), expected, rtol=1e-7, atol=0)


@every_loss
def test_a_pixel_without_weight_has_no_cost_but_is_a_neighbour(name):
    logits, target, _ = scene(3, (6, 7))
    weights = torch.ones(target.shape)
    weights[:, :3] = 0
    parts = loss_of(name)(logits, target, reduction="none")
    weighted = loss_of(name)(logits, target, reduction="none", pixel_weights=weights)
    torch.testing.assert_close(weighted[..., 3:, :], parts[..., 3:, :], rtol=1e-12, atol=0)
    assert not weighted[..., :3, :].any()


@pytest.mark.parametrize("name", ["dt", "one-sided", "boundary"])
def test_a_class_without_weight_is_as_one_that_is_not_listed(name):
    logits, target, _ = scene(3, (6, 7))
    without = loss_of(name)(logits, target, class_weights=[1, 0, 1])
    torch.testing.assert_close(without, loss_of(name)(logits, target, classes=[0, 2]), rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", ["dt", "one-sided", "boundary"])
def test_weights_go_with_the_classes_that_are_listed(name):
    logits, target, _ = scene(3, (6, 7))
    loss = partial(loss_of(name), logits, target)
    expected = (2 * loss(classes=[2]) + 0.5 * loss(classes=[0])) / 2.5
    found = loss(classes=[2, 0], class_weights=[0.5, 7, 2])
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)


@every_loss
def test_weights_of_nothing_cost_nothing_and_have_no_gradient(name):
    logits, target, _ = scene(3, (6, 7))
    value = loss_of(name)(logits.requires_grad_(), target, pixel_weights=torch.zeros(target.shape))
    (gradient,) = torch.autograd.grad(value, logits)
    assert value == 0
    assert not gradient.any()


@pytest.mark.parametrize("name", MAKERS)
@binary_or_not
def test_what_maps_and_weights_hold_in_ignored_pixels_is_not_read(name, maps):
    logits, target, weights = scene(maps, (6, 7))
    logits.requires_grad_()
    distances = MAKERS[name](target, maps)
    ignored = target == 255
    spoilt = {
        "maps": distances.masked_fill(ignored[:, None], torch.nan),
        "pixel_weights": weights.masked_fill(ignored, torch.nan),
    }
    value = FUNCTIONS[name](logits, target, **spoilt)
    expected = FUNCTIONS[name](logits, target, maps=distances, pixel_weights=weights)
    torch.testing.assert_close(value, expected, rtol=0, atol=0)
    gradients = (torch.autograd.grad(each, logits)[0] for each in (value, expected))
    torch.testing.assert_close(*gradients, rtol=0, atol=0)


@every_loss
@pytest.mark.parametrize(
    "options",
    [
        {"reduction": "median"},
        {"class_weights": [1, 2]},
        {"class_weights": [1, -1, 1]},
        {"pixel_weights": torch.ones(2, 6, 6)},
        {"pixel_weights": torch.full((2, 6, 7), -1.0)},
        {"pixel_weights": torch.full((2, 6, 7), torch.nan)},
    ],
)
def test_weights_and_reductions_without_a_meaning_are_refused(name, options):
    logits, target, _ = scene(3, (6, 7))
    with pytest.raises(UsageError):
        loss_of(name)(logits, target, **options)
