"""The DEM against the exact ground of simulated streets: the limits that it keeps."""

import functools

import numpy as np
import pytest

from benchmarks import ground_simulated as bench
from bevseg.core.cells import Extent
from bevseg.core.grid import Grid
from bevseg.core.raster import Raster
from bevseg.errors import DependencyError
from bevseg.ground.find_ground import Ground
from bevseg.runtime import open3d

COARSE = bench.profiler(400, 0.1)
"""A fifth of the points of the benchmark: 9,000 per m."""

STEEP = ("8 %", "hill of 15 %")
"""Streets with all points of the benchmark: behind houses, where few are, a fifth of them says nothing."""


@pytest.fixture(scope="module")
def library():
    try:
        return open3d.load()
    except DependencyError as error:
        pytest.skip(f"no ray casting: {error.why}")


@pytest.fixture(scope="module")
def measure(library):
    """A function: name of a street -> what is measured of our DEM and of that of the true labels, once for all."""

    @functools.cache
    def measured(name):
        build, noise = STREETS[name]
        sensor = None if name in STEEP else COARSE
        return bench.measured(bench.Plan(name, build, noise), library, sensor=sensor)

    return measured


STREETS = {
    "level": (bench.sloping(0.0, 40.0), 0.01),
    "level, no noise": (bench.sloping(0.0, 40.0), 0.0),
    "level, 3 cm": (bench.sloping(0.0, 40.0), 0.03),
    "8 %": (bench.sloping(0.08, 60.0), 0.01),
    "hill of 15 %": (bench.hill, 0.01),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STREETS)
def test_visible_ground_has_no_bias_and_little_scatter(measure, name):
    ours, _ = measure(name)
    errors = bench.summary(ours.cells.of("visible"))
    assert errors["cells"] > 10_000
    assert abs(errors["bias"]) <= 0.01
    assert errors["rmse"] <= 0.025 + STREETS[name][1]


@pytest.mark.slow
@pytest.mark.parametrize("name", STREETS)
def test_under_parked_cars_the_ground_goes_on(measure, name):
    ours, _ = measure(name)
    errors = bench.summary(ours.cells.of("under cars"))
    assert errors["cells"] > 1_000
    assert abs(errors["bias"]) <= 0.10
    assert errors["rmse"] <= 0.10


@pytest.mark.slow
def test_on_a_slope_of_8_percent_points_keep_their_slice_above_the_dem(measure):
    ours, _ = measure("8 %")
    assert ours.slices.dem_seen <= 0.002
    assert ours.slices.dem <= 0.005


@pytest.mark.slow
def test_on_a_slope_of_8_percent_the_absolute_plane_of_the_paper_fails(measure):
    ours, _ = measure("8 %")
    assert ours.slices.mode_clear > 0.02


@pytest.mark.slow
def test_among_cars_side_by_side_the_ground_is_lost_and_the_street_beside_them_is_not(library):
    """No ground shows for 3 m and more, and a bonnet is lower than the slope rule allows ground to be."""
    plan = bench.Plan("", bench.across(1.0, 40.0))
    ours, ideal = bench.measured(plan, library, sensor=COARSE)
    under, seen = (bench.summary(ours.cells.of(kind)) for kind in ("under cars", "visible"))
    assert bench.summary(ideal.cells.of("under cars"))["rmse"] <= 0.05
    assert 0.05 < under["rmse"] <= 0.32
    assert abs(seen["bias"]) <= 0.02
    assert seen["rmse"] <= 0.06


WHOLE = {"shrec20": (1, 0.01, 0.05), "oakland": (2, 0.03, 0.18), "terrestrial": (3, 0.01, 0.05)}
"""Seed, and bias and RMSE of visible ground that are kept on a street as it comes, m: what was measured, and some
room. Seed 5 of `oakland`, 0 of `shrec20` and 1 of `terrestrial` have terraces that are lost: see below. There the
RMSE is 0.24 to 0.40 m, and 0.02 to 0.03 m without the 2 to 3 % of the cells that are off by more than 0.5 m."""


@pytest.mark.slow
@pytest.mark.parametrize("preset", WHOLE)
def test_streets_as_they_come_keep_wider_limits(library, preset):
    seed, bias, rmse = WHOLE[preset]
    errors = bench.summary(visible(library, preset, seed))
    assert errors["cells"] > 5_000
    assert abs(errors["bias"]) <= bias
    assert errors["rmse"] <= rmse


@pytest.mark.slow
def test_a_terrace_behind_a_retaining_wall_may_be_lost_and_the_street_before_it_is_not(library):
    """Seen as a few hundred points, 2 m above the street, it hangs on to nothing (docs/ground.md)."""
    off = np.abs(visible(library, "oakland", 5))
    assert np.median(off) <= 0.01
    assert 0.01 < (off > 0.1).mean() <= 0.12


def visible(library, preset, seed):
    """Return the errors of the cells of visible ground on 40 m of street, m."""
    scene = bench.whole(preset, seed, 40.0)
    ours, _ = bench.compared(scene.street, scene.cloud, library)
    return ours.cells.of("visible")


@pytest.mark.slow
@pytest.mark.parametrize("name", STREETS)
def test_the_yardstick_itself_is_true(measure, name):
    """The mean of what is known to be ground must come out right, or the limits above would mean nothing."""
    _, ideal = measure(name)
    errors = bench.summary(ideal.cells.of("visible"))
    assert abs(errors["bias"]) <= 0.001
    assert errors["rmse"] <= 0.015
    assert ideal.slices.dem <= 0.003


def test_the_truth_is_the_height_of_the_street(library):
    street = bench.hill(0)
    s, t = np.meshgrid(np.arange(0, 80, 1.0), np.arange(-7, 5, 0.5))  # knots of the road
    x, y, z = street.centreline.to_plane(
        np.column_stack([s.ravel(), t.ravel(), street.terrain.height(s, t).ravel()])
    ).T
    np.testing.assert_allclose(bench.Truth(street, library).height(x, y), z, atol=2e-4)


@pytest.mark.parametrize("lift", [0.0, 1.0])
def test_a_point_is_in_a_wrong_slice_where_the_dem_takes_it_over_a_threshold(library, lift):
    street = bench.sloping(0.0, 20.0)(0)
    cloud, truth = bench.scanned(street, COARSE, library), bench.Truth(street, library)
    x, y, z = cloud.xyz.T
    grid = Grid.covering(0.2, *Extent.of(cloud))
    columns, rows = grid.centres()
    dem = Raster(
        grid, ("height",), (truth.height(*np.meshgrid(columns, rows)) + lift)[None].astype(np.float32)
    )
    raised = Ground(dem, np.zeros(len(cloud), bool), "truth", "")
    below = truth.height(x, y)
    above = z - below
    expected = np.mean(np.digitize(above, [0.2, 3.0]) != np.digitize(above - lift, [0.2, 3.0]))
    assert bench.sliced(cloud, raised, below, np.ones(grid.shape, bool)).dem == pytest.approx(
        expected, abs=1e-3
    )
