"""`bevseg doctor`: a line for each part, what to do about a fault, and an exit code that scripts can use."""

import builtins
import importlib.metadata
import json

import pytest

from bevseg.errors import DependencyError
from bevseg.runtime import kernels, memory, open3d
from bevseg.stages import doctor
from tests.cli.invoke import bevseg

GIB = 2**30


def found():
    """Part -> finding, as the command prints them; and the exit code."""
    result = bevseg("doctor", "--json")
    table = json.loads(result.stdout)
    return {each["part"]: each for each in table["findings"]}, result.exit_code


def test_a_sound_machine_is_ok_in_one_line_for_each_part():
    result = bevseg("doctor")
    assert result.exit_code == 0, result.stdout
    lines = result.stdout.splitlines()
    assert [line.split()[1] for line in lines] == list(doctor._CHECKS)
    assert not any(line.startswith("FAULT") for line in lines)
    for word in (
        "python",
        "numpy 2",
        "torch",
        "layout 1.",
        "300 points",
        "GiB available",
        "default.safetensors",
    ):
        assert word in result.stdout
    assert json.loads(bevseg("doctor", "--json").stdout)["ok"]


def test_a_missing_library_is_a_fault_with_the_command_that_installs_it(monkeypatch):
    version = importlib.metadata.version

    def without_scipy(name):
        if name == "scipy":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", without_scipy)
    parts, code = found()
    assert code == 5 and not parts["libraries"]["ok"]
    assert parts["libraries"]["do"] == "pip install scipy"
    assert "FAULT libraries missing: scipy; do: pip install scipy" in bevseg("doctor").stdout


def test_little_memory_is_a_fault_that_names_the_control_group(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda group=None: 64 * GIB if group else GIB)
    parts, code = found()
    assert code == 5 and "limited by a control group (64.0 GiB on the machine)" in parts["memory"]["found"]
    assert "raise the limit" in parts["memory"]["do"]


def test_parts_that_are_not_needed_do_not_fail_the_machine(monkeypatch):
    def no_open3d():
        raise DependencyError("Open3D cannot be loaded", hint="apt install libgl1")

    monkeypatch.setattr(open3d, "load", no_open3d)
    monkeypatch.setattr(kernels, "cache_folder", lambda: None)
    monkeypatch.setattr(doctor, "_EXTRAS", {"e57": "no_such_library"})
    parts, code = found()
    assert code == 0
    assert [part for part, each in parts.items() if not each["ok"]] == ["cache", "open3d", "extras"]
    assert parts["open3d"]["do"] == "apt install libgl1"
    assert "NUMBA_CACHE_DIR" in parts["cache"]["do"] and "bevseg[e57]" in parts["extras"]["do"]


def test_a_library_that_raises_anything_is_a_fault_of_its_own(monkeypatch):
    load = builtins.__import__

    def broken(name, *args, **kwargs):
        if name == "bevseg.io.las.round_trip":
            raise OSError("symbol not found\nin lazrs")
        return load(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", broken)
    parts, code = found()
    assert code == 5 and parts["laz"]["found"] == "OSError: symbol not found in lazrs"
    assert parts["model"]["ok"]


def test_laz_that_comes_back_changed_is_a_fault(monkeypatch):
    laspy = pytest.importorskip("laspy")
    read = laspy.read

    def changed(*args, **kwargs):
        las = read(*args, **kwargs)
        las.X[7] += 1
        return las

    monkeypatch.setattr(laspy, "read", changed)
    parts, code = found()
    assert code == 5 and "came back changed" in parts["laz"]["found"] and "lazrs" in parts["laz"]["do"]


def test_a_foreign_database_in_the_environment_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PROJ_LIB", str(tmp_path))
    parts, code = found()
    assert code == 0 and f"PROJ_LIB={tmp_path} is not used" in parts["rasterio"]["found"]


def test_a_folder_without_room_is_a_fault(monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda place: usage)
    parts, code = found()
    assert code == 5 and parts["disk"]["do"].startswith("free space in ")
