"""Ground of hand-labelled clouds, by the DEM alone: no network takes part."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from bevseg.cli.main import cli
from bevseg.config import GroundConfig, RasterConfig, SliceConfig
from bevseg.core.heights import height_above_ground
from bevseg.core.labels import GROUND, UNDEFINED, load_scheme
from bevseg.ground.find_ground import find_ground
from bevseg.io.las import reader
from bevseg.io.read import read_cloud

ASPRS_GROUND = 2


@pytest.fixture
def score(shared_data, monkeypatch):
    """The benchmarks as modules, and a function: cloud of Oakland or sample of the ISPRS filter test -> scores, %."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    import ground_isprs
    import ground_scores
    import ground_street

    ours = ground_scores.bevseg_filter(GroundConfig())

    def scored(name):
        if name.startswith("samp"):
            cloud, truth = ground_isprs.load(shared_data / "isprs_filtertest" / f"{name}.txt.gz")
            return ground_scores.scores(truth, ours(cloud))
        path = shared_data / "oakland3d" / f"oakland_part2_{name}.xyz_label_conf.gz"
        cloud, truth = ground_street.load(path, ground_street.OAKLAND)
        return ground_street.measure(ours(cloud), truth, ground_street.OAKLAND)

    return scored


@pytest.mark.parametrize(
    ("stem", "kappa", "iou", "cars", "facades"),
    [("ad", 99.4, 99.5, 0.6, 0.3), ("ah", 98.5, 98.8, 1.6, 0.2), ("ak", 98.6, 99.2, 0.2, 1.2)],
)
def test_streets_of_oakland(score, stem, kappa, iou, cars, facades):
    found = score(stem)
    assert found["kappa"] > kappa
    assert found["iou"] > iou
    assert found["car"] < cars
    assert found["facade"] < facades
    assert found["kappa_vox"] > kappa - 1.2, "nor do points close to the scanner alone make it good"


@pytest.mark.slow
@pytest.mark.parametrize(("sample", "kappa"), [("samp12", 93.0), ("samp22", 91.5), ("samp54", 93.3)])
def test_samples_of_the_filter_test_seen_from_above(score, sample, kappa):
    """Houses on a steep slope, a bridge, and a village of few points per m2: one setting for all of them."""
    assert score(sample)["kappa"] > kappa


@pytest.mark.parametrize(("stem", "floor"), [("ad", 0.988), ("ah", 0.985)])
def test_points_in_the_ground_band_are_ground(shared_data, stem, floor):
    path = shared_data / "oakland3d" / f"oakland_part2_{stem}.xyz_label_conf.gz"
    cloud = read_cloud(path, scheme=load_scheme("oakland"))
    above = height_above_ground(cloud, find_ground(cloud, 0.2, GroundConfig()).dem)
    said, true = above < SliceConfig.ground_band, cloud.labels == GROUND
    counted = cloud.labels != UNDEFINED
    iou = np.sum(said & true & counted) / np.sum((said | true) & counted)
    assert iou > floor, f"ground IoU {iou:.4f}"


@pytest.mark.slow
def test_the_command_writes_the_labels_that_are_scored(shared_data, tmp_path):
    path = shared_data / "isprs_filtertest" / "samp12.txt.gz"
    dem, points = tmp_path / "dem.tif", tmp_path / "points.laz"
    result = CliRunner().invoke(cli, ["ground", str(path), "-o", str(dem), "--points", str(points)])
    assert result.exit_code == 0, result.output
    cloud, written = read_cloud(path), reader.read(points)
    found = find_ground(cloud, RasterConfig.cell, GroundConfig()).is_ground
    np.testing.assert_array_equal(written.codes == ASPRS_GROUND, found)
    np.testing.assert_allclose(written.cloud.xyz, cloud.xyz, rtol=0, atol=0.0005)


@pytest.mark.slow
def test_the_classes_of_a_file_take_no_part_in_finding_the_ground(shared_data):
    cloud = read_cloud(shared_data / "isprs_filtertest" / "samp12.txt.gz")
    assert cloud.labels is not None, "the class column is read"
    bare = dataclasses.replace(cloud, labels=None)
    settings = (RasterConfig.cell, GroundConfig())
    np.testing.assert_array_equal(
        find_ground(cloud, *settings).is_ground, find_ground(bare, *settings).is_ground
    )
