"""FCN-8s: VGG-16 as convolutions, and scores of three strides that are added."""

import pytest
import torch

from bevseg.seg.models.fcn8s import FCN8s


@pytest.fixture
def net():
    torch.manual_seed(0)
    return FCN8s(2, 3, filters=4, dropout=0.5).eval()


def test_at_64_filters_the_weights_are_those_of_the_paper():
    with torch.device("meta"):
        net = FCN8s(3, 21, filters=64)
    kernels = {name: p.numel() for name, p in net.named_parameters() if p.ndim == 4}
    assert sum(n for name, n in kernels.items() if name.startswith("stages")) == 14_710_464
    assert [n for name, n in kernels.items() if name.startswith("classifier")] == [49 * 512 * 4096, 4096**2]
    assert {name: n for name, n in kernels.items() if name.startswith(("score", "skips"))} == {
        "score.weight": 21 * 4096,
        "skips.0.weight": 21 * 512,
        "skips.1.weight": 21 * 256,
    }


@pytest.mark.parametrize("head", ["score", "skips.0", "skips.1"])
def test_the_scores_of_every_stride_are_added(net, head):
    bands = torch.rand(1, 2, 64, 64)
    with torch.no_grad():
        before = net(bands)
        net.get_submodule(head).bias += torch.tensor([1.0, 2, 3])
        # Upsampling keeps what is the same everywhere.
        torch.testing.assert_close(
            net(bands) - before, torch.tensor([1.0, 2, 3])[:, None, None].expand(1, 3, 64, 64)
        )


def test_a_limit_of_the_filters_bounds_the_classifier():
    count = {
        widest: sum(p.numel() for p in FCN8s(2, 3, filters=4, widest=widest).parameters())
        for widest in (None, 64)
    }
    assert count[None] > 3 * count[64]
    assert FCN8s(2, 3, filters=4, widest=64)(torch.rand(2, 2, 40, 64)).shape == (2, 3, 40, 64)


def test_dropout_acts_in_training_only(net):
    bands = torch.rand(2, 2, 64, 64)
    assert torch.equal(net(bands), net(bands))
    net.train()
    assert not torch.equal(net(bands), net(bands))
