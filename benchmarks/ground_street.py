"""Ground filters on streets and towns with classes: Oakland, IGN LiDAR HD, AHN3; one setting for all of them.

    python benchmarks/ground_street.py [DIR] [--json F] [--method smrf] [--peers]

DIR holds the folders oakland3d, ign_lidarhd and ahn3_delft; by default `$BEVSEG_DATA/data`, else ../shared/data. What
`bevseg ground CLOUD` does with the defaults is compared with the classes: IoU of the ground, kappa, type I (ground
lost), type II (objects kept), and the share of some classes that was called ground, in %. Columns `_vox` weigh each
voxel of 0.5 m alike instead of each point: its weight is spread over its points. `kappa_all` counts every point of
Oakland, grass and undefined ones as objects.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import ground_peers
import numpy as np
from ground_scores import (
    Filter,
    Mask,
    Scores,
    bevseg_filter,
    codes,
    config,
    fail,
    machine,
    print_skipped,
    scores,
    share,
    summary,
    table,
    write_json,
)
from numpy.typing import NDArray

from bevseg.config import GroundConfig, RasterConfig
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import BevsegError
from bevseg.io.find import find_clouds
from bevseg.io.read import read_cloud

DATA = Path(os.environ.get("BEVSEG_DATA", Path(__file__).parents[2] / "shared")) / "data"
VOXEL = 0.5
"""Edge of the voxels that count alike, m."""


class Survey(NamedTuple):
    """A data set.

    Attributes
    ----------
    folder, pattern
        Where its clouds lie below the data root.
    preset
        Setting of the peers.
    ground, objects
        Codes that are ground, and codes that are not; all others are left out.
    shares
        Score -> codes of the class whose share called ground it tells.
    all_ground
        Codes that are ground for `kappa_all`, where every other code is an object; empty: not measured.
    """

    folder: str
    pattern: str
    preset: str
    ground: tuple[int, ...]
    objects: tuple[int, ...]
    shares: Mapping[str, tuple[int, ...]]
    all_ground: tuple[int, ...] = ()


OAKLAND = Survey(
    "oakland3d",
    "*.xyz_label_conf.gz",
    "street",
    ground=(*range(1200, 1207), 1301),
    # Vegetation, building, car, pole; without wires, fences, benches, people and what nobody could name.
    objects=(
        1300, *range(1302, 1307), *range(1400, 1407), 1410, 1411, 1412, 1501,
        1103, 1104, 1106, 1107, 1110, 1111, 1112, 1114, 1115, 1116, 1118,
    ),
    shares={"car": (1501,), "facade": (1400, 1410, 1411, 1412), "stairs": (1402,), "wall": (1401,)},
    all_ground=tuple(range(1200, 1209)),
)  # fmt: skip

# Left out: 0 (nobody looked), 7 and 18 (noise), 9 (water lies like ground and is none), 17 and 26 (bridges and quays:
# the street of one is ground to a driver and none to a surveyor), 65 and 66 (artefacts). Cars are in class 1.
AIRBORNE = (1, 3, 4, 5, 6, 64, 67)
IGN = Survey("ign_lidarhd", "*.laz", "airborne", (2,), AIRBORNE, {"building": (6,)})
AHN3 = Survey("ahn3_delft", "*.laz", "airborne", (2,), AIRBORNE, {"building": (6,)})

SURVEYS = {"Oakland": OAKLAND, "IGN LiDAR HD": IGN, "AHN3": AHN3}


class Truth(NamedTuple):
    """What is known of the points of a cloud.

    Attributes
    ----------
    codes
        (N,) class codes.
    counts, is_ground
        (N,) whether a point takes part, and whether it is ground.
    weights
        (N,) one over the points in the voxel.
    """

    codes: NDArray[np.integer]
    counts: Mask
    is_ground: Mask
    weights: NDArray[np.float64]


def main() -> None:
    """Parse the command line, score, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", metavar="DIR", type=Path, nargs="?", default=DATA, help="the data root")
    parser.add_argument("--method", help=f"instead of the default of {GroundConfig.__name__}")
    parser.add_argument("--peers", action="store_true", help="measure other filters as well")
    parser.add_argument("--json", type=Path, help="write the numbers to this file as well")
    options = parser.parse_args()
    if not options.folder.is_dir():
        fail(f"no such folder: {options.folder}; set BEVSEG_DATA or name the data root")
    try:
        report(options.folder, config(options.method), options.peers, options.json)
    except BevsegError as error:
        fail(error)


