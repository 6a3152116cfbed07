"""What a few labelled clouds add to a trained model, against training from nothing on as many or more: Oakland.

    python benchmarks/fine_tuning.py OUT [--model MODEL] [--starts model nothing] [--counts 1 3 7] [--seeds 0 1 2]
        [--alone] [--minutes M] [--config TOML] [--test ac ah ao] [--train ad ae ag ai aj ak al] [--json F] [--tables]
        [--without car pole] [--data FOLDER] [--classes SCHEME]

Every training is one `bevseg run TEST -o OUT/<start><count>_s<seed> --train-on TRAIN --classes oakland --seed SEED`,
with `--init MODEL` where it starts from the model (default: the one that ships), else `--init none`. The seed also
puts the training clouds in the order in which the first 1, 3, ... are taken: shuffled until the first three together
show every class, as whoever labels three would choose them. Runs whose report is there are not run again, so that all
of it can be made in pieces, and a directory made by that command by hand counts; `--tables` runs nothing. The tables
hold mean and standard deviation over the seeds, and differences seed by seed. OUT/model0 is the model as it is.
`--alone` also trains on each of the training clouds by itself, from the model, into OUT/model_<cloud>: the last table
says what that adds to the model. So all of Oakland, without trainings from nothing, is

    python benchmarks/fine_tuning.py OUT --starts model --alone --json OUT/all.json

`--without car` takes the points of a class out of the training clouds, and writes below OUT/without_car: is the class
forgotten? Simulated streets go the same way:

    bevseg simulate -o STREETS --preset drums --seed 9200 --clouds 4 --points 80000
    python benchmarks/fine_tuning.py OUT --starts model --counts --alone --data STREETS --classes shrec20 \
        --train 9200 --test 9201 9202 9203
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from default_model import ProgressLines
from labelled_clouds import DATA
from transfer import CLASSES, MEANS, lines

import bevseg
from bevseg.config import RunConfig
from bevseg.core.labels import CLASS_NAMES, load_scheme
from bevseg.core.pointcloud import PointCloud
from bevseg.core.scores import SCORED
from bevseg.errors import BevsegError, InputError
from bevseg.io.find import find_clouds
from bevseg.io.read import read_cloud
from bevseg.runner.request import RunRequest
from bevseg.runner.run import REPORT, run
from bevseg.training.fine_tuning import training_settings
from bevseg.weights import default_model

TEST = ("ac", "ah", "ao")
TRAIN = ("ad", "ae", "ag", "ai", "aj", "ak", "al")
STARTS = ("model", "nothing")

FIRST, SHOWN = 3, 500
"""So many clouds show at least so many points of every class."""

DRAWS = 1000
"""Orders that are tried for that."""

KEYS = (*CLASSES, *MEANS)

Scores = dict[str, float]


@dataclass(frozen=True)
class Training:
    """One training: what it starts from, its seed, the clouds; `alone` is one cloud that no seed has chosen."""

    start: str
    seed: int
    clouds: tuple[str, ...]
    alone: bool = False

    @property
    def name(self) -> str:
        """Name of its directory."""
        if self.alone:
            return f"{self.start}_{self.clouds[0]}"
        return f"{self.start}{len(self.clouds)}_s{self.seed}" if self.clouds else f"{self.start}0"


def main() -> None:
    """Train what is missing, then print the tables."""
    asked = _asked()
    if asked.without:
        asked.out /= f"without_{'_'.join(sorted(asked.without))}"
    try:
        counts = points(asked.data, asked.train, asked.classes)
        trainings = [Training("model", 0, ())] if "model" in asked.starts else []
        for start, count, seed in itertools.product(asked.starts, asked.counts, asked.seeds):
            trainings.append(Training(start, seed, tuple(sorted(order(counts, seed)[:count]))))
        if asked.alone:
            trainings += [Training("model", 0, (name,), alone=True) for name in asked.train]
        for training in trainings:
            if not (asked.tables or (asked.out / training.name / REPORT).exists()):
                print(f"{training.name}: {' '.join(training.clouds)}", file=sys.stderr, flush=True)
                make(training, asked)
        found = collect(asked.out, trainings, asked.test)
    except BevsegError as error:
        sys.exit(str(error))
    print(markdown(found))
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", type=Path, help="to start from [default: the one that ships]")
    parser.add_argument("--starts", nargs="+", choices=STARTS, default=STARTS)
    parser.add_argument("--counts", nargs="*", type=int, default=(1, 3, 7))
    parser.add_argument("--seeds", nargs="+", type=int, default=(0, 1, 2))
    parser.add_argument("--alone", action="store_true", help="also train on each cloud by itself")
    parser.add_argument(
        "--without",
        nargs="+",
        default=(),
        choices=CLASSES,
        metavar="CLASS",
        help="take their points out of the training clouds",
    )
    parser.add_argument("--minutes", type=float, help="limit of each training [default: none, its steps]")
    parser.add_argument("--config", help="settings of the trainings [default: bevseg's]")
    parser.add_argument("--test", nargs="+", default=TEST, metavar="NAME")
    parser.add_argument("--train", nargs="+", default=TRAIN, metavar="NAME")
    parser.add_argument("--data", type=Path, default=DATA / "oakland3d", help="[default: %(default)s]")
    parser.add_argument("--classes", default="oakland", help="scheme of the labels [default: %(default)s]")
    parser.add_argument("--device", default=RunConfig.device)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--tables", action="store_true", help="of what is there; run nothing")
    return parser.parse_args()


def points(folder: Path, names: Sequence[str], classes: str) -> dict[str, np.ndarray]:
    """Return the number of points of each class (SCORED) in each cloud."""
    found = {}
    for name, path in zip(names, files(folder, names), strict=True):
        labels = read_cloud(path, scheme=load_scheme(classes)).labels
        found[name] = np.bincount([] if labels is None else labels, minlength=len(CLASS_NAMES))[list(SCORED)]
    return found


def order(counts: Mapping[str, np.ndarray], seed: int) -> list[str]:
    """Return the clouds as the seed shuffles them, until the first FIRST show SHOWN points of every class.

    Where no such order is found, the last one is taken.
    """
    rng, names = np.random.default_rng(seed), sorted(counts)
    for _ in range(DRAWS):
        drawn = [names[i] for i in rng.permutation(len(names))]
        if (sum(counts[name] for name in drawn[:FIRST]) >= SHOWN).all():
            break
    return drawn


def files(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """Yield the file of each cloud, whose stem ends with its name.

    Raises
    ------
    InputError
        If there is none.
    """
    found = {letters(file.stem): file.path for file in find_clouds([folder]).clouds}
    for name in names:
        if name not in found:
            raise InputError(
                f"No cloud {name!r}", where=folder, hint="a file oakland_part2_ac... is cloud ac"
            )
        yield found[name]


def letters(stem: str) -> str:
    """Return the part of a stem behind the last underscore."""
    return stem.rpartition("_")[2]


def make(training: Training, asked: argparse.Namespace) -> None:
    """Train, unless there is nothing to train on, and label the test clouds."""
    out, run_config = asked.out / training.name, RunConfig(seed=training.seed, device=asked.device)
    test = tuple(files(asked.data, asked.test))
    model = (asked.model or default_model()) if training.start == "model" else None
    if not training.clouds:
        run(
            RunRequest(test, out, model=model, classes=asked.classes, run_config=run_config, overwrite=True),
            progress=ProgressLines(),
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        for path in files(asked.data, training.clouds):
            lay(path, Path(folder), asked.without, asked.classes)
        request = RunRequest(
            test,
            out,
            train_on=Path(folder),
            init=model,
            settings=training_settings(asked.config, init=model, max_minutes=asked.minutes),
            classes=asked.classes,
            overwrite=True,
            run_config=run_config,
        )
        run(request, progress=ProgressLines())


def lay(path: Path, folder: Path, without: Sequence[str], classes: str) -> None:
    """Put a training cloud into a folder: as it is, or as text without the points of some classes."""
    if not without:
        (folder / path.name).symlink_to(path.resolve())
        return
    cloud = read_cloud(path, scheme=load_scheme(classes))
    assert cloud.labels is not None  # `points` has counted them
    kept = ~np.isin(cloud.labels, [CLASS_NAMES.index(name) for name in without])
    bare = PointCloud.from_xyz(cloud.xyz[kept])
    bevseg.write(bare, cloud.labels[kept], folder / f"{path.name.partition('.')[0]}.txt", classes=classes)


def collect(out: Path, trainings: Sequence[Training], test: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return `scores` (by KEYS, of the test clouds pooled), `clouds` and `seconds` of the runs that are there.

    Raises
    ------
    InputError
        If a run has trained on, or labelled, other clouds than its name says.
    """
    found = {}
    for training in trainings:
        path = out / training.name / REPORT
        if not path.exists():
            continue
        table = json.loads(path.read_text(encoding="utf-8"))
        learned = table["training"] or {"sources": {}, "seconds": {}}
        seen, labelled = ({letters(stem) for stem in of} for of in (learned["sources"], table["clouds"]))
        if seen != set(training.clouds) or labelled != set(test) or table["seed"] != training.seed:
            raise InputError(
                "This run is another one than its name says",
                where=path,
                why=f"it trained on {' '.join(sorted(seen))}, labelled {' '.join(sorted(labelled))}",
                hint="remove it, or name another OUT",
            )
        found[training.name] = {
            "start": training.start,
            "seed": training.seed,
            "alone": training.alone,
            "clouds": list(training.clouds),
            "chosen": learned.get("fine_tuning"),
            "seconds": learned["seconds"].get("train"),
            "scores": table["scores"]["iou"] | {key: table["scores"][key] for key in MEANS},
        }
    return found


