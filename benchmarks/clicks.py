"""What the clicks of a person add to a model: mIoU against the number of clicks, for three ways to choose the places.

    python benchmarks/clicks.py OUT [--sets oakland kitti_merged ...] [--clicks 30 10] [--seeds 0 1 2]
        [--strategies places random confidence] [--rounds 1] [--model MODEL] [--data DIR] [--full DIR] [--streets DIR]
        [--picture SVG] [--docs PAGE] [--tables]

Some clouds are labelled by the model, and places in them are shown to a simulated person who knows the truth
(`person.py`). One click answers one place. The model learns from all answers (`bevseg learn`), and is scored on other
clouds, which nobody clicks. Strategies:

- `places`: `bevseg.review.places`, as the report and the viewer list them;
- `random`: pieces drawn evenly, of the same candidates: those with points enough to be seen, long ones cut;
- `confidence`: the same candidates, least mean confidence first.

Sets:

- `oakland`: clicks on the three clouds that `fine_tuning.py` takes for the seed, scored on `ac ah ao`;
- `kitti_merged`, `nuscenes_merged`: clicks on one half, scored on the other beyond a guard band of GUARD metres; the
  rules for what their labels leave open are those of `transfer.py`, and the person does not know it either;
- `simulated:PRESET`: clicks on three simulated streets of the seed, scored on three others, all of them changed alike
  (`foreign`), so that there is something to learn. All choices were made on these.

With `--rounds 2`, half of the clicks come first; the model learns, labels again, and places are proposed anew. Every
run is a JSON file in OUT, with the answers, and the seconds of each step of a round by the clock and of the
processors. Runs that are there are not made again, so that all of it can be made in pieces. `--full` names the OUT of
`fine_tuning.py`, for the gain of clouds that are labelled wholly.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from fine_tuning import TEST, TRAIN, files, order, points
from labelled_clouds import DATA, REAL, Rule, Set, score, simulated
from numpy.typing import NDArray
from person import Answer, Person
from transfer import CLASSES, MEANS, lines, said

from bevseg import pipeline
from bevseg.core.heights import height_above_ground
from bevseg.core.labels import CLASS_NAMES, UNDEFINED, load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import BevsegError, InputError
from bevseg.io.read import read_cloud
from bevseg.review.places import FEWEST, Place, candidates, choose
from bevseg.runtime.atomic import write_json
from bevseg.seg.checkpoint import Model
from bevseg.training.corrections import CorrectedExample, learn_corrections
from bevseg.weights import default_model
from bevseg.workdir.facts import sha256

STRATEGIES = ("places", "random", "confidence")

GUARD = 10.0
"""Distance of the scored half from the clicked one, m: no object lies in both. The training sees what is beyond, as
surroundings, but no label of it."""

STREETS = 3
"""Simulated streets that are clicked, and as many that are scored."""

POINTS = 120_000
"""Of a simulated street at most."""

KEYS = (*CLASSES, *MEANS)


@dataclass(frozen=True)
class Task:
    """What is clicked and what is scored, for one seed."""

    clicked: tuple[PointCloud, ...]
    scored: Set


@dataclass(frozen=True)
class Labels:
    """What the model says of a cloud, (N,) each: `PointLabels`, and heights above the ground in metres."""

    of_points: PointLabels
    above: NDArray[np.float32]

    @classmethod
    def by(cls, model: Model, cloud: PointCloud) -> Labels:
        """Label a cloud."""
        made = pipeline.label(cloud, model)
        return cls(made.point_labels, height_above_ground(cloud, made.dem))


@dataclass
class Street:
    """A clicked cloud: its labels by the model, the classes as they stand, and which points were spoken about."""

    cloud: PointCloud
    labels: Labels
    classes: NDArray[np.uint8]
    spoken: NDArray[np.bool_]
    ignore: Rule | None = None

    @classmethod
    def begin(cls, cloud: PointCloud, labels: Labels, ignore: Rule | None = None) -> Street:
        """Return a cloud that nobody has looked at; `ignore` is the rule of its set."""
        return cls(cloud, labels, labels.of_points.classes.copy(), np.zeros(len(cloud), bool), ignore)

    def again(self, labels: Labels) -> Street:
        """Return the cloud with new labels; what was said holds."""
        classes = np.where(self.spoken, self.classes, labels.of_points.classes)
        return Street(self.cloud, labels, classes, self.spoken, self.ignore)

    def candidates(self) -> list[Place]:
        """Return the places that nobody has answered yet."""
        x, y, _ = self.cloud.xyz.T
        found = self.labels.of_points
        return candidates(
            x,
            y,
            self.classes,
            found.confidence,
            found.reasons,
            above=self.labels.above,
            spoken=self.spoken,
            cloud=self.cloud.name,
        )

    def person(self) -> Person:
        """Return who knows its truth: what the labels of the set do not tell, the person does not know either."""
        x, y, _ = self.cloud.xyz.T
        truth = self.cloud.labels
        assert truth is not None
        if self.ignore is not None:
            truth = np.where(self.ignore(truth, self.classes, self.labels.above), np.uint8(UNDEFINED), truth)
        return Person(x, y, truth, self.classes)


def main() -> None:
    """Make the runs that are missing, print the tables."""
    asked = _asked()
    try:
        runs = list(wanted(asked))
        for name, seed, strategy, clicks in runs:
            path = file_of(asked, name, seed, strategy, clicks)
            if not (asked.tables or path.exists()):
                made = make(name, seed, strategy, clicks, asked)
                write_json(made, path)
                said(line_of(made))
        found = [
            json.loads(file_of(asked, *run).read_text(encoding="utf-8"))
            for run in runs
            if file_of(asked, *run).exists()
        ]
    except BevsegError as error:
        sys.exit(str(error))
    text = markdown(found, full_gains(asked.full))
    print(text)
    if asked.docs:
        fill(asked.docs, text)
    if asked.picture:
        draw(found, full_gains(asked.full), asked.picture)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--sets", nargs="+", default=("oakland", "kitti_merged", "nuscenes_merged"))
    parser.add_argument("--clicks", nargs="+", type=int, default=(30, 10))
    parser.add_argument("--seeds", nargs="+", type=int, default=(0, 1, 2))
    parser.add_argument("--strategies", nargs="+", choices=STRATEGIES, default=STRATEGIES)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--model", type=Path, help="[default: the one that ships]")
    parser.add_argument("--data", type=Path, default=DATA, help=f"[default: {DATA}]")
    parser.add_argument("--streets", type=Path, help="keep simulated streets here, take those that are")
    parser.add_argument("--full", type=Path, help="OUT of fine_tuning.py, clouds that are labelled wholly")
    parser.add_argument("--picture", type=Path, help="draw the curves, SVG or PNG")
    parser.add_argument(
        "--docs", type=Path, help="page whose tables between <!-- clicks --> and <!-- end --> to write"
    )
    parser.add_argument("--tables", action="store_true", help="of what is there; run nothing")
    return parser.parse_args()


def wanted(asked: argparse.Namespace) -> Iterator[tuple[str, int, str, int]]:
    """Yield set, seed, strategy and clicks of each run, the most important first; without clicks, the model alone."""
    for name in asked.sets:
        for seed in asked.seeds:
            if seed == asked.seeds[0] or name.startswith("simulated"):
                yield name, seed, "none", 0
    for name, clicks, seed, strategy in itertools.product(
        asked.sets, asked.clicks, asked.seeds, asked.strategies
    ):
        yield name, seed, strategy, clicks


def file_of(asked: argparse.Namespace, name: str, seed: int, strategy: str, clicks: int) -> Path:
    """Return where a run is kept."""
    rounds = f"_rounds{asked.rounds}" if asked.rounds > 1 and clicks else ""
    return asked.out / name.replace(":", "_") / f"{strategy}_{clicks}_s{seed}{rounds}.json"


def make(name: str, seed: int, strategy: str, clicks: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Click, learn, score; `strategy` none scores the model as it is."""
    path = asked.model or default_model()
    model = pipeline.load_model(path)
    task = task_of(name, seed, asked)
    rounds = asked.rounds if clicks else 0
    made: dict[str, Any] = {
        "set": name,
        "seed": seed,
        "strategy": strategy,
        "clicks": clicks,
        "rounds": rounds,
        "model": sha256(path),
        "clouds": [cloud.name for cloud in task.clicked],
        "answers": [],
        "seconds": [],
    }
    streets: list[Street] = []
    for number in range(rounds):
        seconds: dict[str, list[float]] = {}
        with timed("label", seconds):
            if number:
                streets = [street.again(Labels.by(model, street.cloud)) for street in streets]
            else:
                streets = [
                    Street.begin(cloud, first_labels(path, name, cloud), task.scored.ignore)
                    for cloud in task.clicked
                ]
        with timed("propose", seconds):
            share = clicks * (number + 1) // rounds - clicks * number // rounds
            looked_at = PROPOSED[strategy](
                [place for street in streets for place in street.candidates()], share, seed
            )
        made["answers"] += click(streets, looked_at)
        with timed("learn", seconds):
            model = learn(streets, model, seed)
        made["seconds"].append(seconds)
    found = score(model, task.scored, said=lambda _: None)
    return made | {"scores": found["pooled"]["iou"], "oracle": found["pooled"]["oracle"]["miou"]}


