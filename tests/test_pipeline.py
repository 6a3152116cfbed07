"""The stages on values: what a cloud becomes, and the ceiling of the representation."""

import dataclasses

import numpy as np
import pytest

from bevseg import pipeline
from bevseg.config import PredictConfig
from bevseg.core.heights import height_above_ground
from bevseg.core.labels import GROUND
from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.core.scores import scores_of
from bevseg.errors import InputError, LabelError
from bevseg.io.read import read_cloud
from bevseg.runtime.progress import Stopwatch
from bevseg.seg import checkpoint
from bevseg.weights import default_model
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
    straight, mixed = (
        pipeline.label(c, model, device="cpu").point_labels for c in (cloud, cloud.take(order))
    )
    for one, other in zip(straight, mixed, strict=True):
        np.testing.assert_array_equal(one[order], other)


def parts_of(cloud, count, how):
    """A cloud cut along lines, or dealt out: the indices of the points of each part."""
    order = np.random.default_rng(count).permutation(len(cloud))
    return np.array_split(np.argsort(cloud.x, kind="stable") if how == "lines" else order, count)


@pytest.fixture(scope="module")
def crossing(cloud):
    """A street that lies on the corner of four blocks."""
    middle = [float(np.median(steps)) * cloud.scale[0] for steps in (cloud.x, cloud.y)]
    return dataclasses.replace(cloud, offset=(-middle[0], -middle[1], cloud.offset[2]))


@pytest.mark.parametrize("count", [1, 2, 7, 50])
@pytest.mark.parametrize("how", ["lines", "at random"])
def test_labels_do_not_depend_on_how_a_survey_is_cut_into_clouds(crossing, model, count, how):
    whole = pipeline.label(crossing, model, device="cpu").point_labels
    parts = parts_of(crossing, count, how)
    in_parts = pipeline.label_survey([crossing.take(part) for part in parts], model, device="cpu")
    for part, found in zip(parts, in_parts, strict=True):
        np.testing.assert_array_equal(found.classes, whole.classes[part])
        np.testing.assert_array_equal(found.confidence, whole.confidence[part])
        np.testing.assert_array_equal(found.reasons, whole.reasons[part])


def test_probabilities_of_all_classes_obey_their_laws_and_change_no_label(crossing, model):
    plain = pipeline.label(crossing, model, device="cpu").point_labels
    whole = pipeline.label(crossing, model, device="cpu", probabilities=True).point_labels
    assert plain.probabilities is None
    for name in ("classes", "confidence", "reasons"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(plain, name))
    shares = whole.probabilities.astype(int)
    assert np.abs(shares.sum(0) - 255).max() <= 2
    np.testing.assert_array_equal(shares.max(0), whole.confidence)
    np.testing.assert_array_equal(shares[whole.classes - 1, np.arange(len(crossing))], whole.confidence)
    parts = parts_of(crossing, 3, "at random")
    pieces = [crossing.take(part) for part in parts]
    in_parts = pipeline.label_survey(pieces, model, device="cpu", probabilities=True)
    for part, found in zip(parts, in_parts, strict=True):
        np.testing.assert_array_equal(found.probabilities, whole.probabilities[:, part])


@pytest.mark.parametrize("options", [{"turns": 2}, {"scales": (0.5, 1.0)}, {"crf": True}])
def test_nor_with_test_time_augmentation(crossing, model, options):
    tta = PredictConfig(**options)
    whole = pipeline.label(crossing, model, device="cpu", tta=tta).point_labels
    (found,) = pipeline.label_survey([crossing], model, device="cpu", tta=tta)
    np.testing.assert_array_equal(found.classes, whole.classes)
    np.testing.assert_array_equal(found.confidence, whole.confidence)


@pytest.mark.parametrize(
    "path",
    [
        "oakland3d/oakland_part2_ac.xyz_label_conf.gz",
        "kitti_seq08_merged/kitti_seq08_f0-4_merged.laz",
        "nuscenes_a_merged/nuscenes_a_32keyframes_merged.laz",
    ],
)
def test_labels_of_real_surveys_do_not_depend_on_the_cut(shared_data, path):
    cloud, model = read_cloud(shared_data / path), pipeline.load_model(default_model())
    whole = pipeline.label(cloud, model, device="cpu").point_labels
    parts = parts_of(cloud, 7, "at random")
    in_parts = pipeline.label_survey([cloud.take(part) for part in parts], model, device="cpu")
    for part, found in zip(parts, in_parts, strict=True):
        np.testing.assert_array_equal(found.classes, whole.classes[part])
        np.testing.assert_array_equal(found.confidence, whole.confidence[part])
        np.testing.assert_array_equal(found.reasons, whole.reasons[part])


def test_clouds_of_different_systems_are_no_survey(cloud, model):
    feet = dataclasses.replace(cloud, crs=Crs("", 0.3048, 0.3048), name="feet")
    with pytest.raises(InputError, match="different reference systems") as caught:
        pipeline.label_survey([cloud, feet], model)
    assert "feet" in str(caught.value.where)


def test_a_cloud_without_a_point_that_takes_part_stays_undefined(cloud, model):
    nothing = PointCloud.from_xyz(np.full((3, 3), np.nan))
    found = pipeline.label_survey([nothing, cloud], model, device="cpu")
    assert not found[0].classes.any() and found[1].classes.all()


def test_labels_do_not_depend_on_the_scale_and_offset_of_a_file(crossing, model):
    moved = PointCloud.from_xyz(crossing.xyz - [0, 0, 0.25], scale=0.00025)
    moved = dataclasses.replace(moved, offset=(*moved.offset[:2], moved.offset[2] + 0.25))
    one, other = (pipeline.label(c, model, device="cpu").point_labels for c in (crossing, moved))
    np.testing.assert_array_equal(one.classes, other.classes)
    np.testing.assert_array_equal(one.confidence, other.confidence)


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
