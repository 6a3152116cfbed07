"""Draw the pictures of docs/ground.md: three real clouds before and after the ground was looked for.

python docs/ground_pictures.py [DIR] docs/images/ground
python docs/ground_pictures.py [DIR] build/ground_errors --errors

DIR holds the folders of the data sets, as for benchmarks/ground_street.py. --errors draws for every sample of the
ISPRS filter test and every street of Oakland where ground was lost (red) and objects were kept (blue).
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import ground_isprs
import ground_street

from bevseg.config import GroundConfig
from bevseg.core.cells import lowest
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.ground.fill_holes import fill_holes
from bevseg.ground.find_ground import find_ground
from bevseg.ground.hillshade import EXAGGERATION, hillshade, illuminated
from bevseg.ground.surface import no_data_mask
from bevseg.io.read import read_cloud

WIDTH, DPI = 9.6, 100


class View(NamedTuple):
    """A picture: file below the data root, cell of the DEM (m), and what is to be seen."""

    file: str
    cell: float
    title: str


VIEWS = {
    "street": View(
        "oakland3d/oakland_part2_ah.xyz_label_conf.gz", 0.2, "Oakland ah, mobile scan of a street"
    ),
    "dike": View("isprs_filtertest/samp61.txt.gz", 1.0, "ISPRS samp61, embankments from the air"),
    "town": View("ign_lidarhd/test_data_77050_627760_LA93_IGN69.laz", 0.25, "IGN LiDAR HD 77050_627760"),
}


def shaded_lowest(cloud: PointCloud, dem: Raster) -> np.ndarray:
    """Return the hillshade of the lowest heights, (rows, cols); white where nothing was seen."""
    low = lowest(cloud, dem.grid)[0]
    shade = 255 * illuminated(fill_holes(low) * np.float32(EXAGGERATION), dem.grid.cell)
    return np.where(no_data_mask(low, dem.grid.cell), 255, shade)


def panels(path: Path, images: dict[str, np.ndarray], cell: float, caption: str) -> None:
    """Write pictures side by side (above one another where they are long), a bar of length, and a caption."""
    rows, cols = next(iter(images.values())).shape[:2]
    across = len(images) if cols < 2.5 * rows else 1
    down = -(-len(images) // across)
    size = (WIDTH, WIDTH / across * rows / cols * down + 0.25 * down + 0.3)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    length = next(m for m in (200, 100, 50, 20, 10, 5) if m / cell < 0.35 * cols)
    for axis, (title, image) in zip(axes, images.items(), strict=True):
        axis.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="antialiased")
        axis.set_title(title, fontsize=9, loc="left")
        axis.set_axis_off()
        axis.plot([0.03 * cols, 0.03 * cols + length / cell], [0.97 * rows] * 2, color="black", lw=2)
        axis.text(0.03 * cols, 0.95 * rows, f"{length} m", fontsize=8, va="bottom")
    figure.supxlabel(caption, fontsize=9)
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write a PNG of few colours: small in the repository."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    picture.quantize(48, dither=Image.Dither.NONE).save(path, optimize=True)


def before_and_after(path: Path, view: View, out: Path) -> None:
    """Draw a cloud before and after."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # class codes play no part here
        cloud = read_cloud(path)
    found = find_ground(cloud, view.cell, GroundConfig())
    caption = (
        f"{view.title}; {found.method}, {len(cloud):,} points, cells of {view.cell:g} m, heights doubled"
    )
    images = {
        "before: lowest heights": shaded_lowest(cloud, found.dem),
        "after: DEM; paler = interpolated, hatched = a guess": hillshade(found.dem),
    }
    panels(out, images, view.cell, caption)


def errors(cloud: PointCloud, truth: np.ndarray, counts: np.ndarray, cell: float, out: Path) -> None:
    """Draw where ground was lost and objects were kept, over the hillshade of the lowest heights and of the DEM."""
    found = find_ground(cloud, cell, GroundConfig())
    before, grid = shaded_lowest(cloud, found.dem), found.dem.grid
    row, col = np.divmod(grid.cell_of(*cloud.xyz[:, :2].T), grid.cols)
    across = 2 if grid.cols < 2.5 * grid.rows else 1
    size = (2 * WIDTH, 2 * WIDTH / across * grid.rows / grid.cols * (2 // across) + 0.5)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    axes = figure.subplots(2 // across, across, squeeze=False).ravel()
    for axis, image in zip(axes, (127 + before / 2, hillshade(found.dem)), strict=True):
        axis.imshow(image, cmap="gray", vmin=0, vmax=255)
        for colour, wrong in (("blue", ~truth & found.is_ground), ("red", truth & ~found.is_ground)):
            axis.scatter(col[counts & wrong], row[counts & wrong], s=3, color=colour, linewidths=0)
    share = np.average((truth != found.is_ground)[counts])
    figure.supxlabel(
        f"{out.stem}: {found.method}, {share:.2%} of the points wrong, {grid.cols * cell:.0f} m wide"
    )
    FigureCanvasAgg(figure).print_png(out)


def main() -> None:
    """Draw all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", default=ground_street.DATA, help="the data root")
    parser.add_argument("out", type=Path, help="folder of the pictures")
    parser.add_argument("--errors", action="store_true", help="draw the errors of all labelled clouds")
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    if not wanted.errors:
        for name, view in VIEWS.items():
            before_and_after(wanted.data / view.file, view, wanted.out / f"{name}.png")
        return
    for path in ground_isprs.samples_in(wanted.data / "isprs_filtertest"):
        cloud, truth = ground_isprs.load(path)
        errors(cloud, truth, np.ones(len(cloud), bool), 1.0, wanted.out / f"{cloud.name}.png")
    survey = ground_street.OAKLAND
    for path in sorted((wanted.data / survey.folder).glob(survey.pattern)):
        cloud, known = ground_street.load(path, survey)
        errors(cloud, known.is_ground, known.counts, 0.25, wanted.out / f"{cloud.name}.png")


if __name__ == "__main__":
    main()
