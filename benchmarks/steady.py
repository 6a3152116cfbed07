"""How steady labels are: the same streets moved by a part of a cell, turned, thinned, and written in other steps.

    python benchmarks/steady.py MODEL [--set NAME] [--clouds N] [--data DIR] [--keep DIR] [--seed N] [--json F]

The coordinates of a cloud are first rounded to whole centimetres. Each form of it is labelled again. For each form,
over all clouds of the set: mIoU over the classes that the truth has, its change from that of the same points before,
and the share of the points that have another label. Coordinates written in steps of 1 mm with another offset are the
same coordinates: if a label differs there, the exit code is 1. The table goes to stdout, as Markdown.

Scoring a real set is noted in the log of bevseg/weights/README.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from labelled_clouds import DATA, NAMES, Set, iou_of, scored_of, sets
from numpy.typing import NDArray
from transfer import lines, percent, said

from bevseg import pipeline
from bevseg.core.heights import height_above_ground
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import BevsegError
from bevseg.runner.report import versions
from bevseg.seg import checkpoint
from bevseg.seg.checkpoint import Model
from bevseg.workdir.facts import sha256

STEP = 0.01
"""Step of the coordinates, m."""

ANOTHER_OFFSET = (-71, 1234, 3)
"""By so many steps the offset differs in the other file of the same coordinates."""

WRITTEN = "steps of 1 mm, another offset"

Form = tuple[PointCloud, NDArray[np.intp]]
"""A cloud in another form, and which of its points this one has."""


def main() -> None:
    """Label, compare, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--set", choices=NAMES, default="simulated:oakland", help="[default: %(default)s]")
    parser.add_argument("--clouds", type=int, default=2, help="simulated streets [default: %(default)s]")
    parser.add_argument("--data", type=Path, default=DATA, help=f"[default: {DATA}]")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep simulated streets here, take those that are"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the thinning [default: %(default)s]")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    try:
        found = measure(asked)
    except BevsegError as error:
        sys.exit(str(error))
    print(markdown(found))
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if found["forms"][WRITTEN]["changed"]:
        sys.exit(f"labels differ between files of the same coordinates: {WRITTEN}")


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Return the table of all forms."""
    (clouds,) = sets([asked.set], asked.data, asked.clouds, asked.keep)
    if not clouds.clouds:
        sys.exit(f"{clouds.name}: not below {asked.data}")
    return {
        "set": clouds.name,
        "model": {"file": asked.model.name, "sha256": sha256(asked.model)},
        "versions": versions(),
        "forms": of_forms(clouds, checkpoint.load(asked.model), asked.seed, asked.device),
    }


def of_forms(clouds: Set, model: Model, seed: int, device: str) -> dict[str, Any]:
    """Return scores and differences by form.

    Returns
    -------
    dict
        Form -> `iou` of the form, and `before`: IoU of the same points in the cloud as it is, both as
        `labelled_clouds.score` has them; number of `points` and of those whose label has `changed`.
    """
    counts: dict[str, list[Any]] = {name: [0, 0, 0, 0] for name in FORMS}
    for name, read in clouds.clouds.items():
        cloud = in_centimetres(pipeline.ensure_labelled(read()))
        made = pipeline.label(cloud, model, device=device)
        above = height_above_ground(cloud, made.dem)
        for form, change in FORMS.items():
            other, points = change(cloud, model.settings.raster.cell, np.random.default_rng(seed))
            answer = pipeline.label(other, model, device=device).point_labels
            before = PointLabels(*(values[points] for values in made.point_labels))
            part = cloud.take(points)
            found = counts[form]
            for at, labels in enumerate((answer, before)):
                found[at] = found[at] + pipeline.matrix(
                    scored_of(part, labels, above[points], clouds), labels
                )
            found[2] += len(points)
            found[3] += int(np.count_nonzero(answer.classes != before.classes))
            said(f"{clouds.name} {name}, {form}")
    return {
        form: {"iou": iou_of(now), "before": iou_of(before), "points": points, "changed": changed}
        for form, (now, before, points, changed) in counts.items()
    }


def in_centimetres(cloud: PointCloud) -> PointCloud:
    """Return a cloud with coordinates of whole centimetres."""
    return PointCloud.from_xyz(cloud.xyz, cloud.labels, scale=STEP, name=cloud.name)


def moved(share: float) -> Callable[[PointCloud, float, np.random.Generator], Form]:
    """Return what moves a cloud to the north-east by a share of a cell in x and in y."""

    def move(cloud: PointCloud, cell: float, rng: np.random.Generator) -> Form:
        x, y, z = cloud.offset
        return dataclasses.replace(cloud, offset=(x + share * cell, y + share * cell, z)), np.arange(
            len(cloud)
        )

    return move


def turned(degrees: float) -> Callable[[PointCloud, float, np.random.Generator], Form]:
    """Return what turns a cloud about its middle, to steps of 1 mm."""

    def turn(cloud: PointCloud, cell: float, rng: np.random.Generator) -> Form:
        xyz, angle = cloud.xyz, np.radians(degrees)
        middle = np.floor(np.nanmean(xyz[:, :2], axis=0))
        matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        xyz[:, :2] = (xyz[:, :2] - middle) @ matrix.T + middle
        return PointCloud.from_xyz(xyz, cloud.labels, name=cloud.name), np.arange(len(cloud))

    return turn


def thinned(cloud: PointCloud, cell: float, rng: np.random.Generator) -> Form:
    """Return half of the points, drawn at random."""
    points = np.sort(rng.permutation(len(cloud))[: len(cloud) // 2])
    return cloud.take(points), points


def rewritten(cloud: PointCloud, cell: float, rng: np.random.Generator) -> Form:
    """Return the same coordinates in steps of a tenth, with another offset."""
    steps = [(getattr(cloud, axis) - off) * 10 for axis, off in zip("xyz", ANOTHER_OFFSET, strict=True)]
    x, y, z = (start + off * STEP for start, off in zip(cloud.offset, ANOTHER_OFFSET, strict=True))
    other = PointCloud(
        *steps,
        scale=(STEP / 10,) * 3,
        offset=(x, y, z),
        labels=cloud.labels,
        finite=cloud.finite,
        name=cloud.name,
    )
    return other, np.arange(len(cloud))


FORMS: dict[str, Callable[[PointCloud, float, np.random.Generator], Form]] = {
    "moved by half a cell": moved(0.5),
    "moved by a quarter of a cell": moved(0.25),
    "turned by 30 degrees": turned(30),
    "half of the points": thinned,
    WRITTEN: rewritten,
}
"""Name -> what makes the form."""


def markdown(found: Mapping[str, Any]) -> str:
    """Return the table."""
    rows = [
        (
            form,
            *(percent(of[key]["miou"]) for key in ("before", "iou")),
            f"{100 * (of['iou']['miou'] - of['before']['miou']):+.2f}",
            f"{100 * of['changed'] / of['points']:.2f}",
            f"{of['points']:,}",
        )
        for form, of in found["forms"].items()
    ]
    head = (found["set"], "mIoU before", "mIoU", "change", "labels that differ, %", "points")
    return lines(head, rows)


if __name__ == "__main__":
    main()
