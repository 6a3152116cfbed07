"""NeuroIoU with the surrogates of the reference."""

import numpy as np
import torch
from torch import nn

from bevseg.seg.neuro_iou.loss import features, neuro_iou
from tests.seg.losses.goldens.case import Case, Departure

ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}


def surrogate(case: Case) -> nn.Module:
    """The reference writes x @ W + b, a linear layer of torch W x + b.

    In float64 for logits of any type: where a sigmoid is saturated its slope, the difference of 1 and its value, has
    few digits in float32, and that would be measured instead of the loss.
    """
    count = sum(name.startswith("W") for name in case.arrays)
    layers: list[nn.Module] = []
    for i in range(count):
        weight, bias = torch.tensor(case.arrays[f"W{i}"]), case.arrays.get(f"b{i}")
        layer = nn.Linear(*weight.shape, bias is not None).double()
        layer.weight.data.copy_(weight.T)
        if bias is not None:
            layer.bias.data.copy_(torch.tensor(bias))
        layers += [layer, ACTIVATIONS[case.params.get("activation", "sigmoid")]()]
    net = nn.Sequential(*layers[:-1], nn.Flatten(0)).requires_grad_(False)
    return lambda inputs: net(inputs.double()).to(inputs.dtype)


def neuro(case: Case):
    """The loss; on the way the features, targets and pairs of the reference are compared, too."""
    options = {"inputs": case.params.get("kind", "3"), "scale": case.params.get("scale")}
    if not blank_images(case).any():
        found = features(case.logits, case.labels, case.ignore, **options)
        rtol = 1e-9 if case.dtype == torch.float64 else 2e-5
        for name, ours in zip(("features", "targets", "pairs"), found, strict=True):
            expected = case.arrays[name]
            np.testing.assert_allclose(ours.detach().numpy(), expected, rtol, rtol / 10, err_msg=name)
    return neuro_iou(case.logits, case.labels, case.ignore, surrogate=surrogate(case), **options)


def blank_images(case: Case) -> np.ndarray:
    """Which images have no valid pixel."""
    labels = case.arrays["labels"]
    return (labels == case.ignore).reshape(len(labels), -1).all(1)


def counts_blank_images(case: Case) -> bool:
    """Binary logits, where the foreground always counts, and a blank image; if all are blank, the value is f(0)."""
    blank = blank_images(case)
    if case.arrays["labels"].ndim < case.arrays["logits"].ndim or not blank.any():
        return False
    return not blank.all() or case.holds(f_of_nothing(case))


def without_blank_images(case: Case):
    """The mean of the reference less its terms f(0) of the blank images, over the images that are left."""
    images, blank = len(case.arrays["labels"]), int(blank_images(case).sum())
    if images == blank:
        return 0.0, np.zeros_like(case.arrays["grad_logits"])
    total = images * float(case.arrays["value"]) - blank * f_of_nothing(case)
    return total / (images - blank), case.arrays["grad_logits"] * images / (images - blank)


def f_of_nothing(case: Case) -> float:
    """The surrogate where all sums are 0, in NumPy."""
    act = {"sigmoid": lambda v: 1 / (1 + np.exp(-v)), "tanh": np.tanh, "relu": lambda v: np.maximum(v, 0)}
    count = sum(name.startswith("W") for name in case.arrays)
    x = np.zeros(len(case.arrays["W0"]))
    for i in range(count):
        x = x @ case.arrays[f"W{i}"] + case.arrays.get(f"b{i}", 0)
        x = act[case.params.get("activation", "sigmoid")](x) if i < count - 1 else x
    return float(x[0])


SETS = {"neuro_iou": neuro}
DEPARTURES = (
    Departure(
        "NeuroIoU: an image whose pixels are all ignored costs nothing; the reference counts f(0) for its foreground",
        ("neuro_iou",),
        counts_blank_images,
        without_blank_images,
    ),
)
