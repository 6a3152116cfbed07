"""Dice, Tversky, sensitivity and specificity: numbers by hand, kinship, and the laws under every option."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bevseg.errors import UsageError
from bevseg.seg.losses import power_jaccard
from bevseg.seg.losses.dice_loss import dice, log_cosh_dice, power_dice
from bevseg.seg.losses.sensitivity import sensitivity_specificity
from bevseg.seg.losses.target_ids import trusted_targets
from bevseg.seg.losses.tversky_loss import focal_tversky, tversky
from tests.seg.losses.pixels import FOUR, TRUTH, check_laws, perfect, scene, value_and_gradient


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (dice, 0.2),
        (partial(dice, smooth=0), 0.25),
        (tversky, 0.166667),
        (focal_tversky, 0.260847),
        (log_cosh_dice, 0.019868),
        (sensitivity_specificity, 0.25),
        (partial(sensitivity_specificity, form="squared", weight=0.05), 0.066),
        (partial(power_dice, p=1, smooth=0), 0.25),
        # 2 I = 3, sum(y^2) = 2, sum(q^2) = .81 + .36 + .09 + .04
        (partial(power_dice, p=2), 1 - 13 / 13.3),
    ],
)
def test_four_pixels_by_hand(loss, expected):
    assert loss(FOUR, TRUTH).item() == pytest.approx(expected, abs=1e-6)


LOSSES = {
    "dice": dice,
    "dice per image, present": partial(dice, scope="image", classes="present"),
    "dice, sigmoid": partial(dice, activation="sigmoid"),
    "dice without smoothing": partial(dice, smooth=0),
    "power dice": power_dice,
    "power dice per class": partial(power_dice, reduce="class_batch", p=2, smooth=0),
    "power dice per image": partial(power_dice, reduce="class_image", classes="present"),
    "log cosh dice": log_cosh_dice,
    "tversky": tversky,
    "tversky without smoothing": partial(tversky, smooth=0, scope="image"),
    "focal tversky": focal_tversky,
    "focal tversky, exponent 2": partial(focal_tversky, exponent=2, over_classes="sum"),
    "focal tversky, exponent 0.1": partial(focal_tversky, exponent=0.1, smooth=0, classes="present"),
    "sensitivity specificity": sensitivity_specificity,
    "sensitivity specificity, squared": partial(sensitivity_specificity, form="squared", scope="image"),
    "sensitivity specificity, present": partial(sensitivity_specificity, classes="present", smooth=1),
}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())


@pytest.mark.parametrize("classes", [1, 4])
@every_loss
def test_laws(loss, classes):
    check_laws(loss, classes)


@every_loss
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(0, 1e4), classes=st.sampled_from([1, 3]))
def test_values_lie_between_0_and_1(loss, seed, spread, classes):
    value = loss(*scene(seed, classes, spread=spread)).item()
    top = classes if getattr(loss, "keywords", {}).get("over_classes") == "sum" else 1
    assert -1e-12 <= value <= top + 1e-12


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (partial(tversky, fp_weight=0.5, fn_weight=0.5, smooth=0.5), partial(dice, smooth=1)),
        (
            partial(tversky, fp_weight=1, fn_weight=1, scope="image"),
            partial(power_jaccard, p=1, reduce="class_image", classes="all"),
        ),
        (partial(focal_tversky, exponent=1), tversky),
        (partial(power_dice, p=1, smooth=2, reduce="class_batch"), partial(dice, smooth=2)),
        (lambda z, y: log_cosh_dice(z, y), lambda z, y: dice(z, y).cosh().log()),
    ],
    ids=["tversky dice", "tversky jaccard", "focal tversky", "power dice", "log cosh"],
)
def test_losses_that_are_the_same(one, other):
    logits, target = scene()
    torch.testing.assert_close(one(logits, target), other(logits, target))


def test_tversky_weights_false_alarms_and_misses():
    alarm, miss = torch.tensor([[[9e3, 9e3, -9e3]]]), torch.tensor([[[-9e3, 9e3, -9e3]]])
    one, two = torch.tensor([[[0, 1, 0]]]), torch.tensor([[[1, 1, 0]]])
    assert tversky(alarm, one, fp_weight=3, fn_weight=0, smooth=1).item() == pytest.approx(1 - 2 / 5)
    assert tversky(miss, two, fp_weight=3, fn_weight=0, smooth=1).item() == 0
    assert tversky(miss, two, fp_weight=0, fn_weight=3, smooth=1).item() == pytest.approx(1 - 2 / 5)


def test_absent_class_counts_unless_only_present_ones_do():
    logits, target = scene()
    target[target == 2] = 255
    alarms = logits.softmax(1)[:, 2][target != 255].sum()
    everything, present = dice(logits, target), dice(logits, target, classes="present")
    torch.testing.assert_close(everything * 4, present * 3 + 1 - 1 / (alarms + 1))


def test_sum_over_classes_is_per_image():
    logits, target = scene()
    one, other = (focal_tversky(logits[[i]], target[[i]], over_classes="sum") for i in range(2))
    both = focal_tversky(logits, target, over_classes="sum", scope="image")
    torch.testing.assert_close(both, (one + other) / 2)


def test_focal_tversky_slope_is_a_number_however_good_the_prediction():
    for size in range(0, 120, 4):
        logits = perfect(TRUTH, 1, float(size)).float()
        value, gradient = value_and_gradient(partial(focal_tversky, exponent=0.05), logits, TRUTH)
        assert value.isfinite() and gradient.isfinite().all()
    assert value == 0 and not gradient.any()


@given(z=st.floats(5, 8))
def test_log_cosh_keeps_the_digits_of_a_good_prediction(z):
    logits = perfect(TRUTH, 1, z)
    d = dice(logits, TRUTH)
    value, gradient = value_and_gradient(log_cosh_dice, logits.float(), TRUTH)
    assert value.item() == pytest.approx(math.log(math.cosh(d)), rel=2e-3)
    assert gradient.abs().min() > 0


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (partial(dice, smooth=-1), "Invalid smooth: -1"),
        (partial(dice, classes="some"), "No choice of classes 'some'"),
        (partial(dice, scope="pixel"), "No scope 'pixel'"),
        (partial(dice, activation="relu"), "No activation 'relu'"),
        (partial(power_dice, p=2.1), "cannot use p = 2.1"),
        (partial(power_dice, reduce="pixel"), "No choice of reduce 'pixel'"),
        (partial(tversky, fp_weight=-1), "Invalid fp_weight: -1"),
        (partial(focal_tversky, exponent=-1), "Invalid exponent: -1"),
        (partial(focal_tversky, over_classes="max"), "No reduction over classes 'max'"),
        (partial(sensitivity_specificity, weight=1.1), "Invalid weight: 1.1"),
        (partial(sensitivity_specificity, form="cubic"), "No form 'cubic'"),
    ],
)
def test_options_outside_their_domain_are_refused(loss, message):
    with pytest.raises(UsageError, match=message):
        loss(*scene())


@pytest.mark.parametrize("form", ["linear", "squared"])
def test_sensitivity_of_binary_logits_keeps_its_digits_however_sure_they_are(form):
    loss = partial(sensitivity_specificity, form=form)
    target = torch.tensor([[[0, 0, 1, 1]]])
    logits = torch.tensor([[[-14.0, -13.0, 15.0, 16.0]]])  # p is 0 or 1, but for a few steps of float32
    for sign in (1, -1):
        single = value_and_gradient(loss, sign * logits, target)
        double = value_and_gradient(loss, sign * logits.double(), target)
        torch.testing.assert_close([t.double() for t in single], list(double), rtol=1e-5, atol=0)


# --- a power that is learned


@pytest.mark.parametrize("loss", [power_jaccard, power_dice])
@pytest.mark.parametrize("reduce", ["all", "class_batch", "class_image"])
def test_a_power_may_be_learned(loss, reduce):
    logits, target = scene(3)
    power = torch.tensor(1.4, dtype=torch.float64, requires_grad=True)
    value = loss(logits, target, p=power, reduce=reduce)
    torch.testing.assert_close(value, loss(logits, target, p=1.4, reduce=reduce))
    assert torch.autograd.gradcheck(
        lambda z, p: loss(z, target, p=p, reduce=reduce), (logits, power), fast_mode=True
    )


@pytest.mark.parametrize("reduce", ["all", "class_batch", "class_image"])
@given(seed=st.integers(0, 1000), p=st.floats(1, 2), smooth=st.sampled_from([0.0, 1.0, 10.0]))
def test_a_larger_power_never_costs_more_so_a_learned_one_ends_at_its_bound(reduce, seed, p, smooth):
    random = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, 3, 4, 4, generator=random, dtype=torch.float64) * 3
    target = torch.randint(0, 3, (2, 4, 4), generator=random)
    power = torch.tensor(p, dtype=torch.float64, requires_grad=True)
    power_jaccard(logits, target, p=power, reduce=reduce, smooth=smooth).backward()
    assert power.grad <= 0


def test_the_slope_by_the_power_is_finite_where_the_prediction_is_sure():
    logits, target = scene(3, dtype=torch.float32)
    power = torch.tensor(1.0, requires_grad=True)
    power_jaccard(logits.detach().sign() * 1e4, target, p=power).backward()
    assert power.grad.isfinite()


@pytest.mark.parametrize("power", [torch.tensor(0.9), torch.tensor(2.1), torch.tensor(torch.nan)])
def test_a_power_outside_its_domain_is_refused_unless_it_is_trusted(power):
    logits, target = scene(3)
    with pytest.raises(UsageError, match="cannot use p"):
        power_jaccard(logits, target, p=power)
    with trusted_targets():
        power_jaccard(logits, target, p=power)


def test_there_is_one_power():
    with pytest.raises(UsageError, match="takes one p"):
        power_jaccard(*scene(3), p=torch.tensor([1.5, 1.5]))
