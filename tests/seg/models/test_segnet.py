"""SegNet: the places of the maxima carry the borders, and nothing else does."""

import pytest
import torch
from torch.nn import functional as nnf

from bevseg.errors import UsageError
from bevseg.seg.models import segnet
from bevseg.seg.models.segnet import SegNet


@pytest.fixture
def net():
    torch.manual_seed(0)
    return SegNet(2, 3, filters=4, depth=3).eval()


def test_a_value_returns_to_the_cell_that_had_the_maximum():
    raster = torch.tensor([[1.0, 2, 0, 7], [4, 3, 5, 6], [9, 0, 1, 1], [8, 0, 1, 2]])[None, None]
    values, places = nnf.max_pool2d(raster, 2, return_indices=True)
    expected = torch.tensor([[0.0, 0, 0, 7], [4, 0, 0, 0], [9, 0, 0, 0], [0, 0, 0, 2]])
    assert torch.equal(nnf.max_unpool2d(values, places, 2)[0, 0], expected)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_the_places_of_every_level_are_used(net, level, monkeypatch):
    """With the same values and other places of one level, the logits are others."""
    bands, calls = torch.rand(1, 2, 32, 32), []
    before = net(bands)
    pool = nnf.max_pool2d

    def moved(x, size, **options):
        values, places = pool(x, size, **options)
        calls.append(x.shape[-1])
        # To the cell on the other side, in the row: a window begins at an even column.
        return values, places ^ 1 if len(calls) - 1 == level else places

    monkeypatch.setattr(segnet.nnf, "max_pool2d", moved)
    after = net(bands)
    assert calls == [32, 16, 8]
    assert not torch.allclose(after, before)


def test_an_even_roof_and_its_border_are_told_apart_by_the_places_alone(net):
    """A shift by one cell within the windows leaves all maxima: only the places say that something moved."""
    left, right = torch.zeros(1, 2, 32, 32), torch.zeros(1, 2, 32, 32)
    left[..., 8::8, 8::8] = 1
    right[..., 8::8, 9::8] = 1
    assert torch.equal(nnf.max_pool2d(left, 2), nnf.max_pool2d(right, 2))
    assert not torch.allclose(net(left), net(right))


def test_at_the_depth_of_the_paper_the_convolutions_are_those_of_vgg_16():
    def convolutions(blocks):
        return [sum(isinstance(layer, torch.nn.Conv2d) for layer in block) for block in blocks]

    net = SegNet(3, 11, filters=64)
    assert convolutions(net.down) == [2, 2, 3, 3, 3]
    assert [*convolutions(net.up)[:-1], convolutions(net.up)[-1] + 1] == [
        3,
        3,
        3,
        2,
        2,
    ]  # the head is the last
    vgg = [p for name, p in net.down.named_parameters() if p.ndim == 4]
    assert sum(p.numel() for p in vgg) == 14_710_464  # VGG-16 without biases and its classifier


def test_dropout_leaves_channels_out_from_the_third_level_down(net):
    bands = torch.rand(1, 2, 32, 32)
    shallow = SegNet(2, 3, filters=4, depth=2, dropout=0.5)
    assert torch.equal(shallow(bands), shallow(bands))
    net.train()
    net.drop.p = 0.5
    assert not torch.equal(net(bands), net(bands))


def test_a_segnet_without_a_halving_is_refused():
    with pytest.raises(UsageError, match="one halving") as caught:
        SegNet(2, 3, depth=0)
    assert caught.value.where == "net.depth"
