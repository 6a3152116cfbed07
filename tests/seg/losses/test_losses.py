"""Laws that every loss keeps, and numbers that can be checked by hand."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bevseg.errors import UsageError
from bevseg.seg.losses import cross_entropy, lovasz_hinge, lovasz_softmax, parse, power_jaccard
from bevseg.seg.losses.registry import LOSSES
from bevseg.seg.losses.target_ids import trusted_targets

READY = [name for name, entry in LOSSES.items() if not entry.learned]

MULTI = {name: parse(name) for name in READY} | {
    "ce balanced": partial(cross_entropy, balance=0.5),
    "jaccard": partial(power_jaccard, p=1.0),
    "power jaccard, one sum": partial(power_jaccard, reduce="all", smooth=10),
    "power jaccard, per image": partial(power_jaccard, reduce="class_image", p=2.0),
    "power jaccard, sigmoid": partial(power_jaccard, activation="sigmoid"),
    "sensitivity per image": parse("sensitivity_specificity(scope=image)"),
    "balanced per image": parse("balanced_ce(scope=image)"),
    "lovasz softmax, all classes": partial(lovasz_softmax, classes="all"),
    "lovasz softmax, per image": partial(lovasz_softmax, per_image=True),
    "lovasz softmax, weighted": partial(lovasz_softmax, class_weights=(1, 1, 1, 1)),
}
"""Every loss of the table, and options that take another way through the code."""

FOREGROUND = ("hausdorff_dt", "hausdorff_one_sided", "hausdorff_cv", "boundary")
"""Losses in which class 0 has another part than the others."""

every_loss = pytest.mark.parametrize("loss", MULTI.values(), ids=MULTI.keys())


def scene(seed=0, classes=4, dtype=torch.float64, spread=2.0, ignored=0.2):
    rng = np.random.default_rng(seed)
    logits = torch.tensor(rng.normal(0, spread, (2, classes, 5, 6)), dtype=dtype)
    target = torch.tensor(rng.integers(0, classes, (2, 5, 6)))
    target[torch.tensor(rng.random((2, 5, 6)) < ignored)] = 255
    return logits.requires_grad_(), target


def value_and_gradient(loss, logits, target):
    logits = logits.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    value = loss(logits, target)
    value.backward()
    return value.detach(), logits.grad


# --- numbers by hand: four pixels, q = .9 .6 .3 .2, truth 1 1 0 0 (losses.md, section 10)

FOUR = torch.tensor([[[0.9, 0.6], [0.3, 0.2]]], dtype=torch.float64).logit()
TRUTH = torch.tensor([[[1, 1], [0, 0]]])


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (cross_entropy, 0.299001),
        (partial(power_jaccard, smooth=0, p=1), 0.4),
        (partial(power_jaccard, smooth=0, p=1.5), 0.276178),
        (partial(power_jaccard, smooth=0, p=2), 0.166667),
        (partial(power_jaccard, smooth=10, p=1), 0.08),
        (partial(power_jaccard, smooth=10, p=1.5), 0.047408),
        (partial(power_jaccard, smooth=10, p=2), 0.025424),
        (partial(power_jaccard, smooth=0, p=2, reduce="pixel"), 0.555379),
        (lovasz_hinge, 0.322718),
        (lovasz_softmax, 0.291667),
    ],
)
def test_four_pixels_by_hand(loss, expected):
    assert loss(FOUR, TRUTH).item() == pytest.approx(expected, abs=1e-6)


def test_lovasz_softmax_over_two_classes_by_hand():
    both = torch.stack([torch.zeros_like(FOUR), FOUR], 1)
    assert lovasz_softmax(both, TRUTH).item() == pytest.approx(0.295833, abs=5e-7)


# --- ignored pixels


@every_loss
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_ignored_pixels_hold_what_they_like(loss, memory_format):
    logits, target = scene()
    value, gradient = value_and_gradient(loss, logits, target)
    spoilt = torch.where((target == 255)[:, None], torch.nan, logits).contiguous(memory_format=memory_format)
    spoilt_value, spoilt_gradient = value_and_gradient(loss, spoilt, target)
    assert torch.equal(value, spoilt_value)
    assert torch.equal(gradient, spoilt_gradient)
    assert not gradient[(target == 255)[:, None].expand_as(gradient)].any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64], ids=str)
@every_loss
def test_all_ignored_costs_nothing(loss, dtype):
    logits, target = scene(dtype=dtype, ignored=1.1)
    value, gradient = value_and_gradient(loss, logits.detach().fill_(torch.nan), target)
    assert value == 0
    assert torch.equal(gradient, torch.zeros_like(gradient))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@every_loss
def test_no_image_costs_nothing(loss, dtype):
    value, gradient = value_and_gradient(
        loss, torch.zeros(0, 4, 5, 6, dtype=dtype), torch.zeros(0, 5, 6, dtype=torch.long)
    )
    assert value == 0 and gradient.shape == (0, 4, 5, 6)


@every_loss
def test_another_ignore_index(loss):
    logits, target = scene()
    moved = torch.where(target == 255, 4, target)
    assert torch.equal(loss(logits, moved, 4), loss(logits, target, 255))


@every_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_kept_pixel_that_is_no_number_does_not_go_unseen(loss, dtype):
    logits, target = scene(dtype=dtype)
    logits = logits.detach()
    row, col = (target[0] != 255).nonzero()[0]
    logits[0, :, row, col] = torch.nan
    assert torch.isnan(loss(logits, target))


# --- precision


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("size", [1e4, -1e4])
@every_loss
def test_saturated_logits_stay_finite(loss, size, dtype):
    logits, target = scene(dtype=dtype)
    with torch.autocast("cpu", torch.bfloat16):
        value, gradient = value_and_gradient(loss, logits.detach().sign() * size, target)
    assert torch.isfinite(value)
    assert torch.isfinite(gradient).all()
    assert value.dtype == torch.promote_types(dtype, torch.float32)


@every_loss
def test_half_precision_logits_are_widened_before_anything_is_summed(loss):
    logits, target = scene(dtype=torch.bfloat16)
    expected = loss(logits.float(), target)
    assert torch.equal(loss(logits, target), expected)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(loss(logits, target), expected)


@pytest.mark.parametrize("loss", [lovasz_softmax, lovasz_hinge])
def test_lovasz_gradient_keeps_its_digits_over_a_million_pixels_where_the_published_form_does_not(loss):
    rng = np.random.default_rng(0)
    logits = torch.tensor(rng.normal(0, 1, (1, 1, 1000, 1000)), dtype=torch.float32)
    target = torch.tensor(rng.random((1, 1000, 1000)) < 0.1).long()
    _, single = value_and_gradient(loss, logits, target)
    _, double = value_and_gradient(loss, logits.double(), target)
    assert (single - double).abs().sum() / double.abs().sum() < 3e-6

    truth = target.flatten().float()  # in any order: the steps depend on the truth alone
    inter, union = truth.sum() - truth.cumsum(0), truth.sum() + (1 - truth).cumsum(0)
    published = (1 - inter / union).diff()
    inter, union = inter.double(), union.double()
    exact = (1 - inter / union).diff()
    assert (published - exact).abs().sum() / exact.abs().sum() > 3e-3


def test_lovasz_hinge_tells_small_logits_apart():
    torch.manual_seed(0)
    logits, target = 1e-4 * torch.randn(1, 40, 40), torch.randint(0, 2, (1, 40, 40))
    _, single = value_and_gradient(lovasz_hinge, logits, target)
    _, double = value_and_gradient(lovasz_hinge, logits.double(), target)
    torch.testing.assert_close(single.double(), double, rtol=1e-6, atol=0)


# --- gradients and laws


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("loss", [lovasz_softmax, lovasz_hinge, power_jaccard, cross_entropy])
def test_gradients_of_many_batches_at_once_are_those_of_each(loss, dtype):
    logits, target = scene(dtype=dtype)
    logits, target = logits.detach()[:, None], target[:, None]
    with trusted_targets():
        found = torch.vmap(torch.func.grad(loss))(logits, target)
    expected = [value_and_gradient(loss, *batch)[1] for batch in zip(logits, target, strict=True)]
    torch.testing.assert_close(found, torch.stack(expected))


@pytest.mark.parametrize("loss", [lovasz_softmax, lovasz_hinge])
def test_lovasz_is_right_in_its_second_derivatives(loss):
    logits, target = scene(5)
    assert torch.autograd.gradgradcheck(lambda z: loss(z, target), logits)


def test_the_kernel_for_the_cpu_has_the_second_derivatives_of_the_operators_of_torch():
    logits, target = scene(5)
    found = []
    for z in (logits.detach().float().requires_grad_(), logits):
        (slope,) = torch.autograd.grad(lovasz_softmax(z, target), z, create_graph=True)
        found.append(torch.autograd.grad(slope.square().sum(), z)[0].double())
    assert found[1].any()
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-7)


# ssl weighs its pixels by numbers that it takes from the logits and does not differentiate.
@pytest.mark.parametrize("name", sorted(set(MULTI) - {"ssl"}))
def test_gradients_are_the_slopes(name):
    logits, target = scene(3)
    assert torch.autograd.gradcheck(lambda z: MULTI[name](z, target), logits, fast_mode=True)


@pytest.mark.parametrize("name", READY)
def test_binary_logits_with_and_without_a_class_axis(name):
    loss = parse(name)
    logits, target = scene(classes=2)
    flat = logits[:, 0].detach().requires_grad_()
    assert torch.equal(loss(flat, target), loss(flat[:, None], target))
    assert name == "ssl" or torch.autograd.gradcheck(lambda z: loss(z, target), flat, fast_mode=True)


@pytest.mark.parametrize("name", MULTI)
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(0.01, 30))
def test_order_of_pixels_and_of_classes_changes_nothing(name, seed, spread):
    loss = MULTI[name]
    logits, target = scene(seed, spread=spread)
    value = loss(logits, target)
    assert value >= 0 or name == "boundary"
    mirrored = loss(logits.flip(3), target.flip(2))
    order = torch.tensor(np.random.default_rng(seed).permutation(4))
    renamed = torch.where(target == 255, 255, order.argsort()[target.clamp(max=3)])
    torch.testing.assert_close(mirrored, value, rtol=1e-12, atol=1e-12)
    if name not in FOREGROUND:
        torch.testing.assert_close(loss(logits[:, order], renamed), value, rtol=1e-12, atol=1e-12)


OF_AREAS = ("jaccard", "softmax", "jml", "dice", "tversky", "sensitivity")
BOUNDED = {name: loss for name, loss in MULTI.items() if any(word in name for word in OF_AREAS)}


@pytest.mark.parametrize("loss", BOUNDED.values(), ids=BOUNDED.keys())
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(0, 1e4))
def test_overlap_losses_lie_between_0_and_1(loss, seed, spread):
    value = loss(*scene(seed, spread=spread))
    assert -1e-12 <= value <= 1 + 1e-12


@pytest.mark.parametrize("name", sorted(set(MULTI) - {"boundary"}))
def test_perfect_prediction_costs_nothing(name):
    loss = MULTI[name]
    _, target = scene()
    perfect = torch.nn.functional.one_hot(target.clamp(max=3), 4).permute(0, 3, 1, 2).double() * 2000 - 1000
    assert loss(perfect, target).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_disjoint_prediction_costs_all_of_the_jaccard(p):
    target = torch.tensor([[[0, 0], [1, 1]]])
    wrong = torch.tensor([[[-1e3, -1e3], [1e3, 1e3]], [[1e3, 1e3], [-1e3, -1e3]]])[None]
    assert power_jaccard(wrong, target, smooth=0, p=p).item() == pytest.approx(1)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("classes", ["present", "all"])
def test_lovasz_softmax_at_the_corners_is_the_jaccard_loss(classes, seed):
    _, target = scene(seed, classes=3)
    guess = torch.tensor(np.random.default_rng(seed + 1).integers(0, 3, target.shape))
    logits = torch.nn.functional.one_hot(guess, 3).permute(0, 3, 1, 2).double() * 2000
    known, losses = target != 255, []
    for c in range(3):
        truth, said = (target == c) & known, (guess == c) & known
        if classes == "all" or truth.any():
            losses.append(1 - (truth & said).sum() / max((truth | said).sum(), 1))
    expected = torch.stack(losses).mean().double() if losses else torch.zeros((), dtype=torch.float64)
    # An absent class that nobody predicts has no union: nothing is wrong with it.
    if classes == "all" and any(not ((target == c) | ((guess == c) & known)).any() for c in range(3)):
        return
    torch.testing.assert_close(lovasz_softmax(logits, target, classes=classes), expected)


@pytest.mark.parametrize("loss", [lovasz_softmax, lovasz_hinge])
def test_lovasz_weights_are_those_of_a_mean_over_classes(loss):
    logits, target = scene()
    weights, alone = (3.0, 1.0, 0.0, 2.0), [loss(logits, target, classes=[c]) for c in range(4)]
    expected = sum(w * cost for w, cost in zip(weights, alone, strict=True)) / 6
    torch.testing.assert_close(loss(logits, target, class_weights=weights), expected)
    with pytest.raises(UsageError, match="2 weights for 4 classes"):
        loss(logits, target, class_weights=(1, 2))


def test_lovasz_absent_class_costs_its_largest_error():
    logits, target = scene()
    target[target == 2] = 255
    q = logits.softmax(1)[:, 2][target != 255]
    everything = lovasz_softmax(logits, target, classes="all")
    torch.testing.assert_close(everything * 4, lovasz_softmax(logits, target) * 3 + q.max())
    empty = torch.zeros_like(target)
    value, gradient = value_and_gradient(lovasz_hinge, logits[:, :1], empty)
    torch.testing.assert_close(value, (1 + logits[:, 0]).max().detach())
    assert gradient.count_nonzero() == 1 and gradient.sum() == 1


def test_jaccard_absent_class_counts_only_when_asked():
    logits, target = scene()
    target[target == 2] = 255
    present = power_jaccard(logits, target)
    everything = power_jaccard(logits, target, classes="all")
    q = logits.softmax(1)[:, 2][target != 255]
    absent = 1 - 1 / (q.pow(1.5).sum() + 1)
    torch.testing.assert_close(everything * 4, present * 3 + absent)


def test_balance_weighs_classes_alike():
    logits, target = scene(ignored=0)
    per_pixel = torch.nn.functional.cross_entropy(logits, target, reduction="none")
    expected = torch.stack([per_pixel[target == c].mean() for c in target.unique()]).mean()
    torch.testing.assert_close(cross_entropy(logits, target, balance=1.0), expected)


def test_background_keeps_the_digits_of_its_small_slope_in_single_pixels():
    loss = partial(power_jaccard, reduce="pixel", smooth=1e-6)
    logits, background = scene()[0][:, :1], torch.zeros(2, 5, 6, dtype=torch.long)
    _, single = value_and_gradient(loss, logits.float(), background)
    _, double = value_and_gradient(loss, logits, background)
    torch.testing.assert_close(single.double(), double, rtol=1e-5, atol=0)


@pytest.mark.parametrize("p", [0.5, 0.99, 2.01, 3])
def test_power_outside_its_domain_is_refused(p):
    with pytest.raises(UsageError, match="cannot use p"):
        power_jaccard(*scene(), p=p)
    assert torch.isfinite(power_jaccard(*scene(), p=p, any_p=True))


@pytest.mark.parametrize(
    "loss",
    [
        partial(power_jaccard, reduce="class"),
        partial(power_jaccard, classes="absent"),
        partial(power_jaccard, activation="relu"),
        partial(power_jaccard, smooth=-1),
        partial(lovasz_softmax, classes="absent"),
        partial(lovasz_softmax, activation="relu"),
        partial(lovasz_hinge, classes="absent"),
    ],
)
def test_an_option_that_does_not_exist_is_refused(loss):
    with pytest.raises(UsageError):
        loss(*scene())


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 5, 5\) do not fit"):
        cross_entropy(torch.zeros(2, 3, 5, 6), torch.zeros(2, 5, 5))
