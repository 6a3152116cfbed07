"""A trained model keeps what its training clouds are like, and passes it on to those that start from it."""

import dataclasses

import pytest

from bevseg.core.scan_counts import scan_counts, scan_statistics
from bevseg.seg import checkpoint
from bevseg.training import prepare_example, train
from bevseg.training.scans import scans_of
from tests import tiny


@pytest.fixture(scope="module")
def examples():
    return [prepare_example(tiny.thin_street(name, seed), tiny.SETTINGS) for seed, name in enumerate("xyz")]


def test_a_training_keeps_the_statistics_of_its_clouds_and_the_file_gives_them_back(examples, tmp_path):
    model, _ = train(examples, tiny.SETTINGS, val=["y"], device="cpu")
    found = [
        scan_statistics(scan_counts(examples[number].cloud, examples[number].dem, 0.2)) for number in (0, 2)
    ]
    for name in found[0]:
        assert model.scans[name] == pytest.approx([each[name] for each in found], rel=1e-3)
    checkpoint.save(model, tmp_path / "model")
    assert checkpoint.load(tmp_path / "model").scans == model.scans


def test_a_model_adds_its_clouds_to_those_of_its_start(examples):
    start, _ = train(examples[:2], tiny.SETTINGS, device="cpu")
    more = scans_of(examples[2:], tiny.SETTINGS, start)
    assert {name: len(values) for name, values in more.items()} == {
        name: len(values) + 1 for name, values in start.scans.items()
    }
    unknown = dataclasses.replace(start, scans={})
    assert {len(values) for values in scans_of(examples, tiny.SETTINGS, unknown).values()} == {3}
