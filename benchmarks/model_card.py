"""Write the tables of the card of the model that ships, and of other documents, from the numbers of the benchmarks.

    python benchmarks/model_card.py build/default_model bevseg/weights/README.md [DOCUMENT ...]

The folder holds `default.safetensors` and `history.csv` of `default_model.py`, and as JSON what `transfer.py`,
`fine_tuning.py`, `init_worth.py`, `robustness.py` and `steady.py` have measured: `transfer.json` and so on. Each
table stands between `<!-- name -->` and `<!-- end -->`; what was there goes. A document has those tables that it has
a place for.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fine_tuning
import init_worth
import robustness
import steady
import transfer
from labelled_clouds import REAL
from transfer import lines, percent

from bevseg.seg import checkpoint
from bevseg.stages.train import HISTORY
from bevseg.workdir.facts import sha256

MODEL = "default.safetensors"


def main() -> None:
    """Fill the documents."""
    folder, *documents = map(Path, sys.argv[1:])
    for document in documents:
        text = document.read_text(encoding="utf-8")
        for name, make in TABLES.items():
            before, begin, rest = text.partition(f"<!-- {name} -->\n")
            if begin:
                _, end, after = rest.partition("<!-- end -->")
                text = f"{before}{begin}{make(folder)}\n{end}{after}"
        document.write_text(text, encoding="utf-8")


def read(folder: Path, name: str) -> Any:
    """Return what a benchmark has written."""
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def file(folder: Path) -> str:
    """Return what the file is."""
    path, model = folder / MODEL, checkpoint.load(folder / MODEL)
    weights = sum(value.numel() for net in model.nets.values() for value in net.parameters())
    net = model.settings.net
    limit = f", {net.widest} at most" if net.widest else ""
    rows = (
        ("bytes", f"{path.stat().st_size:,}"),
        ("SHA-256", sha256(path)),
        ("weights", f"{weights:,} in {len(model.nets)} networks, in half precision"),
        ("network", f"{net.filters} filters at full resolution{limit}, {net.depth} halvings"),
        ("made with", ", ".join(f"{name} {version}" for name, version in sorted(model.versions.items()))),
    )
    return lines(("", ""), rows)


def training(folder: Path) -> str:
    """Return how the training of each network went, and what came of it on the clouds held out."""
    model = checkpoint.load(folder / MODEL)
    with (folder / HISTORY).open(newline="", encoding="utf-8") as table:
        history = list(csv.DictReader(table))
    rows = []
    for name in model.nets:
        of_slice = [row for row in history if row["slice"] == name]
        best = max(float(row["miou"]) for row in of_slice)
        last = of_slice[-1]
        rows.append((name, last["step"], f"{float(last['seconds']) / 60:.0f}", percent(best)))
    held_out = model.scores["validation"]
    reached, most = (percent(held_out[key]["miou"]) for key in ("scores", "oracle"))
    said = (
        f"{len(model.scores['trained_on'])} clouds are for training, {len(held_out['clouds'])} for early stopping. "
        f"Scores on the points of the latter: mIoU {reached} %, oracle {most} %."
    )
    return f"{said}\n\n{lines(('slice', 'steps', 'minutes', 'best mIoU of cells held out, %'), rows)}"


def real(folder: Path) -> str:
    """Return the scores of the model on the real sets, in short."""
    of_sets = read(folder, "transfer")["sets"]
    rows = []
    for name in REAL:
        if name in of_sets:
            pooled = of_sets[name]["pooled"]
            iou = [percent(pooled["iou"].get(key)) for key in (*transfer.CLASSES, "miou")]
            rows.append((name, of_sets[name]["scans"], *iou, percent(pooled["oracle"]["miou"])))
    return lines(("set", "scans", *transfer.CLASSES, "mIoU", "oracle mIoU"), rows)


def clouds(folder: Path) -> str:
    """Return the scores of the model on each cloud of Oakland."""
    return transfer.clouds(read(folder, "transfer")["sets"]["oakland"])


def confusion(folder: Path) -> str:
    """Return the confusion matrices of all sets."""
    of_sets = read(folder, "transfer")["sets"].items()
    return "\n\n".join(f"{name}:\n\n{transfer.confusion(of['pooled'])}" for name, of in of_sets)


TABLES: dict[str, Callable[[Path], str]] = {
    "file": file,
    "training": training,
    "sets": lambda folder: transfer.pooled(read(folder, "transfer")["sets"]),
    "real": real,
    "clouds": clouds,
    "confusion": confusion,
    "fine-tuning": lambda folder: fine_tuning.markdown(read(folder, "fine_tuning")),
    "init-worth": lambda folder: init_worth.markdown(read(folder, "init_worth")),
    "robustness": lambda folder: robustness.markdown(read(folder, "robustness")),
    "steady": lambda folder: steady.markdown(read(folder, "steady")),
}
"""Name of a table -> what makes it."""


if __name__ == "__main__":
    main()
