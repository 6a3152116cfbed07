"""Weights of classes and pixels, and reductions: laws that hold for every loss of pixels, class maps and areas."""

import pytest
import torch
import torch.nn.functional as nnf

from bevseg.errors import UsageError
from bevseg.seg.losses.loss_text import parse
from tests.seg.losses.pixels import scene

PIXELS = (
    "ce",
    "ce(balance=0.5)",
    "weighted_ce(weights=[1,2,3,4])",
    "balanced_ce",
    "balanced_ce(scope=image)",
    "focal(alpha=0.25)",
    "kl",
)
MAPS = ("hinge", "power_jaccard(reduce=pixel)")
BATCH = (
    "power_jaccard",
    "power_jaccard(classes=all, p=1)",
    "power_dice(reduce=class_batch)",
    "dice",
    "tversky",
    "focal_tversky",
    "sensitivity_specificity",
    "sensitivity_specificity(form=squared)",
    "jml",
    "soft_jaccard(norm=2)",
    "lovasz_softmax",
    "lovasz_softmax(classes=[1, 2])",
    "lovasz_hinge",
)
IMAGES = (
    "power_jaccard(reduce=class_image)",
    "dice(scope=image)",
    "jml(miou_d=0, miou_i=1)",
    "soft_jaccard(miou_d=0, miou_c=1)",
    "lovasz_softmax(per_image=true)",
    "lovasz_hinge(per_image=true)",
)
ONE_NUMBER = (
    "power_jaccard(reduce=all)",
    "power_dice",
    "log_cosh_dice",
    "combo",
    "exp_log",
    "jml(miou_d=0.5, miou_i=0.5)",
)
ALL = (*PIXELS, *MAPS, *BATCH, *IMAGES, *ONE_NUMBER)
SORTED = tuple(name for name in ALL if "lovasz" in name)


def loss_of(text):
    """The function of a loss with the options that its text sets, to be called with the others."""
    term = parse(text, 4).terms[0]
    return lambda *args, **options: term.function(*args, **dict(term.options), **options)


def value_and_gradient(text, logits, target, **options):
    logits = logits.detach().clone().requires_grad_()
    value = loss_of(text)(logits, target, **options)
    (gradient,) = torch.autograd.grad(value.nansum(), logits)
    return value.detach(), gradient


