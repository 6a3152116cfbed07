"""The U-Net takes any size, sees no difference between padding and empty cells, and folds without a trace."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bevseg.seg.device import half_precision
from bevseg.seg.models.folding import folded
from bevseg.seg.models.unet import Doubling, UNet
from tests.seg import scenes

CPU = torch.device("cpu")


@pytest.fixture
def net():
    return scenes.model().nets["low"].eval()


@pytest.mark.parametrize("size", [(1, 1), (3, 17), (32, 32), (33, 20)])
def test_any_size(net, size):
    assert net(torch.rand(2, 2, *size)).shape == (2, 5, *size)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_any_depth(depth):
    net = UNet(3, 5, filters=4, depth=depth)
    assert net(torch.rand(1, 3, 20, 20)).shape == (1, 5, 20, 20)


def test_a_widest_level_bounds_the_weights_and_keeps_the_depth():
    weights = {widest: UNet(3, 5, 4, 4, widest=widest) for widest in (None, 64, 16)}
    count = {widest: sum(p.numel() for p in net.parameters()) for widest, net in weights.items()}
    assert count[None] == count[64] > 3 * count[16]
    assert len(weights[16].down) == len(weights[None].down)
    assert weights[16](torch.rand(1, 3, 20, 20)).shape == (1, 5, 20, 20)


def test_empty_cells_beyond_the_edge_change_nothing(net):
    bands = torch.rand(1, 2, 10, 13)
    wider = torch.nn.functional.pad(bands, (0, 3, 0, 2))
    torch.testing.assert_close(net(wider)[..., :10, :13], net(bands))


@settings(deadline=None)
@given(st.integers(1, 3), st.integers(1, 70), st.integers(1, 70), st.data())
def test_a_part_has_the_logits_that_it_has_among_all(depth, rows, cols, data):
    torch.manual_seed(0)
    net, bands = UNet(2, 3, filters=4, depth=depth).eval(), torch.rand(1, 2, rows, cols)
    part = []
    for size in (rows, cols):
        start = data.draw(st.integers(0, size - 1))
        part.append(slice(start, data.draw(st.integers(start + 1, size))))
    torch.testing.assert_close(net(bands, tuple(part)), net(bands)[..., part[0], part[1]])


def test_doubling_is_a_transposed_convolution():
    doubling, x = Doubling(6, 3), torch.rand(2, 6, 4, 5)
    kernel = doubling.spread.weight.view(2, 2, 3, 6).permute(3, 2, 0, 1)
    torch.testing.assert_close(doubling(x), torch.nn.functional.conv_transpose2d(x, kernel, stride=2))


@pytest.mark.parametrize("filters", [4, 16])
def test_the_first_loss_is_that_of_knowing_nothing(filters):
    torch.manual_seed(0)
    logits = UNet(8, 5, filters)(torch.rand(1, 8, 64, 64))
    loss = torch.nn.functional.cross_entropy(logits, torch.randint(5, (1, 64, 64)))
    assert loss.item() == pytest.approx(math.log(5), rel=0.15)


@pytest.mark.parametrize("size", [(32, 32), (33, 21)])
def test_folding_changes_nothing_but_digits(net, size):
    bands = torch.rand(1, 2, *size)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    with torch.inference_mode():
        fast = folded(net, CPU, torch.float32)
        torch.testing.assert_close(fast(bands), net(bands), rtol=1e-4, atol=1e-4)
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in fast.modules())


@pytest.mark.skipif(not half_precision(CPU), reason="this processor does not compute in bfloat16")
@pytest.mark.parametrize("size", [(32, 32), (33, 21)])
def test_folding_in_half_precision_changes_few_digits(net, size):
    bands = torch.rand(1, 2, *size)
    with torch.inference_mode():
        half = folded(net, CPU, torch.bfloat16)(bands.bfloat16()).float()
        assert (half - net(bands)).abs().mean() < 0.02 * net(bands).std()
