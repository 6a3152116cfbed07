import pytest
import torch

from bevseg.seg.models.paper_unet import PaperUNet


@pytest.fixture
def net():
    torch.manual_seed(0)
    return PaperUNet(2, 3, filters=2)


@pytest.mark.parametrize("size", [(8, 8), (28, 28), (9, 31), (1, 1)])
def test_every_cell_of_a_raster_of_any_size_has_its_logits(net, size):
    assert net(torch.rand(2, 2, *size)).shape == (2, 3, *size)


def test_what_is_padded_goes_away_on_the_side_where_it_was(net):
    inside = torch.rand(1, 2, 13, 9)
    padded = torch.nn.functional.pad(inside, (3, 4, 1, 2))  # to 16 x 16, as evenly as it goes
    net.eval()
    torch.testing.assert_close(net(inside), net(padded)[..., 1:14, 3:12])


def test_noise_is_added_in_training_only(net):
    bands = torch.rand(1, 2, 16, 16)
    assert not torch.equal(net(bands), net(bands))
    net.eval()
    assert torch.equal(net(bands), net(bands))
    net.noise = 0.0
    net.train()
    assert torch.equal(net(bands), net(bands))


def test_the_layers_are_those_of_the_demonstration():
    """Weights and biases counted by hand for one band, one class, two filters at full resolution."""

    def conv(before, after):
        return 9 * before * after + after

    down = conv(1, 2) + conv(2, 2) + conv(2, 4) + conv(4, 4) + conv(4, 8) + conv(8, 8)
    lowest = conv(8, 16) + conv(16, 16)
    strided = conv(2, 2) + conv(4, 4) + conv(8, 8)
    # The strided convolutions keep the filters of their level; each block widens what it gets.
    up = conv(16, 8) + conv(8, 4) + conv(4, 2)
    merged = conv(16, 8) + conv(8, 8) + conv(8, 4) + conv(4, 4) + conv(4, 2) + conv(2, 2)
    expected = down + lowest + strided + up + merged + 2 + 1
    assert sum(p.numel() for p in PaperUNet(1, 1, filters=2).parameters()) == expected


def test_weights_start_as_in_keras(net):
    for name, value in net.named_parameters():
        if name.endswith("bias"):
            assert not value.any()
            continue
        a, b, *window = value.shape
        limit = (6 / ((a + b) * window[0] * window[1])) ** 0.5
        assert 0.5 * limit < value.abs().max() <= limit


def test_every_weight_is_reached(net):
    net(torch.rand(2, 2, 24, 24)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