_FIRST: dict[tuple[Path, str, str], Labels] = {}


def first_labels(path: Path, name: str, cloud: PointCloud) -> Labels:
    """Return what a model says of a cloud of a set; it is asked once, whatever the strategies and clicks."""
    key = (path, name, cloud.name)
    if key not in _FIRST:
        _FIRST[key] = Labels.by(pipeline.load_model(path), cloud)
    return _FIRST[key]


def learn(streets: Sequence[Street], model: Model, seed: int) -> Model:
    """Return the model that has learned what was said."""
    examples = [
        CorrectedExample.of(street.cloud, street.classes, street.spoken, model.settings)
        for street in streets
        if street.spoken.any()
    ]
    return learn_corrections(examples, model, seed=seed)


@contextmanager
def timed(name: str, seconds: dict[str, list[float]]) -> Iterator[None]:
    """Note seconds by the clock and of the processors."""
    clock, cpu = time.perf_counter(), time.process_time()
    yield
    seconds[name] = [round(time.perf_counter() - clock, 2), round(time.process_time() - cpu, 2)]


def click(streets: Sequence[Street], shown: Sequence[Place]) -> list[dict[str, Any]]:
    """Let the person answer, one place after the other; return what was said."""
    by_name = {street.cloud.name: street for street in streets}
    people = {name: street.person() for name, street in by_name.items()}
    answers = []
    for place in shown:
        street, answer = by_name[place.cloud], people[place.cloud].answer(place)
        street.classes[answer.points], street.spoken[answer.points] = answer.label, True
        answers.append(told(place, answer))
    return answers


