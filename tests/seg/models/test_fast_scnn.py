"""Fast-SCNN: the table of the paper, and means over parts of a raster of any size."""

import pytest
import torch
from torch.nn import functional as nnf

from bevseg.seg.models.fast_scnn import FastSCNN, mean_of_parts


def test_the_widths_and_strides_are_those_of_the_table():
    net = FastSCNN(3, 19).eval()
    shapes = {}

    def note(name):
        return lambda module, given, out: shapes.update({name: tuple(out.shape[1:])})

    for name, module in net.named_modules():
        module.register_forward_hook(note(name))
    net(torch.zeros(1, 3, 256, 128))
    assert [shapes[f"downsample.{n}"] for n in range(3)] == [(32, 128, 64), (48, 64, 32), (64, 32, 16)]
    bottlenecks = [shapes[f"features.{n}"] for n in range(9)]
    assert bottlenecks == [(64, 16, 8)] * 3 + [(96, 8, 4)] * 3 + [(128, 8, 4)] * 3
    assert shapes["features.9"] == (128, 8, 4)
    assert shapes["spread"] == shapes["shallow"] == shapes["classifier.1"] == (128, 32, 16)
    assert sum(p.numel() for p in net.parameters()) == pytest.approx(
        1.11e6, rel=0.05
    )  # the paper: 1.11 million


@pytest.mark.parametrize("bins", [1, 2, 3, 6])
@pytest.mark.parametrize("size", [(1, 1), (6, 6), (7, 5), (12, 31)])
def test_means_of_parts_are_those_of_adaptive_pooling(bins, size):
    x = torch.rand(2, 3, *size, dtype=torch.float64)
    torch.testing.assert_close(mean_of_parts(x, bins), nnf.adaptive_avg_pool2d(x, bins))


def test_a_batch_of_one_can_be_trained_on():
    """The mean of a whole raster is one value for each channel: normalised over a batch of one, it would fail."""
    net = FastSCNN(2, 3, filters=4)
    net(torch.rand(1, 2, 64, 64)).sum().backward()
    assert net.features[9].reduce[0].weight.grad.abs().sum() > 0


def test_the_deep_branch_sees_what_lies_far_away():
    torch.manual_seed(0)
    net = FastSCNN(2, 3, filters=4).eval()
    bands = torch.rand(1, 2, 512, 64)
    other = bands.clone()
    other[..., 480:, :] = 0
    with torch.no_grad():
        assert not torch.equal(net(bands)[..., :32, :], net(other)[..., :32, :])
