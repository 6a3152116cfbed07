"""The learning floor imports, trains and predicts on a machine that has torch and its few companions only."""

import subprocess
import sys

import pytest

SCRIPT = """
import importlib, pkgutil, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"open3d", "rasterio", "laspy", "polars", "pyproj", "pydantic",
                                      "click", "rich", "matplotlib", "psutil", "lazrs"}:
            raise ImportError(f"{name} is not here")

sys.meta_path.insert(0, Absent())
import bevseg.seg
for module in pkgutil.walk_packages(bevseg.seg.__path__, "bevseg.seg."):
    importlib.import_module(module.name)

from pathlib import Path
from bevseg.seg.checkpoint import load
load(Path(sys.argv[1])).require("low")
"""


@pytest.mark.slow
def test_no_other_library_is_needed(tmp_path):
    from bevseg.seg.checkpoint import save
    from tests.seg import scenes

    save(scenes.model(), tmp_path / "model")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path / "model"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
