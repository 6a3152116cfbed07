"""The stages on values: what a cloud becomes, and the ceiling of the representation."""

import dataclasses

import numpy as np
import pytest

from bevseg import pipeline
from bevseg.core.heights import height_above_ground
from bevseg.core.labels import GROUND
from bevseg.core.scores import scores_of
from bevseg.errors import LabelError
from bevseg.runtime.progress import Stopwatch
from bevseg.seg import checkpoint
from tests import tiny


@pytest.fixture(scope="module")
def model(tiny_model):
    return checkpoint.load(tiny_model)


@pytest.fixture(scope="module")
def cloud():
    return tiny.thin_street("street", seed=4)


def test_every_point_gets_a_class_and_a_confidence(cloud, model):
    point_labels = pipeline.label(cloud, model, device="cpu").point_labels
    assert point_labels.classes.shape == point_labels.confidence.shape == (len(cloud),)
    assert point_labels.classes.min() >= 1
    assert point_labels.classes.max() <= 5


def test_ground_comes_from_the_band_over_the_dem_whatever_the_networks_say(cloud, model):
    made = pipeline.label(cloud, model, device="cpu")
    in_band = height_above_ground(cloud, made.dem) < model.settings.slices.foot
    assert in_band.any()
    assert (made.point_labels.classes[in_band] == GROUND).all()


def test_the_input_is_not_changed_and_its_labels_play_no_part(cloud, model):
    before = cloud.xyz
    bare = dataclasses.replace(cloud, labels=None)
    one, other = (pipeline.label(c, model, device="cpu").point_labels for c in (cloud, bare))
    np.testing.assert_array_equal(one.classes, other.classes)
    np.testing.assert_array_equal(cloud.xyz, before)


def test_the_order_of_the_points_does_not_matter(cloud, model):
    order = np.random.default_rng(0).permutation(len(cloud))
    columns = {axis: getattr(cloud, axis)[order] for axis in ("x", "y", "z", "labels")}
    shuffled = dataclasses.replace(cloud, **columns)
    straight, mixed = (pipeline.label(c, model, device="cpu").point_labels.classes for c in (cloud, shuffled))
    # Sums in another order may tip a cell that is on the edge.
    assert (straight[order] == mixed).mean() > 0.999


def test_the_oracle_is_near_perfect_on_a_street(cloud, model):
    dem = pipeline.label(cloud, model, device="cpu").dem
    best = pipeline.oracle(cloud, dem, model.settings.slices)
    result = scores_of(pipeline.matrix(cloud, best))
    assert result["miou"] > 0.9


def test_time_is_taken_for_each_stage(cloud, model):
    watch = Stopwatch()
    pipeline.label(cloud, model, device="cpu", watch=watch)
    assert list(watch.seconds) == ["ground", "rasterize", "predict", "backproject"]
    assert all(seconds > 0 for seconds in watch.seconds.values())


def test_an_unlabelled_cloud_has_no_truth_and_no_score(cloud, model):
    bare = dataclasses.replace(cloud, labels=None)
    dem = pipeline.label(bare, model, device="cpu").dem
    assert pipeline.truth(bare, dem, model.settings.slices) == {}
    with pytest.raises(LabelError):
        pipeline.ensure_labelled(bare)


def test_a_model_is_loaded_once_but_never_stale(tiny_model, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(tiny_model.read_bytes())
    first = pipeline.load_model(path)
    assert pipeline.load_model(path) is first
    checkpoint.save(dataclasses.replace(first, seed=77), path)
    assert pipeline.load_model(path).seed == 77
