"""Draw the largest errors of a model on simulated streets that no training has seen.

python docs/error_pictures.py [MODEL] [-o docs/images/errors.png] [--clouds DIR] [--streets 4]

The streets are those of the table of the model card, some of each preset. Each picture is a square of the street from
above. On the left is the truth; on the right all is pale but the points that the title names, in the colour of the
answer. For each pair of true and answered class the square with most such points is taken, and of these the ten with
most. A square is shown once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bevseg import pipeline
from bevseg.core.labels import CLASS_NAMES, COLOURS, GROUND, UNDEFINED
from bevseg.core.pointcloud import PointCloud
from bevseg.seg import checkpoint
from bevseg.seg.checkpoint import Model
from bevseg.sim import presets
from bevseg.weights import default_model

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from labelled_clouds import simulated
from pictures import save

SIDE = 16.0
"""Side of a square, m."""

COUNT = 10
"""Pictures."""

REST = "#e2e2e2"
"""Colour of the points that a picture is not about; that of undefined ones is close to that of poles."""


@dataclass(frozen=True)
class Error:
    """Points of one class in a square that got another one.

    Attributes
    ----------
    wrong
        How many.
    where
        Name of the street.
    truth, answer
        Classes of these points.
    xyz
        (N, 3), all points in the square, m.
    true, answered
        (N,), their classes.
    """

    wrong: int
    where: str
    truth: int
    answer: int
    xyz: NDArray[np.float64]
    true: NDArray[np.uint8]
    answered: NDArray[np.uint8]


def main() -> None:
    """Label, choose, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", type=Path, help="[default: the one that ships]")
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/images/errors.png"))
    parser.add_argument("--clouds", type=Path, metavar="DIR", help="keep the streets here, read them here")
    parser.add_argument("--streets", type=int, default=4, help="of each preset")
    asked = parser.parse_args()
    model = checkpoint.load(asked.model or default_model())
    worst: dict[tuple[int, int], Error] = {}
    for preset in presets.names():
        for name, read in simulated(preset, asked.streets, asked.clouds).clouds.items():
            for error in errors(read(), name, model):
                pair = error.truth, error.answer
                if pair not in worst or worst[pair].wrong < error.wrong:
                    worst[pair] = error
    ranked = sorted(worst.values(), key=lambda error: -error.wrong)
    squares: dict[tuple[str, float, float, float], Error] = {}
    for error in ranked:
        squares.setdefault((error.where, *error.xyz[0]), error)
    chosen = list(squares.values())[:COUNT]
    draw(chosen, asked.output)
    for error in chosen:
        print(title(error))


def errors(cloud: PointCloud, name: str, model: Model) -> Iterator[Error]:
    """Yield, for each pair of true and answered class, the square of a cloud with most such points."""
    assert cloud.labels is not None
    answered = pipeline.label(cloud, model).point_labels.classes
    xyz = cloud.xyz
    squares = np.floor((xyz[:, :2] - xyz[:, :2].min(axis=0)) / SIDE).astype(np.int64)
    square = squares[:, 0] * (squares[:, 1].max() + 1) + squares[:, 1]
    wrong = (cloud.labels != UNDEFINED) & (answered != cloud.labels)
    pairs = cloud.labels.astype(np.int64) * len(CLASS_NAMES) + answered
    for pair in np.unique(pairs[wrong]):
        counts = np.bincount(square[wrong & (pairs == pair)])
        inside = square == counts.argmax()
        truth, answer = divmod(int(pair), len(CLASS_NAMES))
        yield Error(
            int(counts.max()), name, truth, answer, xyz[inside], cloud.labels[inside], answered[inside]
        )


def title(error: Error) -> str:
    """Return what a picture shows."""
    return f"{CLASS_NAMES[error.truth]} as {CLASS_NAMES[error.answer]}: {error.wrong:,} points, {error.where}"


def draw(chosen: list[Error], path: Path) -> None:
    """Write all pictures, two errors in a row."""
    rows = -(-len(chosen) // 2)
    figure = Figure(figsize=(11.0, 2.9 * rows), dpi=80, layout="constrained")
    for number, error in enumerate(chosen):
        corner = error.xyz[:, :2].min(axis=0)
        order = np.argsort(np.where(error.true == GROUND, -1e3, error.xyz[:, 2]), kind="stable")
        bad = (error.true == error.truth) & (error.answered == error.answer)
        for half, classes in enumerate((error.true, np.where(bad, error.answered, UNDEFINED))):
            axis = figure.add_subplot(rows, 4, 2 * number + half + 1)
            shown = order if half == 0 else np.concatenate([order[~bad[order]], order[bad[order]]])
            axis.scatter(
                *(error.xyz[shown, :2] - corner).T,
                c=classes[shown],
                s=0.6,
                linewidths=0,
                cmap=ListedColormap([COLOURS[UNDEFINED] if half == 0 else REST, *COLOURS[1:]]),
                vmin=-0.5,
                vmax=len(COLOURS) - 0.5,
            )
            axis.set_aspect("equal")
            axis.set_xlim(0, SIDE)
            axis.set_ylim(0, SIDE)
            axis.set_xticks([])
            axis.set_yticks([])
            if half == 0:
                axis.set_title(title(error), fontsize=7, loc="left")
    save(figure, path)


if __name__ == "__main__":
    main()
