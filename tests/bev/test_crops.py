import dataclasses

import numpy as np
import pytest

from bevseg.bev import crops
from bevseg.bev.bands import bands
from bevseg.bev.crops import CropSampler
from bevseg.bev.rasterize import label_rasters, rasterize
from bevseg.config import GroundConfig, RasterConfig, SliceConfig
from bevseg.config.names import FEATURES
from bevseg.core.labels import CAR, GROUND, POLE, UNDEFINED
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import LabelError
from bevseg.ground.find_ground import find_ground
from tests import scenes
from tests.bev.test_rasterize import points_of

SLICES = SliceConfig()


@pytest.fixture(scope="module")
def street():
    cloud = scenes.street()
    return cloud, find_ground(cloud, 0.2, GroundConfig()).dem


def sampler(cloud, dem, *, name="low", features="heights", slices=SLICES, crop=64):
    return CropSampler([cloud], [dem], name=name, slices=slices, features=features, crop=crop)


@pytest.fixture
def plain(monkeypatch):
    """Crops without thinning, turning, mirroring, stretching, lifting, holes and missing slices."""
    monkeypatch.setattr(crops, "KEEP", (1.0, 1.0))
    for chance in ("LIFT", "TALL", "ALONE", "HOLES"):
        monkeypatch.setattr(crops, chance, 0)
    monkeypatch.setattr(crops, "_random_turn", lambda rng: (1.0, 0.0, 0.0, 1.0))


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("name", ["low", "high"])
def test_the_same_generator_state_gives_the_same_crop(street, name, features):
    draw = sampler(*street, name=name, features=features)
    (one, labels), (other, same) = (draw(np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(labels, same)
    different, _ = draw(np.random.default_rng(8))
    assert not np.array_equal(one, different, equal_nan=True)


def test_crops_have_the_bands_and_types_that_networks_read(street):
    values, labels = sampler(*street)(np.random.default_rng(0))
    assert values.shape == (len(bands("heights")["low"]), 64, 64)
    assert (values.dtype, labels.dtype, labels.shape) == (np.float32, np.uint8, (64, 64))
    assert (labels[np.isnan(values[0])] == UNDEFINED).all()


@pytest.mark.parametrize("name", ["low", "high"])
def test_no_point_is_lost_when_nothing_is_thinned(street, plain, name):
    cloud, dem = street
    whole = rasterize(cloud, dem, SLICES, RasterConfig(features="heights"))[name]
    values, labels = sampler(cloud, dem, name=name, crop=400)(np.random.default_rng(3))
    counts = np.rint(np.expm1(np.nan_to_num(values[3].astype(np.float64))))
    assert counts.sum() == points_of(whole)
    assert np.nanmax(values[1]) == pytest.approx(np.nanmax(whole["h_max"]), abs=1e-4)
    present = set(np.unique(label_rasters(cloud, dem, SLICES)[name].values))
    assert set(np.unique(labels)) - {UNDEFINED} == present - {UNDEFINED}


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_thinning_keeps_the_share_it_says(street, plain, monkeypatch, share):
    monkeypatch.setattr(crops, "KEEP", (share, share))
    cloud, dem = street
    whole = points_of(rasterize(cloud, dem, SLICES, RasterConfig(features="heights"))["low"])
    values, _ = sampler(cloud, dem, crop=400)(np.random.default_rng(3))
    counts = np.rint(np.expm1(np.nan_to_num(values[3].astype(np.float64))))
    assert counts.sum() == pytest.approx(share * whole, rel=0.1)


def test_turned_crops_hold_the_same_points(street, monkeypatch):
    monkeypatch.setattr(crops, "KEEP", (1.0, 1.0))
    for chance in ("TALL", "HOLES"):
        monkeypatch.setattr(crops, chance, 0)
    cloud, dem = street
    whole = points_of(rasterize(cloud, dem, SLICES, RasterConfig(features="heights"))["high"])
    for seed in range(5):
        values, _ = sampler(cloud, dem, name="high", crop=400)(np.random.default_rng(seed))
        counts = np.rint(np.expm1(np.nan_to_num(values[3].astype(np.float64))))
        # LIFT moves the lower limit of the slice by centimetres
        assert counts.sum() == pytest.approx(whole, rel=0.05)


def test_holes_are_empty_and_have_no_labels(street, plain, monkeypatch):
    cloud, dem = street
    whole = sampler(cloud, dem, crop=100)(np.random.default_rng(3))
    monkeypatch.setattr(crops, "_holes", lambda rng, crop: [(slice(20, 60), slice(10, 90))])
    values, labels = sampler(cloud, dem, crop=100)(np.random.default_rng(3))
    assert np.isnan(values[:, 20:60, 10:90]).all() and not labels[20:60, 10:90].any()
    np.testing.assert_array_equal(values[:, 60:], whole[0][:, 60:])


def test_a_slice_alone_shows_nothing_of_the_other(street, plain, monkeypatch):
    def of_the_other():
        values, _ = sampler(*street, crop=200)(np.random.default_rng(3))
        return np.nan_to_num(values[[b.name for b in bands("heights")["low"]].index("high_density")])

    assert of_the_other().any()
    monkeypatch.setattr(crops, "ALONE", 1.0)
    assert not of_the_other().any()


def test_points_without_a_class_have_no_say(street):
    cloud, dem = street
    labels = np.where(cloud.labels == CAR, CAR, UNDEFINED).astype(np.uint8)
    draw = sampler(dataclasses.replace(cloud, labels=labels), dem)
    seen = {label for seed in range(5) for label in np.unique(draw(np.random.default_rng(seed))[1])}
    assert seen == {UNDEFINED, CAR}


def test_rare_classes_are_drawn_on_purpose(street):
    draw = sampler(*street, crop=32)
    poles = [POLE in draw(np.random.default_rng(seed))[1] for seed in range(60)]
    assert np.mean(poles) > 0.1


@pytest.mark.parametrize("only", [UNDEFINED, GROUND])
def test_nothing_to_learn_is_an_error(street, only):
    cloud, dem = street
    with pytest.raises(LabelError, match="low slice"):
        sampler(dataclasses.replace(cloud, labels=np.full(len(cloud), only, np.uint8)), dem)


def test_an_unlabelled_cloud_is_refused(street):
    cloud, dem = street
    with pytest.raises(ValueError, match="no labels"):
        sampler(dataclasses.replace(cloud, labels=None), dem)


def test_far_from_the_origin_crops_are_the_same(plain):
    # Off the borders of cells, where a rounding decides.
    street = scenes.street()
    cloud = PointCloud.from_xyz(street.xyz + np.array([0.013, 0.017, 0]), street.labels)
    far = dataclasses.replace(cloud, offset=(1e7, -1e7, 500.0))
    one, other = (
        sampler(c, find_ground(c, 0.2, GroundConfig()).dem, crop=200)(np.random.default_rng(5))[0]
        for c in (cloud, far)
    )
    differ = ~np.isclose(one[1], other[1], atol=1e-3, equal_nan=True)
    assert differ.mean() < 0.001


def test_the_paper_plane_works_in_crops(street, plain):
    cloud, dem = street
    slices = SliceConfig(reference="mode")
    whole = rasterize(cloud, dem, slices, RasterConfig(features="paper"))["high"]
    values, _ = sampler(cloud, dem, name="high", features="paper", slices=slices, crop=400)(
        np.random.default_rng(3)
    )
    assert np.nanmax(values[1]) == pytest.approx(np.nanmax(whole["h_max"]), abs=1e-3)
    assert np.nanmin(values[0]) == pytest.approx(np.nanmin(whole["h_min"]), abs=1e-3)


def test_a_narrow_view_leaves_out_the_tops(street, plain, monkeypatch):
    cloud, dem = street
    view = crops.View.full()._replace(eye=1.0, top=0.05)
    monkeypatch.setattr(crops.View, "draw", lambda rng, side: view)
    whole, _ = sampler(cloud, dem, crop=400)(np.random.default_rng(3))
    draw = CropSampler([cloud], [dem], name="low", slices=SLICES, features="heights", crop=400, views=1.0)
    cut, _ = draw(np.random.default_rng(3))
    assert np.nanmax(cut[1]) < np.nanmax(whole[1])
    assert np.nansum(cut[7]) < np.nansum(whole[7])  # hardly a point of the high slice is left
