"""The fit of the surrogate: how good, which way it pulls, and when it is refused."""

import logging

import pytest
import torch

from bevseg.errors import SurrogateError
from bevseg.seg.neuro_iou.loss import Surrogate, features
from bevseg.seg.neuro_iou.surrogate import Pairs, Report, approximation, fit, pairs_of, slopes

QUICK = {"hidden": (30, 30), "steps": 800}


class Plane(torch.nn.Module):
    """f = slopes . inputs."""

    def __init__(self, *slopes):
        super().__init__()
        self.slopes = torch.tensor(slopes)

    def forward(self, inputs):
        return inputs @ self.slopes


def synthetic(count=600, kind="3", seed=0):
    """Maps with a share of each set, and probabilities that are a little less sure where more is wrong."""
    generator = torch.Generator().manual_seed(seed)
    shares = torch.rand(count, 3, generator=generator) * torch.tensor([0.6, 0.2, 0.2]) + 0.01
    p = torch.tensor([0.9, 0.7, 0.3]) + 0.02 * torch.randn(count, 3, generator=generator)
    inputs = shares * p
    if kind == "6":
        inputs = torch.cat([inputs, p], 1)
    return Pairs(kind, inputs, 1 - shares[:, 0] / shares.sum(1))


def report(*values, kind="3"):
    """A report on the plane with these slopes."""
    found = slopes(Plane(*values), synthetic(kind=kind))
    return Report(kind, 540, 60, rmse=0.01, worst=0.02, spread=0.2, slopes=found)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["3", "6"])
def test_a_fit_comes_close(kind):
    f, found = fit(synthetic(kind=kind), **QUICK)
    assert found.held_out == 60
    assert found.rmse < 0.07 < found.spread
    assert found.rmse <= found.worst < 0.3
    assert isinstance(f, Surrogate)


def test_a_fitted_surrogate_is_frozen_and_pulls_the_right_way():
    f, found = fit(synthetic(), **QUICK)
    assert found.slopes["TP"].is_right
    assert found.slopes["FP"].is_right
    assert not any(p.requires_grad for p in f.parameters())
    assert not f.training
    found.ensure_sound()


def test_the_same_seed_gives_the_same_surrogate():
    pairs = synthetic()
    same, again, other = (fit(pairs, hidden=(9,), steps=20, seed=seed)[0].state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(same[key], again[key]) for key in same)
    assert not all(torch.equal(same[key], other[key]) for key in same)


def test_the_random_numbers_of_the_caller_stay_as_they_were():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    fit(synthetic(50), hidden=(3,), steps=2)
    assert torch.equal(torch.rand(1), expected)


def test_the_surrogate_does_not_look_beyond_the_pairs_it_learned_from():
    pairs = synthetic()
    f, _ = fit(pairs, hidden=(9,), steps=20)
    assert torch.equal(f(torch.full((1, 3), 1e6)), f(f.high[None]))
    assert (f.low >= pairs.inputs.amin(0)).all()
    assert (f.high <= pairs.inputs.amax(0)).all()


def test_an_input_that_never_changes_does_no_harm():
    pairs = synthetic(100)
    pairs.inputs[:, 1] = 0
    f, found = fit(pairs, hidden=(9,), steps=20)
    assert torch.isfinite(f(pairs.inputs)).all()
    assert found.slopes["FP"].pairs == 0


def test_too_few_pairs_are_refused():
    with pytest.raises(SurrogateError, match="19 pairs"):
        fit(synthetic(19))


# --- signs


def test_right_signs_are_accepted_without_a_word(caplog):
    report(-1.0, 1.0, -1.0).ensure_sound()
    assert caplog.records == []


@pytest.mark.parametrize(("values", "wrong"), [((0.5, 1.0, -1.0), "TP"), ((-1.0, -0.5, -1.0), "FP")])
def test_a_wrong_sign_for_found_pixels_or_false_alarms_is_refused(values, wrong):
    with pytest.raises(SurrogateError, match=f"slope of {wrong}") as caught:
        report(*values).ensure_sound()
    assert f"df/d{wrong}" in caught.value.why
    assert "0 % of 600 pairs" in caught.value.why


def test_a_flat_surrogate_is_refused():
    with pytest.raises(SurrogateError, match="TP, FP"):
        report(0.0, 0.0, 0.0).ensure_sound()


def test_a_set_without_pixels_proves_nothing():
    pairs = synthetic(50)
    pairs.inputs[:, 1] = 0
    found = slopes(Plane(-1.0, 1.0, -1.0), pairs)
    assert found["FP"].pairs == 0
    assert not found["FP"].is_right


def test_maps_without_errors_prove_nothing():
    pairs = synthetic(50)
    pairs.targets[:49] = 0
    assert slopes(Plane(-1.0, 1.0, -1.0), pairs)["TP"].pairs == 1


def test_a_wrong_sign_for_missed_pixels_is_a_warning(caplog):
    with caplog.at_level(logging.WARNING):
        report(-1.0, 1.0, 1.0).ensure_sound()
    assert "false negatives" in caplog.text


def test_the_hinge_cost_of_the_pixels_of_a_class_is_to_fall():
    assert all(slope.is_right for slope in report(1.0, 1.0, 1.0, kind="hinge").slopes.values())
    with pytest.raises(SurrogateError, match="slope of TP"):
        report(-1.0, 1.0, 1.0, kind="hinge").ensure_sound()


def test_with_six_inputs_the_slope_is_that_of_a_pixel():
    """The sum of two found pixels of ten moves the share by 1/10 and the mean by 1/2, five times as much."""
    p = torch.tensor([[[0.9, 0.6, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]]])
    target = torch.tensor([[[1, 1, 0, 0, 0, 0, 0, 0, 0, 1]]])
    found = features(p.logit(), target, inputs="6")
    pull = slopes(Plane(1.0, 0, 0, -0.5, 0, 0), Pairs("6", found.inputs, found.targets))["TP"]
    assert pull.mean == pytest.approx(1 - 0.5 * 5)


# --- pairs of a network, and the check of the paper


class Flip(torch.nn.Module):
    """Logits that are the bands; while training, noise."""

    def forward(self, x):
        return torch.randn_like(x) if self.training else x


def test_the_pairs_of_a_network_are_those_of_its_maps():
    net = Flip()
    logits = torch.randn(3, 4, 5, 6, generator=torch.Generator().manual_seed(0))
    target = torch.randint(4, (3, 5, 6), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    target[0, 0] = 255
    batches = [(logits[i : i + 1], target[i : i + 1]) for i in range(3)]
    pairs = pairs_of(net, batches, "6", torch.device("cpu"))
    expected = features(logits, target, inputs="6")
    assert torch.allclose(pairs.targets, expected.targets)
    assert torch.allclose(
        pairs.inputs, expected.inputs, atol=2e-2
    )  # bfloat16 where the machine is good at it
    assert net.training


@pytest.mark.slow
def test_more_pairs_help_and_noise_hurts():
    rows = approximation(synthetic(), (20, 540, 10_000), (0.0, 0.3), **QUICK)
    assert [(row["pairs"], row["noise"]) for row in rows] == [(20, 0.0), (20, 0.3), (540, 0.0), (540, 0.3)]
    assert {row["held_out"] for row in rows} == {60}
    rmse = [row["rmse"] for row in rows]
    assert rmse[2] < rmse[0]
    assert rmse[2] < rmse[3]
    assert len({row["spread"] for row in rows}) == 1
