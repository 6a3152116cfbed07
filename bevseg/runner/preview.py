"""What is seen of a labelled cloud -> one picture: DEM, both slices and the labels, from above."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.config.names import SLICES
from bevseg.core.labels import CLASS_NAMES, COLOURS, UNDEFINED
from bevseg.core.raster import MEASURED
from bevseg.printable import printable
from bevseg.report.maps_file import Maps
from bevseg.runner.maps import Heights

FADED = 0.35
"""Opacity of interpolated ground."""

_LONGEST_NAME = 60
"""Characters of a name in the title."""

NOTHING = "#f4f4f2"
"""Colour of an empty cell."""


def draw(name: str, counts: Mapping[str, int], maps: Maps, highest: Heights, path: Path) -> None:
    """Write a PNG with the DEM, the highest point of each slice, and the class of the highest point of each cell.

    Parameters
    ----------
    name
        Of the cloud.
    counts
        Class -> number of its points, all of the cloud together.
    maps, highest
        What is seen of it: `runner.maps.maps_of`.
    path
        Of the PNG.
    """
    # Figure and canvas without pyplot: no window system, nothing global.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    (down, across), size = _layout(maps.ground.shape)
    figure = Figure(figsize=size, dpi=100, layout="compressed")
    axes = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
    seen = np.where(maps.source == MEASURED, 1.0, FADED)
    side = maps.side
    _heights(figure, axes[0], side, maps.ground, "ground (pale: filled in)", "gist_earth", seen)
    for axis, slice_name, heights in zip(axes[1:3], SLICES, highest, strict=True):
        _heights(figure, axis, side, heights, f"{slice_name} slice: highest point", "viridis")
    _classes(figure, axes[3], side, maps.classes, counts)
    name = printable(name)
    name = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."
    title = f"{name}: {sum(counts.values()):,} points, cells of {maps.cell:g} m; metres, north is up"
    figure.suptitle(title, parse_math=False)  # a dollar is a dollar
    FigureCanvasAgg(figure).print_png(path)


def _layout(shape: tuple[int, ...]) -> tuple[tuple[int, int], tuple[float, float]]:
    """Return (rows, columns) of panels and the size of the figure, inches: long strips lie over each other."""
    aspect = shape[1] / shape[0]
    down, across = (4, 1) if aspect > 1.7 else (1, 4) if aspect < 0.6 else (2, 2)
    width = min(14.0 / across, 11.0 * aspect / down)
    return (down, across), (max(across * width + 2.0, 6.0), max(down * (width / aspect + 0.4) + 0.9, 3.0))


def _heights(
    figure: Any,
    axis: Any,
    side: float,
    shown: NDArray[Any],
    title: str,
    colours: str,
    alpha: NDArray[Any] | None = None,
) -> None:
    """Draw heights with a colour bar; the span leaves out the highest and lowest hundredth."""
    known = shown[~np.isnan(shown) & (True if alpha is None else alpha == 1)]
    low, high = np.percentile(known, (1, 99)) if known.size else (0.0, 1.0)
    image = _show(axis, side, shown, title, cmap=colours, vmin=low, vmax=max(high, low + 0.1), alpha=alpha)
    bar = figure.colorbar(image, ax=axis, label="m", fraction=0.04, pad=0.01)
    bar.solids.set_alpha(1)
    bar.ax.tick_params(labelsize=8)


def _classes(
    figure: Any, axis: Any, side: float, classes: NDArray[np.uint8], counts: Mapping[str, int]
) -> None:
    """Draw the labels from above; the legend has the classes that occur and their share of the points."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    shown = np.where(classes == UNDEFINED, np.nan, classes.astype(np.float32))
    style = {"cmap": ListedColormap(COLOURS), "vmin": -0.5, "vmax": len(COLOURS) - 0.5}
    _show(axis, side, shown, "labels of the highest points", **style)
    points = max(sum(counts.values()), 1)
    patches = [
        Patch(color=colour, label=f"{name} {100 * counts[name] / points:.1f} %")
        for name, colour in zip(CLASS_NAMES, COLOURS, strict=True)
        if counts[name] > 0
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=6, frameon=False, fontsize=9)


def _show(axis: Any, side: float, values: NDArray[Any], title: str, **style: Any) -> Any:
    """Draw values over metres from the south-west corner; a cell is `side` metres wide."""
    axis.set_facecolor(NOTHING)
    axis.set_title(title, fontsize=10, loc="left")
    axis.tick_params(labelsize=8)
    rows, cols = values.shape
    extent = (0, cols * side, 0, rows * side)
    return axis.imshow(values, extent=extent, interpolation="nearest", aspect="equal", **style)
