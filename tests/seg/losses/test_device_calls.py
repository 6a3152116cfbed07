"""What a loss asks of a device: few operators, as many for eight images as for two, and no waiting."""

import pytest

from benchmarks.loss_calls import count
from bevseg.seg.losses.loss import parse
from bevseg.seg.losses.registry import LOSSES

LEAN = (
    "ce",
    "weighted_ce",
    "balanced_ce",
    "focal",
    "hinge",
    "kl",
    "power_jaccard",
    "power_jaccard(reduce=class_image)",
    "power_dice",
    "jml",
    "soft_jaccard",
    "dice",
    "tversky",
    "focal_tversky",
    "sensitivity_specificity",
    "lovasz_softmax",
    "lovasz_softmax(per_image=true)",
    "lovasz_hinge",
)

MOST = 3
"""Times the calls of our own cross-entropy on the same batch: it does the same job for pixels."""


@pytest.mark.parametrize(
    "name",
    [name for name, entry in LOSSES.items() if not entry.learned]
    + [
        "power_jaccard(reduce=class_image)",
        "lovasz_softmax(per_image=true)",
        "lovasz_softmax(classes=[0, 2])",
    ],
)
def test_a_device_never_waits_and_the_batch_is_no_loop(name):
    small, large = (count(parse(name), images) for images in (2, 8))
    assert not large.waits
    assert small.number == large.number


@pytest.mark.parametrize("name", LEAN)
def test_a_loss_takes_at_most_three_times_the_calls_of_cross_entropy(name):
    assert count(parse(name), 8).number <= MOST * count(parse("ce"), 8).number


def test_a_wait_is_noticed():
    assert count(lambda z, _: z[z > 0].sum(), 2).waits == ["index by a mask"]
    assert count(lambda z, _: z.sum() * z.sum().item(), 2).waits == ["_local_scalar_dense"]
