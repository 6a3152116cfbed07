import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.bev.bands import bands
from bevseg.bev.rasterize import label_rasters, majority, rasterize
from bevseg.config import GroundConfig, RasterConfig, SliceConfig
from bevseg.config.names import FEATURES
from bevseg.core.labels import BUILDING, CAR, POLE, VEGETATION
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import UsageError
from bevseg.ground.find_ground import find_ground
from tests import scenes
from tests.bev.clouds import clouds, kept, level, shuffled
from tests.core.test_cells import grid_of

SLICES, RASTER = SliceConfig(), RasterConfig(features="heights")
LIMITS = {"low": (0.2, 3.0), "high": (3.0, np.inf)}


def points_of(raster, band="density"):
    """Return the number of points in all cells of a raster."""
    return np.rint(np.expm1(np.nan_to_num(raster[band].astype(np.float64)))).sum()


def plain_bands(cloud, dem, name):
    """Return the bands of one slice by plain NumPy, and how many points each cell of it holds."""
    xyz, _ = kept(cloud)
    cells = dem.grid.cell_of(xyz[:, 0], xyz[:, 1])
    above = xyz[:, 2] - dem["height"].ravel()[cells].astype(np.float64)
    size = dem.grid.rows * dem.grid.cols

    def statistics(slice_name):
        low, high = LIMITS[slice_name]
        within = (above >= low) & (above < high)
        its_cells, heights = cells[within], above[within]
        least, most = np.full(size, np.inf), np.full(size, -np.inf)
        np.minimum.at(least, its_cells, heights)
        np.maximum.at(most, its_cells, heights)
        count = np.bincount(its_cells, minlength=size)
        total = np.bincount(its_cells, heights, minlength=size)
        bins = np.minimum((heights.astype(np.float32) - np.float32(low)) / np.float32(0.25), 31).astype(int)
        fill = 0.25 * np.array([len(set(bins[its_cells == k])) for k in range(size)])
        return least, most, total, count, fill

    least, most, total, count, fill = statistics(name)
    other = statistics("high" if name == "low" else "low")
    highest = np.maximum(other[1], 0)
    around = np.bincount(cells[above < 0.2], minlength=size)
    with np.errstate(invalid="ignore"):
        mean = total / np.where(count > 0, count, np.nan)
    context = (
        [np.log1p(around), highest, np.log1p(other[3])]
        if name == "low"
        else [highest, np.log1p(other[3]), other[4]]
    )
    planes = np.stack([least, most, mean, np.log1p(count), fill, *context])
    return np.where(count > 0, planes, np.nan).reshape(-1, *dem.grid.shape), count


@given(clouds(), st.sampled_from(["low", "high"]))
def test_the_kernels_agree_with_plain_numpy(cloud, name):
    dem = level(grid_of(cloud, 0.5), cloud.offset[2])
    made = rasterize(cloud, dem, SLICES, RASTER)[name]
    plain, _ = plain_bands(cloud, dem, name)
    assert made.names == tuple(band.name for band in bands("heights")[name])
    assert made.values.dtype == np.float32
    np.testing.assert_allclose(made.values, plain, atol=2e-4)


@given(clouds())
def test_the_counts_of_the_slabs_add_up_to_that_of_the_whole_range(cloud):
    dem = level(grid_of(cloud, 0.5), cloud.offset[2])
    split = rasterize(cloud, dem, SLICES, RASTER)
    whole = rasterize(cloud, dem, SliceConfig(split=1e4), RASTER)
    assert points_of(split["low"]) + points_of(split["high"]) == points_of(whole["low"])
    assert points_of(whole["high"]) == 0


@given(clouds())
def test_the_counts_sum_to_the_number_of_points(cloud):
    dem = level(grid_of(cloud, 0.5), cloud.offset[2] - 1000)
    made = rasterize(cloud, dem, SliceConfig(split=1000.5), RASTER)
    assert points_of(made["low"]) + points_of(made["high"]) == len(kept(cloud)[0])


@given(clouds(), st.integers(0, 9))
def test_shuffling_the_points_changes_nothing(cloud, seed):
    dem = level(grid_of(cloud, 0.5), cloud.offset[2])
    mixed = shuffled(cloud, seed)[0]
    one, other = (rasterize(c, dem, SLICES, RASTER) for c in (cloud, mixed))
    labels, mixed_labels = (label_rasters(c, dem, SLICES) for c in (cloud, mixed))
    for name in LIMITS:
        np.testing.assert_allclose(one[name].values, other[name].values, atol=1e-5)
        np.testing.assert_array_equal(labels[name].values, mixed_labels[name].values)


def test_a_trunk_knows_of_its_crown_and_a_crown_of_its_trunk():
    cloud = scenes.column([0.0, 0.1, 1.0, 1.1, 6.0, 6.1, 7.0])
    dem = level(grid_of(cloud, 0.2))
    made = rasterize(cloud, dem, SLICES, RASTER)
    low = {band: made["low"][band].item() for band in made["low"].names}
    high = {band: made["high"][band].item() for band in made["high"].names}
    assert low == pytest.approx(
        {
            "h_min": 1.0,
            "h_max": 1.1,
            "h_mean": 1.05,
            "density": np.log(3),
            "fill": 0.25,
            "ground_density": np.log(3),
            "high_max": 7.0,
            "high_density": np.log(4),
        },
        abs=1e-6,
    )
    assert high == pytest.approx(
        {
            "h_min": 6.0,
            "h_max": 7.0,
            "h_mean": 19.1 / 3,
            "density": np.log(4),
            "fill": 0.5,
            "low_max": 1.1,
            "low_density": np.log(3),
            "low_fill": 0.25,
        },
        abs=1e-6,
    )


