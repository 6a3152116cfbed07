"""Plots of tables and curves, written as PNG."""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

OURS, THEIRS, FAINT = "#2f6690", "#c0504d", "#7f7f7f"

TITLE_WIDTH = 100
"""Characters in a line of the title above a table."""

IDEAL = "ideal"
"""Name of the reference curve. It comes from no run."""


def spread(title: str, lines: Sequence[Any], path: Path, score: str) -> None:
    """Draw a table, one row per line: a dot for each run, a bar for the mean, a diamond for the paper's mean.

    Parameters
    ----------
    title
        Title above the plot.
    lines
        `result_tables.Line` values, drawn from top to bottom.
    path
        Path of the PNG.
    score
        Name of the horizontal axis.
    """
    heading = textwrap.wrap(title, TITLE_WIDTH)
    figure, (axis,) = _figure((8, 1.0 + 0.2 * len(heading) + 0.28 * max(len(lines), 1)), 1)
    for row, line in enumerate(lines):
        axis.plot(line.scores, [row] * len(line.scores), "o", color=OURS, alpha=0.5, markersize=6)
        axis.plot([line.mean], [row], "|", color=OURS, markersize=14, markeredgewidth=2)
        if line.paper and line.paper.mean is not None:
            axis.plot([line.paper.mean], [row], "D", color=THEIRS, markersize=5)
        if line.paper and line.paper.best is not None:
            axis.plot([line.paper.best], [row], "D", color=THEIRS, markersize=5, fillstyle="none")
    axis.set_yticks(
        range(len(lines)), [", ".join(str(value) for value in line.at.values()) for line in lines]
    )
    axis.set_ylim(max(len(lines), 1) - 0.5, -0.5)
    axis.grid(axis="x", color="#e4e4e0")
    paper_note = "; the paper's mean (diamond) and best (open)" if any(line.paper for line in lines) else ""
    figure.supxlabel(f"{score}: runs (dots) and their mean (bar){paper_note}", fontsize=9)
    figure.suptitle("\n".join(heading), fontsize=10, x=0.01, ha="left")
    _save(figure, path)


def curves(
    panels: Mapping[str, tuple[str, Mapping[str, tuple[Any, Any]]]], path: Path, across: int = 2
) -> None:
    """Draw panels of named curves.

    Parameters
    ----------
    panels
        Title -> name of the horizontal axis, and name of each curve -> its x and y.
    path
        Path of the PNG.
    across
        Number of panels in a row.
    """
    across = min(across, len(panels))
    down = math.ceil(len(panels) / across)
    figure, axes = _figure((5 * across, 4 * down), len(panels), across)
    names = [
        name for name in dict.fromkeys(n for _, named in panels.values() for n in named) if name != IDEAL
    ]
    drawn: dict[str, Any] = {}
    for axis, (title, (x, named)) in zip(axes, panels.items(), strict=True):
        for name, (along, values) in named.items():
            ideal = name == IDEAL
            colour = FAINT if ideal else _colour(names.index(name), len(names))
            (drawn[name],) = axis.plot(along, values, "--" if ideal else "-", color=colour, linewidth=1.3)
        axis.set_title(title, fontsize=10, loc="left")
        axis.set_xlabel(x, fontsize=9)
        axis.grid(color="#e4e4e0")
    figure.legend(drawn.values(), drawn.keys(), loc="outside upper center", ncols=2 * across, fontsize=8)
    _save(figure, path)


def class_maps(
    rows: Mapping[str, Mapping[str, Any]], colours: Mapping[str, str], path: Path, inches: float = 3.0
) -> None:
    """Draw a table of class maps.

    Parameters
    ----------
    rows
        Name of the row -> name of the column -> map (H, W) of class numbers. A row may lack columns.
    colours
        Name -> colour of each class, in the order of their numbers.
    path
        Path of the PNG.
    inches
        Width of a map.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    palette = ListedColormap(list(colours.values()))
    columns = list(dict.fromkeys(column for maps in rows.values() for column in maps))
    first = next(iter(next(iter(rows.values())).values()))
    height = 1.15 * inches * first.shape[0] / first.shape[1]
    figure, axes = _figure(
        (inches * len(columns) + 1.5, height * len(rows) + 0.8), len(rows) * len(columns), len(columns)
    )
    for axis, (row, column) in zip(axes, itertools.product(rows, columns), strict=True):
        axis.set_xticks([])
        axis.set_yticks([])
        if column == columns[0]:
            axis.set_ylabel(row, rotation=0, ha="right", va="center", fontsize=9)
        if row == next(iter(rows)):
            axis.set_title(column, fontsize=9)
        if column in rows[row]:
            axis.imshow(
                rows[row][column], cmap=palette, vmin=0, vmax=len(colours) - 1, interpolation="nearest"
            )
        else:
            axis.set_frame_on(False)
    patches = [Patch(color=colour, label=name) for name, colour in colours.items()]
    figure.legend(handles=patches, loc="outside lower center", ncols=len(patches), fontsize=8)
    _save(figure, path)


def _colour(number: int, count: int) -> Any:
    from matplotlib import colormaps

    return colormaps["turbo"](0.05 + 0.9 * number / max(count - 1, 1))


def _figure(size: tuple[float, float], panels: int, across: int = 1) -> tuple[Any, Any]:
    # Figure without pyplot: it needs no window system and changes no global state.
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=120, layout="constrained")
    axes = np.asarray(figure.subplots(math.ceil(panels / across), across, squeeze=False)).ravel()
    for unused in axes[panels:]:
        unused.set_axis_off()
    return figure, axes[:panels]


def _save(figure: Any, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure).print_png(path)
