"""What an example of a training is made from."""

import dataclasses

import numpy as np
import pytest

from bevseg.errors import LabelError
from bevseg.training import prepare_example
from bevseg.training.examples import labelled_crops, unlabelled_crops, validation_scene
from tests import tiny


def test_a_cloud_without_labels_is_no_example():
    cloud = dataclasses.replace(tiny.thin_street("bare"), labels=None)
    with pytest.raises(LabelError, match="without labels") as caught:
        prepare_example(cloud, tiny.SETTINGS)
    assert caught.value.where == "bare"


def test_crops_without_labels_show_the_same_points_whatever_the_labels_are():
    example = prepare_example(tiny.thin_street("a"), tiny.SETTINGS)
    other = dataclasses.replace(example, cloud=dataclasses.replace(example.cloud, labels=None))
    crops = [
        unlabelled_crops("low", [one], tiny.SETTINGS)(0, np.random.default_rng(0)) for one in (example, other)
    ]
    np.testing.assert_array_equal(crops[0][0], crops[1][0])
    np.testing.assert_array_equal(crops[0][1], crops[1][1])
    assert len(np.unique(crops[0][1])) == 2  # nothing, and one label
    assert unlabelled_crops("low", [], tiny.SETTINGS) is None


def test_crops_and_whole_rasters_have_the_same_bands():
    example = prepare_example(tiny.thin_street("a"), tiny.SETTINGS)
    crops = labelled_crops("high", [example], tiny.SETTINGS, 0)
    values, labels = crops(0, np.random.default_rng(0))
    bands, classes = validation_scene("high", example, tiny.SETTINGS)
    assert len(values) == len(bands) and labels.shape == (32, 32)
    assert values.dtype == bands.dtype == np.float32 and labels.dtype == classes.dtype == np.uint8
