"""The benchmark that decides how much of a model stays: how it mixes, and what it prints."""

from pathlib import Path

import pytest
import torch

from bevseg.training import prepare_example, train
from tests import tiny


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")


@pytest.fixture(scope="module")
def models():
    """A model, and another one that was trained on from it."""
    examples = [
        prepare_example(tiny.thin_street(name, seed), tiny.SETTINGS) for seed, name in enumerate("ab")
    ]
    start, _ = train(examples, tiny.SETTINGS, device="cpu")
    return start, train(examples, tiny.SETTINGS, init=start, seed=1, device="cpu")[0]


def states(model):
    return {
        f"{name}/{key}": value for name, net in model.nets.items() for key, value in net.state_dict().items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_mixture_lies_between_the_two_models_and_changes_neither(models, share):
    import init_worth

    start, tuned = models
    before = [{key: value.clone() for key, value in states(model).items()} for model in (start, tuned)]
    for key, value in states(init_worth.interpolated(tuned, start, share)).items():
        if value.is_floating_point():
            torch.testing.assert_close(value, share * before[0][key] + (1 - share) * before[1][key])
    assert all(torch.equal(states(start)[key], value) for key, value in before[0].items())
    assert all(torch.equal(states(tuned)[key], value) for key, value in before[1].items())


def test_the_table_has_a_line_for_each_trial_and_one_for_those_of_as_many_clouds():
    import init_worth

    rows = [
        {"rate": 2e-3, "clouds": list(clouds), "share": share, "miou": base + share / 10, "miou_4": 0.9}
        for clouds, base in (("a", 0.5), ("b", 0.7), ("abc", 0.8))
        for share in init_worth.SHARES
    ]
    table = [
        [cell.strip() for cell in row.strip("|").split("|")] for row in init_worth.markdown(rows).split("\n")
    ]
    assert [row[1] for row in table[2:]] == ["a", "b", "**mean of 2**", "a b c"]
    assert table[4][2:] == ["60.0 / 90.0", "62.5 / 90.0", "65.0 / 90.0", "67.5 / 90.0", "70.0 / 90.0"]
