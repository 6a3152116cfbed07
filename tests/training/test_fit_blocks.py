"""A training with blocks held out: what it scores, and what its model keeps."""

import dataclasses

import numpy as np
import pytest

from bevseg import pipeline
from bevseg.config import RasterConfig, with_training
from bevseg.core.labels import UNDEFINED
from bevseg.seg import checkpoint
from bevseg.stages import inspect
from bevseg.training import ExtraSupervision, prepare_example, train
from bevseg.training.block_split import split_by_blocks
from tests import tiny
from tests.training.scattered import away

SETTINGS = dataclasses.replace(tiny.SETTINGS, raster=RasterConfig(cell=0.2))


@pytest.fixture(scope="module")
def example():
    return prepare_example(tiny.long_street("long"), SETTINGS)


def trained(example, **options):
    return train([example], SETTINGS, val_blocks=0.3, device="cpu", **options)[0]


@pytest.fixture(scope="module")
def model(example):
    return trained(example)


def test_the_scores_are_those_of_the_points_held_out_in_a_prediction_of_the_whole_cloud(example, model):
    cloud, facts = example.cloud, model.scores["split"]
    labels = np.where(away(cloud, facts["held_out"]) == 0, cloud.labels, UNDEFINED).astype(np.uint8)
    held_out = dataclasses.replace(cloud, labels=labels)
    counts = pipeline.matrix(held_out, pipeline.label(cloud, model, device="cpu").point_labels)
    assert 0 < counts.sum() < len(cloud)
    found = model.scores["validation"]
    assert found["scores"]["confusion"]["counts"] == counts[1:].tolist()
    assert found["clouds"] == model.scores["trained_on"] == ["long"]
    best = pipeline.matrix(held_out, pipeline.oracle(cloud, example.dem, SETTINGS.slices))
    assert found["oracle"]["confusion"]["counts"] == best[1:].tolist()


def test_the_labels_of_what_is_held_out_and_of_the_guard_band_teach_nothing(example, monkeypatch):
    cloud, split = example.cloud, split_by_blocks([example], 0.2, 0.3, 0)
    monkeypatch.setattr("bevseg.training.split.split_by_blocks", lambda *_: split)  # whatever the labels
    last = with_training(SETTINGS, validate_every=100)  # the last weights are kept, whatever the scores
    distance = away(cloud, split.held_out)
    models = []
    for part in (distance < 0, distance < 25, distance > 26):
        labels = np.where(part, 1 + cloud.labels % 5, cloud.labels).astype(np.uint8)
        other = dataclasses.replace(example, cloud=dataclasses.replace(cloud, labels=labels))
        models.append(train([other], last, val_blocks=0.3, device="cpu")[0])
    for name in ("low", "high"):
        own, held_out, training = (model.nets[name].head.weight for model in models)
        assert (own == held_out).all() and not (own == training).all()


def test_the_model_file_keeps_the_split_and_shows_it(example, model, tmp_path):
    for name, each in (("a", model), ("b", trained(example))):
        checkpoint.save(each, tmp_path / f"{name}.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    facts = checkpoint.load(tmp_path / "a.safetensors").scores["split"]
    assert facts == model.scores["split"]
    assert facts["systems"] == {"long": None}
    blocks = len(facts["held_out"]), len(facts["held_out"] + facts["training"])
    text = inspect.text(inspect.contents(tmp_path / "a.safetensors"))
    said = f"split: {blocks[0]} of {blocks[1]} blocks of 102.4 m held out, guard band of 25.6 m, seed 0"
    assert said in text.splitlines()


def test_clouds_without_labels_show_no_point_that_is_held_out(example, model):
    """A second copy of the street, as a cloud without labels, adds crops of the training side alone."""
    held_out = away(example.cloud, model.scores["split"]["held_out"]) < 25
    moved = np.where(held_out, example.cloud.z + 700, example.cloud.z).astype(np.int32)
    copies = [
        dataclasses.replace(example, cloud=dataclasses.replace(example.cloud, z=z))
        for z in (example.cloud.z, moved)
    ]
    one, two = (trained(example, extra=ExtraSupervision(unlabelled=[copy])) for copy in copies)
    for name, net in one.nets.items():
        assert (net.head.weight == two.nets[name].head.weight).all()
        assert not (net.head.weight == model.nets[name].head.weight).all()
