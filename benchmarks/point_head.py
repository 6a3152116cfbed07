"""Is a small network on points better than the class of their cell? A trial on simulated sensors held out.

    python benchmarks/point_head.py [MODEL] --clouds DIR --cache DIR [--seeds 0 1 2] [--json F]
    python benchmarks/point_head.py --cost 3000000

Of each street (those that tell the training of the model to stop, and three new ones of each preset), features of
40,000 points are kept in `--cache`: soft scores of both slices, of the cell and bilinear; height, place in the column
and density; shape of the neighbourhood, by cubes of 0.4 m and by nearest neighbours. A head of two layers of 32
begins as the rule in force (`bev/backproject`). It learns from the points of all presets but one, and labels that
one: `held out`. For comparison, `known`: it learns from one half of the streets of each preset and labels the other.
The scores are mIoU over the points of a preset, for each group of features; also where the head decides doubtful
points alone. `--cost` measures what the head takes on one core, without its features.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from default_model import CONFIG, Street, read_config
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from torch import nn

from bevseg import pipeline
from bevseg.config import SimulateConfig
from bevseg.core.labels import CLASS_NAMES
from bevseg.core.metrics import Counts
from bevseg.core.pointcloud import BLOCK, PointCloud
from bevseg.core.raster import Raster
from bevseg.core.reasons import EDGE, STACKED
from bevseg.core.scores import SCORED, count_labels, scores_of
from bevseg.seg import checkpoint
from bevseg.seg.checkpoint import Model
from bevseg.seg.inference.predict import Classifier, occupied
from bevseg.seg.inputs import IGNORE, OUTPUTS, targets
from bevseg.seg.losses.jaccard import power_jaccard
from bevseg.weights import default_model

Features = dict[str, NDArray[Any]]
"""Group -> (points, columns); `truth`, `rule` (class by the rule in force) and `doubtful`: (points, 1)."""

NEW = {
    "drums": 150_000,
    "mixed": 120_000,
    "oakland": 100_000,
    "backpack": 100_000,
    "survey_car": 150_000,
    "terrestrial": 200_000,
    "shrec20": 200_000,
}
"""Points of new streets by preset."""

FIRST_SEED, EACH = 8700, 3
CACHE = Path(__file__).parents[1] / "build" / "point_head"
GROUPS = ("scores", "place", "cubes", "neighbours")
VARIANTS = {
    "scores": ("scores",),
    "+ height, place, density": ("scores", "place"),
    "+ shape by cubes": ("scores", "place", "cubes"),
    "+ shape by neighbours": ("scores", "place", "neighbours"),
}
POINTS = 40_000
"""Points of a street, drawn evenly."""

LEAST_LOG = -6.0
"""Scores enter as logarithms, from here up."""

CUBE, THINNED, NEAREST = 0.4, 0.08, 16
"""Side of the cubes and spacing of the neighbours, m; number of neighbours."""

UNSURE = 0.7 * 255
"""Confidence below which a point is doubtful."""

WIDTH, STEPS, BATCH, LEARNING_RATE = 32, 400, 2048, 1e-2
TRUST = 4.0
"""Logit of the class by the rule where a head begins."""

COLUMNS = 46
"""Of scores, place and cubes."""


def main() -> None:
    """Make the features that are missing; learn and score; print tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", type=Path, help="[default: the one that ships]")
    parser.add_argument("--clouds", type=Path, metavar="DIR", help="keep streets here, take those that are")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="of the features", default=CACHE)
    parser.add_argument("--seeds", type=int, nargs="+", default=(0, 1, 2))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--cost", type=int, metavar="POINTS", help="measure the time of the head alone")
    asked = parser.parse_args()
    if asked.cost:
        return print(cost(asked.cost))
    asked.cache.mkdir(parents=True, exist_ok=True)
    points = Points.of(cached(asked.model or default_model(), asked.clouds, asked.cache))
    found: dict[str, Any] = {}
    for seed, (name, groups) in itertools.product(asked.seeds, VARIANTS.items()):
        for key, folds in (("held out", held_out(points)), ("known", halves(points))):
            scores = trial(points, groups, folds, seed)
            found.setdefault(key, {}).setdefault(name, []).append(scores)
            said(f"seed {seed}, {key}, {name}: {gains(scores, 'head')}")
        if asked.json:
            asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print("\n\n".join(table(key, of) for key, of in found.items()))
    return None


