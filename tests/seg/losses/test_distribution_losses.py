"""Cross-entropies, focal and hinge: numbers by hand, what the weights do, and the laws under every option."""

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bevseg.errors import UsageError
from bevseg.seg.losses.cross_entropy_loss import balanced_cross_entropy, cross_entropy, weighted_cross_entropy
from bevseg.seg.losses.focal_loss import focal
from bevseg.seg.losses.hinge_loss import hinge
from tests.seg.losses.pixels import FOUR, TRUTH, check_laws, scene, value_and_gradient


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (cross_entropy, 0.299001),
        (partial(weighted_cross_entropy, weights=3), 0.607094),
        (balanced_cross_entropy, 0.299001 / 2),
        (partial(focal, alpha=0.25, gamma=2), 0.012867),
        (partial(focal, gamma=0), 0.299001),
        # margins -> errors: ln 9 -> 0, ln 1.5 -> 1 - .405465, -ln 7/3 -> 1 - .847298, -ln 4 -> 0
        (hinge, (0.594535 + 0.152702) / 4),
    ],
)
def test_four_pixels_by_hand(loss, expected):
    assert loss(FOUR, TRUTH).item() == pytest.approx(expected, abs=1e-6)


LOSSES = {
    "weighted, one number": (partial(weighted_cross_entropy, weights=3.0), False),
    "weighted alike": (weighted_cross_entropy, True),
    "balanced": (balanced_cross_entropy, True),
    "balanced per image": (partial(balanced_cross_entropy, scope="image"), True),
    "balanced, clamped": (partial(balanced_cross_entropy, clamp=0.1), True),
    "balanced, fixed": (partial(balanced_cross_entropy, beta=0.8), False),
    "focal": (focal, True),
    "focal, gamma below 1": (partial(focal, gamma=0.3), True),
    "focal, alpha": (partial(focal, alpha=0.25), False),
    "hinge": (hinge, True),
}


@pytest.mark.parametrize("classes", [1, 4])
@pytest.mark.parametrize(("loss", "permutable"), LOSSES.values(), ids=LOSSES.keys())
def test_laws(loss, permutable, classes):
    check_laws(loss, classes, permutable=permutable)


TWO_CLASSES = {
    "weighted": partial(weighted_cross_entropy, weights=3.0),
    "balanced": balanced_cross_entropy,
    "balanced, fixed": partial(balanced_cross_entropy, beta=0.8),
    "focal": partial(focal, alpha=0.25, gamma=1.5),
}


@pytest.mark.parametrize("loss", TWO_CLASSES.values(), ids=TWO_CLASSES.keys())
def test_two_logits_are_one_logit_by_their_difference(loss):
    logits, target = scene(classes=2)
    torch.testing.assert_close(loss(logits, target), loss(logits[:, 1] - logits[:, 0], target))


@given(weight=st.floats(0, 50))
def test_weight_of_a_class_multiplies_its_pixels_alone(weight):
    logits, target = scene(ignored=0)
    cost = torch.nn.functional.cross_entropy(logits, target, reduction="none")
    expected = torch.where(target == 2, weight * cost, cost).mean()
    torch.testing.assert_close(weighted_cross_entropy(logits, target, weights=[1, 1, weight, 1]), expected)


def test_balanced_counts_per_image_or_per_batch():
    target = torch.tensor([[[0, 0, 0, 1]], [[0, 1, 1, 255]]])
    logits = torch.zeros(2, 1, 4, dtype=torch.float64)  # every pixel costs ln 2
    weights = [0.25 * 3 + 0.75, 2 / 3 + 1 / 3 * 2]
    per_image = balanced_cross_entropy(logits, target, scope="image") / torch.log(torch.tensor(2.0))
    assert per_image.item() == pytest.approx(sum(weights) / 7)
    per_batch = balanced_cross_entropy(logits, target) / torch.log(torch.tensor(2.0))
    assert per_batch.item() == pytest.approx((4 * 3 / 7 + 3 * 4 / 7) / 7)


@pytest.mark.parametrize("label", [0, 1])
def test_balanced_loss_of_a_single_class_vanishes_unless_clamped(label):
    logits, target = FOUR, torch.full_like(TRUTH, label)
    value, gradient = value_and_gradient(balanced_cross_entropy, logits, target)
    assert value == 0 and not gradient.any()
    clamped = balanced_cross_entropy(logits, target, clamp=0.1)
    torch.testing.assert_close(clamped, 0.1 * cross_entropy(logits, target))


@given(z=st.floats(-60, 60), gamma=st.floats(0, 5))
def test_focal_in_single_precision_keeps_its_digits(z, gamma):
    z = torch.tensor(z, dtype=torch.float32).double()
    p = z.sigmoid()
    expected = (-z).sigmoid() ** gamma * -torch.nn.functional.logsigmoid(z)
    slope = -((-z).sigmoid() ** gamma) * (gamma * p * -torch.nn.functional.logsigmoid(z) + (-z).sigmoid())
    for classes in (1, 2):
        logits = torch.stack([torch.zeros_like(z), z])[-classes:, None, None].float()
        target = torch.ones(1, 1, 1, dtype=torch.int64)
        value, gradient = value_and_gradient(partial(focal, gamma=gamma), logits[None], target)
        torch.testing.assert_close(value.double(), expected, rtol=5e-5, atol=1e-37)
        torch.testing.assert_close(gradient[0, -1, 0, 0].double(), slope, rtol=5e-5, atol=1e-37)


def test_hinge_is_the_mean_over_classes_against_the_rest():
    logits, target = scene(ignored=0)
    each = [hinge(logits[:, c], (target == c).long()) for c in range(4)]
    torch.testing.assert_close(hinge(logits, target), torch.stack(each).mean())


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (partial(weighted_cross_entropy, weights=[1, 2]), "2 weights for 4 classes"),
        (partial(weighted_cross_entropy, weights=-1), "A class weight is below 0"),
        (partial(balanced_cross_entropy, scope="pixel"), "No scope 'pixel'"),
        (partial(balanced_cross_entropy, beta=1.5), "Invalid beta: 1.5"),
        (partial(balanced_cross_entropy, clamp=0.6), "Invalid clamp: 0.6"),
        (partial(focal, gamma=-0.1), "Invalid gamma: -0.1"),
        (partial(focal, gamma=float("nan")), "Invalid gamma: nan"),
        (partial(focal, alpha=2), "Invalid alpha: 2"),
    ],
)
def test_options_outside_their_domain_are_refused(loss, message):
    with pytest.raises(UsageError, match=message):
        loss(*scene())
