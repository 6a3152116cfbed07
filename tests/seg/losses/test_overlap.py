"""The sums and slopes against torch's own differentiation of the definition."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bevseg.seg.losses.overlap import overlaps

POWERS = [1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 3.0, 0.5]


def defined(logits, target, activation, power):
    """(C, B) sums by the definition, differentiable by torch; ignored pixels are 255."""
    keep = (target != 255)[:, None]
    z = torch.where(keep, logits, 0)
    binary = logits.shape[1] == 1
    log_p = torch.nn.functional.logsigmoid(z) if binary or activation == "sigmoid" else z.log_softmax(1)
    ids = torch.arange(logits.shape[1]) if not binary else torch.ones(1)
    truth = (target[:, None] == ids.view(1, -1, 1, 1)) & keep
    p = log_p.exp()
    return [values.sum((2, 3)).t() for values in (p * truth, (power * log_p).exp() * keep, truth.to(p.dtype))]


def sums(found):
    return found.inter, found.powers, found.truth


def scene(classes, dtype, layout=torch.contiguous_format, seed=0):
    torch.manual_seed(seed)
    logits = (3 * torch.randn(2, classes, 17, 40, dtype=dtype)).to(memory_format=layout)
    target = torch.randint(0, max(classes, 2), (2, 17, 40))
    target[torch.rand(target.shape) < 0.3] = 255
    return logits.requires_grad_(), target


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("classes", [1, 2, 5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_sums_and_gradients_are_those_of_the_definition(dtype, classes, activation, power):
    logits, target = scene(classes, dtype)
    found = overlaps(logits, target, scope="image", activation=activation, power=power)
    expected = defined(logits.double(), target, activation, power)
    tolerance = {"rtol": 1e-6 if dtype == torch.float32 else 1e-12, "atol": 0}
    for ours, theirs in zip(sums(found), expected, strict=True):
        torch.testing.assert_close(ours, theirs, check_dtype=False, **tolerance)
    weights = torch.randn_like(found.inter), torch.randn_like(found.powers)
    slope = [
        torch.autograd.grad((s[0] * weights[0] + s[1] * weights[1]).sum(), logits)[0]
        for s in (sums(found), expected)
    ]
    largest = slope[1].abs().max()
    assert (slope[0] - slope[1]).abs().max() <= largest * (2e-6 if dtype == torch.float32 else 1e-12)


def test_the_batch_is_the_sum_of_its_images():
    logits, target = scene(4, torch.float32)
    batch, images = overlaps(logits, target), overlaps(logits, target, scope="image")
    for pooled, apart in zip(sums(batch), sums(images), strict=True):
        torch.testing.assert_close(pooled, apart.sum(-1, keepdim=True))


@pytest.mark.parametrize("layout", ["channels last", "turned", "cut out", "half"])
def test_the_layout_in_memory_changes_nothing(layout):
    logits, target = scene(5, torch.float32)
    logits = logits.detach().bfloat16().float()
    changed = {
        "channels last": lambda: logits.contiguous(memory_format=torch.channels_last),
        "turned": lambda: logits.transpose(2, 3).contiguous().transpose(2, 3),
        "cut out": lambda: torch.nn.functional.pad(logits, (3, 3, 3, 3), value=9.0)[..., 3:-3, 3:-3],
        "half": lambda: logits.bfloat16(),
    }[layout]()
    slopes = []
    for z in (logits.requires_grad_(), changed.detach().requires_grad_()):
        found = overlaps(z, target, power=1.5)
        (found.inter - found.powers / 2).sum().backward()
        slopes.append(z.grad.float())
    torch.testing.assert_close(*slopes, rtol=0.01 if layout == "half" else 1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64], ids=str)
def test_targets_of_any_integer_type_count_alike(dtype):
    logits, target = scene(5, torch.float32)
    for found, expected in zip(
        sums(overlaps(logits, target.to(dtype))), sums(overlaps(logits, target)), strict=True
    ):
        assert torch.equal(found, expected)


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.sampled_from(POWERS))
def test_the_probabilities_are_exact_to_float32(one, other, power):
    logits = torch.tensor([one, other], dtype=torch.float32).view(1, 2, 1, 1)
    found = overlaps(logits, torch.ones(1, 1, 1, dtype=torch.int64), power=power).powers
    expected = (power * logits.double().log_softmax(1)).exp().view(2, 1)
    np.testing.assert_allclose(
        found, expected, rtol=1e-6 + 2e-7 * abs(one - other) * (abs(one - other) < 200), atol=1e-30
    )


def test_one_thread_or_two_give_the_same_bytes():
    logits, target = scene(5, torch.float32)
    threads = torch.get_num_threads()
    results = []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            (slope,) = torch.autograd.grad(overlaps(logits, target, power=1.5).powers.sum(), logits)
            results.append(slope)
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*results)
