"""NeuroIoU: its features by hand, where its gradient goes, and what it does at the edges."""

import math

import pytest
import torch

from bevseg.errors import UsageError
from bevseg.seg.neuro_iou.loss import KNEE, Surrogate, features, neuro_iou

INPUTS = ("3", "6", "hinge")
every_input = pytest.mark.parametrize("inputs", INPUTS)
every_type = pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64], ids=str
)

# Four pixels, one in each place: found, false alarm, missed, and rightly left alone.
P = torch.tensor([[[0.9, 0.6], [0.3, 0.2]]], dtype=torch.float64)
TRUTH = torch.tensor([[[1, 0], [1, 0]]])


class Plane(torch.nn.Module):
    """f = slopes . inputs: its gradient is known."""

    def __init__(self, *slopes):
        super().__init__()
        self.slopes = torch.tensor(slopes, dtype=torch.float64)

    def forward(self, inputs):
        return inputs @ self.slopes.to(inputs.dtype)


def small(inputs="3", dtype=torch.float64, hidden=(7, 5)):
    torch.manual_seed(0)
    return Surrogate(6 if inputs == "6" else 3, hidden).to(dtype).requires_grad_(False)


def scene(seed=0, classes=4, dtype=torch.float64, ignored=0.2):
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(2, classes, 5, 6, generator=generator, dtype=torch.float64)
    target = torch.randint(max(classes, 2), (2, 5, 6), generator=generator)
    target[torch.rand(2, 5, 6, generator=generator) < ignored] = 255
    return logits.to(dtype), target


def value_and_gradient(logits, target, **options):
    logits = logits.clone().requires_grad_()
    value = neuro_iou(logits, target, **options)
    value.backward()
    return value.detach(), logits.grad


# --- features


def test_the_sums_of_four_pixels_by_hand():
    found = features(P.logit(), TRUTH, scale=None)
    assert found.inputs.tolist() == [pytest.approx([0.9, 0.6, 0.3])]
    assert found.targets.tolist() == pytest.approx([2 / 3])
    assert found.pairs.tolist() == [[0, 0]]


def test_sums_are_shares_of_the_kept_pixels_but_means_are_not():
    target = torch.tensor([[[1, 1], [255, 0]]])
    found = features(P.logit(), target, inputs="6")
    assert found.inputs.tolist() == [pytest.approx([1.5 / 3, 0, 0, 0.75, 0, 0])]
    assert found.targets.tolist() == [0]


def test_hinge_sums_by_hand():
    z = torch.tensor([[[0.25, 2.0], [-1.0, -3.0]]])
    found = features(z, TRUTH, inputs="hinge", scale=None)
    assert found.inputs.tolist() == [pytest.approx([0.75, 3.0, 2.0])]


def test_a_false_negative_is_weighed_with_the_probability_of_its_true_class():
    p = torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64).view(1, 3, 1, 1)
    found = features(p.log(), torch.tensor([[[1]]]))
    assert found.pairs.tolist() == [[0, 1]]
    assert found.inputs.tolist() == [pytest.approx([0, 0, 0.2])]
    assert found.targets.tolist() == [1]


def test_only_the_classes_that_an_image_shows_make_pairs():
    logits, _ = scene()
    target = torch.full((2, 5, 6), 3)
    target[1, 0] = 1
    assert features(logits, target).pairs.tolist() == [[0, 3], [1, 1], [1, 3]]


def test_the_foreground_of_two_classes_counts_even_where_there_is_none():
    nothing = features(torch.full((1, 2, 2), -3.0), torch.zeros(1, 2, 2, dtype=torch.long))
    alarm = features(torch.full((1, 2, 2), 3.0), torch.zeros(1, 2, 2, dtype=torch.long))
    assert (nothing.targets.tolist(), alarm.targets.tolist()) == ([0], [1])


@pytest.mark.parametrize("options", [{"inputs": "4"}, {"scale": "image"}])
def test_unknown_inputs_and_scales_are_refused(options):
    with pytest.raises(UsageError, match="hinge"):
        features(P.logit(), TRUTH, **options)


# --- gradient


def test_each_pixel_has_the_slope_of_its_set():
    z = P.logit().requires_grad_()
    neuro_iou(z, TRUTH, surrogate=Plane(-2, 3, 5), scale=None).backward()
    slope_of_p = z.grad / (P * (1 - P))
    assert slope_of_p.flatten().tolist() == pytest.approx([-2, 3, 5, 0])


def test_the_means_add_their_slope_divided_by_the_size_of_the_set():
    z, target = P.logit().requires_grad_(), torch.tensor([[[1, 1], [0, 0]]])
    neuro_iou(z, target, surrogate=Plane(-2, 0, 0, -1, 0, 0), inputs="6", scale=None).backward()
    assert (z.grad / (P * (1 - P))).flatten().tolist() == pytest.approx([-2.5, -2.5, 0, 0])