def report(root: Path, settings: GroundConfig, peers: bool, json: Path | None) -> None:
    """Score all filters on all clouds, print and write."""
    made: dict[str, Any] = {}
    skipped: dict[str, str] = {}
    for name, survey in SURVEYS.items():
        paths = sorted((root / survey.folder).glob(survey.pattern))
        if not paths:
            skipped[name] = f"no {survey.pattern} in {root / survey.folder}"
            continue
        clouds = {cloud.stem: load(cloud.path, survey) for cloud in find_clouds(paths).clouds}
        found = ground_peers.find(survey.preset) if peers else ground_peers.Peers({}, {}, {})
        skipped |= found.skipped
        filters = {"bevseg": bevseg_filter(settings)} | found.filters
        about = {"bevseg": str(settings)} | found.about
        made[name] = {
            filter_: _scored(f"{name}: {filter_}, {about[filter_]}", run, clouds, survey)
            | {"parameters": about[filter_]}
            for filter_, run in filters.items()
        }
    print_skipped(skipped.items())
    if not made:
        fail(f"none of {', '.join(survey.folder for survey in SURVEYS.values())} lies in {root}")
    if json:
        used = {"cell": RasterConfig.cell, "ground": dataclasses.asdict(settings)}
        write_json({"settings": used, "machine": machine(), "surveys": made, "skipped": skipped}, json)


def _scored(
    title: str, filter_: Filter, clouds: Mapping[str, tuple[PointCloud, Truth]], survey: Survey
) -> dict[str, Any]:
    """Run a filter on the clouds of a survey; print and return its scores."""
    of_clouds = {name: measure(filter_(cloud), truth, survey) for name, (cloud, truth) in clouds.items()}
    columns = ["iou", "kappa", "type_1", "type_2", *survey.shares]
    columns += [f"{name}_vox" for name in columns] + (["kappa_all"] if survey.all_ground else [])
    print(table(title, of_clouds, columns), flush=True)
    return {"clouds": of_clouds} | summary(of_clouds)


def load(path: Path, survey: Survey) -> tuple[PointCloud, Truth]:
    """Return the points as every command of bevseg reads them, and what is known of them.

    Raises
    ------
    CloudFormatError
        If the file is damaged, or has no classes.
    """
    known = codes(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # codes that the default scheme does not know: scored are those above
        cloud = read_cloud(path)
    is_ground = np.isin(known, survey.ground)
    counts = is_ground | np.isin(known, survey.objects)
    return cloud, Truth(known, counts, is_ground, voxel_weights(cloud))


def voxel_weights(cloud: PointCloud) -> NDArray[np.float64]:
    """Return one over the number of points in the voxel of each point, (N,)."""
    steps = np.floor(cloud.xyz / VOXEL).astype(np.int64)
    steps -= steps.min(axis=0)
    keys = np.ravel_multi_index(tuple(steps.T), tuple(steps.max(axis=0) + 1))
    _, voxel, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    return 1.0 / sizes[voxel]


def measure(found: Mask, truth: Truth, survey: Survey) -> Scores:
    """Return the scores of one cloud, by points and by voxels (`_vox`)."""
    its = truth.counts
    made: Scores = {}
    for ending, weights in (("", None), ("_vox", truth.weights)):
        part = None if weights is None else weights[its]
        values = scores(truth.is_ground[its], found[its], part)
        for name, members in survey.shares.items():
            values[name] = share(found, np.isin(truth.codes, members), weights)
        made |= {f"{name}{ending}": value for name, value in values.items()}
    if survey.all_ground:
        made["kappa_all"] = scores(np.isin(truth.codes, survey.all_ground), found)["kappa"]
    return made | {"points": float(its.sum())}


if __name__ == "__main__":
    main()
