"""Losses that look at distances: numbers by hand, the laws of every loss, and what moving a shape costs."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bevseg.errors import UsageError
from bevseg.seg.losses.class_maps import class_maps_of
from bevseg.seg.losses.contour import boundary, distance_cross_entropy, shape_aware
from bevseg.seg.losses.distance_maps import contour_distance, contour_penalty, target_distance
from bevseg.seg.losses.hausdorff import hausdorff_cv, hausdorff_dt, hausdorff_erosion, hausdorff_one_sided

small_discs = partial(hausdorff_cv, radii=(1, 2, 3))

LOSSES = {
    "dt": hausdorff_dt,
    "dt linear": partial(hausdorff_dt, alpha=1.0),
    "dt inside": partial(hausdorff_dt, inside=True),
    "one-sided": hausdorff_one_sided,
    "erosion": hausdorff_erosion,
    "discs": small_discs,
    "distance ce": distance_cross_entropy,
    "shape-aware": shape_aware,
    "shape-aware mismatch": partial(shape_aware, scope="mismatch"),
    "boundary": boundary,
}
MAPS = {
    "dt": target_distance,
    "dt linear": target_distance,
    "dt inside": target_distance,
    "one-sided": target_distance,
    "distance ce": contour_penalty,
    "shape-aware": contour_distance,
    "shape-aware mismatch": contour_distance,
    "boundary": target_distance,
}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
every_number_of_class_maps = pytest.mark.parametrize("class_maps", [1, 2, 4])
SEEDS = st.integers(0, 10_000)


def scene(seed=0, class_maps=4, dtype=torch.float64, spread=2.0, ignored=0.15, shape=(2, 6, 7)):
    rng = np.random.default_rng(seed)
    logits = torch.tensor(rng.normal(0, spread, (shape[0], class_maps, *shape[1:])), dtype=dtype)
    target = torch.tensor(rng.integers(0, max(class_maps, 2), shape))
    target[torch.tensor(rng.random(shape) < ignored)] = 255
    return logits, target


def value_and_gradient(loss, logits, target):
    logits = logits.detach().clone().requires_grad_()
    value = loss(logits, target)
    value.backward()
    return value.detach(), logits.grad


def sure(target, class_maps, by=50.0):
    """Logits of a perfect prediction; what is ignored is predicted as class 0."""
    ids = torch.where(target == 255, 0, target)
    if class_maps == 1:
        return (2.0 * ids - 1)[:, None] * by
    return torch.nn.functional.one_hot(ids, class_maps).movedim(-1, 1) * (2 * by) - by


# --- numbers by hand

ROW = torch.tensor([[[0, 0, 1, 1]]])
UNSURE = torch.zeros(1, 1, 4, dtype=torch.float64)
WRONG = torch.full((1, 3, 3), -50.0, dtype=torch.float64)
SQUARE = torch.ones(1, 3, 3, dtype=torch.long)


@pytest.mark.parametrize(
    ("loss", "logits", "target", "expected"),
    [
        # p = 1/2 predicts nothing; distances 2 1 | 1 2.
        (hausdorff_dt, UNSURE, ROW, 0.25 * (4 + 1 + 1 + 4) / 4),
        (partial(hausdorff_one_sided, alpha=1), UNSURE, ROW, 0.25 * (2 + 1 + 1 + 2) / 4),
        (partial(hausdorff_dt, inside=True), UNSURE, ROW, 0.25 * (0 + 0 + 1 + 4) / 4),
        (boundary, UNSURE, ROW, 0.5 * (2 + 1 + 0 - 1) / 4),
        (distance_cross_entropy, UNSURE, ROW, 1.25 * math.log(2)),
        # What is left of nine wrong pixels: .5 in the middle, .3 at the sides, .1 at the corners, stretched to 1, .5
        # and 0; after the second step the middle alone.
        (partial(hausdorff_erosion, erosions=1), WRONG, SQUARE, 3 / 9),
        (hausdorff_erosion, WRONG, SQUARE, (3 + 2**2 * 1) / 9),
        # Shares of the disc: 1, .8, .6; above one half, doubled: 1, .6, .2.
        (partial(hausdorff_cv, radii=[1]), WRONG, SQUARE, 2 * (1 + 4 * 0.6 + 4 * 0.2) / 9),
        # Nothing predicted: no contour.
        (shape_aware, WRONG, SQUARE, 50.0),
    ],
)
def test_by_hand(loss, logits, target, expected):
    assert loss(logits, target).item() == pytest.approx(expected, rel=1e-12)


def test_a_contour_three_pixels_off_adds_three_times_the_cross_entropy():
    target = torch.tensor([[[1, 0, 0, 0, 0]]])
    logits = torch.tensor([[[-2.0, -2, -2, 2, -2]]], dtype=torch.float64)
    right, wrong = math.log1p(math.exp(-2)), math.log1p(math.exp(2))
    everywhere = 4 * (3 * right + 2 * wrong) / 5
    assert shape_aware(logits, target).item() == pytest.approx(everywhere, rel=1e-12)
    where_wrong = (3 * right + 4 * 2 * wrong) / 5
    assert shape_aware(logits, target, scope="mismatch").item() == pytest.approx(where_wrong, rel=1e-12)


def test_only_classes_with_both_contours_tell_how_far_off_they_are():
    target, predicted = torch.tensor([[[1, 0, 0, 0, 0]]]), torch.tensor([[[0, 0, 1, 2, 0]]])
    logits = sure(predicted, 3, 1.0).double()
    # Class 0 is one off in one of its three pixels, class 1 two off in its only one; class 2 is not in the target.
    far = torch.full((1, 1, 1, 5), (1 + 2) / (3 + 1))
    expected = distance_cross_entropy(logits, target, maps=far)
    assert torch.isclose(shape_aware(logits, target), expected, rtol=1e-12)


RING = torch.tensor([[[1, 1, 1], [1, 255, 1], [1, 1, 1]]])


@pytest.mark.parametrize(
    ("loss", "logits", "target", "expected"),
    [
        # Three of the five pixels of a cross or disc, everywhere: 3/5, or .2 when above one half is doubled.
        (partial(hausdorff_erosion, erosions=1), WRONG, RING, 1.0),
        (partial(hausdorff_cv, radii=[1]), WRONG, RING, 2 * 0.2),
        (partial(hausdorff_cv, radii=[1]), -WRONG, torch.where(RING == 1, 0, RING), 2 * 0.2),
    ],
)
def test_ignored_pixels_are_as_beyond_the_image(loss, logits, target, expected):
    assert loss(logits, target).item() == pytest.approx(expected, rel=1e-6)


# --- the laws of every loss


@every_loss
@every_number_of_class_maps
def test_all_ignored_costs_nothing_and_has_no_gradient(loss, class_maps):
    logits, target = scene(class_maps=class_maps)
    value, gradient = value_and_gradient(loss, logits, torch.full_like(target, 255))
    assert value == 0
    assert torch.equal(gradient, torch.zeros_like(gradient))


@every_loss
@every_number_of_class_maps
@pytest.mark.parametrize("held", [math.nan, math.inf, 1e4])
def test_what_ignored_pixels_hold_changes_nothing(loss, class_maps, held):
    logits, target = scene(class_maps=class_maps)
    spoiled = torch.where((target == 255)[:, None], held, logits)
    value, gradient = value_and_gradient(loss, logits, target)
    other, its_gradient = value_and_gradient(loss, spoiled, target)
    assert value == other
    assert torch.equal(gradient, its_gradient)
    assert not gradient[(target == 255)[:, None].expand_as(gradient)].any()


@every_loss
@every_number_of_class_maps
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_logits_of_ten_thousand_stay_finite(loss, class_maps, dtype):
    logits, target = scene(class_maps=class_maps, dtype=dtype)
    value, gradient = value_and_gradient(loss, logits.sign() * 1e4, target)
    assert value.isfinite()
    assert value.dtype == torch.float32
    assert gradient.dtype == dtype
    assert gradient.isfinite().all()


@every_loss
@every_number_of_class_maps
def test_a_perfect_prediction_has_no_gradient_and_no_cost_but_of_the_boundary_loss(loss, class_maps):
    _, target = scene(class_maps=class_maps)
    value, gradient = value_and_gradient(loss, sure(target, class_maps).double(), target)
    assert gradient.abs().max() < 1e-12
    if loss is not boundary:
        assert value.abs() < 1e-12


@every_loss
@every_number_of_class_maps
@pytest.mark.parametrize("seed", [3, 4])
def test_gradients_are_those_of_finite_differences(loss, class_maps, seed):
    # Hard masks are constants as long as no logit comes to a tie.
    logits, target = scene(seed, class_maps, shape=(1, 4, 5))
    assert torch.autograd.gradcheck(partial(loss, target=target), logits.requires_grad_(), eps=1e-7)


def test_the_erosion_stretches_from_its_least_too_and_has_the_slope_of_that():
    # In an image this small something is left of every pixel.
    logits = -4 + torch.randn(1, 1, 2, 3, dtype=torch.float64, generator=torch.manual_seed(0)) / 4
    target = torch.ones(1, 2, 3, dtype=torch.long)
    assert torch.autograd.gradcheck(
        partial(hausdorff_erosion, target=target), logits.requires_grad_(), eps=1e-7
    )


@every_loss
def test_half_precision_elsewhere_changes_nothing(loss):
    logits, target = scene(dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        value, gradient = value_and_gradient(loss, logits, target)
    expected, its_gradient = value_and_gradient(loss, logits, target)
    assert value == expected
    assert torch.equal(gradient, its_gradient)


@pytest.mark.parametrize("loss", [hausdorff_dt, hausdorff_one_sided])
def test_binary_errors_keep_their_digits_where_the_prediction_is_almost_sure(loss):
    target = torch.tensor([[[0, 0, 1, 1]]])
    logits = torch.tensor([[[-14.0, -13.0, 15.0, 16.0]]])  # p is 0 or 1, but for a few steps of float32
    for sign in (1, -1):
        single = value_and_gradient(loss, sign * logits, target)
        double = value_and_gradient(loss, sign * logits.double(), target)
        torch.testing.assert_close([t.double() for t in single], list(double), rtol=1e-5, atol=0)


@settings(max_examples=10)
@given(SEEDS)
def test_turning_and_mirroring_everything_changes_nothing(seed):
    for class_maps in (1, 3):
        logits, target = scene(seed, class_maps)
        for name, loss in LOSSES.items():
            turned = loss(logits.rot90(1, (2, 3)), target.rot90(1, (1, 2)))
            assert torch.isclose(loss(logits, target), turned, rtol=1e-9), name
            mirrored = loss(logits.flip(3), target.flip(2))
            assert torch.isclose(loss(logits, target), mirrored, rtol=1e-9), name


@settings(max_examples=10)
@given(SEEDS)
def test_the_order_of_images_and_classes_changes_nothing(seed):
    logits, target = scene(seed)
    order = torch.tensor([2, 0, 3, 1])
    renamed = torch.where(target == 255, 255, order.argsort()[target.clamp(max=3)])
    for name, loss in LOSSES.items():
        shuffled = loss(logits[:, order].flip(0), renamed.flip(0))
        assert torch.isclose(loss(logits, target), shuffled, rtol=1e-9), name


@every_loss
def test_images_are_measured_apart(loss):
    logits, target = scene(class_maps=3, ignored=0)
    apart = [loss(logits[i : i + 1], target[i : i + 1]) for i in range(2)]
    assert torch.isclose(loss(logits, target), sum(apart) / 2, rtol=1e-12)


@every_number_of_class_maps
@pytest.mark.parametrize("name", MAPS)
def test_maps_made_beforehand_give_the_same(name, class_maps):
    logits, target = scene(class_maps=class_maps)
    maps = MAPS[name](target, class_maps)
    assert not maps.requires_grad
    value, gradient = value_and_gradient(LOSSES[name], logits, target)
    again, its_gradient = value_and_gradient(partial(LOSSES[name], maps=maps), logits, target)
    torch.testing.assert_close(again, value, rtol=1e-6, atol=0)
    torch.testing.assert_close(its_gradient, gradient, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("shape", [(2, 3, 6, 7), (1, 4, 6, 7), (2, 4, 7, 6), (6, 7), ()])
def test_maps_of_another_target_are_refused(name, shape):
    with pytest.raises(UsageError, match="do not fit"):
        LOSSES[name](*scene(), maps=torch.ones(shape))


@pytest.mark.parametrize("name", MAPS)
def test_another_ignored_id_is_no_different(name):
    logits, target = scene()
    other = torch.where(target == 255, 4, target)
    assert LOSSES[name](logits, other, 4) == LOSSES[name](logits, target)
    assert torch.equal(MAPS[name](other, 4, 4), MAPS[name](target, 4))


# --- what the losses are for


def disc_at(col, size=40, radius=5):
    rows, cols = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    return (((rows - 20) ** 2 + (cols - col) ** 2) < radius**2).long()[None]


@pytest.mark.parametrize("name", ["dt", "one-sided", "erosion", "discs", "shape-aware", "boundary"])
@every_number_of_class_maps
def test_a_disc_costs_more_the_further_it_is_off(name, class_maps):
    target = disc_at(10)
    costs = [LOSSES[name](sure(disc_at(10 + by), class_maps, 5.0), target).item() for by in (0, 1, 3, 8)]
    assert costs == sorted(costs)
    assert len(set(costs)) == 4


def test_a_false_alarm_far_away_costs_more_though_its_area_is_the_same():
    # Beyond its own extent only the losses that know the way to the class go on rising.
    near, far = (sure(disc_at(10) | disc_at(col, radius=3), 1) for col in (20, 32))
    for loss in (hausdorff_dt, hausdorff_one_sided, boundary, shape_aware):
        assert loss(far, disc_at(10)) > 1.2 * loss(near, disc_at(10))


def test_errors_beside_the_contour_cost_up_to_twice_their_cross_entropy():
    target = disc_at(20, radius=12)
    for col, low, high in ((20, 1.0, 1.1), (31, 1.8, 2.0)):
        logits = sure(target, 1)
        logits[0, 0, 20, col] *= -1
        cost = distance_cross_entropy(logits, target) * target.numel() / 50
        assert low <= cost <= high


def test_binary_logits_are_the_foreground_of_two_classes():
    logits, target = scene(class_maps=2)
    difference = logits[:, 1] - logits[:, 0]
    for loss in (hausdorff_dt, hausdorff_one_sided, boundary, partial(hausdorff_dt, inside=True)):
        assert torch.isclose(loss(logits, target, classes=[1]), loss(difference, target), rtol=1e-9)
    without = target.clamp(max=1)
    both = distance_cross_entropy(logits, without)
    assert torch.isclose(both, distance_cross_entropy(difference, without), rtol=1e-9)


def test_classes_that_do_not_count_have_no_say_in_the_others():
    logits, target = scene(ignored=0)
    for loss in (hausdorff_dt, hausdorff_one_sided, boundary):
        each = [loss(logits, target, classes=[c]) for c in range(4)]
        assert torch.isclose(loss(logits, target), sum(each) / 4, rtol=1e-12)
        assert torch.isclose(loss(logits, target, classes=[3, 1]), (each[1] + each[3]) / 2, rtol=1e-12)


def test_an_absent_class_costs_what_the_docstrings_say():
    nothing = torch.zeros(1, 5, 5, dtype=torch.long)
    alarm = sure(disc_at(3, 5, 2)[:, :5, :5], 1)
    alarm[0, 0, 2, 2] = 50.0
    assert hausdorff_one_sided(alarm, nothing) == 0
    assert boundary(alarm, nothing) == boundary(alarm, nothing + 1) == 0
    assert hausdorff_dt(alarm, nothing) > 0
    assert hausdorff_dt(torch.full((1, 5, 5), -0.1), nothing) == 0
    assert not contour_penalty(nothing, 1).any()


def test_thin_errors_leave_nothing_to_an_erosion():
    target = torch.zeros(1, 8, 8, dtype=torch.long)
    line = torch.full((1, 8, 8), -50.0)
    line[0, 4] = 50.0
    assert hausdorff_erosion(line, target) > 0
    line[0, 4, ::2] = -50.0
    assert hausdorff_erosion(line, target) == 0


# --- maps


@given(SEEDS)
def test_penalties_are_largest_beside_another_class_and_zero_at_the_deepest(seed):
    _, target = scene(seed, 3, ignored=0)
    penalty, apart = contour_penalty(target, 3)[:, 0], target_distance(target, 3)
    own = apart.gather(1, target[:, None])[:, 0]
    assert penalty.min() >= 0
    assert penalty.max() < 1
    for image in range(len(target)):
        for c in target[image].unique():
            its_penalty, its_way = (values[image][target[image] == c] for values in (penalty, own))
            assert its_penalty[its_way.argmax()] == 0
            assert its_penalty[its_way.argmin()] == its_penalty.max()


def test_ignored_pixels_lie_outside_every_class():
    target = torch.tensor([[[0, 0, 255, 1, 1]]])
    assert target_distance(target, 2)[0, :, 0].tolist() == [[2, 1, 1, 2, 3], [3, 2, 1, 1, 2]]
    assert target_distance(target, 1)[0, :, 0].tolist() == [[3, 2, 1, 1, 2]]
    assert contour_distance(target, 2)[0, :, 0].tolist() == [[0, 0, 1, 2, 3], [3, 2, 1, 0, 0]]


# --- refused


@pytest.mark.parametrize(
    "loss",
    [
        partial(hausdorff_dt, alpha=-1),
        partial(hausdorff_one_sided, alpha=math.nan),
        partial(hausdorff_dt, classes=[4]),
        partial(boundary, classes=[-1]),
        partial(hausdorff_erosion, erosions=-1),
        partial(hausdorff_cv, radii=[3, -3]),
        partial(shape_aware, scope="some"),
    ],
)
def test_options_without_a_meaning_are_refused(loss):
    with pytest.raises(UsageError):
        loss(*scene())


def test_the_only_class_of_binary_logits_is_one():
    logits, target = scene(class_maps=1)
    assert hausdorff_dt(logits, target, classes=[1]) == hausdorff_dt(logits, target)
    with pytest.raises(UsageError, match="No class 0"):
        hausdorff_dt(logits, target, classes=[0])


@pytest.mark.parametrize("make", [target_distance, contour_penalty, contour_distance])
def test_maps_of_narrow_ids_are_those_of_wide_ones(make):
    """As uint8, the ignored id -100 is 156."""
    target = torch.tensor([[[156, 156, 0, 1]]])
    assert torch.equal(make(target.to(torch.uint8), 157, -100), make(target, 157, -100))


@pytest.mark.parametrize("classes", [[1, 2, 3], [2], [0, 1, 2, 3], [3, 1], [1, 1], [1, 3]])
def test_chosen_class_maps_are_a_view_where_they_lie_side_by_side(classes):
    maps = torch.arange(4.0).view(1, 4, 1, 1)
    chosen = maps[:, class_maps_of(classes, 4)]
    assert chosen.flatten().tolist() == classes
    is_view = chosen.untyped_storage().data_ptr() == maps.untyped_storage().data_ptr()
    assert is_view == (classes == list(range(classes[0], classes[-1] + 1)))
