"""What a wheel puts into site-packages."""

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from bevseg.config.names import SCHEMES

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """Names in a wheel that is built of a copy of the sources, without the network."""
    if (
        importlib.util.find_spec("setuptools") is None
        or int(metadata.version("setuptools").split(".")[0]) < 77
    ):
        pytest.skip("setuptools >= 77 is not installed here, and without the network it cannot be fetched")
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "bevseg", folder / "src" / "bevseg", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "src")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    result = subprocess.run([*command, "-w", folder, folder / "src"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist(), archive.read(
            next(n for n in archive.namelist() if n.endswith("entry_points.txt"))
        ).decode()


@pytest.mark.slow
def test_only_bevseg_lands_in_site_packages(names):
    tops = {name.split("/")[0] for name in names[0]}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"bevseg"}


@pytest.mark.slow
def test_every_module_is_in_the_wheel(names):
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "bevseg").rglob("*.py")}
    assert modules - set(names[0]) == set()


@pytest.mark.slow
def test_class_schemes_and_the_type_marker_are_in_the_wheel(names):
    assert {f"bevseg/schemes/{name}.toml" for name in SCHEMES} | {"bevseg/py.typed"} <= set(names[0])


@pytest.mark.slow
def test_the_model_that_ships_and_its_card_are_in_the_wheel(names):
    there = {path.name for path in (ROOT / "bevseg" / "weights").iterdir() if path.is_file()}
    assert "README.md" in there
    assert {f"bevseg/weights/{name}" for name in there} <= set(names[0])


@pytest.mark.slow
def test_the_command_is_called_bevseg(names):
    assert "bevseg = bevseg.cli.main:main" in names[1]


@pytest.mark.slow
def test_the_licence_is_in_the_wheel(names):
    assert any(name.endswith("LICENSE") for name in names[0])
