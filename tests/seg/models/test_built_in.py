"""What every network of bevseg keeps to: any size, all weights reached, one seed one network, files, bfloat16."""

import math

import pytest
import torch
from torch.nn import functional as nnf

from bevseg.config import NetConfig, Settings
from bevseg.errors import UsageError
from bevseg.seg import checkpoint
from bevseg.seg.models import registry
from bevseg.seg.models.build import build, ensure_trainable, halvings
from bevseg.seg.models.folding import folded
from tests.seg import scenes

CPU = torch.device("cpu")
SIZES = [(1, 1), (1, 40), (3, 17), (64, 32), (33, 70)]

every_kind = pytest.mark.parametrize("kind", registry.NETWORKS)


def network(kind, bands=2, classes=3, **options):
    torch.manual_seed(0)
    return build(NetConfig(kind, **({"filters": 4, "depth": 3} | options)), bands, classes)


def settled(kind, bands=2, **options):
    """A network for prediction, with statistics as if it had been trained."""
    net = network(kind, bands, **options)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.2)
            module.momentum = 1.0  # what the one step sees
    net(torch.rand(2, bands, 64, 64))
    return net.eval()


@every_kind
@pytest.mark.parametrize("size", SIZES)
def test_every_cell_of_a_raster_of_any_size_has_its_logits(kind, size):
    logits = settled(kind)(torch.rand(2, 2, *size))
    assert logits.shape == (2, 3, *size)
    assert torch.isfinite(logits).all()


@every_kind
def test_a_raster_without_a_point_has_finite_logits_in_training_too(kind):
    assert torch.isfinite(network(kind)(torch.zeros(2, 2, 40, 40))).all()


@every_kind
@pytest.mark.parametrize("side", [8, 16, 33])
def test_crops_too_small_for_the_statistics_of_a_network_are_refused_and_no_others(kind, side):
    config, state = NetConfig(kind, filters=4, depth=4), torch.get_rng_state()
    try:
        build(config, 2, 3).train()(torch.rand(1, 2, side, side))
    except ValueError:
        torch.set_rng_state(state)
        with pytest.raises(UsageError, match=f"{kind} cannot train on 1 x {side} x {side} cells"):
            ensure_trainable(config, 1, side, side)
    else:
        torch.set_rng_state(state)
        ensure_trainable(config, 1, side, side)
    ensure_trainable(config, 2, side, side)
    assert torch.equal(torch.get_rng_state(), state)


@every_kind
def test_every_weight_is_reached(kind):
    net = network(kind, dropout=0.0)
    net(torch.rand(2, 2, 64, 96)).square().sum().backward()
    left = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    assert left == []


@every_kind
def test_a_seed_gives_the_same_network_and_the_same_gradients(kind):
    bands = torch.rand(2, 2, 64, 64, generator=torch.Generator().manual_seed(1))
    gradients = []
    for _ in range(2):
        net = network(kind)
        net(bands).square().mean().backward()
        gradients.append([p.grad for p in net.parameters()])
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))


@every_kind
def test_the_first_loss_is_about_that_of_knowing_nothing(kind):
    torch.manual_seed(0)
    net = build(NetConfig(kind, filters=8), 8, 5)
    loss = nnf.cross_entropy(net(torch.rand(2, 8, 64, 64)), torch.randint(5, (2, 64, 64)))
    assert loss.item() == pytest.approx(math.log(5), rel=0.25)


@every_kind
def test_a_model_file_gives_the_network_back(kind, tmp_path):
    net = NetConfig(kind, filters=4, depth=2)
    bands = dict.fromkeys(("low", "high"), scenes.BANDS)
    nets = {name: settled(kind, depth=2, classes=5) for name in bands}
    checkpoint.save(checkpoint.Model(nets, bands, Settings(net=net)), tmp_path / "m.safetensors")
    read = checkpoint.load(tmp_path / "m.safetensors")
    raster = torch.rand(1, 2, 40, 33)
    for name, written in nets.items():
        assert torch.equal(read.nets[name](raster), written(raster))


@every_kind
@pytest.mark.parametrize("size", [(64, 64), (33, 70)])
def test_channels_last_changes_digits_only(kind, size):
    net, bands = settled(kind), torch.rand(2, 2, *size)
    last = net(bands.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(last, net(bands), rtol=1e-4, atol=1e-4)


@every_kind
@pytest.mark.parametrize("size", [(64, 64), (33, 70)])
def test_folding_changes_nothing_but_digits(kind, size):
    net, bands = settled(kind), torch.rand(1, 2, *size)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    with torch.inference_mode():
        fast = folded(net, CPU, torch.float32)
        torch.testing.assert_close(fast(bands), net(bands), rtol=1e-4, atol=1e-4)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in fast.modules())
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


@every_kind
def test_autocast_to_bfloat16_keeps_the_logits_and_has_finite_gradients(kind):
    net, bands = settled(kind), torch.rand(2, 2, 64, 40)
    with torch.autocast("cpu", torch.bfloat16):
        half = net(bands).float()
    exact = net(bands)
    # `segnet` has more: where two cells are about as high, the value may go to the other one.
    assert (half - exact).abs().mean() < 0.3 * exact.std()
    half.square().mean().backward()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters())


@pytest.mark.parametrize("kind", [kind for kind in registry.NETWORKS if kind != "paper_unet"])
def test_empty_cells_up_to_the_next_halving_change_nothing(kind):
    """Not so for `paper_unet`, which pads on all sides."""
    net, bands = settled(kind), torch.rand(1, 2, 20, 27)
    whole = nnf.pad(bands, (0, 5, 0, 4))
    torch.testing.assert_close(net(whole)[..., :20, :27], net(bands))


@every_kind
@pytest.mark.parametrize("filters", [1, 3])
def test_few_filters_are_enough_for_a_network(kind, filters):
    net = network(kind, filters=filters)
    assert net(torch.rand(2, 2, 40, 64)).shape == (2, 3, 40, 64)


@pytest.mark.parametrize(
    ("kind", "expected"), [("unet", 3), ("paper_unet", 3), ("segnet", 3), ("fcn8s", 5), ("fast_scnn", 5)]
)
def test_tiles_begin_where_the_halvings_allow(kind, expected):
    """The last two are what they are by their strides: the setting `depth` is not for them."""
    assert halvings(network(kind, depth=3)) == expected
