"""Draw the pictures of the README from a run that kept its work directory.

python docs/pictures.py build/demo/work build/demo docs/images [--cloud STEM]
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from PIL import Image

from bevseg.bev.highest_points import highest_points
from bevseg.core.cells import lowest
from bevseg.core.labels import COLOURS, UNDEFINED
from bevseg.workdir.folder import Folder, folders

WIDTH = 7.6
CLASSES = {"cmap": ListedColormap(COLOURS), "vmin": -0.5, "vmax": len(COLOURS) - 0.5}


def panels(path: Path, images: dict[str, tuple[np.ndarray, dict]]) -> None:
    """Write arrays side by side, or one over the other where they are long."""
    rows, cols = next(iter(images.values()))[0].shape
    across = len(images) if cols < 2 * rows else 1
    down = len(images) // across
    height = WIDTH / across * rows / cols * down + 0.3 * down
    figure = Figure(figsize=(WIDTH, height), dpi=80, layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for axis, (title, (values, style)) in zip(axes, images.items(), strict=True):
        axis.imshow(values, interpolation="nearest", **style)
        axis.set_title(title, fontsize=9, loc="left")
        axis.set_axis_off()
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write a PNG of few colours: small in the repository."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    Image.open(buffer).convert("RGB").quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)


def seen(classes: np.ndarray) -> np.ndarray:
    """Return classes as floats, NaN where there is none."""
    return np.where(classes == UNDEFINED, np.nan, classes.astype(float))


def around(cells: np.ndarray) -> tuple[slice, slice]:
    """Return the rows and columns that hold all but a few far cells."""
    places = np.nonzero(cells)
    low, high = np.percentile(places, (1, 99), axis=1).astype(int)
    return slice(max(low[0] - 40, 0), high[0] + 40), slice(max(low[1] - 20, 0), high[1] + 20)


def stages(folder: Folder, out: Path) -> None:
    """Draw what each stage made of one cloud."""
    cloud, dem = folder.read_cloud(), folder.read_dem()
    bands, classes, point_labels = folder.read_bands(), folder.read_classes(), folder.read_labels()
    view = around(dem["distance"] == 0)
    height, base = dem["height"][view], np.nanmin(dem["height"][view])
    low = lowest(cloud, dem.grid)[0][view]
    panels(out / "ingest.png", {"lowest point of each cell, m": (low - base, {"vmax": 8})})
    measured = np.where(dem["distance"][view] > 0, np.nan, height)
    panels(
        out / "ground.png",
        {
            "measured ground": (measured - base, {"cmap": "gist_earth"}),
            "DEM, filled": (height - base, {"cmap": "gist_earth"}),
        },
    )
    panels(
        out / "rasterize.png",
        {f"{name} slice, band h_max": (raster["h_max"][view], {}) for name, raster in bands.items()},
    )
    panels(
        out / "predict.png",
        {
            f"{name} slice, classes": (seen(raster["class"][view]), CLASSES)
            for name, raster in classes.items()
        },
    )
    top = highest_points(cloud, point_labels, dem.grid).classes[view]
    panels(out / "backproject.png", {"class of the highest point": (seen(top), CLASSES)})


def training(history: Path, out: Path) -> None:
    """Draw loss and validation mIoU of both networks."""
    with history.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    figure = Figure(figsize=(WIDTH, 2.2), dpi=80, layout="constrained")
    loss, miou = figure.subplots(1, 2)
    for name in dict.fromkeys(row["slice"] for row in rows):
        own = [row for row in rows if row["slice"] == name]
        steps = [int(row["step"]) for row in own]
        loss.plot(steps, [float(row["loss"]) for row in own], label=name)
        miou.plot(steps, [100 * float(row["miou"]) for row in own], label=name)
    for axis, title in ((loss, "loss"), (miou, "mIoU of the cells held out, %")):
        axis.set_title(title, fontsize=9, loc="left")
        axis.set_xlabel("step", fontsize=8)
        axis.tick_params(labelsize=8)
        axis.legend(fontsize=8, frameon=False)
    save(figure, out)


def confusion(report: Path, out: Path) -> None:
    """Draw the pooled confusion matrix, shares of the true class."""
    table = json.loads(report.read_text(encoding="utf-8"))["scores"]["confusion"]
    matrix = np.array(table["counts"], float)
    share = 100 * matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    figure = Figure(figsize=(4.4, 2.7), dpi=80, layout="constrained")
    axis = figure.subplots()
    axis.imshow(share, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for (row, col), value in np.ndenumerate(share):
        axis.text(
            col,
            row,
            f"{value:.1f}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if value > 60 else "black",
        )
    axis.set_xticks(range(share.shape[1]), table["predicted"], fontsize=7, rotation=20)
    axis.set_yticks(range(share.shape[0]), table["truth"], fontsize=7)
    axis.set_title("rows: truth, columns: prediction, % of the truth", fontsize=8, loc="left")
    save(figure, out)


def main() -> None:
    """Draw all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cloud", help="stem; default the first")
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    stages(Folder(wanted.work / wanted.cloud) if wanted.cloud else folders(wanted.work)[0], wanted.out)
    training(wanted.results / "history.csv", wanted.out / "train.png")
    confusion(wanted.results / "report.json", wanted.out / "evaluate.png")


if __name__ == "__main__":
    main()
