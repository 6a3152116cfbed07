"""Jaccard metric losses: numbers by hand, the laws of a metric, and what soft Jaccard does instead."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bevseg.errors import UsageError
from bevseg.seg.losses.jaccard_metric_loss import _areas, _cost, jaccard_metric, soft_jaccard
from bevseg.seg.losses.soft_labels import one_hot

JML1, JML2 = partial(jaccard_metric, form=1), partial(jaccard_metric, form=2)
SJL1, SJL2 = partial(soft_jaccard, norm=1), partial(soft_jaccard, norm=2)
ALL = {"JML1": JML1, "JML2": JML2, "SJL-L1": SJL1, "SJL-L2": SJL2}
every_loss = pytest.mark.parametrize("loss", ALL.values(), ids=ALL.keys())


def distance(x, y, kind):
    """The loss of one class, as a function of two vectors."""
    x, y = (torch.as_tensor(v, dtype=torch.float64) for v in (x, y))
    return float(_cost(_areas(x, y, kind)))


def scene(seed=0, classes=4, dtype=torch.float64, spread=2.0, ignored=0.2):
    """Logits, ids, soft labels and a mask."""
    rng = np.random.default_rng(seed)
    logits = torch.tensor(rng.normal(0, spread, (3, classes, 5, 6)), dtype=dtype)
    target = torch.tensor(rng.integers(0, classes, (3, 5, 6)))
    soft = torch.tensor(rng.dirichlet(np.ones(classes), (3, 5, 6))).movedim(-1, 1).contiguous()
    keep = torch.tensor(rng.random((3, 5, 6)) >= ignored)
    return logits.requires_grad_(), target.masked_fill(~keep, 255), soft, keep


def value_and_gradient(loss, logits, *args, **options):
    logits = logits.detach().clone().requires_grad_()
    value = loss(logits, *args, **options)
    value.backward()
    return value.detach(), logits.grad


# --- numbers by hand: four pixels, p = .9 .6 .3 .2 (losses.md, section 10)

FOUR = torch.tensor([[[0.9, 0.6], [0.3, 0.2]]], dtype=torch.float64).logit()
HARD = torch.tensor([[[1, 1], [0, 0]]])
SOFT = torch.tensor([[[0.8, 0.5], [0.5, 0.1]]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("loss", "target", "expected"),
    [
        (JML1, HARD, 0.4),
        (JML2, HARD, 0.4),
        (SJL1, HARD, 0.4),
        (SJL2, HARD, 0.166667),
        (JML1, SOFT, 0.227273),
        (JML2, SOFT, 0.295858),
        (SJL1, SOFT, 0.560886),
        (SJL2, SOFT, 0.055556),
    ],
)
def test_numbers_that_can_be_checked_by_hand(loss, target, expected):
    assert float(loss(FOUR, target, smooth=0)) == pytest.approx(expected, abs=1e-6)


def test_options_by_hand():
    """Shared 1.5, surplus .5, missing .5 pixels."""
    assert float(JML1(FOUR, HARD, smooth=2)) == pytest.approx(1 / 4.5)
    assert float(JML1(FOUR, HARD, smooth=0, fp_weight=0.5, fn_weight=0.5)) == pytest.approx(0.25)
    assert float(JML1(FOUR, HARD, smooth=0, fp_weight=0.3, fn_weight=0.9)) == pytest.approx(0.6 / 2.1)
    assert float(JML1(FOUR, HARD, smooth=0, gamma=2)) == pytest.approx(0.16)
    assert float(JML1(FOUR, HARD, smooth=2, log=True)) == pytest.approx(-np.log(3.5 / 4.5))


# --- theorem 2.1 of the paper

pairs = arrays.arrays(
    np.float64, st.tuples(st.just(3), st.integers(1, 6)), elements=st.floats(0, 1, width=32)
)
metrics = pytest.mark.parametrize("kind", ["jml1", "jml2"])


@metrics
@given(vectors=pairs)
def test_metric_losses_keep_the_triangle_inequality(kind, vectors):
    x, y, z = vectors
    assert distance(x, z, kind) <= distance(x, y, kind) + distance(y, z, kind) + 1e-12


@metrics
@given(vectors=pairs)
def test_metric_losses_are_symmetric_and_at_most_one(kind, vectors):
    x, y, _ = vectors
    assert distance(x, y, kind) == pytest.approx(distance(y, x, kind), abs=1e-12)
    assert 0 <= distance(x, y, kind) <= 1


@metrics
@given(vectors=pairs)
def test_metric_losses_are_zero_where_both_agree_and_only_there(kind, vectors):
    x, y, _ = vectors
    assert distance(x, x, kind) == 0
    if np.abs(x - y).max() > 1e-6:
        assert distance(x, y, kind) > 0


def test_soft_jaccard_l1_is_not_zero_at_the_label_and_lower_at_a_vertex():
    y = [0.8, 0.3]
    assert distance(y, y, "sjl1") > 0.4
    assert distance([1.0, 0.0], y, "sjl1") < distance(y, y, "sjl1")


def test_soft_jaccard_l2_breaks_the_triangle_inequality():
    x, y, z = [1.0], [0.5], [0.25]
    assert distance(y, y, "sjl2") == 0
    assert distance(x, z, "sjl2") > distance(x, y, "sjl2") + distance(y, z, "sjl2") + 0.01


@pytest.mark.parametrize("options", [{}, {"miou_d": 0, "miou_i": 0.5, "miou_c": 0.5}, {"active": "all"}])
def test_on_hard_labels_three_of_the_four_are_one(options):
    logits, target, _, _ = scene()
    value, gradient = value_and_gradient(SJL1, logits, target, **options)
    for loss in (JML1, JML2):
        its_value, its_gradient = value_and_gradient(loss, logits, target, **options)
        torch.testing.assert_close(its_value, value)
        torch.testing.assert_close(its_gradient, gradient)


@every_loss
@pytest.mark.parametrize("options", [{}, {"miou_d": 0, "miou_i": 0.5, "miou_c": 0.5}, {"active": "all"}])
def test_ids_and_their_one_hot_labels_cost_the_same(loss, options):
    logits, target, _, _ = scene()
    hard = value_and_gradient(loss, logits, target, **options)
    soft = value_and_gradient(loss, logits, one_hot(target, 4).double(), **options)
    torch.testing.assert_close(soft, hard)


def test_binary_ids_and_their_soft_labels_cost_the_same():
    logits, target, _, keep = scene(classes=1)
    target = target.masked_fill(keep, 0)
    target[:, ::2] = 1
    hard = value_and_gradient(JML1, logits, target, keep=keep)
    soft = value_and_gradient(JML1, logits, target[:, None].double(), keep=keep)
    flat = value_and_gradient(JML1, logits[:, 0], target.double(), keep=keep)
    torch.testing.assert_close(soft, hard)
    torch.testing.assert_close(flat[1], hard[1][:, 0])


# --- means

MEANS = pytest.mark.parametrize(
    "mean", [{}, {"miou_d": 0, "miou_i": 1}, {"miou_d": 0, "miou_c": 1}], ids=["D", "I", "C"]
)


def one_by_one(logits, soft, counted):
    """Costs (B, C) of each class in each image on its own, NaN where it does not count."""
    costs = [
        [JML1(z[None], y[None], active=[c]).item() if counted(y[c]) else np.nan for c in range(len(z))]
        for z, y in zip(logits, soft, strict=True)
    ]
    return np.array(costs)


def test_means_over_images_and_over_classes():
    logits, target, _, _ = scene(ignored=0.0)
    logits = logits.detach()
    target[0] = 1
    target[1] = torch.where(target[1] == 2, 0, target[1])
    soft = one_hot(target, 4).double()
    costs = one_by_one(logits, soft, lambda y: bool(y.any()))
    assert np.isnan(costs).sum() == 4
    by_image, by_class = np.nanmean(np.nanmean(costs, 1)), np.nanmean(np.nanmean(costs, 0))
    assert float(JML1(logits, soft, miou_d=0, miou_i=1)) == pytest.approx(by_image)
    assert float(JML1(logits, soft, miou_d=0, miou_c=1)) == pytest.approx(by_class)
    assert abs(by_image - by_class) > 1e-3
    mixed = JML1(logits, soft, miou_d=0.2, miou_i=0.3, miou_c=0.5)
    assert float(mixed) == pytest.approx(0.2 * float(JML1(logits, soft)) + 0.3 * by_image + 0.5 * by_class)


def test_the_threshold_drops_classes_that_are_only_hinted_at():
    logits, _, _, _ = scene()
    soft = torch.zeros(3, 4, 5, 6, dtype=torch.float64)
    soft[:, 0], soft[:, 1], soft[:, 2] = 0.7, 0.25, 0.05
    for threshold, active in ((0.01, [0, 1, 2]), (0.1, [0, 1]), (0.5, [0])):
        assert JML1(logits, soft, threshold=threshold) == JML1(logits, soft, active=active)


def test_an_absent_class_costs_nothing_unless_all_count():
    logits = torch.tensor([[20.0, 20.0], [0.0, 0.0]], dtype=torch.float64).reshape(1, 2, 1, 2)
    target = torch.zeros(1, 1, 2, dtype=torch.int64)
    assert float(JML1(-logits, target, active=[0])) == pytest.approx(1, abs=1e-3)
    assert float(JML1(-logits, target, active="all", smooth=0)) == pytest.approx(1, abs=1e-6)
    assert float(JML1(logits, target, active="all", smooth=1)) == pytest.approx(0, abs=1e-6)


@every_loss
@MEANS
def test_the_order_of_pixels_and_of_classes_changes_nothing(loss, mean):
    logits, _, soft, keep = scene()
    rows, order = torch.randperm(5), torch.randperm(4)
    value = loss(logits, soft, keep=keep, **mean)
    torch.testing.assert_close(loss(logits[:, :, rows], soft[:, :, rows], keep=keep[:, rows], **mean), value)
    torch.testing.assert_close(loss(logits[:, order], soft[:, order], keep=keep, **mean), value)


# --- gradients


@pytest.mark.slow
@every_loss
@MEANS
def test_gradients_of_soft_labels(loss, mean):
    logits, _, soft, keep = scene()
    assert torch.autograd.gradcheck(lambda z: loss(z, soft, keep=keep, **mean), logits)


@pytest.mark.slow
def test_gradients_of_soft_labels_of_two_classes():
    logits, _, soft, keep = scene(classes=1)
    soft = soft * 0.7
    for loss in ALL.values():
        assert torch.autograd.gradcheck(lambda z, loss=loss: loss(z, soft, keep=keep, active="all"), logits)


@pytest.mark.parametrize("loss", [JML1, JML2])
def test_gradients_of_the_log_form_to_a_power(loss):
    logits, _, soft, keep = scene()
    assert torch.autograd.gradcheck(
        lambda z: loss(z, soft, keep=keep, log=True, gamma=1.5, fp_weight=0.3), logits
    )


@MEANS
def test_gradients_of_hard_labels(mean):
    logits, target, _, _ = scene()
    assert torch.autograd.gradcheck(lambda z: JML1(z, target, gamma=1.5, fn_weight=0.7, **mean), logits)


@pytest.mark.parametrize("loss", [JML1, JML2, SJL2])
def test_no_gradient_where_the_prediction_is_the_label(loss):
    logits = torch.zeros(2, 4, 5, 6)  # of which every softmax is a quarter, to the last bit
    soft = torch.full_like(logits, 0.25)
    value, gradient = value_and_gradient(loss, logits, soft, smooth=0)
    # JML's is that of |p - y| with the slope 0 in the kink: shared and union then grow alike.
    assert value == 0
    assert gradient.abs().max() < 1e-7


@every_loss
def test_any_order_in_memory_gives_the_same(loss):
    logits, _, soft, keep = scene()
    whole = value_and_gradient(loss, logits, soft, keep=keep)
    by_pixel = logits.detach().to(memory_format=torch.channels_last)
    torch.testing.assert_close(value_and_gradient(loss, by_pixel, soft, keep=keep), whole)


@every_loss
def test_autocast_changes_nothing(loss):
    logits, target, soft, _ = scene(dtype=torch.float32)
    for labels in (target, soft.float()):
        expected = value_and_gradient(loss, logits, labels)
        with torch.autocast("cpu", torch.bfloat16):
            torch.testing.assert_close(value_and_gradient(loss, logits, labels), expected)


# --- ignored pixels


@every_loss
@MEANS
def test_ignored_pixels_are_never_read(loss, mean):
    logits, target, soft, keep = scene()
    poisoned = torch.where(keep[:, None], logits.detach(), torch.nan)
    poisoned_soft = torch.where(keep[:, None], soft, torch.nan)
    zeros = torch.where(keep[:, None], soft, 0)
    for labels, options in ((target, {}), (poisoned_soft, {"keep": keep}), (zeros, {})):
        value, gradient = value_and_gradient(loss, poisoned, labels, **options, **mean)
        expected = loss(logits, target if labels is target else zeros, **mean)
        torch.testing.assert_close(value, expected.detach())
        assert (gradient.movedim(1, -1)[~keep] == 0).all()
        assert gradient.movedim(1, -1)[keep].abs().sum() > 0


@every_loss
@MEANS
@pytest.mark.parametrize("smooth", [0.0, 1.0])
@pytest.mark.parametrize("active", ["present", "all"])
def test_nothing_kept_is_zero_with_zero_gradient(loss, mean, smooth, active):
    logits, target, soft, keep = scene(ignored=1.0)
    for labels, options in ((target, {}), (soft, {"keep": keep}), (torch.zeros_like(soft), {})):
        value, gradient = value_and_gradient(
            loss, logits, labels, smooth=smooth, active=active, **options, **mean
        )
        assert value == 0
        assert (gradient == 0).all()


@every_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("smooth", [0.0, 1e-3])
def test_huge_logits_are_finite(loss, dtype, smooth):
    logits, target, soft, keep = scene()
    logits = (logits.detach().sign() * 1e4).to(dtype)
    for labels in (target, soft, logits.float().softmax(1)):
        value, gradient = value_and_gradient(loss, logits, labels, keep=keep, smooth=smooth, active="all")
        assert torch.isfinite(value) and value.dtype == torch.float32
        assert torch.isfinite(gradient).all()


def test_the_log_form_is_finite_for_a_class_that_is_missed():
    logits = torch.full((1, 2, 2, 2), -1e4)
    logits[:, 0] = 1e4
    value, gradient = value_and_gradient(
        partial(JML1, log=True, gamma=2), logits, torch.ones(1, 2, 2, dtype=torch.long)
    )
    assert torch.isfinite(value) and torch.isfinite(gradient).all()


# --- what is refused


@pytest.mark.parametrize(
    "options",
    [
        {"form": 3},
        {"smooth": -1.0},
        {"gamma": 0.5},
        {"fp_weight": -1.0},
        {"log": True, "smooth": 0},
        {"miou_d": 0.0},
        {"miou_i": -1.0},
        {"active": "some"},
    ],
)
def test_options_outside_their_domain_are_refused(options):
    logits, target, _, _ = scene()
    with pytest.raises(UsageError):
        jaccard_metric(logits, target, **options)


@pytest.mark.parametrize("options", [{"norm": 3}, {"smooth": -1.0}])
def test_soft_jaccard_refuses_as_well(options):
    logits, target, _, _ = scene()
    with pytest.raises(UsageError):
        soft_jaccard(logits, target, **options)


def test_labels_of_another_shape_are_refused():
    logits, target, soft, keep = scene()
    with pytest.raises(ValueError, match="do not fit"):
        jaccard_metric(logits, soft[:, :3])
    with pytest.raises(ValueError, match="mask"):
        jaccard_metric(logits, soft, keep=keep[:2])
    with pytest.raises(ValueError, match="do not fit"):
        jaccard_metric(logits, target[:2])
