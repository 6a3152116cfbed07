"""The card of the model that ships is filled from what was measured."""

import json
import shutil
from pathlib import Path

import pytest

from tests import tiny

ROOT = Path(__file__).parents[2]

HISTORY = """slice,step,loss,miou,seconds
low,2,1.5,0.25,30
low,4,1.0,0.5,90
high,2,1.0,0.75,30
high,4,1.0,0.5,60
"""


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")


@pytest.fixture
def folder(tmp_path, tiny_model):
    """What the benchmarks leave behind."""
    import labelled_clouds

    from bevseg import pipeline

    shutil.copy(tiny_model, tmp_path / "default.safetensors")
    (tmp_path / "history.csv").write_text(HISTORY)
    clouds = labelled_clouds.Set("oakland", {"ac": lambda: tiny.thin_street("ac")})
    found = labelled_clouds.score(pipeline.load_model(tiny_model), clouds, "cpu", lambda text: None)
    (tmp_path / "transfer.json").write_text(json.dumps({"sets": {"oakland": found}}))
    return tmp_path


def fill(monkeypatch, folder, document):
    import model_card

    monkeypatch.setattr("sys.argv", ["model_card.py", str(folder), str(document)])
    model_card.main()
    return document.read_text()


def test_the_tables_of_the_card_are_filled_and_filled_again(folder, monkeypatch):
    card = folder / "README.md"
    shutil.copy(ROOT / "bevseg" / "weights" / "README.md", card)
    text = fill(monkeypatch, folder, card)
    scores = json.loads((folder / "transfer.json").read_text())["sets"]["oakland"]["pooled"]
    assert f"| ac | {100 * scores['iou']['building']:.1f} |" in text
    assert f"| oakland | {100 * scores['iou']['building']:.1f} |" in text
    assert f"| building | {' | '.join(map(str, scores['confusion'][1]))} |" in text
    assert "| low | 4 | 2 | 50.0 |" in text
    assert "| high | 4 | 1 | 75.0 |" in text
    assert f"{(folder / 'default.safetensors').stat().st_size:,}" in text
    assert fill(monkeypatch, folder, card) == text


def test_what_a_document_has_no_place_for_is_not_asked_for(folder, monkeypatch):
    (folder / "notes.md").write_text(
        "above\n<!-- clouds -->\nold\n<!-- end -->\n<!-- other -->\nkept\n<!-- end -->\n"
    )
    text = fill(monkeypatch, folder, folder / "notes.md")
    assert text.startswith("above\n<!-- clouds -->\n| cloud |")
    assert "old" not in text
    assert text.endswith("<!-- end -->\n<!-- other -->\nkept\n<!-- end -->\n")
