"""Sets of labelled clouds, real and simulated, and the scores of a model on them; shared by the benchmarks.

Real ones lie below one folder (default: `$BEVSEG_DATA/data`, else ../shared/data): oakland3d (Munoz et al. 2009),
semantickitti_frames and kitti_seq08_merged (Behley et al. 2019), nuscenes_a_merged (Fong et al. 2022), ika_aachen
(PCLSegmentation, RWTH Aachen), ign_lidarhd and ahn3_delft (airborne). What is to be known of each: docs/accuracy.md.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import laspy
import numpy as np
from default_model import Street
from numpy.typing import NDArray

from bevseg import pipeline
from bevseg.config import SimulateConfig
from bevseg.core.heights import height_above_ground
from bevseg.core.labels import BUILDING, CAR, CLASS_NAMES, GROUND, POLE, UNDEFINED, VEGETATION, load_scheme
from bevseg.core.metrics import Counts
from bevseg.core.pointcloud import PointCloud, PointLabels
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

NUSCENES = {0: GROUND, 1: GROUND, 2: BUILDING, 4: VEGETATION, 7: CAR, 8: CAR, 9: CAR}
"""Label of a nuScenes range image -> train id. Trucks, trailers and buses are cars, as in the other sets. Barriers,
people, two-wheelers and noise are undefined. No label is pole."""

IKA = {0: GROUND, 1: GROUND, 2: BUILDING, 3: POLE, 4: VEGETATION, 7: CAR, 8: CAR, 9: CAR}
"""Label of an ika frame -> train id, by the same definitions."""

LAWN = 0.3
"""Vegetation below this height above the ground may be grass, which is ground in the other sets, m."""

Rule = Callable[[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]], NDArray[np.bool_]]
"""True class, answer, and height above the ground (m) of each point, (N,) -> which points a score leaves out."""


@dataclass(frozen=True)
class Set:
    """Labelled clouds of one kind.

    Attributes
    ----------
    name
        Of the set.
    clouds
        Name -> what reads or makes the cloud.
    scans
        How they were scanned: `single` turns of a spinning scanner, several of them `merged`, ...
    ignore
        Points that no score counts, where the labels of the set do not say enough; None: all that have a class count.
    """

    name: str
    clouds: Mapping[str, Callable[[], PointCloud]]
    scans: str = "simulated"
    ignore: Rule | None = None


def unclear_in_nuscenes(
    truth: NDArray[np.uint8], answer: NDArray[np.uint8], above: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Return what nuScenes does not tell apart: posts are `manmade` like buildings, and lawns `vegetation`."""
    post = (truth == BUILDING) & (answer == POLE)
    lawn = (truth == VEGETATION) & (above < LAWN)
    return post | lawn


def oakland(data: Path) -> Set:
    """Return the ten pieces of street, by the two letters of each."""
    return _files("oakland", data / "oakland3d", "*.gz", "line scanner", "oakland")


def kitti(data: Path) -> Set:
    """Return the single spins."""
    folder = data / "semantickitti_frames"
    paths = sorted(folder.glob("*points_*.npy"))
    clouds = {path.stem.replace("points_", ""): functools.partial(spin, path) for path in paths}
    return Set("kitti", clouds, "single")


def kitti_merged(data: Path) -> Set:
    """Return five spins put together."""
    return _merged("kitti_merged", data / "kitti_seq08_merged", KITTI, None)


def nuscenes_merged(data: Path) -> Set:
    """Return 32 spins put together; what its labels do not tell apart is left out by what we answer."""
    return _merged("nuscenes_merged", data / "nuscenes_a_merged", NUSCENES, unclear_in_nuscenes)


def ika(data: Path) -> Set:
    """Return the sparse frames of a front sector."""
    paths = sorted((data / "ika_aachen").glob("*.npz"))
    return Set("ika", {path.stem: functools.partial(sector, path) for path in paths}, "single")


def ign(data: Path) -> Set:
    """Return the four dense tiles; the thinned square kilometre is no street."""
    return _files("ign", data / "ign_lidarhd", "test_data_*.laz", "from the air", None)


def ahn3(data: Path) -> Set:
    """Return the piece of Delft."""
    return _files("ahn3", data / "ahn3_delft", "*.laz", "from the air", None)


REAL = {made.__name__: made for made in (oakland, kitti, kitti_merged, nuscenes_merged, ika, ign, ahn3)}
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
    return PointCloud.from_xyz(xyz, decoded(codes.ravel(), KITTI), name=path.stem.replace("points_", ""))


def sector(path: Path) -> PointCloud:
    """Read an ika frame: `points` (N, 4), m and intensity, and `label` (N,)."""
    frame = np.load(path)
    return PointCloud.from_xyz(frame["points"][:, :3], decoded(frame["label"], IKA), name=path.stem)