def random_weights(target, seed=5):
    return torch.rand(target.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("text", ALL)
@pytest.mark.parametrize("number", [1.0, 0.25])
def test_weights_that_are_all_alike_change_nothing(text, number):
    logits, target = scene()
    # Areas in units of a quarter pixel: only the smoothing constant, in pixels, would be another.
    number = number if text in (*PIXELS, *MAPS, *SORTED) else 1.0
    expected = value_and_gradient(text, logits, target)
    for options in (
        {"pixel_weights": torch.full(target.shape, number)},
        {"class_weights": [1.0] * 4},
        {"class_weights": torch.ones(4)},
    ):
        for found, known in zip(value_and_gradient(text, logits, target, **options), expected, strict=True):
            torch.testing.assert_close(found, known, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("text", ALL)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_weight_is_how_often_a_pixel_stands_there(text, dtype):
    random = torch.Generator().manual_seed(3)
    logits = torch.randn(1, 4, 1, 40, generator=random, dtype=dtype)
    target = torch.randint(0, 4, (1, 1, 40), generator=random)
    target[..., ::9] = 255
    often = torch.randint(0, 4, (40,), generator=random)
    weighted = value_and_gradient(text, logits, target, pixel_weights=often.view(1, 1, 40))
    inputs = logits.clone().requires_grad_()
    value = loss_of(text)(inputs.repeat_interleave(often, 3), target.repeat_interleave(often, 2))
    (gradient,) = torch.autograd.grad(value, inputs)
    tolerance = {"rtol": 1e-10, "atol": 1e-12} if dtype == torch.float64 else {"rtol": 1e-4, "atol": 1e-6}
    for found, known in zip(weighted, (value.detach(), gradient), strict=True):
        torch.testing.assert_close(found, known, **tolerance)


@pytest.mark.parametrize("text", ALL)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_pixel_without_weight_is_as_good_as_ignored(text, dtype):
    logits, target = scene(dtype=dtype)
    weights = (random_weights(target) > 0.3).double()
    found = value_and_gradient(text, logits, target, pixel_weights=weights)
    expected = value_and_gradient(text, logits, target.masked_fill(weights == 0, 255))
    for ours, known in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, known)


@pytest.mark.parametrize("text", ALL)
def test_the_gradient_with_weights_is_the_slope(text):
    logits, target = scene(3)
    options = {"class_weights": [0.5, 1, 2, 0], "pixel_weights": random_weights(target)}
    loss = loss_of(text)
    assert torch.autograd.gradcheck(lambda z: loss(z, target, **options), logits, fast_mode=True)


@pytest.mark.parametrize("text", SORTED)
def test_the_kernel_for_the_cpu_weighs_pixels_as_the_operators_of_torch_do(text):
    logits, target = scene(4, spread=1.0)
    weights = random_weights(target).float()
    single = value_and_gradient(text, logits.float(), target, pixel_weights=weights)
    double = value_and_gradient(text, logits.float().double(), target, pixel_weights=weights)
    for found, known in zip(single, double, strict=True):
        torch.testing.assert_close(found.double(), known, rtol=1e-5, atol=1e-6)


# --- class weights


def test_class_weights_of_cross_entropy_are_those_of_torch():
    logits, target = scene()
    weights = torch.tensor([0.5, 1.0, 2.0, 0.0], dtype=torch.float64)
    expected = nnf.cross_entropy(logits, target, weights, ignore_index=255)
    torch.testing.assert_close(loss_of("ce")(logits, target, class_weights=weights), expected)


@pytest.mark.parametrize("text", [*MAPS, *BATCH, *IMAGES])
def test_a_class_that_has_all_the_weight_is_the_loss(text):
    logits, target = scene(7)
    costs = loss_of(text)(logits, target, reduction="none")
    own = costs[:, 2] if text in (*MAPS, *IMAGES) else costs[2]
    if text in MAPS:
        own = own[target != 255]
    alone = loss_of(text)(logits, target, class_weights=[0, 0, 3, 0])
    torch.testing.assert_close(alone, own.nanmean())


@pytest.mark.parametrize("text", ["power_jaccard(reduce=all)", "power_dice(smooth=0)"])
def test_one_sum_over_all_classes_weighs_the_areas(text):
    logits, target = scene(7)
    alone = loss_of(text)(logits, target, class_weights=[0, 0, 1, 0])
    of_class = text.replace("reduce=all", "reduce=class_batch").replace(
        "smooth=0", "smooth=0, reduce=class_batch"
    )
    torch.testing.assert_close(alone, loss_of(of_class)(logits, target, reduction="none")[2])


@pytest.mark.parametrize("text", ["ce", "balanced_ce", "focal", "kl"])
def test_two_weights_of_binary_logits_are_those_of_both_classes(text):
    logits, target = scene(classes=1)
    both = torch.stack([torch.zeros_like(logits), logits], 1)
    options = {"class_weights": [0.3, 2.0], "pixel_weights": random_weights(target)}
    torch.testing.assert_close(
        loss_of(text)(logits, target, **options), loss_of(text)(both, target, **options)
    )


@pytest.mark.parametrize("text", [*BATCH[:10], "lovasz_softmax", *IMAGES[:5]])
def test_binary_logits_are_the_foreground_of_two_classes(text):
    logits, target = scene(classes=1)
    both = torch.stack([torch.zeros_like(logits), logits], 1)
    options = {"pixel_weights": random_weights(target), "reduction": "none"}
    found, pair = (loss_of(text)(z, target, **options) for z in (logits, both))
    torch.testing.assert_close(found, pair[..., 1:])


# --- reductions


@pytest.mark.parametrize("text", PIXELS)
def test_none_of_a_loss_of_pixels_is_one_cost_for_each(text):
    logits, target = scene()
    costs = loss_of(text)(logits, target, reduction="none")
    assert costs.shape == target.shape and not costs[target == 255].any()
    if "balance=" not in text:
        torch.testing.assert_close(costs[target != 255].mean(), loss_of(text)(logits, target))
    torch.testing.assert_close(costs.sum(), loss_of(text)(logits, target, reduction="sum"))


@pytest.mark.parametrize("text", MAPS)
def test_none_of_a_loss_of_class_maps_is_one_cost_for_each_class_and_pixel(text):
    logits, target = scene()
    costs = loss_of(text)(logits, target, reduction="none")
    assert costs.shape == logits.shape and not costs.movedim(1, -1)[target == 255].any()
    torch.testing.assert_close(costs.movedim(1, -1)[target != 255].mean(), loss_of(text)(logits, target))


@pytest.mark.parametrize("text", [*BATCH, *IMAGES])
def test_none_of_a_loss_of_areas_averages_to_the_mean(text):
    logits, target = scene()
    target[target == 3] = 255
    costs = loss_of(text)(logits, target, reduction="none")
    assert costs.shape == ((2, 4) if text in IMAGES else (4,)) and costs.dtype == logits.dtype
    means = costs.nanmean(-1) if "miou_i" in text or "per_image" in text else costs.nanmean()
    torch.testing.assert_close(means.mean(), loss_of(text)(logits, target))
    torch.testing.assert_close(costs.nansum(), loss_of(text)(logits, target, reduction="sum"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("text", ["power_jaccard", "jml", "lovasz_softmax", "lovasz_hinge"])
def test_a_class_that_is_not_counted_is_no_number_and_has_no_gradient(text, dtype):
    logits, target = scene(dtype=dtype)
    target[target == 3] = 255
    costs = loss_of(text)(logits, target, reduction="none")
    assert costs.isnan().tolist() == [False, False, False, True]
    costs.backward(torch.tensor([0, 0, 0, 1], dtype=dtype))
    assert not logits.grad.any()


@pytest.mark.parametrize("text", ONE_NUMBER)
@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_what_is_no_mean_says_so(text, reduction):
    with pytest.raises(UsageError, match=f"has no reduction '{reduction}'"):
        loss_of(text)(*scene(), reduction=reduction)


# --- refused


@pytest.mark.parametrize("text", ALL)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"class_weights": [1, 2]}, "2 weights for 4 classes"),
        ({"class_weights": [1, 1, 1, -1]}, "A class weight is below 0"),
        ({"class_weights": torch.tensor([1, 1, 1, torch.nan])}, "A class weight is below 0"),
        ({"class_weights": [1, 1, 1, float("inf")]}, "A class weight is below 0, infinite"),
        ({"class_weights": torch.ones(4, 1)}, r"A tensor \(4, 1\) of weights for 4 classes"),
        ({"class_weights": torch.tensor(1.0)}, r"A tensor \(\) of weights for 4 classes"),
        ({"pixel_weights": torch.full((2, 5, 6), torch.inf)}, "A pixel weight is below 0, infinite"),
        ({"pixel_weights": torch.ones(2, 5, 5)}, r"Pixel weights \(2, 5, 5\) do not fit"),
        ({"pixel_weights": -torch.ones(2, 5, 6)}, "A pixel weight is below 0"),
        ({"reduction": "max"}, "No reduction 'max'"),
    ],
)
def test_what_cannot_be_a_weight_or_a_reduction_is_refused(text, options, message):
    with pytest.raises(UsageError, match=message):
        loss_of(text)(*scene(), **options)


def test_the_weight_of_an_ignored_pixel_is_never_read():
    logits, target = scene()
    weights = random_weights(target)
    spoilt = weights.masked_fill(target == 255, torch.nan)
    assert torch.equal(
        loss_of("dice")(logits, target, pixel_weights=weights),
        loss_of("dice")(logits, target, pixel_weights=spoilt),
    )
