"""What docs/own_images.md shows works, with few steps."""

import runpy
import sys

import pytest

from bevseg.study.run_study import run_study
from tests.docs.pages import DOCS, files_in

FILES = files_in(DOCS / "own_images.md")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the files of the page, which Python runs in."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BEVSEG_DATA", raising=False)
    yield tmp_path
    sys.modules.pop("hard_pixels", None)


def test_pictures_and_a_loss_of_ones_own_give_a_table_and_a_network(folder, capsys):
    runpy.run_path("mosaics.py")
    study = folder / "textures.toml"
    short = FILES["textures.toml"].replace("epochs = 30", "epochs = 1\nsteps = 2\nfilters = 2")
    study.write_text(short.replace("seed = [0, 1, 2]", "seed = [0]"))
    result = run_study(study, folder / "textures")
    assert "| hard_pixels:hardest(share=0.5) | " in result.text
    assert len(list((folder / "textures" / "pictures").glob("*.png"))) == 3
    runpy.run_path("use_network.py")
    assert set(capsys.readouterr().out.strip("[]\n").replace("'", "").split(", ")) <= set(
        result.records[0]["facts"]["inputs"]["classes"]
    )


def test_the_study_and_the_use_of_its_network_are_short():
    lines = [
        line for name in ("textures.toml", "use_network.py") for line in FILES[name].splitlines() if line
    ]
    assert len(lines) < 20