def cached(path: Path, clouds: Path | None, cache: Path) -> Iterator[tuple[str, Features]]:
    """Yield preset and features of each street; those that are missing are made and kept."""
    model = checkpoint.load(path)
    for street in streets():
        kept = cache / f"{street.name}.npz"
        if not kept.exists():
            made = features(street.cloud(clouds), model)
            chosen = np.random.default_rng(street.seed).permutation(len(made["truth"]))[:POINTS]
            np.savez(kept, **{name: values[chosen] for name, values in made.items()})
            said(street.name)
        with np.load(kept) as file:
            yield street.config.preset, dict(file)


def said(text: str) -> None:
    """Tell on stderr how far it is."""
    print(text, file=sys.stderr, flush=True)


def streets() -> Iterator[Street]:
    """Yield the streets: those of the validation, and new ones."""
    yield from read_config(CONFIG).validation
    for number, (preset, points) in enumerate(NEW.items()):
        for seed in range(EACH):
            yield Street(FIRST_SEED + 10 * number + seed, SimulateConfig(preset=preset, points=points))


def features(cloud: PointCloud, model: Model) -> Features:
    """Return the features of all points, truth, class by the rule in force, and which points are doubtful."""
    made = pipeline.label(cloud, model, device="cpu")
    labels = made.point_labels
    assert cloud.labels is not None and labels.reasons is not None
    xyz = cloud.xyz
    soft = {name: scores(bands, model, name) for name, bands in made.bands.items()}
    cell = made.dem.grid.cell_of(xyz[:, 0], xyz[:, 1])
    columns = [np.eye(len(CLASS_NAMES))[labels.classes], labels.confidence[:, None] / 255]
    for name, planes in soft.items():
        own = planes.reshape(len(planes), -1)[:, cell].T
        between = bilinear(planes, occupied(made.bands[name]), xyz, made.dem)
        columns += [np.log(np.maximum(each, np.exp(LEAST_LOG))) for each in (own, between)]
        columns.append(own.sum(1, keepdims=True))
    return {
        "scores": np.concatenate(columns, axis=1).astype(np.float16),
        "place": place(xyz, cell, made.dem).astype(np.float16),
        "cubes": shape(*by_cubes(xyz)).astype(np.float16),
        "neighbours": shape(*by_neighbours(xyz)).astype(np.float16),
        "truth": cloud.labels[:, None],
        "rule": labels.classes[:, None],
        "doubtful": (np.isin(labels.reasons, (STACKED, EDGE)) | (labels.confidence < UNSURE))[:, None],
    }


def scores(bands: Raster, model: Model, name: str) -> NDArray[np.float32]:
    """Return the probabilities of a slice, (classes, rows, cols), 0 in empty cells."""
    classifier = Classifier(
        model.nets[name],
        model.bands[name],
        len(OUTPUTS),
        torch.device("cpu"),
        temperature=model.temperatures.get(name, 1.0),
    )
    mask = occupied(bands)
    logits = classifier.logits(np.asarray(bands.values, np.float32), mask) / classifier.temperature
    planes = np.zeros((len(OUTPUTS), *mask.shape), np.float32)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    planes[:, mask] = (shares / shares.sum(axis=1, keepdims=True)).T
    return planes


def bilinear(
    planes: NDArray[np.float32], mask: NDArray[np.bool_], xyz: NDArray[np.float64], dem: Raster
) -> NDArray[np.float32]:
    """Return planes (classes, rows, cols) at points, (points, classes), between the occupied cells around each."""
    grid = dem.grid
    row = (grid.top - xyz[:, 1]) / grid.cell - 0.5
    col = (xyz[:, 0] - grid.left) / grid.cell - 0.5

    def at(plane: NDArray[np.generic]) -> NDArray[np.float32]:
        values = plane.astype(np.float32)
        return np.asarray(ndimage.map_coordinates(values, [row, col], order=1, mode="constant"))

    weight = np.maximum(at(mask), 1e-6)
    return np.stack([at(plane) / weight for plane in planes], axis=1)


