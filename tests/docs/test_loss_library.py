"""The example of docs/loss_library.md runs, and its table of formulas names every loss and its module."""

import re
import runpy

from bevseg.seg import losses
from bevseg.seg.losses.registry import LOSSES
from tests.docs.pages import DOCS, files_in

PAGE = DOCS / "loss_library.md"


def test_the_example_runs(tmp_path):
    (text,) = files_in(PAGE).values()
    (tmp_path / "example.py").write_text(text, encoding="utf-8")
    assert runpy.run_path(str(tmp_path / "example.py"))["logits"].grad.isfinite().all()


def test_every_loss_has_a_formula_and_a_module():
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| \S.* \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    functions = {
        name: entry.function.partition(":")[2] for name, entry in LOSSES.items() if not entry.learned
    }
    assert {name: getattr(losses, module).function.__name__ for name, module in rows} == functions