def told(place: Place, answer: Answer) -> dict[str, Any]:
    """Return a place and its answer, ready for JSON."""
    return {
        "cloud": place.cloud,
        "x": round(place.x, 2),
        "y": round(place.y, 2),
        "was": CLASS_NAMES[place.label],
        "said": CLASS_NAMES[answer.label],
        "shape": answer.shape,
        "points": len(answer.points),
        "right": round(answer.right, 3),
        "confidence": round(place.confidence, 3),
        "height": None if np.isnan(place.height) else round(place.height, 2),
        "area": round(place.area, 2),
        "score": round(place.score, 4),
    }


def drawn(found: Sequence[Place], clicks: int, seed: int) -> list[Place]:
    """Return places drawn evenly."""
    chosen = np.random.default_rng((seed, 16)).permutation(len(found))[:clicks]
    return [found[i] for i in chosen]


def least_confident(found: Sequence[Place], clicks: int, seed: int) -> list[Place]:
    """Return the places with the least mean confidence."""
    return sorted(found, key=lambda place: place.confidence)[:clicks]


def proposed(found: Sequence[Place], clicks: int, seed: int) -> list[Place]:
    """Return the places that bevseg proposes."""
    return choose(found, clicks)


PROPOSED: dict[str, Callable[[Sequence[Place], int, int], list[Place]]] = {
    "places": proposed,
    "random": drawn,
    "confidence": least_confident,
}


def task_of(name: str, seed: int, asked: argparse.Namespace) -> Task:
    """Return what is clicked and scored of a set."""
    if name == "oakland":
        return oakland(asked.data / "oakland3d", seed)
    if name.startswith("simulated:"):
        return streets_of(name.partition(":")[2], seed, asked.streets)
    return halves(REAL[name](asked.data))


