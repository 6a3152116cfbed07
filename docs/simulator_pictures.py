"""Draw the pictures of docs/simulator.md: real and simulated clouds side by side, from above and from the side.

python docs/simulator_pictures.py MADE DATA docs/images/simulator

MADE holds a folder of simulated clouds per preset, as `make simulator` leaves them; DATA is the data root, with the
real clouds in oakland3d. The first clouds of each folder are drawn, none is picked. Labels of real ones are not read.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from bevseg.config import GroundConfig
from bevseg.core.heights import height_above_ground
from bevseg.core.labels import CLASS_NAMES, COLOURS
from bevseg.core.pointcloud import PointCloud
from bevseg.ground.find_ground import find_ground
from bevseg.io.find import find_clouds
from bevseg.io.read import read_cloud
from bevseg.sim.presets import names

DPI = 100
TALLEST = 8.0
"""Height above ground at which the colours end, m."""
TILT = 25.0
"""Of the view from the side below the horizon, degrees."""
PANEL = 620
"""Width of the longest cloud of a picture, pixels."""
LONGEST, MOST = 130.0, 50.0
"""Of a cloud so much is shown along the street, and so much to either side of its middle, m."""

COLOUR_WORDS = ("grey", "red", "yellow", "sand", "purple", "green")
"""What `COLOURS` are called."""

Rgb = np.ndarray


class View:
    """A cloud laid along the x axis, the instrument's path in front.

    Attributes
    ----------
    xyz
        (N, 3), m; z is the height above the lowest ground.
    above
        (N,) height above the ground under it, m.
    """

    def __init__(self, path: Path) -> None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*(codes|unlabelled)")
            cloud = read_cloud(path)
        self.name = cloud.name.removeprefix("oakland_part2_")
        self.labels = cloud.labels
        found = find_ground(cloud, 0.2, GroundConfig())
        self.above = height_above_ground(cloud, found.dem)
        self.xyz = _laid(cloud, found.is_ground)

    def colours(self, of_classes: bool = False) -> Rgb:
        """Return the colour of each point, (N, 3): by height, or by class."""
        if of_classes:
            return np.array([to_rgb(colour) for colour in COLOURS])[self.labels]
        by_height = colormaps["turbo"](np.clip(self.above / TALLEST, 0.05, 0.95))[:, :3]
        return np.where(self.above[:, None] < 0.2, (0.62, 0.62, 0.60), by_height)

    def from_above(self, pixel: float, of_classes: bool = False) -> Rgb:
        """Return the picture from above; the highest point of a pixel is seen."""
        return _splat(self.xyz[:, 0], self.xyz[:, 1], self.xyz[:, 2], self.colours(of_classes), pixel)

    def from_the_side(self, pixel: float, of_classes: bool = False) -> Rgb:
        """Return the picture seen from the path, somewhat from above; the nearest point of a pixel is seen."""
        sin, cos = np.sin(np.radians(TILT)), np.cos(np.radians(TILT))
        _, y, z = self.xyz.T
        return _splat(self.xyz[:, 0], y * sin + z * cos, z * sin - y * cos, self.colours(of_classes), pixel)


def _laid(cloud: PointCloud, is_ground: np.ndarray) -> np.ndarray:
    """Return the points turned so that the street runs along x and the densest ground is in front."""
    xyz = cloud.xyz - np.median(cloud.xyz, axis=0)
    ahead = np.linalg.eigh(np.cov(xyz[:, :2].T))[1][:, 1]
    turned = np.column_stack([xyz[:, :2] @ ahead, xyz[:, :2] @ (-ahead[1], ahead[0]), xyz[:, 2]])
    low, high = np.quantile(turned[:, 1], (0.002, 0.998))
    count, edges = np.histogram(turned[is_ground, 1], 20)
    if edges[np.argmax(count)] > (low + high) / 2:
        turned[:, :2] *= -1
    turned[:, 2] -= np.quantile(turned[is_ground, 2], 0.01)
    turned[(np.abs(turned) > (LONGEST / 2, MOST, np.inf)).any(axis=1)] = np.nan
    return turned


def _splat(right: np.ndarray, up: np.ndarray, near: np.ndarray, colours: Rgb, pixel: float) -> Rgb:
    """Return an image of points, (rows, cols, 3), white where there are none."""
    seen = ~np.isnan(right)
    left, bottom = (np.quantile(axis[seen], 0.0005) for axis in (right, up))
    col, row = ((axis[seen] - start) / pixel for axis, start in ((right, left), (up, bottom)))
    cols, rows = (int(np.quantile(axis, 0.9995)) + 2 for axis in (col, row))
    inside = (col >= 0) & (row >= 0) & (col < cols) & (row < rows)
    order = np.argsort(near[seen][inside], kind="stable")
    image = np.ones((rows, cols, 3))
    image[rows - 1 - row[inside].astype(int)[order], col[inside].astype(int)[order]] = colours[seen][inside][
        order
    ]
    return image


def panels(path: Path, columns: dict[str, Sequence[tuple[str, Rgb]]], pixel: float, caption: str) -> None:
    """Write images in columns, all to the same scale, and a caption."""
    down = max(len(images) for images in columns.values())
    width = max(image.shape[1] for images in columns.values() for _, image in images)
    heights = [
        max(images[row][1].shape[0] for images in columns.values() if row < len(images))
        for row in range(down)
    ]
    size = (len(columns) * (width + 20) / DPI, (sum(heights) + 26 * down + 60) / DPI)
    figure = Figure(figsize=size, dpi=DPI)
    across, y = 1 / len(columns), size[1] * DPI - 24
    for number, title in enumerate(columns):
        figure.text((number + 0.02) * across, (y + 6) / (size[1] * DPI), title, fontsize=11, weight="bold")
    for row, height in enumerate(heights):
        y -= height + 26
        for number, images in enumerate(columns.values()):
            if row >= len(images):
                continue
            name, image = images[row]
            left = number * across + 10 / (size[0] * DPI)
            bottom = (y + height - image.shape[0]) / (size[1] * DPI)
            extent = (left, bottom, image.shape[1] / (size[0] * DPI), image.shape[0] / (size[1] * DPI))
            axis = figure.add_axes(extent)
            axis.imshow(image, interpolation="nearest", aspect="auto")
            axis.set_axis_off()
            figure.text(left, (y + height + 4) / (size[1] * DPI), name, fontsize=8)
    axis = figure.add_axes(
        (10 / (size[0] * DPI), 26 / (size[1] * DPI), 20 / pixel / (size[0] * DPI), 2 / (size[1] * DPI))
    )
    axis.set_facecolor("black")
    axis.set_xticks([])
    axis.set_yticks([])
    figure.text(10 / (size[0] * DPI), 8 / (size[1] * DPI), f"20 m;  {caption}", fontsize=8)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    picture = Image.open(buffer).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, optimize=True)


def pixel_for(views: Sequence[View]) -> float:
    """Return the side of a pixel, m, at which the longest cloud fits."""
    return max(np.ptp(np.nanquantile(view.xyz[:, 0], (0.0005, 0.9995))) for view in views) / PANEL


def main() -> None:
    """Draw all."""
    made, data, out = map(Path, sys.argv[1:])
    heights = f"colour: height above ground, blue 0.2 m to red {TALLEST:g} m and more; grey: ground"
    real, simulated = (
        [View(file.path) for file in find_clouds([folder]).clouds[:4]]
        for folder in (data / "oakland3d", made / "oakland")
    )
    pixel = pixel_for([*real, *simulated])
    for name in ("from_above", "from_the_side"):
        columns = {
            title: [(view.name, getattr(view, name)(pixel)) for view in views]
            for title, views in (("real", real), ("simulated", simulated))
        }
        panels(out / f"oakland_{name}.png", columns, pixel, heights)
    first = {name: View(find_clouds([made / name]).clouds[0].path) for name in names()}
    pixel = pixel_for(list(first.values()))
    images = [(name, view.from_the_side(pixel, of_classes=True)) for name, view in first.items()]
    legend = ", ".join(f"{name} {word}" for name, word in zip(CLASS_NAMES, COLOUR_WORDS, strict=True))
    panels(out / "presets.png", {"simulated": images[::2], "": images[1::2]}, pixel, legend)


if __name__ == "__main__":
    main()
