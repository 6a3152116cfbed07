"""Files of a work directory that are foreign, cut or claim what is not there: one clear error each."""

import dataclasses
import io
import json
import zipfile

import numpy as np
import pytest
import rasterio

from bevseg.config import Settings
from bevseg.core.grid import Grid
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.core.raster import Raster
from bevseg.errors import CloudFormatError, InputError
from bevseg.io import geotiff
from bevseg.io.las import working_copy
from bevseg.stages.backproject import _backproject
from bevseg.workdir.folder import DEM_BANDS, Folder

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

GRID = Grid(1.0, 0, 9, 10, 10)


def a_raster(names, dtype, grid=GRID, value=1):
    return Raster(grid, names, np.full((len(names), *grid.shape), value, dtype))


@pytest.fixture
def folder(tmp_path):
    """The files of a small cloud whose points lie on the grid."""
    folder = Folder(tmp_path / "a")
    folder.path.mkdir()
    xyz = np.random.default_rng(0).uniform(0.5, 9.5, (100, 3))
    labels = np.full(100, 2, np.uint8)
    folder.write_cloud(dataclasses.replace(PointCloud.from_xyz(xyz), labels=labels), {})
    geotiff.write(a_raster(DEM_BANDS, np.float32), folder.path / "dem.tif")
    folder.write_classes({s: a_raster(("class", "confidence"), np.uint8) for s in ("low", "high")})
    return folder


def backproject(folder):
    return _backproject(folder, slices=Settings().slices)


def test_what_belongs_together_is_read(folder):
    assert backproject(folder).points == 100


@pytest.mark.parametrize("grid", [Grid(1.0, 0, 9, 10, 9), Grid(1.0, 1, 9, 10, 10), Grid(0.1, 0, 9, 10, 10)])
def test_a_dem_that_does_not_cover_the_cloud_is_refused(folder, grid):
    geotiff.write(a_raster(DEM_BANDS, np.float32, grid), folder.path / "dem.tif")
    with pytest.raises(InputError, match="does not cover the cloud"):
        backproject(folder)


@pytest.mark.parametrize(
    ("names", "dtype"), [(("height",), np.float32), (DEM_BANDS, np.uint8), (DEM_BANDS, np.float64)]
)
def test_a_raster_that_is_no_dem_is_refused(folder, names, dtype):
    geotiff.write(a_raster(names, dtype), folder.path / "dem.tif")
    with pytest.raises(InputError, match="does not hold what this stage reads"):
        backproject(folder)


@pytest.mark.parametrize(
    ("raster", "message"),
    [
        (a_raster(("class",), np.uint8, Grid(1.0, 0, 9, 11, 10)), "other cells than the DEM"),
        (a_raster(("class",), np.uint8, value=9), "classes that bevseg does not know"),
        (a_raster(("class",), np.float32), "does not hold"),
    ],
)
def test_class_rasters_of_another_kind_are_refused(folder, raster, message):
    geotiff.write(raster, folder.path / "low_classes.tif")
    with pytest.raises(InputError, match=message):
        backproject(folder)


def test_a_raster_that_claims_more_than_its_bytes_can_hold_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "dem.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=200_000, height=200_000, count=3, dtype="float32",
        tiled=True, sparse_ok=True, compress="deflate", bigtiff="yes",
    ):  # fmt: skip
        pass
    with pytest.raises(InputError, match="claims more cells"):
        geotiff.read(path)


@pytest.mark.parametrize(
    "tags",
    [
        {"BEVSEG_CELL": "nan"},
        {"BEVSEG_CELL": "0"},
        {"BEVSEG_UNIT": "-1"},
        {"BEVSEG_WEST": "9" * 5000},
        {"BEVSEG_NORTH": "1" + "0" * 30},
        {"BEVSEG_CELL": "wide"},
    ],
)
def test_a_raster_with_tags_that_cannot_be_is_refused(tmp_path, tags):
    path = tmp_path / "dem.tif"
    given = {"BEVSEG_CELL": "1.0", "BEVSEG_WEST": "0", "BEVSEG_NORTH": "9", "BEVSEG_UNIT": "1.0"} | tags
    with rasterio.open(path, "w", driver="GTiff", width=4, height=4, count=1, dtype="uint8") as file:
        file.descriptions = ("class",)
        file.update_tags(**given)
    with pytest.raises(InputError, match="cannot be read"):
        geotiff.read(path)


