"""Small sound settings, class schemes, studies and models, as bytes, and how each is read."""

from __future__ import annotations

import contextlib
from importlib import resources
from pathlib import Path

import numpy as np


def settings(folder: Path) -> list[bytes]:
    """Settings of `--config`, plain and in all forms of TOML."""
    plain = b"[raster]\ncell = 0.2\n[slices]\nsplit = 2.0\n[train]\nsteps = 10\nloss = 'lovasz_softmax'\n"
    forms = b'raster = { cell = 1e-1 }\nnet.filters = 0x10\n[ground]\nmethod = """smrf"""\n[train]\nsteps = 1_000\n'
    return [plain, forms]


def read_settings(path: Path) -> str:
    """Read settings as `--config` does."""
    from bevseg.config.tables import load

    load(str(path))
    return ""


def schemes(folder: Path) -> list[bytes]:
    """Class schemes."""
    return [
        resources.files("bevseg.schemes").joinpath(f"{name}.toml").read_bytes()
        for name in ("shrec20", "oakland", "asprs")
    ]


def read_scheme(path: Path) -> str:
    """Read a class scheme as `--classes` does, and use it."""
    from bevseg.core.labels import load_scheme
    from bevseg.errors import LabelError
    from bevseg.io import aux_xml, qgis

    scheme = load_scheme(str(path))
    scheme.decode(np.arange(-3, 300), where="")
    qgis.class_raster(scheme)
    aux_xml.class_names(scheme)
    with contextlib.suppress(LabelError):
        scheme.encode(np.arange(6, dtype=np.uint8))
    return ""


STUDY = """title = "A study"
task = "street"
note = "how it is done"
[settings]
slice = "low"
[axes]
seed = [0, 1]
loss = ["ce", { name = "later", loss = "dice", init = { loss = "ce" } }]
[[table]]
name = "all"
by = ["loss"]
where = { seed = 0 }
clear = 0.1
columns = ["miou"]
[[paper]]
at = { loss = "ce" }
mean = 0.279
"""


def studies(folder: Path) -> list[bytes]:
    """A study."""
    return [STUDY.encode()]


def read_study(path: Path) -> str:
    """Read a study, and list its runs."""
    from bevseg.study import grid, plan

    grid.grid(plan.read_study(path), str(path))
    return ""


def model(folder: Path) -> list[bytes]:
    """A small model."""
    from bevseg.seg import checkpoint
    from tests.seg import scenes

    path = folder / "seed.safetensors"
    checkpoint.save(scenes.model(), path)
    return [path.read_bytes()]


def read_model(path: Path) -> str:
    """Read a model as every command does."""
    from bevseg.seg import checkpoint

    checkpoint.load(path)
    return ""


def state(folder: Path) -> list[bytes]:
    """The state of a training of nothing."""
    from bevseg.seg.training import state_file
    from bevseg.seg.training.network_state import NetworkState
    from tests.seg import scenes

    tensors = {"best": scenes.model().nets["low"].state_dict()}
    of_low = NetworkState(2, 1.0, True, [{"step": 2, "miou": 0.5}], 0.5, 0.5, 0, {}, tensors)
    path = folder / "seed.state"
    state_file.write(state_file.TrainingState({"seed": 0}, 0.0, 1.0, {"low": of_low}), path)
    return [path.read_bytes()]


def read_state(path: Path) -> str:
    """Read the state of a training, as `train --resume` does."""
    from bevseg.seg.training import state_file

    state_file.read(path)
    return ""
