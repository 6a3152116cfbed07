"""Losses against the reference values: authors' code and formulas, float64, values and gradients; then float32."""

import json
from functools import partial

import numpy as np
import pytest
import torch

from bevseg.seg.losses import cross_entropy, lovasz_hinge, lovasz_softmax, power_jaccard


def authors_power_jaccard(p, smooth, activation, ignore_index, target=None):
    """One sum over everything; p = 3 and 0.5 occur, for the arithmetic."""
    return partial(power_jaccard, p=p, smooth=smooth, activation=activation, reduce="all", any_p=True)


def power_jaccard_formula(p, eps, scope):
    """`image` is one class in one image: those cases are binary."""
    reduce = {"image": "class_image"}.get(scope, scope)
    return partial(power_jaccard, p=p, smooth=eps, reduce=reduce, classes="all")


def hinge(per_image, ignore_index):
    return partial(lovasz_hinge, per_image=per_image)


def softmax(classes, per_image, ignore_index, activation):
    return partial(lovasz_softmax, classes=classes, per_image=per_image, activation=activation.split()[0])


SETS = {
    "bce": lambda: cross_entropy,
    "power_jaccard": authors_power_jaccard,
    "power_jaccard_formula": power_jaccard_formula,
    "lovasz_hinge": hinge,
    "lovasz_softmax": softmax,
}
"""Golden set -> its parameters -> our loss."""

TOLERANCE = {torch.float64: (1e-9, 1e-8), torch.float32: (2e-5, 2e-4)}
"""Relative, of the value and of the largest gradient."""


def failures(golden, name, dtype):
    cases = json.loads((golden / "manifest.json").read_text())["losses"][name]["cases"]
    arrays = np.load(golden / f"{name}.npz")
    found = [message for case in cases for message in compare(case, arrays, SETS[name], dtype)]
    return found, len(cases)


def compare(case, arrays, loss_of, dtype):
    logits = torch.tensor(arrays[f"{case['id']}/logits"], dtype=dtype, requires_grad=True)
    value = loss_of(**case["params"])(logits, torch.tensor(arrays[f"{case['id']}/labels"]))
    value.backward()
    relative, of_largest = TOLERANCE[dtype]
    expected, gradient = arrays[f"{case['id']}/value"], arrays[f"{case['id']}/grad_logits"]
    if not np.isclose(value.item(), expected, rtol=relative, atol=1e-12 if dtype == torch.float64 else 1e-6):
        yield f"{case['id']} {case['scenario']} {case['params']}: value {value.item()}, expected {expected}"
    if case.get("grad_unique", True):
        worst = np.abs(logits.grad.numpy() - gradient).max()
        if not worst <= of_largest * np.abs(gradient).max() + 1e-12:
            yield f"{case['id']} {case['scenario']} {case['params']}: gradient off by {worst}"


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("name", SETS)
def test_agrees_with_the_reference(golden, name, dtype):
    found, cases = failures(golden, name, dtype)
    assert cases and not found, "\n".join(found)