def test_a_file_of_another_format_is_not_opened_as_a_raster(tmp_path):
    path = tmp_path / "dem.tif"
    path.write_text('<VRTDataset rasterXSize="1" rasterYSize="1"></VRTDataset>')
    with pytest.raises(InputError, match="cannot be read"):
        geotiff.read(path)


def npz(path, compression=zipfile.ZIP_STORED, **arrays):
    """Write arrays, or the bytes of one, as `labels.npz`."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, array in arrays.items():
            content = array
            if not isinstance(array, bytes):
                buffer = io.BytesIO()
                np.save(buffer, array)
                content = buffer.getvalue()
            archive.writestr(f"{name}.npy", content)


def claiming(count):
    """The bytes of an array whose header claims so many points."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|u1", "fortran_order": False, "shape": (count,)})
    return buffer.getvalue() + b"\1" * 10


ONES = np.ones(10, np.uint8)


@pytest.mark.parametrize(
    "arrays",
    [
        {"classes": ONES},
        {"classes": ONES, "confidence": ONES[:9]},
        {"classes": ONES, "confidence": ONES, "reasons": ONES[:9]},
        {"classes": ONES.astype(float), "confidence": ONES},
        {"classes": ONES[None], "confidence": ONES},
        {"classes": 9 * ONES, "confidence": ONES},
        {"classes": claiming(10**15), "confidence": ONES},
        {"classes": claiming(-1), "confidence": ONES},
        {"classes": b"\x93NUMPY\1\0", "confidence": ONES},
        {"classes": ONES, "confidence": ONES, "compression": zipfile.ZIP_DEFLATED},
    ],
)
def test_labels_of_another_kind_are_refused(folder, arrays):
    npz(folder.path / "labels.npz", **arrays)
    with pytest.raises(InputError, match="The labels cannot be read"):
        folder.read_labels()


def test_labels_come_back(folder):
    classes = np.arange(100, dtype=np.uint8) % 6
    folder.write_labels(PointLabels(classes, classes))
    found = folder.read_labels()
    np.testing.assert_array_equal(found.classes, classes)
    np.testing.assert_array_equal(found.confidence, classes)


@pytest.mark.parametrize("value", ["a\0b", "a\ud800b", "", 7, None])
def test_a_source_that_is_no_path_is_refused(folder, value):
    facts = {"source": value, "sha256": "0" * 64}
    (folder.path / "cloud.json").write_text(json.dumps(facts))
    with pytest.raises(InputError, match="source"):
        folder.read_facts()


def test_a_name_that_is_no_utf8_is_a_path(folder):
    (folder.path / "cloud.json").write_text(json.dumps({"source": "/a/stra\udce9e.laz", "sha256": "0" * 64}))
    assert folder.read_facts()["source"] == "/a/stra\udce9e.laz"
    assert folder.read_facts()["columns"] is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("scale", [0.01, 0.01]),
        ("scale", [0.01, 0.01, float("nan")]),
        ("scale", [0.01, -0.01, 0.01]),
        ("offset", ["0", 0, 0]),
        ("labelled", None),
        ("crs", {"wkt": 3, "horizontal": 1.0, "vertical": 1.0}),
        ("crs", {"wkt": "", "horizontal": 0, "vertical": 1.0}),
        ("crs", [1]),
    ],
)
def test_a_cloud_whose_record_cannot_be_is_refused(folder, monkeypatch, key, value):
    honest = json.dumps
    monkeypatch.setattr(working_copy.json, "dumps", lambda note: honest(note | {key: value}))
    cloud = PointCloud.from_xyz(np.ones((3, 3)))
    working_copy.write(cloud, folder.path / "cloud.las")
    with pytest.raises(CloudFormatError, match=key):
        folder.read_cloud()


def test_a_class_that_is_no_train_id_does_not_reach_a_kernel(folder):
    cloud = PointCloud.from_xyz(np.ones((3, 3)))
    working_copy.write(dataclasses.replace(cloud, labels=np.full(3, 17, np.uint8)), folder.path / "cloud.las")
    with pytest.raises(CloudFormatError, match="17"):
        folder.read_cloud()
