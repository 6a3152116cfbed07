"""A labelled cloud -> one picture: DEM, both slices and the labels, from above."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.bev.highest_class import highest_class
from bevseg.core.grid import Grid
from bevseg.core.labels import CLASS_NAMES, COLOURS, UNDEFINED
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.core.raster import Raster
from bevseg.printable import printable

SIDE = 1000
"""Longest side of a panel, cells; larger rasters are thinned."""

FADED = 0.35
"""Opacity of interpolated ground."""

_LONGEST_NAME = 60
"""Characters of a name in the title."""

NOTHING = "#f4f4f2"
"""Colour of an empty cell."""


def draw(
    cloud: PointCloud, dem: Raster, bands: Mapping[str, Raster], point_labels: PointLabels, path: Path
) -> None:
    """Write a PNG with the DEM, the highest point of each slice, and the class of the highest point of each cell.

    Parameters
    ----------
    cloud, point_labels
        Points and their classes.
    dem
        Its height is the first panel, m.
    bands
        Slice -> raster, whose band `h_max` is a panel, m.
    path
        Of the PNG.
    """
    # Figure and canvas without pyplot: no window system, nothing global.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    grid = dem.grid
    (down, across), size = _layout(grid)
    figure = Figure(figsize=size, dpi=100, layout="compressed")
    axes = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
    seen = np.where(_thinned(-np.asarray(dem["distance"], np.float32)) < 0, FADED, 1.0)
    _heights(figure, axes[0], grid, dem["height"], "ground (pale: filled in)", "m", "gist_earth", seen)
    for axis, (name, raster) in zip(axes[1:3], bands.items(), strict=True):
        _heights(figure, axis, grid, raster["h_max"], f"{name} slice: highest point", "m", "viridis")
    _classes(figure, axes[3], grid, cloud, point_labels)
    name = printable(cloud.name)
    name = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."
    title = f"{name}: {len(cloud):,} points, cells of {grid.cell:g} m; metres, north is up"
    figure.suptitle(title, parse_math=False)  # a dollar is a dollar
    FigureCanvasAgg(figure).print_png(path)


def _layout(grid: Grid) -> tuple[tuple[int, int], tuple[float, float]]:
    """Return (rows, columns) of panels and the size of the figure, inches: long strips lie over each other."""
    aspect = grid.cols / grid.rows
    down, across = (4, 1) if aspect > 1.7 else (1, 4) if aspect < 0.6 else (2, 2)
    width = min(14.0 / across, 11.0 * aspect / down)
    return (down, across), (max(across * width + 2.0, 6.0), max(down * (width / aspect + 0.4) + 0.9, 3.0))


def _heights(
    figure: Any,
    axis: Any,
    grid: Grid,
    values: NDArray[Any],
    title: str,
    unit: str,
    colours: str,
    alpha: NDArray[Any] | None = None,
) -> None:
    """Draw a band with a colour bar; the span leaves out the highest and lowest hundredth."""
    shown = _thinned(values)
    known = shown[~np.isnan(shown) & (True if alpha is None else alpha == 1)]
    low, high = np.percentile(known, (1, 99)) if known.size else (0.0, 1.0)
    image = _show(axis, grid, shown, title, cmap=colours, vmin=low, vmax=max(high, low + 0.1), alpha=alpha)
    bar = figure.colorbar(image, ax=axis, label=unit, fraction=0.04, pad=0.01)
    bar.solids.set_alpha(1)
    bar.ax.tick_params(labelsize=8)


def _classes(figure: Any, axis: Any, grid: Grid, cloud: PointCloud, point_labels: PointLabels) -> None:
    """Draw the labels from above; the legend has the classes that occur and their share of the points."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    coarse = _coarse(grid)
    classes = highest_class(cloud, point_labels, coarse)
    shown = np.where(classes == UNDEFINED, np.nan, classes.astype(np.float32))
    style = {"cmap": ListedColormap(COLOURS), "vmin": -0.5, "vmax": len(COLOURS) - 0.5}
    _show(axis, coarse, shown, "labels of the highest points", **style)
    shares = np.bincount(point_labels.classes, minlength=len(CLASS_NAMES)) / max(len(cloud), 1)
    patches = [
        Patch(color=COLOURS[i], label=f"{CLASS_NAMES[i]} {100 * shares[i]:.1f} %")
        for i in range(len(CLASS_NAMES))
        if shares[i] > 0
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=6, frameon=False, fontsize=9)


def _show(axis: Any, grid: Grid, values: NDArray[Any], title: str, **style: Any) -> Any:
    """Draw values over metres from the south-west corner."""
    axis.set_facecolor(NOTHING)
    axis.set_title(title, fontsize=10, loc="left")
    axis.tick_params(labelsize=8)
    extent = (0, grid.cols * grid.cell, 0, grid.rows * grid.cell)
    return axis.imshow(values, extent=extent, interpolation="nearest", aspect="equal", **style)


def _factor(shape: tuple[int, int]) -> int:
    """Return how many cells become one in each direction so that the longest side fits."""
    return -(-max(shape) // SIDE)


def _thinned(values: NDArray[Any]) -> NDArray[Any]:
    """Return the highest known value of each block of cells."""
    factor = _factor(values.shape)
    if factor == 1:
        return values
    rows, cols = values.shape
    padded = np.pad(values, ((0, -rows % factor), (0, -cols % factor)), constant_values=np.nan)
    blocks = padded.reshape(padded.shape[0] // factor, factor, padded.shape[1] // factor, factor)
    highest: NDArray[Any] = np.fmax.reduce(np.fmax.reduce(blocks, 3), 1)
    return highest


def _coarse(grid: Grid) -> Grid:
    """Return a grid over the same place with cells so large that the longest side fits."""
    cell = grid.cell * _factor(grid.shape)
    x, y = grid.centres()
    return Grid.covering(cell, (x[0], x[-1]), (y[-1], y[0]))