def decoded(codes: NDArray[np.integer], table: Mapping[int, int]) -> NDArray[np.uint8]:
    """Return the train id of each code, 0 to 255; those that the table lacks are undefined."""
    ids = np.full(256, UNDEFINED, np.uint8)
    ids[list(table)] = list(table.values())
    return ids[codes]


def score(
    model: Model, clouds: Set, device: str = "auto", said: Callable[[str], None] = print
) -> dict[str, Any]:
    """Label all clouds of a set, and return the scores of each and of all points together.

    Returns
    -------
    dict
        `clouds` (name -> scores) and `pooled`: `iou`, `oracle`: IoU by class, of those that the truth has, with the
        means `miou` and, without pole, `miou_4`; `points`; `confusion` (rows truth, columns prediction, from
        CLASS_NAMES); `building_as_car`: share of the building points that are called car, of those that
        `Set.ignore` leaves, None without any;
        those of `confidence_scores`; how the set was scanned (`scans`); and the `seconds` that the labelling of all
        took.
    """
    matrices: list[tuple[Counts, Counts]] = []
    confidences = np.zeros((LEVELS, 2), np.int64)
    table: dict[str, Any] = {"scans": clouds.scans, "clouds": {}}
    spent = 0.0
    for name, read in clouds.clouds.items():
        cloud = pipeline.ensure_labelled(read())
        begin = time.perf_counter()
        made = pipeline.label(cloud, model, device=device)
        spent += time.perf_counter() - begin
        best = pipeline.oracle(cloud, made.dem, model.settings.slices)
        above = height_above_ground(cloud, made.dem)
        scored, ideal = (scored_of(cloud, answer, above, clouds) for answer in (made.point_labels, best))
        matrices.append((pipeline.matrix(scored, made.point_labels), pipeline.matrix(ideal, best)))
        assert scored.labels is not None
        sure = count_confidences(scored.labels, made.point_labels.classes, made.point_labels.confidence)
        confidences += sure
        table["clouds"][name] = scores_and_oracle(*matrices[-1]) | confidence_scores(sure)
        said(f"{clouds.name} {name}: mIoU {100 * table['clouds'][name]['iou']['miou']:.1f}")
    pooled = scores_and_oracle(*map(sum, zip(*matrices, strict=True))) | confidence_scores(confidences)
    return table | {"pooled": pooled, "seconds": spent}


def scored_of(cloud: PointCloud, answer: PointLabels, above: NDArray[np.float32], clouds: Set) -> PointCloud:
    """Return a cloud of a set; the points that the rule of the set leaves out have no label.

    Parameters
    ----------
    cloud, answer
        Labelled points, and what a model says.
    above
        Height above the ground of each point, (N,), m.
    clouds
        The set.
    """
    if clouds.ignore is None or cloud.labels is None:
        return cloud
    left_out = clouds.ignore(cloud.labels, answer.classes, above)
    return dataclasses.replace(cloud, labels=np.where(left_out, np.uint8(UNDEFINED), cloud.labels))


def scores_and_oracle(found: Counts, best: Counts) -> dict[str, Any]:
    """Return the scores of a matrix of `bevseg.core.scores.count` and of that of the oracle, as `score` has them."""
    buildings = int(found[BUILDING].sum())
    table: dict[str, Any] = {
        "points": int(found.sum()),
        "confusion": found.tolist(),
        "building_as_car": int(found[BUILDING, CAR]) / buildings if buildings else None,
    }
    return table | {"iou": iou_of(found), "oracle": iou_of(best)}


def iou_of(matrix: Counts) -> dict[str, float | None]:
    """Return the IoU of each class that the truth has, with the means `miou` and, without pole, `miou_4`."""
    iou, there = scores_of(matrix)["iou"], matrix.sum(1) > 0
    known = {CLASS_NAMES[i]: iou[CLASS_NAMES[i]] for i in SCORED if there[i]}
    four = [known[CLASS_NAMES[i]] for i in FOUR if there[i]]
    return known | {
        "miou": float(np.mean(list(known.values()))),
        "miou_4": float(np.mean(four)) if four else None,
    }


def _files(name: str, folder: Path, pattern: str, scans: str, scheme: str | None) -> Set:
    """Return the clouds of a folder whose names match."""
    if not folder.is_dir():
        return Set(name, {}, scans)
    found = [file for file in find_clouds([folder]).clouds if file.path.match(pattern)]
    how = load_scheme(scheme) if scheme else None
    return Set(
        name, {file.stem: functools.partial(read_cloud, file.path, scheme=how) for file in found}, scans
    )


def _merged(name: str, folder: Path, table: Mapping[int, int], ignore: Rule | None) -> Set:
    """Return the LAZ files of a folder; their classes stand in dimension `src_label`, which no scheme can name."""

    def read(path: Path) -> PointCloud:
        codes = np.asarray(laspy.read(path)["src_label"])
        return dataclasses.replace(read_cloud(path), labels=decoded(codes, table))

    paths = sorted(folder.glob("*.laz"))
    return Set(name, {path.stem: functools.partial(read, path) for path in paths}, "merged", ignore)
