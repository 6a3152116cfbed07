"""Combo, exponential-logarithmic and structural similarity: numbers by hand, and the laws under every option."""

import math
from functools import partial

import pytest
import torch

from bevseg.errors import UsageError
from bevseg.seg.losses.compound import combo, exponential_logarithmic
from bevseg.seg.losses.cross_entropy_loss import cross_entropy
from bevseg.seg.losses.dice_loss import dice
from bevseg.seg.losses.structure import structural_similarity
from tests.seg.losses.pixels import FOUR, TRUTH, check_laws, perfect, scene, value_and_gradient


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (combo, 0.174750),
        (partial(combo, form="original"), -0.325250),
        # D = .8; both classes are half of the pixels
        (
            partial(exponential_logarithmic, gamma=1),
            0.8 * -math.log(0.8) + 0.2 * math.sqrt(2) * 0.299001,
        ),
    ],
)
def test_four_pixels_by_hand(loss, expected):
    assert loss(FOUR, TRUTH).item() == pytest.approx(expected, abs=1e-6)


def test_structural_similarity_of_one_window_by_hand():
    """A window that holds all three pixels: m(y) = 1/3, d(y) = sqrt(2)/3, m(p) = .5, d(p) = sqrt(.08 / 3)."""
    p, y = (0.7, 0.5, 0.3), (1, 0, 0)
    deviations = math.sqrt(2) / 3 + 0.01, math.sqrt(0.08 / 3) + 0.01
    apart = [
        abs((t - 1 / 3 + 0.01) / deviations[0] - (q - 0.5 + 0.01) / deviations[1])
        for q, t in zip(p, y, strict=True)
    ]
    costs = [-math.log(q if t else 1 - q) for q, t in zip(p, y, strict=True)]
    assert min(apart) > 0.1 * max(apart)
    expected = sum(e * x for e, x in zip(apart, costs, strict=True)) / 3
    logits = torch.tensor([[p]], dtype=torch.float64).logit()
    value = structural_similarity(logits, torch.tensor([[y]]), window=5, sigma=None)
    assert value.item() == pytest.approx(expected)
    two = sorted(zip(apart, costs, strict=True))[1:]
    value = structural_similarity(
        logits, torch.tensor([[y]]), window=5, sigma=None, beta=(min(apart) + 1e-9) / max(apart)
    )
    assert value.item() == pytest.approx(sum(e * x for e, x in two) / 2)


COMBOS = {
    "combo": combo,
    "combo, present": partial(combo, classes="present", smooth=0, alpha=0.3),
    "combo, sigmoid": partial(combo, activation="sigmoid"),
    "exponential logarithmic": exponential_logarithmic,
    "exponential logarithmic, gamma 0.01": partial(exponential_logarithmic, gamma=0.01),
    "exponential logarithmic, gamma 2": partial(exponential_logarithmic, gamma=2, classes="present"),
}


@pytest.mark.parametrize("classes", [1, 4])
@pytest.mark.parametrize("loss", COMBOS.values(), ids=COMBOS.keys())
def test_laws(loss, classes):
    check_laws(loss, classes)


def test_laws_of_the_original_combo():
    check_laws(partial(combo, form="original"), 1, at_perfect=-0.5)
    check_laws(partial(combo, form="original"), 4, at_perfect=-2)


def test_combo_forms_have_one_gradient():
    logits, target = scene()
    shifted, original = (
        value_and_gradient(partial(combo, form=f), logits, target) for f in ("shifted", "original")
    )
    torch.testing.assert_close(shifted[1], original[1])
    torch.testing.assert_close(shifted[0] - original[0], torch.tensor(0.5 * 4, dtype=torch.float64))


def test_combo_is_cross_entropy_and_dice_of_all_classes():
    logits, target = scene()
    expected = 0.3 * cross_entropy(logits, target) / 2 + 0.7 * 4 * dice(logits, target)
    torch.testing.assert_close(combo(logits, target, alpha=0.3), expected)


def test_frequencies_of_the_training_set_replace_those_of_the_batch():
    logits, target = scene(ignored=0)
    cross = partial(exponential_logarithmic, dice_weight=0, cross_weight=1, gamma=1)
    counted = target.flatten().bincount().tolist()
    torch.testing.assert_close(cross(logits, target, frequencies=counted), cross(logits, target))
    costs = torch.nn.functional.cross_entropy(logits, target, reduction="none")
    weights = torch.tensor([10 / 1, 10 / 2, 10 / 3, 10 / 4], dtype=torch.float64).sqrt()[target]
    torch.testing.assert_close(cross(logits, target, frequencies=[1, 2, 3, 4]), (weights * costs).mean())


