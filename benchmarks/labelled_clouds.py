"""Sets of labelled clouds, real and simulated, and the scores of a model on them; shared by the benchmarks.

Real ones lie below one folder (default: `$BEVSEG_DATA/data`, else ../shared/data): oakland3d (Munoz et al. 2009),
semantickitti_frames (Behley et al. 2019; single spins), ign_lidarhd and ahn3_delft (airborne).
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from default_model import Street

from bevseg import pipeline
from bevseg.config import SimulateConfig
from bevseg.core.labels import BUILDING, CAR, CLASS_NAMES, GROUND, POLE, UNDEFINED, VEGETATION, load_scheme
from bevseg.core.metrics import Counts
from bevseg.core.pointcloud import PointCloud
from bevseg.core.scores import FOUR, LEVELS, SCORED, confidence_scores, count_confidences, scores_of
from bevseg.errors import CloudFormatError
from bevseg.io.find import find_clouds
from bevseg.io.read import read_cloud
from bevseg.seg.checkpoint import Model
from bevseg.sim import presets

DATA = Path(os.environ.get("BEVSEG_DATA", Path(__file__).parents[2] / "shared")) / "data"

SEED = 9100
"""First seed of the simulated test streets. Trainings stay below 9000; those between told which ones they need."""

MOST = 1_000_000
"""Points of a simulated test street at most: presets whose clouds are larger give shorter streets."""

KITTI = {
    1: CAR,
    4: CAR,
    5: CAR,
    9: GROUND,
    10: GROUND,
    11: GROUND,
    12: GROUND,
    13: BUILDING,
    15: VEGETATION,
    16: VEGETATION,
    17: GROUND,
    18: POLE,
    19: POLE,
}
"""Class of a SemanticKITTI frame -> train id, by the definitions of the other schemes: grass is ground, trunks are
vegetation, trucks are cars, signs are poles. Fences, people, bicycles and what has no label are undefined."""

Clouds = Iterator[PointCloud]


@dataclass(frozen=True)
class Set:
    """Labelled clouds of one kind.

    Attributes
    ----------
    name
        Of the set.
    clouds
        Name -> what reads or makes the cloud.
    """

    name: str
    clouds: Mapping[str, Callable[[], PointCloud]]


def oakland(data: Path) -> Set:
    """Return the ten pieces of street, by the two letters of each."""
    return _files("oakland", data / "oakland3d", "*.gz", "oakland")


def kitti(data: Path) -> Set:
    """Return the single spins."""
    folder = data / "semantickitti_frames"
    paths = sorted(folder.glob("*points_*.npy"))
    return Set("kitti", {path.stem.replace("points_", ""): functools.partial(spin, path) for path in paths})


def ign(data: Path) -> Set:
    """Return the four dense tiles; the thinned square kilometre is no street."""
    return _files("ign", data / "ign_lidarhd", "test_data_*.laz", None)


def ahn3(data: Path) -> Set:
    """Return the piece of Delft."""
    return _files("ahn3", data / "ahn3_delft", "*.laz", None)


REAL = {"oakland": oakland, "kitti": kitti, "ign": ign, "ahn3": ahn3}
"""Name of a set -> where it lies below the data."""


def simulated(preset: str, count: int, folder: Path | None = None, points: int | None = None) -> Set:
    """Return test streets of a preset, kept in a folder or made anew each time.

    Parameters
    ----------
    preset
        One of `presets.names()`.
    count
        How many, from SEED on.
    folder
        Where they lie and are put; None: nowhere.
    points
        Of each; None: those of the preset, at most MOST.
    """
    config = SimulateConfig(points or min(presets.load(preset).points, MOST), preset=preset)
    made = [Street(seed, config) for seed in range(SEED, SEED + count)]
    return Set(
        f"simulated {preset}", {street.name: functools.partial(street.cloud, folder) for street in made}
    )


def sets(names: Sequence[str], data: Path, count: int, folder: Path | None = None) -> list[Set]:
    """Return the sets of these names: keys of REAL, and presets of the simulator as `simulated:oakland`."""
    found = []
    for name in names:
        kind, _, preset = name.partition(":")
        found.append(simulated(preset, count, folder) if kind == "simulated" else REAL[name](data))
    return found


NAMES = (*REAL, *(f"simulated:{preset}" for preset in presets.names()))


def spin(path: Path) -> PointCloud:
    """Read a SemanticKITTI frame: `points` (N, 3) in m, and beside it `labels` (N, 1).

    Raises
    ------
    CloudFormatError
        If they are not of one length.
    """
    xyz, codes = (np.load(path.with_name(path.name.replace("points", name))) for name in ("points", "labels"))
    if len(xyz) != len(codes):
        raise CloudFormatError("Points and labels differ in number", where=path, hint="fetch both again")
    ids = np.full(max(KITTI) + 1, UNDEFINED, np.uint8)
    ids[list(KITTI)] = list(KITTI.values())
    return PointCloud.from_xyz(xyz, ids[codes.ravel()], name=path.stem.replace("points_", ""))


def score(
    model: Model, clouds: Set, device: str = "auto", said: Callable[[str], None] = print
) -> dict[str, Any]:
    """Label all clouds of a set, and return the scores of each and of all points together.

    Returns
    -------
    dict
        `clouds` (name -> scores) and `pooled`: `iou`, `oracle`: IoU by class, of those that the truth has, with the
        means `miou` and, without pole, `miou_4`; `points`; `confusion` (rows truth, columns prediction, from
        CLASS_NAMES); those of `confidence_scores`; and the `seconds` that the labelling of all took.
    """
    matrices: list[tuple[Counts, Counts]] = []
    confidences = np.zeros((LEVELS, 2), np.int64)
    table: dict[str, Any] = {"clouds": {}}
    spent = 0.0
    for name, read in clouds.clouds.items():
        cloud = pipeline.ensure_labelled(read())
        begin = time.perf_counter()
        made = pipeline.label(cloud, model, device=device)
        spent += time.perf_counter() - begin
        best = pipeline.oracle(cloud, made.dem, model.settings.slices)
        matrices.append((pipeline.matrix(cloud, made.point_labels), pipeline.matrix(cloud, best)))
        assert cloud.labels is not None
        sure = count_confidences(cloud.labels, made.point_labels.classes, made.point_labels.confidence)
        confidences += sure
        table["clouds"][name] = scores_and_oracle(*matrices[-1]) | confidence_scores(sure)
        said(f"{clouds.name} {name}: mIoU {100 * table['clouds'][name]['iou']['miou']:.1f}")
    pooled = scores_and_oracle(*map(sum, zip(*matrices, strict=True))) | confidence_scores(confidences)
    return table | {"pooled": pooled, "seconds": spent}


def scores_and_oracle(found: Counts, best: Counts) -> dict[str, Any]:
    """Return the scores of a matrix of `bevseg.core.scores.count` and of that of the oracle, as `score` has them."""
    there = found.sum(1) > 0
    table: dict[str, Any] = {"points": int(found.sum()), "confusion": found.tolist()}
    for key, matrix in (("iou", found), ("oracle", best)):
        iou = scores_of(matrix)["iou"]
        known = {CLASS_NAMES[i]: iou[CLASS_NAMES[i]] for i in SCORED if there[i]}
        four = [known[CLASS_NAMES[i]] for i in FOUR if there[i]]
        table[key] = known | {
            "miou": float(np.mean(list(known.values()))),
            "miou_4": float(np.mean(four)) if four else None,
        }
    return table


def _files(name: str, folder: Path, pattern: str, scheme: str | None) -> Set:
    """Return the clouds of a folder whose names match."""
    if not folder.is_dir():
        return Set(name, {})
    found = [file for file in find_clouds([folder]).clouds if file.path.match(pattern)]
    how = load_scheme(scheme) if scheme else None
    return Set(name, {file.stem: functools.partial(read_cloud, file.path, scheme=how) for file in found})
