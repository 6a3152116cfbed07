"""A model on clouds it has never seen: real streets, single spins, airborne tiles, simulated streets of other seeds.

    python benchmarks/transfer.py [MODEL] [--sets oakland kitti ...] [--data DIR] [--clouds N] [--keep DIR] [--json F]

MODEL is the one that ships, unless named. Of every set: IoU by class over the points of all clouds together, and of
each cloud; mIoU over the classes that the truth has, mIoU-4 without pole; the share of building points, of those that
are scored, that are called car; and the oracle, which is what perfect networks would reach. Tables go to stdout, as
Markdown. docs/accuracy.md says what the labels of each real set leave open, and which points are not scored for that.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from labelled_clouds import DATA, NAMES, score, sets

from bevseg.core.labels import CLASS_NAMES
from bevseg.core.scores import SCORED
from bevseg.errors import BevsegError
from bevseg.runner.report import versions
from bevseg.seg import checkpoint
from bevseg.weights import default_model
from bevseg.workdir.facts import sha256

CLASSES = tuple(CLASS_NAMES[i] for i in SCORED)
MEANS = {"miou": "mIoU", "miou_4": "mIoU-4"}
CONFIDENCE = {"ece": "ECE", "errors_of_least_confident": "errors in the least sure 10 %"}


def main() -> None:
    """Score, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", type=Path, help="[default: the one that ships]")
    parser.add_argument(
        "--sets", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=", ".join(NAMES)
    )
    parser.add_argument("--data", type=Path, default=DATA, help=f"[default: {DATA}]")
    parser.add_argument("--clouds", type=int, default=8, help="simulated streets of each preset [default: 8]")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep simulated streets here, take those that are"
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    try:
        path = asked.model or default_model()
        found = measure(path, asked)
    except BevsegError as error:
        sys.exit(str(error))
    print(markdown(found))
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def measure(path: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Return the scores of a model on all sets whose data are there."""
    model = checkpoint.load(path)
    table: dict[str, Any] = {
        "model": {"file": path.name, "sha256": sha256(path)},
        "versions": versions(),
        "sets": {},
    }
    for clouds in sets(asked.sets, asked.data, asked.clouds, asked.keep):
        if clouds.clouds:
            table["sets"][clouds.name] = score(model, clouds, asked.device, said)
        else:
            said(f"{clouds.name}: not below {asked.data}, left out")
    return table


def said(text: str) -> None:
    """Tell on stderr how far it is."""
    print(text, file=sys.stderr, flush=True)


def markdown(found: Mapping[str, Any]) -> str:
    """Return all tables: sets, clouds of each set, confusion matrices."""
    parts = [pooled(found["sets"])]
    for name, of_set in found["sets"].items():
        parts += [f"### {name}", clouds(of_set), confusion(of_set["pooled"])]
    return "\n\n".join(parts)


def pooled(of_sets: Mapping[str, Any]) -> str:
    """Return a line for each set, with the share of the oracle's mIoU that the model reaches."""
    further_head = (
        "oracle mIoU",
        "of it",
        "building as car",
        *CONFIDENCE.values(),
        "scans",
        "clouds",
        "points",
    )
    head = ("set", *CLASSES, *MEANS.values(), *further_head)
    rows = []
    for name, of_set in of_sets.items():
        of_all = of_set["pooled"]
        best, ours = of_all["oracle"]["miou"], of_all["iou"]["miou"]
        rows.append(
            (
                name,
                *values(of_all["iou"]),
                percent(best),
                percent(ours / best),
                percent(of_all["building_as_car"]),
                *(percent(of_all.get(key)) for key in CONFIDENCE),
                of_set["scans"],
                str(len(of_set["clouds"])),
                f"{of_all['points']:,}",
            )
        )
    return lines(head, rows)


def clouds(of_set: Mapping[str, Any]) -> str:
    """Return a line for each cloud of a set, one for all, and one for the oracle."""
    rows = [(name, *values(of["iou"])) for name, of in of_set["clouds"].items()]
    rows += [
        (name, *values(of_set["pooled"][key])) for name, key in (("**pooled**", "iou"), ("oracle", "oracle"))
    ]
    return lines(("cloud", *CLASSES, *MEANS.values()), rows)


def confusion(of_all: Mapping[str, Any]) -> str:
    """Return the confusion matrix of the points that have a class: rows truth, columns prediction."""
    rows = [(CLASS_NAMES[i], *map(str, row)) for i, row in enumerate(of_all["confusion"]) if sum(row)]
    return lines(("truth", "unassigned", *CLASSES), rows)


def values(iou: Mapping[str, float | None]) -> list[str]:
    """Return the cells of all classes and means, in percent; a hyphen where there is none."""
    return [percent(iou.get(key)) for key in (*CLASSES, *MEANS)]


def percent(value: float | None) -> str:
    """Return a share as a cell."""
    return "-" if value is None else f"{100 * value:.1f}"


def lines(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table whose first column is words."""
    head = tuple(head)
    text = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([text[0], "|---|" + "---:|" * (len(head) - 1), *text[1:]])


if __name__ == "__main__":
    main()
