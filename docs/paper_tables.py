"""Write the tables of docs/papers.md from the records of the studies, with their pictures.

python docs/paper_tables.py                      fill the tables
python docs/paper_tables.py build/studies        take records and pictures of finished studies first

The records stand in benchmarks/studies/runs/STUDY.jsonl, one line per run. A table stands between
`<!-- table: STUDY TABLE -->` and `<!-- end -->`. What was there goes, unless the study has no records yet.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bevseg.study import records, result_tables
from bevseg.study.result_tables import Line
from bevseg.study.run_study import plan_runs

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "papers.md"
STUDIES = ROOT / "benchmarks" / "studies"
RECORDS = STUDIES / "runs"
IMAGES = ROOT / "docs" / "images" / "losses"

PICTURES = {
    "mnist_binary table": {"mnist_binary": "table", "mnist_binary_digits": "mnist"},
    "mnist_multiclass table": {"mnist_multiclass": "table", "mnist_multiclass_digits": "mnist"},
    "buildings table": {"buildings": "table"},
    "street_low oakland": {"street_low": "oakland", "street_low_curves": "street"},
    "cross_loss table": {"cross_loss": "street"},
    "camvid_power_jaccard table": {"camvid_power_jaccard": "table"},
    "camvid_lovasz_binary table": {"camvid_lovasz_binary": "table"},
    "lovasz_bias table": {"lovasz_bias": "bias"},
    "loss_curves table": {"loss_curves": "curves"},
    "soft_label_curves table": {"soft_label_curves": "curves"},
}
"""Table -> the pictures below it, and which picture of the study each of them is."""

MOST_BYTES = 5_000
"""A record of the repository is no longer. Its largest lists are left out before."""

COLOURS = 64
"""Colours of the palette of a picture."""

_TABLE = re.compile(r"(<!-- table: (?P<study>\w+) (?P<table>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    """Take what finished studies left, if a folder is named, and fill the page."""
    if len(sys.argv) > 1:
        take(Path(sys.argv[1]))
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def take(folder: Path) -> None:
    """Copy records and pictures from the folder of all studies into the repository."""
    RECORDS.mkdir(exist_ok=True)
    for study in sorted(STUDIES.glob("*.toml")):
        found = records.read(folder / study.stem)
        if found:
            text = "".join(f"{short(record)}\n" for record in found.values())
            (RECORDS / f"{study.stem}.jsonl").write_text(text, encoding="utf-8")
    for table, pictures in PICTURES.items():
        study_folder = folder / table.split()[0]
        # A study that has only gone on from a copy of its records has no histories, and its curves are empty.
        if any((study_folder / "runs").glob("*.csv")):
            for name, drawn in pictures.items():
                _with_palette(study_folder / f"{drawn}.png", IMAGES / f"{name}.png")


def short(record: dict[str, Any]) -> str:
    """Return a record as one line of JSON, without the largest lists if it would be too long."""
    facts = dict(record["facts"])
    while len(line := json.dumps(record | {"facts": facts}, allow_nan=False)) > MOST_BYTES:
        del facts[max(facts, key=lambda name: len(json.dumps(facts[name])))]
    return line


def filled(page: str) -> str:
    """Return the page with every table that has records."""
    return _TABLE.sub(
        lambda block: block[1] + (made(block["study"], block["table"]) or _body(block)) + block[4], page
    )


def _body(block: re.Match[str]) -> str:
    return block[0].removeprefix(block[1]).removesuffix(block[4])


def made(study_name: str, table_name: str) -> str | None:
    """Return a table, how many runs stand behind it, and its pictures; None if there is no record."""
    path = RECORDS / f"{study_name}.jsonl"
    if not path.exists():
        return None
    study, planned_runs = plan_runs(STUDIES / f"{study_name}.toml")
    stored = {
        record["key"]: record for record in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    }
    found = [
        record
        for planned in planned_runs
        if (
            record := records.valid(
                stored.get(planned.run.key), planned.run, dataclasses.asdict(planned.settings)
            )
        )
    ]
    (table,) = (table for table in study.table if table.name == table_name)
    table_lines = result_tables.lines(study, table, found)
    if not table_lines:
        return None
    text = result_tables.markdown(study, table, table_lines)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    title = table.title or study.title
    pictures = [
        f"\n![{title}](images/losses/{name}.png)"
        for name in PICTURES.get(f"{study_name} {table_name}", {})
        if (IMAGES / f"{name}.png").exists()
    ]
    return "\n".join([*rows, "", _count(table_lines, study_name), *pictures, ""])


def _count(table_lines: Sequence[Line], study_name: str) -> str:
    runs = [line.runs for line in table_lines]
    each = f"{min(runs)}" if min(runs) == max(runs) else f"{min(runs)} to {max(runs)}"
    plural = "" if each == "1" else "s"
    return f"*{each} run{plural} behind each line. Study: `{study_name}.toml`.*"


def _with_palette(source: Path, target: Path) -> None:
    from PIL import Image

    if not source.exists():  # the study has not come to its end
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.open(source).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    main()