@pytest.mark.parametrize("classes", [1, 2])
def test_exponent_below_1_keeps_its_slope_at_good_pixels(classes):
    """d(x^g)/dz = -g x^(g-1) (1 - p) for x = -ln p: as p nears 1 it falls like x^g, and neither rounds off."""
    for z in (5.0, 20.0, 40.0, 80.0):
        logits = torch.zeros(1, classes, 1, 1)
        logits[0, -1] = z
        loss = partial(exponential_logarithmic, dice_weight=0, cross_weight=1, gamma=0.3)
        value, gradient = value_and_gradient(loss, logits, torch.ones(1, 1, 1, dtype=torch.int64))
        x = math.log1p(math.exp(-z))
        assert value.item() == pytest.approx(x**0.3, rel=1e-5)
        slope = -0.3 * x ** (0.3 - 1) / (1 + math.exp(z))
        assert gradient[0, -1].item() == pytest.approx(slope, rel=1e-4)


def check_structure_laws(loss, classes):
    """Its weights are constants of the gradient, so the slope is no difference quotient of the value."""
    logits, target = scene(3, classes)
    ignored = target == 255
    value, gradient = value_and_gradient(loss, logits, target)
    spoilt = torch.where(ignored[:, None] if classes > 1 else ignored, torch.nan, logits)
    spoilt_value, spoilt_gradient = value_and_gradient(loss, spoilt, target)
    assert torch.equal(value, spoilt_value) and torch.equal(gradient, spoilt_gradient)
    mirrored = loss(logits.flip(-1), target.flip(-1))
    torch.testing.assert_close(mirrored, value, rtol=1e-12, atol=1e-12)
    value, gradient = value_and_gradient(
        loss, torch.full_like(logits, torch.nan), torch.full_like(target, 255)
    )
    assert value == 0 and not gradient.any()
    assert loss(perfect(target, classes), target) == 0
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        value, gradient = value_and_gradient(loss, (logits.sign() * 1e4).to(dtype), target)
        assert value.isfinite() and gradient.isfinite().all() and value.dtype == torch.float32


@pytest.mark.parametrize("classes", [1, 4])
@pytest.mark.parametrize("window", [1, 3, 7])
@pytest.mark.parametrize("sigma", [None, 1.5])
def test_laws_of_structural_similarity(classes, window, sigma):
    check_structure_laws(partial(structural_similarity, window=window, sigma=sigma), classes)


def test_structural_similarity_windows_stop_at_ignored_pixels():
    """A row cut in two by an ignored pixel is two images."""
    logits, target = scene(1, 1, ignored=0)
    row, truth = logits[:1, :1].detach(), target[:1, :1].clone()
    truth[..., 2] = 255
    pieces = torch.full((2, 1, 3), 0.0, dtype=torch.float64)
    labels = torch.full((2, 1, 3), 255)
    pieces[0, :, :2], labels[0, :, :2] = row[0, :, :2], truth[0, :, :2]
    pieces[1], labels[1] = row[0, :, 3:], truth[0, :, 3:]
    torch.testing.assert_close(structural_similarity(row, truth), structural_similarity(pieces, labels))


def test_structural_similarity_in_a_flat_place_keeps_its_digits():
    """d(p) of a nearly flat p decides e there: the mean square less the squared mean would be noise."""
    logits, target = scene(2, 1, spread=1e-3, ignored=0)
    logits = (logits.detach() + 1).float()
    value, gradient = value_and_gradient(structural_similarity, logits, target)
    exact, exact_gradient = value_and_gradient(structural_similarity, logits.double(), target)
    assert value.item() == pytest.approx(exact.item(), rel=2e-5)
    assert (gradient - exact_gradient).abs().max() < 2e-4 * exact_gradient.abs().max()


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (partial(combo, alpha=1.1), "Invalid alpha: 1.1"),
        (partial(combo, form="raw"), "No form 'raw'"),
        (partial(exponential_logarithmic, gamma=-1), "Invalid gamma: -1"),
        (partial(exponential_logarithmic, smooth=0), "Invalid smooth: 0"),
        (partial(exponential_logarithmic, frequencies=[1, 1, 1]), "3 weights for 4 classes"),
        (partial(exponential_logarithmic, frequencies=[1, 1, 1, 0]), "frequency 0"),
        (partial(structural_similarity, window=4), "Invalid window: 4"),
        (partial(structural_similarity, sigma=0), "Invalid sigma: 0"),
        (partial(structural_similarity, beta=2), "Invalid beta: 2"),
    ],
)
def test_options_outside_their_domain_are_refused(loss, message):
    with pytest.raises(UsageError, match=message):
        loss(*scene())
