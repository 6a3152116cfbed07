"""Test pictures of a run -> PNG of picture, truth, prediction and errors; and the predictions of several runs."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bevseg.runtime.atomic import replacing
from bevseg.seg.inputs import IGNORE
from bevseg.study import reliability
from bevseg.study.tasks.images.dataset import Dataset
from bevseg.study.tasks.images.heads import Head

FOLDER = "pictures"
"""Folder of the pictures, in that of the study."""

WIDTH = 2.2
"""Width of a picture in a figure, inches."""

HIGHEST = 2.0
"""Height of a picture in a figure at most, in widths."""

TITLE_WIDTH = 30
"""Characters in a line of the title above a picture."""

MOST_RUNS = 6
"""Runs beside each other in a figure at most."""

RIGHT, WRONG, UNKNOWN = (235, 235, 235), (170, 0, 110), (0, 0, 0)
"""Colours of the errors: correct, wrong, and not counted."""

ARRAYS = ("picture", "truth", "predicted")


@torch.no_grad()
def save_pictures(net: nn.Module, data: Dataset, head: Head, count: int, folder: Path, key: str) -> None:
    """Write KEY.png, and KEY.npz for the figure of several runs.

    Parameters
    ----------
    net
        In evaluation mode.
    data, head
        Those of the run.
    count
        Number of pictures, spread evenly over the test pictures.
    folder
        Folder of the study.
    key
        Key of the run.
    """
    device = next(net.parameters()).device
    test = data.parts["test"]
    arrays: dict[str, Any] = {"classes": np.array(data.classes)}
    for place, number in enumerate(np.linspace(0, len(test) - 1, min(count, len(test))).round().astype(int)):
        picture = test[number]
        logits = net(data.scaling(picture.bands)[None].to(device))
        predicted = head.probabilities(logits)[0].argmax(0).to(torch.uint8).cpu().numpy()
        of_picture = (_shown(picture.bands.numpy()), picture.labels.numpy(), predicted)
        arrays |= {f"{name}_{place}": array for name, array in zip(ARRAYS, of_picture, strict=True)}
    with replacing(folder / FOLDER / f"{key}.npz") as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
    with replacing(folder / FOLDER / f"{key}.png") as temporary:
        _draw([("", arrays)], temporary)


def draw(run_records: Sequence[dict[str, Any]], folder: Path, path: Path) -> None:
    """Draw predictions and errors of several runs, or else the curves of all runs.

    The runs are those of the first seed that have the same pictures and classes, MOST_RUNS at most; as figure 6 of
    the Lovász paper.
    """
    first = run_records[0]["at"].get("seed") if run_records else None
    runs: list[tuple[str, dict[str, Any]]] = []
    for record in run_records:
        file = folder / FOLDER / f"{record['key']}.npz"
        if record["at"].get("seed") != first or not file.exists() or len(runs) == MOST_RUNS:
            continue
        name = ", ".join(str(value) for axis, value in record["at"].items() if axis != "seed")
        with np.load(file, allow_pickle=False) as arrays:
            stored = dict(arrays)
        if not runs or _same_truth(stored, runs[0][1]):
            runs.append((name, stored))
    if runs:
        _draw(runs, path)
    else:
        reliability.draw(run_records, folder, path)


def _same_truth(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether two runs were drawn for the same pictures and classes."""
    names = {"classes", *(name for name in (*one, *other) if name.startswith("truth_"))}
    return all(name in one and name in other and np.array_equal(one[name], other[name]) for name in names)


def _draw(runs: Sequence[tuple[str, dict[str, Any]]], path: Path) -> None:
    """Draw each picture, its truth, and prediction and errors of each run.

    The panels of a picture stand side by side for one run; for several, in pairs below each other.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    classes = [str(name) for name in runs[0][1]["classes"]]
    colours = class_colours(len(classes))
    count = sum(name.startswith("truth_") for name in runs[0][1])
    panels = [_panels(runs, place, colours) for place in range(count)]
    heights = [min(panel.shape[0] / panel.shape[1], HIGHEST) for ((_, panel), *_) in panels]
    if len(runs) > 1:
        pairs = range(0, len(panels[0]), 2)
        heights = [max(heights)] * len(pairs)
        panels = [[panel for each in panels for panel in each[pair : pair + 2]] for pair in pairs]
    across = len(panels[0])
    figure = Figure(figsize=(WIDTH * across, WIDTH * sum(heights) + 0.8), dpi=100, layout="constrained")
    axes = figure.subplots(len(panels), across, squeeze=False, height_ratios=heights)
    for axis, (title, panel) in zip(axes.flat, itertools.chain(*panels), strict=True):
        axis.set_axis_off()
        axis.imshow(panel, interpolation="nearest")
        axis.set_title(title, fontsize=8)
    named = [*zip(classes, colours, strict=True), ("wrong", WRONG), ("not counted", UNKNOWN)]
    handles = [Patch(color=(r / 255, g / 255, b / 255), label=name) for name, (r, g, b) in named]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=min(len(handles), 2 * across), fontsize=8
    )
    FigureCanvasAgg(figure).print_png(path)


def _panels(
    runs: Sequence[tuple[str, dict[str, Any]]], place: int, colours: Sequence[tuple[int, int, int]]
) -> list[tuple[str, NDArray[np.uint8]]]:
    """Return title and image of each panel of one picture: two of its own, and two of each run."""
    shown, truth, _ = (runs[0][1][f"{name}_{place}"] for name in ARRAYS)
    panels = [("picture", shown), ("truth", _coloured(truth, colours))]
    for name, arrays in runs:
        predicted = arrays[f"predicted_{place}"]
        panels += [
            (textwrap.fill(name, TITLE_WIDTH) or "prediction", _coloured(predicted, colours)),
            ("errors", _errors(truth, predicted)),
        ]
    return panels


def class_colours(count: int) -> list[tuple[int, int, int]]:
    """Return a colour for each class: ten strong ones, their pale versions, and for more classes a rainbow."""
    from matplotlib import colormaps

    if count <= 20:
        named = [colormaps["tab20"](2 * number % 20 + number // 10)[:3] for number in range(count)]
    else:
        named = [colormaps["turbo"](number / (count - 1))[:3] for number in range(count)]
    return [(round(255 * r), round(255 * g), round(255 * b)) for r, g, b in named]


def _coloured(ids: NDArray[np.uint8], colours: Sequence[tuple[int, int, int]]) -> NDArray[np.uint8]:
    table = np.zeros((256, 3), np.uint8)
    table[: len(colours)] = colours
    table[IGNORE] = UNKNOWN
    return table[ids]


def _errors(truth: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> NDArray[np.uint8]:
    table = np.array([RIGHT, WRONG, UNKNOWN], np.uint8)
    return table[np.where(truth == IGNORE, 2, truth != predicted)]


def _shown(bands: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the first three bands, or the first one in grey, as (rows, cols, 3)."""
    some = bands[:3] if len(bands) >= 3 else bands[[0, 0, 0]]
    if some.dtype != np.uint8:
        low, high = some.min(), some.max()
        some = ((some - low) / (high - low or 1) * 255).round().astype(np.uint8)
    return np.moveaxis(some, 0, -1)
