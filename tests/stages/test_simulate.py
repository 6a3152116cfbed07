"""Files made from seeds, and the ones that are committed."""

import re
from pathlib import Path

import laspy
import numpy as np
import pytest

from bevseg.config import SimulateConfig
from bevseg.core.labels import GROUND
from bevseg.errors import DependencyError, OutputExistsError, OutputWriteError, UsageError
from bevseg.io import geotiff
from bevseg.io.find import find_clouds
from bevseg.runtime import open3d
from bevseg.stages.simulate import SimulationRequest, simulate_clouds

SAMPLES = Path(__file__).parents[2] / "sample_data"
SMALL = SimulateConfig(points=2_000, length=12, resolution=0.01)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One cloud of each format."""
    try:
        open3d.load()
    except DependencyError as error:
        pytest.skip(f"no ray casting: {error.why}")
    folder = tmp_path_factory.mktemp("made")
    return simulate_clouds(
        SimulationRequest(folder, seed=5, clouds=4, formats=("laz", "txt.gz", "las", "txt"), config=SMALL)
    )


@pytest.mark.slow
def test_formats_take_turns_and_names_tell_the_seed(made):
    assert [path.name for path in made] == [
        "street_05.laz",
        "street_06.txt.gz",
        "street_07.las",
        "street_08.txt",
    ]


@pytest.mark.slow
def test_a_request_gives_the_same_bytes_every_time(made, tmp_path):
    again = simulate_clouds(
        SimulationRequest(tmp_path, seed=5, clouds=2, formats=("laz", "txt.gz"), config=SMALL)
    )
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in made[:2]]


@pytest.mark.slow
def test_existing_files_are_refused_before_any_work(made):
    before = made[0].read_bytes()
    with pytest.raises(OutputExistsError):
        simulate_clouds(SimulationRequest(made[0].parent, seed=4, clouds=2, config=SMALL))
    assert made[0].read_bytes() == before
    assert not (made[0].parent / "street_04.laz").exists()


@pytest.fixture(scope="module")
def exact(made, tmp_path_factory):
    """The folder of one cloud with its exact ground and its mesh."""
    folder = tmp_path_factory.mktemp("exact")
    simulate_clouds(SimulationRequest(folder, seed=5, config=SMALL, truth=True, mesh=True))
    return folder


@pytest.mark.slow
def test_the_exact_ground_lies_below_the_points_of_ground_seen_or_not(exact):
    assert {path.name for path in exact.iterdir()} == {"street_05.laz", "street_05_ground.tif", "mesh"}
    las, raster = laspy.read(exact / "street_05.laz"), geotiff.read(exact / "street_05_ground.tif")
    ground = np.asarray(las.classification) == GROUND
    x, y, z = (np.asarray(axis)[ground] for axis in (las.x, las.y, las.z))
    cells = raster.grid.cell_of(x, y)
    below, seen = (raster[name].ravel() for name in ("height", "seen"))
    assert np.median(np.abs(z - below[cells])) < 0.05
    assert (seen[cells] == 1).all()
    assert seen.sum() == len(np.unique(cells))
    assert np.isfinite(below[seen == 0]).any()
    assert "28992" in raster.crs


@pytest.mark.slow
def test_the_mesh_holds_class_and_instance_of_each_triangle(exact):
    mesh = open3d.load().io.read_triangle_mesh(str(exact / "mesh" / "street_05.ply"))
    las = laspy.read(exact / "street_05.laz")
    corners = np.asarray(mesh.vertices)
    assert len(mesh.triangles) * 3 == len(corners) > 10_000
    points = np.column_stack([las.x, las.y, las.z])
    assert (corners.min(axis=0) < np.median(points, axis=0)).all()
    assert (corners.max(axis=0) > np.median(points, axis=0)).all()
    head = (exact / "mesh" / "street_05.ply").read_bytes()[:600].decode("latin1")
    assert "property uchar class" in head
    assert "property int instance" in head


@pytest.mark.slow
def test_the_mesh_does_not_pass_for_a_cloud(exact):
    assert [cloud.path.name for cloud in find_clouds([exact]).clouds] == ["street_05.laz"]


@pytest.mark.slow
def test_instance_0_is_the_ground(exact):
    las = laspy.read(exact / "street_05.laz")
    ground = np.asarray(las.classification) == GROUND
    assert las["instance"].dtype == np.uint32
    assert (las["instance"][ground] == 0).all()
    assert (las["instance"][~ground] > 0).all()


@pytest.mark.slow
def test_an_exact_ground_that_exists_is_refused_before_any_work(exact):
    with pytest.raises(OutputExistsError, match=r"ground\.tif"):
        simulate_clouds(
            SimulationRequest(exact, seed=4, clouds=2, formats=("txt",), config=SMALL, truth=True)
        )
    assert not (exact / "street_04.txt").exists()


def test_a_file_in_the_place_of_the_meshes_is_refused_before_any_work(tmp_path):
    (tmp_path / "mesh").write_text("")
    with pytest.raises(OutputWriteError, match="cannot be written"):
        simulate_clouds(SimulationRequest(tmp_path, config=SMALL, mesh=True))
    assert [path.name for path in tmp_path.iterdir()] == ["mesh"]


def test_an_unknown_format_is_named(tmp_path):
    with pytest.raises(UsageError, match="e57"):
        simulate_clouds(SimulationRequest(tmp_path, formats=("e57",)))


@pytest.mark.slow
def test_las_and_text_tell_a_street_in_rd_new(made):
    las = laspy.read(made[2])
    assert las.header.parse_crs().to_epsg() == 28992
    assert las.header.creation_date is None
    assert las.intensity.max() > 0
    assert (np.diff(las.gps_time).max()) < 1
    rows = made[3].read_text().splitlines()
    assert rows[0] == "x y z label"
    assert re.fullmatch(r"\d{5}\.\d{2} \d{6}\.\d{2} -?\d+\.\d{2} [0-5]", rows[1])
    assert len(rows) == 2_001


def committed(part):
    return sorted(path for path in (SAMPLES / part).iterdir() if not path.name.startswith("."))


@pytest.mark.parametrize(("part", "clouds"), [("train", 6), ("test", 2)])
def test_committed_clouds_are_half_laz_half_text_and_labelled(part, clouds):
    files = committed(part)
    assert [path.name.split(".", 1)[1] for path in files] == ["laz", "txt.gz"] * (clouds // 2)
    for path in files:
        if path.suffix == ".laz":
            labels = np.asarray(laspy.read(path).classification)
        else:
            labels = np.loadtxt(path, skiprows=1, usecols=3, dtype=np.uint8)
        assert len(labels) == 100_000
        assert set(np.unique(labels)) == {0, 1, 2, 3, 4, 5}


def test_committed_clouds_are_small():
    files = committed("train") + committed("test")
    assert sum(path.stat().st_size for path in files) <= 4_000_000


def test_the_readme_tells_how_the_committed_clouds_were_made():
    text = (SAMPLES / "README.md").read_text()
    for part, clouds in (("train", 6), ("test", 2)):
        command = rf"bevseg simulate -o sample_data/{part} --seed (\d+) --clouds {clouds} "
        seed = int(re.search(command, text).group(1))
        assert committed(part)[0].name == f"street_{seed:02d}.laz"