def markdown(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the tables: means over the seeds, differences seed by seed, every run, and clouds alone, if any."""
    groups: dict[tuple[str, int], dict[int, Scores]] = {}
    for of in found.values():
        if of.get("alone"):
            continue
        groups.setdefault((of["start"], len(of["clouds"])), {})[of["seed"]] = of["scores"]
    means = [
        (start, str(count), str(len(runs)), *(spread([of[key] for of in runs.values()]) for key in KEYS))
        for (start, count), runs in groups.items()
    ]
    differences = []
    for (ours, few), (theirs, many) in itertools.product(groups, groups):
        if ours == "model" and theirs == "nothing" and 0 < few <= many:
            tuned, plain = groups[ours, few], groups[theirs, many]
            common = sorted(tuned.keys() & plain.keys())
            cells = [
                spread([tuned[seed][key] - plain[seed][key] for seed in common], sign=True) for key in KEYS
            ]
            differences.append((f"model + {few}", f"nothing + {many}", str(len(common)), *cells))
    runs = [
        (
            name,
            " ".join(of["clouds"]) or "-",
            minutes(of["seconds"]),
            *(spread([of["scores"][k]]) for k in KEYS),
        )
        for name, of in found.items()
    ]
    names = (*CLASSES, *MEANS.values())
    as_it_is = groups.get(("model", 0), {}).get(0)
    alone = [
        (" ".join(of["clouds"]), *(spread([of["scores"][k] - as_it_is[k]], sign=True) for k in KEYS))
        for of in found.values()
        if of.get("alone") and as_it_is is not None
    ]
    return "\n\n".join(
        (
            lines(("start", "labelled clouds", "seeds", *names), means),
            lines(("difference of", "and", "seeds", *names), differences),
            lines(("run", "trained on", "minutes", *names), runs),
            *([lines(("one cloud on top of the model", *names), alone)] if alone else []),
        )
    )


def minutes(seconds: float | None) -> str:
    """Return a time as a cell."""
    return "-" if seconds is None else f"{seconds / 60:.1f}"


def spread(values: Sequence[float], *, sign: bool = False) -> str:
    """Return mean and, of several, standard deviation, in percent."""
    if not values:
        return "-"
    mean = f"{100 * statistics.fmean(values):{'+' if sign else ''}.1f}"
    return f"{mean} ± {100 * statistics.stdev(values):.1f}" if len(values) > 1 else mean


if __name__ == "__main__":
    main()
