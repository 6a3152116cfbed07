"""What a loss asks of a device: few operators, as many for eight images as for two, and no waiting."""

import pytest

from benchmarks.loss_calls import count
from bevseg.seg.losses.loss_text import parse
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

DISTANCES = {"hausdorff_dt": 2, "hausdorff_one_sided": 1, "boundary": 1, "distance_ce": 1, "shape_aware": 1}
"""How often a loss without `maps` has distances computed: of the target; the first, of the prediction too."""

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
def test_a_device_waits_for_distances_alone_and_the_batch_is_no_loop(name):
    small, large = (count(parse(name), images) for images in (2, 8))
    assert large.waits == ["squared_to_other"] * DISTANCES.get(name, 0)
    assert small.number == large.number


@pytest.mark.parametrize("name", LEAN)
def test_a_loss_takes_at_most_three_times_the_calls_of_cross_entropy(name):
    assert count(parse(name), 8).number <= MOST * count(parse("ce"), 8).number


def test_a_wait_is_noticed():
    assert count(lambda z, _: z[z > 0].sum(), 2).waits == ["index by a mask"]
    assert count(lambda z, _: z.sum() * z.sum().item(), 2).waits == ["_local_scalar_dense"]
