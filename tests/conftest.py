"""Fixtures that every test may use: where the shared material lies."""

import os
import sys
from pathlib import Path

import hypothesis
import pytest

# No deadline: the first call of a kernel compiles it, and machines are shared.
hypothesis.settings.register_profile("bevseg", deadline=None, max_examples=50)
# For `make check`, while a change is on its way.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=10)
hypothesis.settings.load_profile("bevseg")

SHARED = Path(os.environ.get("BEVSEG_DATA", Path(__file__).parents[1].parent / "shared"))


def _shared(folder: str) -> Path:
    path = SHARED / folder
    if not path.is_dir():
        pytest.skip(f"{folder}/ of the shared material is not at {SHARED} (set BEVSEG_DATA)")
    return path


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real clouds."""
    return _shared("data")


@pytest.fixture(scope="session")
def golden() -> Path:
    """Folder of the reference values of the losses."""
    return _shared("golden")


@pytest.fixture(scope="session")
def streets(tmp_path_factory) -> Path:
    """Folder of three small labelled streets as text: a.txt, b.txt, c.txt."""
    from tests import tiny

    folder = tmp_path_factory.mktemp("streets")
    for seed, name in enumerate("abc"):
        tiny.write_street(folder / f"{name}.txt", seed)
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """A model of a few hundred weights, trained for a moment on two small streets."""
    from bevseg.seg import checkpoint
    from bevseg.training import prepare_example, train
    from tests import tiny

    examples = [prepare_example(tiny.thin_street(n, seed), tiny.SETTINGS) for seed, n in enumerate("xy")]
    model, _ = train(examples, tiny.SETTINGS, device="cpu")
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    checkpoint.save(model, path)
    return path


@pytest.fixture
def mynet(tmp_path_factory, monkeypatch):
    """Name of a module of networks that can be imported, has not been yet, and has registered nothing."""
    from bevseg.seg.models import registry
    from tests import three_layers

    folder = tmp_path_factory.mktemp("package")
    (folder / "mynet.py").write_text(three_layers.SOURCE)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(registry, "_registered", {})
    yield "mynet"
    sys.modules.pop("mynet", None)