def test_what_is_higher_than_the_last_bin_falls_into_it():
    cloud = scenes.column([3.1, 11.1, 30.0, 400.0])
    made = rasterize(cloud, level(grid_of(cloud, 0.2)), SLICES, RASTER)["high"]
    assert made["fill"].item() == 0.5
    assert made["h_max"].item() == 400.0


def test_the_paper_bands_are_those_printed():
    # Street level: mode(ceil(z)) = 11. Heights are z - 11; the DEM lies at 10.5, 0.5 below the street.
    xyz = np.array([[0.05, 0.05, z] for z in (10.5, 10.55, 10.6, 10.7, 12.0, 12.5, 15.0, 16.5)])
    cloud = PointCloud.from_xyz(xyz)
    made = rasterize(
        cloud, level(grid_of(cloud, 0.2), 10.5), SliceConfig(reference="mode"), RasterConfig(features="paper")
    )
    assert made["low"].names == ("h_max", "h_max_or_dh_min")
    assert made["high"].names == ("h_min", "h_max", "dh")
    # low slice: 10.7 (0.2 above the DEM), 12.0 and 12.5; dh_min = h_min - DEM = -0.3 - (-0.5) = 0.2
    np.testing.assert_allclose(made["low"].values.ravel(), [1.5, 1.5], atol=1e-5)
    np.testing.assert_allclose(made["high"].values.ravel(), [4.0, 5.5, 1.5], atol=1e-5)


def test_the_second_paper_band_differs_only_far_below_the_street():
    xyz = np.array([[0.05, 0.05, z] for z in (10.5, 10.6, 10.7)] + [[0.05, 5.05, 5.0], [0.05, 5.05, 6.0]])
    cloud = PointCloud.from_xyz(xyz)
    dem = level(grid_of(cloud, 0.2), 10.5)
    dem["height"][0] = 5.0
    made = rasterize(cloud, dem, SliceConfig(reference="mode"), RasterConfig(features="paper"))["low"]
    # h_max = 6 - 11 = -5; dh_min = h_min - DEM = (6 - 11) - (5 - 11) = 1
    np.testing.assert_allclose(made.values[:, 0].ravel(), [-5.0, 1.0], atol=1e-5)


def test_an_unknown_feature_set_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="heights, shape, paper"):
        bands("bananas")


@pytest.mark.parametrize("features", FEATURES)
def test_every_feature_set_gives_the_bands_of_its_table(features):
    cloud = scenes.street()
    made = rasterize(
        cloud, find_ground(cloud, 0.2, GroundConfig()).dem, SLICES, RasterConfig(features=features)
    )
    for name, raster in made.items():
        assert raster.names == tuple(band.name for band in bands(features)[name])
        assert np.isfinite(raster.values).any(axis=(1, 2)).all()


@pytest.mark.parametrize(
    ("labels", "winner"),
    [
        ([CAR], CAR),
        ([CAR, POLE, POLE], POLE),
        ([VEGETATION, CAR], CAR),
        ([POLE, BUILDING, POLE, BUILDING], BUILDING),
        ([0, 0, 0, POLE], POLE),
        ([0, 0], 0),
    ],
)
def test_the_label_of_a_cell_is_that_of_most_points_and_of_a_tie_the_smaller(labels, winner):
    cloud = scenes.column([1.0] * len(labels), labels)
    made = label_rasters(cloud, level(grid_of(cloud, 0.2)), SLICES)
    assert made["low"]["class"].item() == winner
    assert made["high"]["class"].item() == 0


def test_points_of_the_ground_band_have_no_vote():
    cloud = scenes.column([0.0, 0.1, 0.1, 1.0, 5.0], [BUILDING, BUILDING, BUILDING, CAR, VEGETATION])
    made = label_rasters(cloud, level(grid_of(cloud, 0.2)), SLICES)
    assert (made["low"]["class"].item(), made["high"]["class"].item()) == (CAR, VEGETATION)


def test_a_full_counter_stays_full():
    cloud = scenes.column([1.0] * 65_550, [CAR] * 65_540 + [BUILDING] * 10)
    assert label_rasters(cloud, level(grid_of(cloud, 0.2)), SLICES)["low"]["class"].item() == CAR


def test_labels_are_needed_for_label_rasters():
    cloud = scenes.column([1.0])
    with pytest.raises(ValueError, match="no labels"):
        label_rasters(cloud, level(grid_of(cloud, 0.2)), SLICES)


def test_majority_leaves_votes_for_undefined_out():
    votes = np.array([[9, 0, 2, 0, 0, 2], [9, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]], np.uint16)
    np.testing.assert_array_equal(majority(votes), [2, 0, 1])


@pytest.mark.parametrize(
    "xyz", [[[1, 2, 3]], [[1, 2, 3], [1, 2, 3]], [[np.nan, 2, 3]], [[1, 2, np.inf], [1, 2, 3]]]
)
def test_clouds_of_hardly_a_point_give_rasters(xyz):
    cloud = PointCloud.from_xyz(np.array(xyz, float), np.full(len(xyz), CAR, np.uint8))
    dem = find_ground(cloud, 0.2, GroundConfig()).dem
    for name, raster in rasterize(cloud, dem, SLICES, RASTER).items():
        assert raster.grid.shape == (1, 1)
        assert np.isnan(raster.values).all(), name
    assert not any(raster.values.any() for raster in label_rasters(cloud, dem, SLICES).values())