def oakland(folder: Path, seed: int) -> Task:
    """Return three clouds to click, as `fine_tuning.py` chooses them, and those that it scores."""
    clicked = sorted(order(points(folder, TRAIN, "oakland"), seed)[:STREETS])

    def read(path: Path) -> PointCloud:
        return read_cloud(path, scheme=load_scheme("oakland"))

    scored = {
        name: functools.partial(read, path) for name, path in zip(TEST, files(folder, TEST), strict=True)
    }
    return Task(tuple(map(read, files(folder, clicked))), Set("oakland", scored, "line scanner"))


def halves(whole: Set) -> Task:
    """Return one half of the only cloud of a set to click, and the cloud with labels beyond the guard band to score.

    The cloud is cut in the middle, from north to south or from west to east. Of the four ways to click a half, that
    one is taken in which most classes are clicked and scored; among equals, in which most are scored.
    """
    ((name, read),) = whole.clouds.items()
    cloud = read()
    assert cloud.labels is not None
    found = []
    for along, side in itertools.product(cloud.xyz.T[:2], (1, -1)):
        beyond = side * (along - (along.min() + along.max()) / 2)
        here, there = (shown(cloud.labels[chosen]) for chosen in (beyond < 0, beyond > GUARD))
        found.append((len(here & there), len(there), beyond))
    *_, beyond = max(found, key=lambda way: way[:2])
    labels = np.where(beyond > GUARD, cloud.labels, np.uint8(UNDEFINED))
    scored = dataclasses.replace(cloud, labels=labels)
    half = cloud.take(np.flatnonzero(beyond < 0))
    return Task((half,), dataclasses.replace(whole, clouds={name: lambda: scored}))


def shown(labels: NDArray[np.uint8]) -> set[int]:
    """Return the classes that have points enough to be seen."""
    return {int(label) for label in np.flatnonzero(np.bincount(labels) >= FEWEST) if label != UNDEFINED}


def streets_of(preset: str, seed: int, folder: Path | None) -> Task:
    """Return three simulated streets to click and three to score, all changed alike."""
    made = list(simulated(preset, 2 * STREETS * (seed + 1), folder, POINTS).clouds.items())[-2 * STREETS :]
    clouds = [foreign(dataclasses.replace(read(), name=name), seed) for name, read in made]
    scored = {cloud.name: lambda cloud=cloud: cloud for cloud in clouds[STREETS:]}
    return Task(tuple(clouds[:STREETS]), Set(preset, scored))


def foreign(cloud: PointCloud, seed: int) -> PointCloud:
    """Return a street of another country by another scanner: larger, higher, noisier, with fewer points."""
    rng = np.random.default_rng((seed, len(cloud)))
    kept = np.flatnonzero(rng.random(len(cloud)) < 0.6)
    xyz = cloud.xyz[kept] * (1.25, 1.25, 1.2) + rng.normal(0, 0.03, (len(kept), 3))
    assert cloud.labels is not None
    return PointCloud.from_xyz(xyz, cloud.labels[kept], name=cloud.name)


def full_gains(folder: Path | None) -> dict[str, float]:
    """Return the mean gain of mIoU of three wholly labelled clouds of Oakland, by the runs of `fine_tuning.py`."""
    runs = {} if folder is None else {path.parent.name: path for path in sorted(folder.glob("*/report.json"))}
    means = {
        name: json.loads(path.read_text(encoding="utf-8"))["scores"]["miou"] for name, path in runs.items()
    }
    tuned = [value for name, value in means.items() if name.startswith("model3_s")]
    return {"oakland": statistics.fmean(tuned) - means["model0"]} if tuned and "model0" in means else {}


def line_of(made: Mapping[str, Any]) -> str:
    """Say what a run found."""
    wrong = sum(answer["was"] != answer["said"] for answer in made["answers"])
    return (
        f"{made['set']} seed {made['seed']} {made['strategy']} {made['clicks']}: "
        f"mIoU {100 * made['scores']['miou']:.2f}, {wrong} of {len(made['answers'])} answers change a class, "
        f"seconds {made['seconds']}"
    )


