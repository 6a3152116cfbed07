"""Labels that are views, turned or transposed, have the gradients of a copy."""

import pytest
import torch

from bevseg.seg.losses.loss import parse
from bevseg.seg.losses.registry import LOSSES

VIEWS = {
    "turned": lambda labels: torch.rot90(labels, 1, (1, 2)),
    "transposed": lambda labels: labels.transpose(1, 2),
    "every other column": lambda labels: labels.repeat_interleave(2, 2)[..., ::2],
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", [name for name, entry in LOSSES.items() if not entry.learned])
def test_the_gradient_does_not_depend_on_how_labels_lie_in_memory(name, view):
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 16, 16, dtype=torch.float64, generator=random, requires_grad=True)
    labels = VIEWS[view](torch.randint(0, 3, (2, 16, 16), generator=random))
    assert not labels.is_contiguous()
    loss = parse(name, 3)
    (found,) = torch.autograd.grad(loss(logits, labels), logits)
    (expected,) = torch.autograd.grad(loss(logits, labels.contiguous()), logits)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
