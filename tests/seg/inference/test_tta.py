"""Test-time augmentation: means of probabilities, in every symmetry of the raster, and no seams."""

import numpy as np
import pytest
import torch
from torch import nn

from bevseg.config import PredictConfig
from bevseg.errors import UsageError
from bevseg.seg.inference.tta import TTA, apply_symmetry, multi_scale, undo_symmetry


def test_the_mean_is_of_probabilities_not_of_logits():
    sure, unsure = torch.tensor([[[[20.0]], [[0.0]]]]), torch.zeros(1, 2, 1, 1)
    assert multi_scale([sure, unsure])[0, 0, 0, 0].item() == pytest.approx(0.75)


def test_a_coarse_look_is_spread_between_the_centres_of_its_cells():
    logits = torch.tensor([[[[-50.0, 50.0]], [[50.0, -50.0]]]])  # probability of the first class: 0, 1
    spread = multi_scale([logits], (1, 4))[0, 0, 0]
    assert spread.tolist() == pytest.approx([0, 0.25, 0.75, 1])


def test_the_full_size_is_that_of_the_largest_and_sums_to_one():
    mean = multi_scale([torch.randn(2, 3, 4, 6), torch.randn(2, 3, 8, 12)])
    assert mean.shape == (2, 3, 8, 12)
    torch.testing.assert_close(mean.sum(1), torch.ones(2, 8, 12))


def test_half_precision_is_averaged_in_full():
    assert multi_scale([torch.randn(1, 2, 2, 2).bfloat16()]).dtype == torch.float32
    assert multi_scale([torch.randn(1, 2, 2, 2).double()]).dtype == torch.float64


def test_there_are_eight_different_symmetries_that_can_be_undone():
    x = torch.arange(6.0).view(1, 2, 3)
    images = [apply_symmetry(x, number) for number in range(8)]
    assert len({(*image.shape, *image.flatten().tolist()) for image in images}) == 8
    assert all(torch.equal(undo_symmetry(image, number), x) for number, image in enumerate(images))


@pytest.mark.parametrize("turns", [2, 4, 8])
def test_the_first_symmetries_are_a_group(turns):
    x = torch.rand(3, 3)
    group = {tuple(apply_symmetry(x, number).flatten().tolist()) for number in range(turns)}
    for other in range(turns):
        assert {
            tuple(apply_symmetry(apply_symmetry(x, other), number).flatten().tolist())
            for number in range(turns)
        } == group


@pytest.fixture
def lopsided():
    """A net that looks to the north-west only."""
    torch.manual_seed(0)
    conv = nn.Conv2d(2, 3, 5, padding=2)
    with torch.no_grad():
        conv.weight[:, :, 3:] = 0
        conv.weight[:, :, :, 3:] = 0
    return conv


@pytest.mark.parametrize("turns", [2, 4, 8])
@torch.no_grad()
def test_a_raster_in_another_symmetry_gets_the_answer_in_that_symmetry(lopsided, turns):
    tta = TTA(lopsided, 2, torch.float32, PredictConfig(turns=turns))
    x = torch.rand(2, 8, 12)
    for number in range(turns):
        torch.testing.assert_close(tta(apply_symmetry(x, number)), apply_symmetry(tta(x), number))
    assert not torch.allclose(tta(x.flip(-2)), tta(x).flip(-2)) or turns == 8


@torch.no_grad()
def test_without_tta_it_is_the_network_itself(lopsided):
    x = torch.rand(2, 7, 9)
    alone = TTA(lopsided, 2, torch.float32, PredictConfig())(x)
    torch.testing.assert_close(alone, lopsided(x[None])[0].softmax(0))


@torch.no_grad()
def test_scales_are_those_of_the_pure_function():
    pointwise = nn.Conv2d(2, 3, 1)
    x = torch.rand(2, 16, 32) + 0.1
    tta = TTA(pointwise, 2, torch.float32, PredictConfig(scales=(1.0, 0.75, 0.5)))
    sizes = [(16, 32), (12, 24), (8, 16)]
    seen = [nn.functional.interpolate(x[None], size=size, mode="bilinear") for size in sizes]
    torch.testing.assert_close(tta(x), multi_scale([pointwise(s) for s in seen])[0])


@torch.no_grad()
def test_empty_cells_do_not_lower_what_stands_beside_them():
    heights = torch.zeros(1, 8, 8)
    heights[:, ::2, ::2] = 3.0
    seen = []
    net = nn.Identity()
    net.register_forward_hook(lambda module, args, out: seen.append(out))
    TTA(net, 0, torch.float32, PredictConfig(scales=(0.5,)))(heights)
    assert torch.equal(seen[0], torch.full((1, 1, 4, 4), 3.0))


@pytest.mark.parametrize("wrong", [{"scales": (0.7,)}, {"scales": ()}, {"scales": (0.0,)}, {"turns": 3}])
def test_scales_and_symmetries_that_cannot_be_are_refused(wrong):
    with pytest.raises(UsageError, match=r"predict\.(scales|turns)"):
        PredictConfig(**wrong)


def test_windows_meet_whole_cells_of_every_scale():
    tta = TTA(nn.Identity(), 4, torch.float32, PredictConfig(scales=(1.0, 0.75, 0.5)))
    assert np.all([tta.multiple * scale % 16 == 0 for scale in (1, 0.75, 0.5)])
