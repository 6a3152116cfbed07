"""A foreign or missing PROJ database in the environment: told once, never used, never a wrong system in an output."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pyproj
import pytest

from bevseg.errors import DependencyError
from bevseg.io.crs import from_wkt, proj_database
from bevseg.io.crs.proj_database import folder_of_rasterio, layout_of

WRITE = """
import logging, sys
from pathlib import Path
import numpy as np
from bevseg.core.grid import Grid
from bevseg.core.raster import Raster
logging.basicConfig(level=logging.WARNING, format="%(message)s")
from bevseg.io import crs, geotiff
from bevseg.errors import BevsegError
path = Path(sys.argv[1])
try:
    wkt = crs.from_geokeys({1024: 1, 3072: 25832}, Path("a.las")).wkt
    for _ in range(2):
        geotiff.write(Raster(Grid(1.0, 0, 0, 2, 2), ("a",), np.zeros((1, 2, 2), np.float32), wkt), path)
    print(geotiff.read(path).crs[:30])
except BevsegError as error:
    print(error.exit_code, error)
"""
CHECK = "import rasterio, sys; print(rasterio.open(sys.argv[1]).crs)"


def run(code, path, **environment):
    clean = {name: value for name, value in os.environ.items() if name not in ("PROJ_LIB", "PROJ_DATA")}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env=clean | environment,
    )


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """A folder with the database of another release of PROJ."""
    folder = tmp_path_factory.mktemp("proj")
    shutil.copy(Path(pyproj.datadir.get_data_dir(), "proj.db"), folder / "proj.db")
    (folder / "proj.db").chmod(0o644)
    with contextlib.closing(sqlite3.connect(folder / "proj.db")) as database:
        database.execute("UPDATE metadata SET value = 0 WHERE key = 'DATABASE.LAYOUT.VERSION.MINOR'")
        database.commit()
    return folder


@pytest.mark.skipif(folder_of_rasterio() is None, reason="rasterio shares the database of the system")
@pytest.mark.parametrize("variable", ["PROJ_LIB", "PROJ_DATA"])
@pytest.mark.parametrize("kind", ["foreign", "empty", "absent"])
def test_the_database_of_the_environment_is_named_once_and_not_used(variable, kind, foreign, tmp_path):
    (tmp_path / "empty").mkdir()
    folder = {"foreign": foreign, "empty": tmp_path / "empty", "absent": tmp_path / "nowhere"}[kind]
    done = run(WRITE, tmp_path / "a.tif", **{variable: str(folder)})
    assert done.stdout.startswith('PROJCS["ETRS89 / UTM zone 32N"')
    assert done.stderr.count(f"{variable} names the PROJ database in {folder}") == 1
    assert run(CHECK, tmp_path / "a.tif").stdout.strip() == "EPSG:25832"


def test_a_clean_environment_is_no_matter(tmp_path):
    done = run(WRITE, tmp_path / "a.tif")
    assert done.stderr == "" and done.stdout.startswith("PROJCS")


def test_a_database_of_pyproj_that_does_not_serve_is_an_error(monkeypatch):
    def without_database(code):
        raise pyproj.exceptions.CRSError("no database context")

    proj_database.load_pyproj.cache_clear()
    monkeypatch.setattr(pyproj.CRS, "from_epsg", without_database)
    monkeypatch.setenv("PROJ_LIB", "/elsewhere")
    with pytest.raises(DependencyError, match="database of pyproj cannot be used") as caught:
        from_wkt("LOCAL_CS[]", Path("a.las"))
    assert caught.value.where == "PROJ_LIB=/elsewhere" and "unset" in caught.value.hint
    assert caught.value.exit_code == 5


def test_a_database_of_rasterio_that_does_not_serve_is_an_error(foreign, tmp_path):
    code = WRITE.replace("path = ", "crs.proj_database.folder_of_rasterio = lambda: None\npath = ", 1)
    done = run(code, tmp_path / "a.tif", PROJ_DATA=str(foreign))
    assert done.stdout.startswith("5 The PROJ database of rasterio cannot be used")
    assert list(tmp_path.iterdir()) == []


def test_the_environment_stays_as_it_is(foreign, tmp_path):
    code = f"{WRITE}\nimport os\nprint(os.environ['PROJ_DATA'])"
    assert run(code, tmp_path / "a.tif", PROJ_DATA=str(foreign)).stdout.splitlines()[1] == str(foreign)


def test_the_release_of_a_database_is_told(foreign, tmp_path):
    assert layout_of(foreign).endswith("layout 1.0")
    assert layout_of(tmp_path) == "no proj.db"
    (tmp_path / "proj.db").write_bytes(b"no database at all" * 100)
    assert "cannot be read" in layout_of(tmp_path)
