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
    row = r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \| \S.* \|$"
    rows = re.findall(row, PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    functions = {
        name: entry.function.partition(":")[2] for name, entry in LOSSES.items() if not entry.learned
    }
    assert {name: function for name, function, _ in rows} == functions
    for _, function, module in rows:
        assert getattr(losses, module).function is getattr(losses, function)
        assert {function, module} <= set(dir(losses))