def place(xyz: NDArray[np.float64], cell: NDArray[np.int64], dem: Raster) -> NDArray[np.float64]:
    """Return height above ground, place in the column of the cell, and density, (points, 10)."""
    height = xyz[:, 2] - dem["height"].ravel()[cell]
    cells = dem.grid.rows * dem.grid.cols
    low, high = np.full(cells, np.inf), np.full(cells, -np.inf)
    np.minimum.at(low, cell, height)
    np.maximum.at(high, cell, height)
    density = np.log1p(np.bincount(cell, minlength=cells).reshape(dem.grid.shape))
    seen = ndimage.uniform_filter((density > 0).astype(float), 25)
    around = ndimage.uniform_filter(density, 25) / np.maximum(seen, 1e-6)
    columns = (
        height.clip(-1, 20),
        height.clip(-0.5, 0.5),
        height.clip(0, 3),
        height - low[cell],
        high[cell] - height,
        low[cell],
        high[cell],
        dem["distance"].ravel()[cell].clip(0, 10),
        density.ravel()[cell],
        (density - around).ravel()[cell],
    )
    return np.stack(columns, axis=1).clip(-30, 30)


def by_cubes(xyz: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return covariance and number of the points in the 27 cubes around each cube, and the cube of each point."""
    xyz = xyz - np.floor(xyz.min(axis=0))
    place = np.floor(xyz / CUBE).astype(np.int64) + 1
    span = place.max(axis=0) + 2
    keys, cube = np.unique((place[:, 0] * span[1] + place[:, 1]) * span[2] + place[:, 2], return_inverse=True)
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    products = [np.ones(len(xyz)), *xyz.T, *(xyz[:, i] * xyz[:, j] for i, j in pairs)]
    own = np.stack([np.bincount(cube, each) for each in products], axis=1)
    sums = np.zeros_like(own)
    for dx, dy, dz in itertools.product((-1, 0, 1), repeat=3):
        other = keys + (dx * span[1] + dy) * span[2] + dz
        slot = np.minimum(np.searchsorted(keys, other), len(keys) - 1)
        sums += own[slot] * (keys[slot] == other)[:, None]
    count, mean = sums[:, 0], sums[:, 1:4] / sums[:, :1]
    covariance = np.empty((len(keys), 3, 3))
    for (i, j), total in zip(pairs, sums[:, 4:].T, strict=True):
        covariance[:, i, j] = covariance[:, j, i] = total / count - mean[:, i] * mean[:, j]
    return covariance, count, cube


def by_neighbours(
    xyz: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return covariance of the nearest neighbours of each point, in a thinned cloud, and their density per m³."""
    _, kept = np.unique(np.floor(xyz / THINNED).astype(np.int64), axis=0, return_index=True)
    thinned = xyz[kept]
    distance, near = cKDTree(thinned).query(xyz, NEAREST)
    around = thinned[near] - thinned[near].mean(axis=1, keepdims=True)
    covariance = np.einsum("nki,nkj->nij", around, around) / NEAREST
    return covariance, 1 / np.maximum(distance[:, -1], 0.01) ** 3, np.arange(len(xyz))


def shape(
    covariance: NDArray[np.float64], count: NDArray[np.float64], slot: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return linearity, planarity, scattering, steepness of plane and of axis, size and density, (points, 7)."""
    values, axes = np.linalg.eigh(covariance)
    thin, middle, long = np.sqrt(np.maximum(values, 0)).T
    whole = np.maximum(long, 1e-6)
    columns = (
        (long - middle) / whole,
        (middle - thin) / whole,
        thin / whole,
        1 - abs(axes[:, 2, 0]),
        abs(axes[:, 2, 2]),
        long,
        np.log1p(count),
    )
    return np.stack(columns, axis=1)[slot]


class Points(NamedTuple):
    """The points of all streets.

    Attributes
    ----------
    columns
        (points, columns) of all groups; the first six are the class by the rule, one hot.
    places
        Group -> its columns.
    truth, rule
        (points,) train ids.
    doubtful
        (points,)
    streets
        Preset -> indices of the points of each of its streets.
    """

    columns: torch.Tensor
    places: Mapping[str, range]
    truth: NDArray[np.uint8]
    rule: NDArray[np.uint8]
    doubtful: NDArray[np.bool_]
    streets: Mapping[str, Sequence[torch.Tensor]]

    @classmethod
    def of(cls, streets: Iterable[tuple[str, Features]]) -> Points:
        """Return the points of streets, each with the name of its preset."""
        presets, tables = zip(*streets, strict=True)
        joined = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
        ends = np.cumsum([joined[name].shape[1] for name in GROUPS]).tolist()
        places = {name: range(a, b) for name, a, b in zip(GROUPS, [0, *ends], ends, strict=False)}
        columns = torch.from_numpy(
            np.concatenate([joined[name] for name in GROUPS], axis=1).astype(np.float32)
        )
        starts = np.cumsum([0, *(len(table["truth"]) for table in tables)]).tolist()
        by_preset: dict[str, list[torch.Tensor]] = {}
        for preset, (start, end) in zip(presets, itertools.pairwise(starts), strict=True):
            by_preset.setdefault(preset, []).append(torch.arange(start, end))
        truth, rule, doubtful = (joined[name][:, 0] for name in ("truth", "rule", "doubtful"))
        return cls(columns, places, truth, rule, doubtful, by_preset)


Fold = tuple[torch.Tensor, dict[str, torch.Tensor]]
"""Points to learn from; preset -> points to label."""


def held_out(points: Points) -> Iterator[Fold]:
    """Yield, for each preset, the points of all others, and its own."""
    for preset, own in points.streets.items():
        others = [each for name, of in points.streets.items() if name != preset for each in of]
        yield torch.cat(others), {preset: torch.cat(list(own))}


def halves(points: Points) -> Iterator[Fold]:
    """Yield the points of each half of the streets of every preset, and of the other half."""
    for half in (0, 1):
        learned = [each for of in points.streets.values() for each in of[1 - half :: 2]]
        yield (
            torch.cat(learned),
            {preset: torch.cat(list(of[half::2])) for preset, of in points.streets.items()},
        )


def trial(points: Points, groups: Sequence[str], folds: Iterable[Fold], seed: int) -> dict[str, Any]:
    """Return preset -> scores of the rule, of heads, of heads for doubtful points alone, and the share of these."""
    counts: dict[str, dict[str, Counts]] = {}
    columns = torch.tensor([column for name in groups for column in points.places[name]])
    for learned, labelled in folds:
        head = fit(points, columns, learned, seed)
        for preset, chosen in labelled.items():
            own = counts.setdefault(preset, {})
            with torch.inference_mode():
                decided = head(points.columns[chosen][:, columns]).argmax(1).numpy().astype(np.uint8) + 1
            truth, rule, doubtful = (
                each[chosen.numpy()] for each in (points.truth, points.rule, points.doubtful)
            )
            decided[rule == 0] = 0
            answers = {"rule": rule, "head": decided, "doubtful": np.where(doubtful, decided, rule)}
            for name, classes in answers.items():
                own[name] = own.get(name, 0) + count_labels(truth, classes)
    return {
        preset: {name: {key: scores_of(each)[key] for key in ("miou", "iou")} for name, each in own.items()}
        for preset, own in counts.items()
    }


class Head(nn.Module):
    """The class by the rule, and what two layers change of it."""

    def __init__(self, mean: torch.Tensor, deviation: torch.Tensor) -> None:
        super().__init__()
        self.mean, self.deviation = mean, deviation
        self.layers = nn.Sequential(
            nn.Linear(len(mean), WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, len(OUTPUTS)),
        )
        for parameter in self.layers[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits; columns count up to 5 standard deviations, as other sensors have values never seen."""
        scaled = ((x - self.mean) / self.deviation).clamp(-5, 5)
        change: torch.Tensor = self.layers(scaled)
        return change + TRUST * x[:, 1 : 1 + len(OUTPUTS)]


def fit(points: Points, columns: torch.Tensor, learned: torch.Tensor, seed: int) -> Head:
    """Return a head that has learned the class of points, by the loss of the networks."""
    torch.manual_seed(seed)
    classes = targets(points.truth)
    shares = torch.bincount(classes[learned].long(), minlength=len(OUTPUTS))[: len(OUTPUTS)]
    weights = shares.clamp(min=1) ** -0.5
    some = points.columns[learned[torch.randint(len(learned), (100_000,))]][:, columns]
    head = Head(some.mean(0), some.std(0).clamp(min=1e-3))
    optimizer = torch.optim.Adam(head.parameters(), LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, STEPS)
    for _ in range(STEPS):
        batch = learned[torch.randint(len(learned), (BATCH,))]
        logits = head(points.columns[batch][:, columns]).T[None, :, None]
        wanted = classes[batch].long()[None, None]
        loss = nn.functional.cross_entropy(logits, wanted, weights, ignore_index=IGNORE)
        optimizer.zero_grad()
        (loss + power_jaccard(logits, wanted, IGNORE)).backward()
        optimizer.step()
        schedule.step()
    return head.eval()


def gains(scores: Mapping[str, Any], name: str) -> list[float]:
    """Return what is gained on the rule in each preset, in points of mIoU."""
    return [round(100 * (of[name]["miou"] - of["rule"]["miou"]), 2) for of in scores.values()]


def table(key: str, found: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return two tables: the gains of each variant by preset, and by class."""
    first = next(iter(found.values()))[0]
    rule = [100 * of["rule"]["miou"] for of in first.values()]
    lines = [
        f"| {key}, mIoU | {' | '.join(first)} | mean | deviation of the mean over seeds |",
        "|---|" + "---:|" * (len(rule) + 2),
        f"| rule in force | {' | '.join(f'{each:.1f}' for each in (*rule, np.mean(rule)))} | |",
    ]
    names = [CLASS_NAMES[i] for i in SCORED]
    by_class = [f"| {key}, IoU, mean of presets | {' | '.join(names)} |", "|---|" + "---:|" * len(names)]
    for (variant, of), name in itertools.product(found.items(), ("head", "doubtful")):
        label = variant if name == "head" else f"{variant}; doubtful points alone"
        gained = np.array([gains(scores, name) for scores in of])
        cells = [f"{each:+.2f}" for each in (*gained.mean(axis=0), gained.mean())]
        lines.append(f"| {label} | {' | '.join(cells)} | {gained.mean(axis=1).std():.2f} |")
        changes = [
            [(preset[name]["iou"][c] or 0) - (preset["rule"]["iou"][c] or 0) for c in names]
            for scores in of
            for preset in scores.values()
        ]
        means = 100 * np.mean(changes, axis=0)
        by_class.append(f"| {label} | {' | '.join(f'{each:+.2f}' for each in means)} |")
    return "\n".join([*lines, "", *by_class])


@torch.inference_mode()
def cost(points: int) -> str:
    """Return a line on the time of one core for a head with all columns but those of neighbours."""
    torch.set_num_threads(1)
    head, x = Head(torch.zeros(COLUMNS), torch.ones(COLUMNS)).eval(), torch.randn(BLOCK, COLUMNS)
    seconds = []
    for _ in range(max(points // BLOCK, 1)):
        start = time.process_time()
        head(x).argmax(1)
        seconds.append(time.process_time() - start)
    least, middle = (1e9 * value / BLOCK for value in (min(seconds), float(np.median(seconds))))
    return f"ns of one core a point: {least:.0f} in the fastest block, {middle:.0f} in the median"


if __name__ == "__main__":
    main()