def markdown(found: Sequence[Mapping[str, Any]], full: Mapping[str, float]) -> str:
    """Return the tables: means over the seeds, and gains."""
    rows, gains = [], []
    for name in dict.fromkeys(run["set"] for run in found):
        of_set = [run for run in found if run["set"] == name]
        start = {run["seed"]: run["scores"] for run in of_set if not run["clicks"]}
        for (strategy, clicks), runs in groups(of_set):
            rows.append(
                (
                    name,
                    strategy,
                    str(clicks),
                    str(len(runs)),
                    *(spread([run["scores"].get(key) for run in runs]) for key in KEYS),
                )
            )
            if clicks:
                won = [run["scores"]["miou"] - base(start, run["seed"])["miou"] for run in runs]
                share = "-" if name not in full else f"{100 * statistics.fmean(won) / full[name]:.0f} %"
                answers = [answer for run in runs for answer in run["answers"]]
                changed = np.mean([answer["was"] != answer["said"] for answer in answers])
                gains.append(
                    (
                        name,
                        strategy,
                        str(clicks),
                        str(len(runs)),
                        spread(won, sign=True),
                        share,
                        f"{100 * changed:.0f} %",
                        f"{statistics.fmean(answer['points'] for answer in answers):.0f}",
                        f"{100 * np.mean([a['right'] for a in answers if a['said'] != 'undefined']):.1f} %",
                    )
                )
    head = ("set", "places by", "clicks", "seeds")
    return "\n\n".join(
        (
            lines((*head, *CLASSES, *MEANS.values()), rows),
            lines(
                (
                    *head,
                    "gain of mIoU",
                    "of wholly labelled clouds",
                    "answers that change a class",
                    "points an answer",
                    "of them right",
                ),
                gains,
            ),
        )
    )


def fill(document: Path, text: str) -> None:
    """Write the tables of a page."""
    before, begin, rest = document.read_text(encoding="utf-8").partition("<!-- clicks -->\n")
    if not begin:
        raise InputError(
            "No place for the tables", where=document, hint="add <!-- clicks --> and <!-- end -->"
        )
    _, end, after = rest.partition("<!-- end -->")
    document.write_text(f"{before}{begin}{text}\n{end}{after}", encoding="utf-8")


def groups(
    runs: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[tuple[str, int], list[Mapping[str, Any]]]]:
    """Yield the runs of each strategy and number of clicks, fewer clicks first."""
    keys = sorted({(run["clicks"], run["strategy"]) for run in runs})
    for clicks, strategy in keys:
        yield (
            (strategy, clicks),
            [run for run in runs if (run["clicks"], run["strategy"]) == (clicks, strategy)],
        )


def base(start: Mapping[int, dict[str, float]], seed: int) -> dict[str, float]:
    """Return the scores of the model as it is: those of the seed, where they depend on it."""
    return start.get(seed) or next(iter(start.values()))


def spread(values: Sequence[float | None], *, sign: bool = False) -> str:
    """Return mean and, of several, standard deviation, in percent; a hyphen where a class is not in the truth."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    mean = f"{100 * statistics.fmean(known):{'+' if sign else ''}.1f}"
    return f"{mean} ± {100 * statistics.stdev(known):.1f}" if len(known) > 1 else mean


def draw(found: Sequence[Mapping[str, Any]], full: Mapping[str, float], path: Path) -> None:
    """Draw mIoU against the number of clicks, a panel for each set."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = list(dict.fromkeys(run["set"] for run in found))
    figure, panels = pyplot.subplots(
        1, len(names), figsize=(3.4 * len(names), 3), squeeze=False, layout="constrained"
    )
    for name, panel in zip(names, panels[0], strict=True):
        of_set = [run for run in found if run["set"] == name]
        start = statistics.fmean(100 * run["scores"]["miou"] for run in of_set if not run["clicks"])
        for strategy in STRATEGIES:
            curve = [(0, start)]
            for (of, clicks), runs in groups(of_set):
                if of == strategy:
                    curve.append((clicks, statistics.fmean(100 * run["scores"]["miou"] for run in runs)))
            panel.plot(*zip(*curve, strict=True), marker="o", markersize=4, label=strategy)
        if name in full:
            panel.axhline(start + 100 * full[name], color="grey", linestyle="--", label="wholly labelled")
        panel.set(title=name, xlabel="clicks", ylabel="mIoU, %")
    panels[0][0].legend(fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)


if __name__ == "__main__":
    main()