def test_the_loss_is_the_mean_over_images_and_classes():
    logits, target = scene()
    f = Plane(1.0, 10.0, 100.0)
    expected = f(features(logits, target).inputs)
    assert len(expected) == 8
    assert neuro_iou(logits, target, surrogate=f).item() == pytest.approx(expected.mean().item())


@every_input
@pytest.mark.parametrize("classes", [1, 4])
def test_gradients_are_the_slopes(inputs, classes):
    logits, target = scene(3, classes)
    f = small(inputs)
    assert torch.autograd.gradcheck(
        lambda z: neuro_iou(z, target, surrogate=f, inputs=inputs), logits.requires_grad_()
    )


def test_a_frozen_surrogate_stays_without_gradient():
    logits, target = scene()
    f = small()
    value_and_gradient(logits, target, surrogate=f)
    assert all(parameter.grad is None for parameter in f.parameters())


# --- ignored pixels and large logits


@every_input
@pytest.mark.parametrize("classes", [1, 4])
def test_ignored_pixels_hold_what_they_like(inputs, classes):
    logits, target = scene(0, classes)
    options = {"surrogate": small(inputs), "inputs": inputs}
    spoilt = torch.where((target == 255)[:, None], torch.nan, logits)
    value, gradient = value_and_gradient(logits, target, **options)
    spoilt_value, spoilt_gradient = value_and_gradient(spoilt, target, **options)
    assert torch.equal(value, spoilt_value)
    assert torch.equal(gradient, spoilt_gradient)
    assert not gradient[(target == 255)[:, None].expand_as(gradient)].any()


@every_type
@pytest.mark.parametrize("classes", [1, 4])
def test_all_ignored_costs_nothing(classes, dtype):
    logits, target = scene(0, classes, dtype, ignored=1.1)
    value, gradient = value_and_gradient(logits.fill_(torch.nan), target, surrogate=small())
    assert value == 0
    assert torch.equal(gradient, torch.zeros_like(gradient))


def test_an_image_without_a_kept_pixel_is_left_out_of_the_mean():
    logits, target = scene(0, 1)
    target[1] = 255
    whole = neuro_iou(logits, target, surrogate=small())
    torch.testing.assert_close(whole, neuro_iou(logits[:1], target[:1], surrogate=small()))


@every_input
@every_type
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_saturated_logits_stay_finite(inputs, size, dtype):
    logits, target = scene(dtype=dtype)
    wide = torch.promote_types(dtype, torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        options = {"surrogate": small(inputs, torch.float32), "inputs": inputs}
        value, gradient = value_and_gradient(logits.sign() * size, target, **options)
    assert torch.isfinite(value)
    assert torch.isfinite(gradient).all()
    assert value.dtype == wide


def test_the_surrogate_computes_in_float32_under_autocast():
    logits, target = scene(dtype=torch.bfloat16)
    expected = neuro_iou(logits.float(), target, surrogate=small(dtype=torch.float32))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(neuro_iou(logits, target, surrogate=small(dtype=torch.float32)), expected)


# --- the surrogate


def test_beyond_its_bounds_a_surrogate_says_and_pulls_as_at_the_bound():
    f = small(dtype=torch.float32)
    f.low.fill_(0.1)
    f.high.fill_(0.2)
    places = torch.tensor([[0.2, 0.1, 0.15], [1e6, -3.0, 0.15]], requires_grad=True)
    values = f(places)
    values.sum().backward()
    assert values[0] == values[1]
    assert torch.equal(places.grad[0], places.grad[1])
    assert places.grad.all()


def test_the_surrogate_by_hand():
    """Equation 4 of the paper, with biases: v . softplus(W bend(x) + b) + c."""
    f = Surrogate(3, (2,))
    assert [tuple(p.shape) for p in f.parameters()] == [(2, 3), (2,), (1, 2), (1,)]
    with torch.no_grad():
        f.layers[0].weight.copy_(torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]]))
        f.layers[0].bias.copy_(torch.tensor([0.0, 1.0]))
        f.layers[1].weight.copy_(torch.tensor([[3.0, 4.0]]))
        f.layers[1].bias.fill_(0.5)
    value = f(torch.tensor([[KNEE * (math.e - 1), 0.0, 9.0]])).item()
    assert value == pytest.approx(3 * math.log(1 + math.e) + 4 * math.log(1 + math.e) + 0.5, rel=1e-5)


def test_inputs_enter_by_their_logarithm_beyond_the_knee():
    bent = Surrogate().bend(KNEE * torch.tensor([[0.0, math.e - 1, 1e-4]]))
    assert bent.tolist() == [pytest.approx([0, 1, 1e-4], rel=1e-3)]
