"""Logits and targets for losses: four pixels that can be computed by hand, and random ones."""

import numpy as np
import torch

# p = .9 .6 .3 .2, truth 1 1 0 0
FOUR = torch.tensor([[[0.9, 0.6], [0.3, 0.2]]], dtype=torch.float64).logit()
TRUTH = torch.tensor([[[1, 1], [0, 0]]])


def scene(seed=0, classes=4, dtype=torch.float64, spread=2.0, ignored=0.2):
    """Logits (2, classes, 5, 6), (2, 5, 6) for one class, and targets of which some are 255."""
    rng = np.random.default_rng(seed)
    shape = (2, classes, 5, 6) if classes > 1 else (2, 5, 6)
    logits = torch.tensor(rng.normal(0, spread, shape), dtype=dtype)
    target = torch.tensor(rng.integers(0, max(classes, 2), (2, 5, 6)))
    target[torch.tensor(rng.random((2, 5, 6)) < ignored)] = 255
    return logits.requires_grad_(), target


def perfect(target, classes, size=1000.0):
    """Logits (B, classes, H, W), or (B, H, W) for one class, whose probabilities are exactly the target."""
    if classes == 1:
        return (target == 1).double() * 2 * size - size
    one_hot = torch.nn.functional.one_hot(target.clamp(max=classes - 1), classes)
    return one_hot.permute(0, 3, 1, 2).double() * 2 * size - size


def value_and_gradient(loss, logits, target):
    logits = logits.detach().clone().requires_grad_()
    value = loss(logits, target)
    value.backward()
    return value.detach(), logits.grad


def check_laws(loss, classes, *, at_perfect=0.0, permutable=True):
    """What section 0 of every loss's contract asks, for one loss with its options."""
    logits, target = scene(3, classes)
    axis = logits.ndim - 3
    ignored = target == 255
    assert torch.autograd.gradcheck(lambda z: loss(z, target), logits)

    value, gradient = value_and_gradient(loss, logits, target)
    spoilt = torch.where(ignored[:, None] if classes > 1 else ignored, torch.nan, logits)
    spoilt_value, spoilt_gradient = value_and_gradient(loss, spoilt, target)
    assert torch.equal(value, spoilt_value) and torch.equal(gradient, spoilt_gradient)

    nothing = torch.full_like(target, 255)
    value, gradient = value_and_gradient(loss, torch.full_like(logits, torch.nan), nothing)
    assert value.item() == at_perfect and not gradient.any()

    assert abs(loss(perfect(target, classes), target).item() - at_perfect) < 1e-12

    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        for sign in (1, -1):
            value, gradient = value_and_gradient(loss, (logits.sign() * sign * 1e4).to(dtype), target)
            assert value.isfinite() and gradient.isfinite().all() and value.dtype == torch.float32

    mirrored = loss(logits.flip(axis + 2), target.flip(2))
    torch.testing.assert_close(mirrored, loss(logits, target), rtol=1e-12, atol=1e-12)
    if classes > 1 and permutable:
        order = torch.tensor([2, 0, 3, 1])[:classes].argsort()
        renamed = torch.where(ignored, 255, order.argsort()[target.clamp(max=classes - 1)])
        torch.testing.assert_close(
            loss(logits[:, order], renamed), loss(logits, target), rtol=1e-12, atol=1e-12
        )
