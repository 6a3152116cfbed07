"""DEM -> a hillshade: a picture of the ground in sunlight that also shows what is not measured.

One pixel per cell and nothing drawn on top, so that a GIS can lay it over a map.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bevseg.core.raster import EXTRAPOLATED, INTERPOLATED, MEASURED, Raster

AZIMUTH, ALTITUDE = 315.0, 45.0
"""Position of the sun, degrees: clockwise from north, and above the horizon. North-west is the habit of maps."""

PALE, FADED = 0.6, 1.0
"""Largest share of white in an interpolated cell, and how far (m) beyond the spacing of the measured cells it is
reached. Nearer than that the ground is as good as measured, and dots would hide its shape."""

EXAGGERATION = 2.0
"""Heights are drawn this many times higher: streets are flat, and kerbs should be visible."""

GUESS, TINT = np.float32(0.7), np.array([250, 222, 184], np.float32)
"""Share of a colour in a cell that is extrapolated, and the colour."""

HATCH = 8, 2
"""Distance and width of the lines over extrapolated cells, cells."""

HATCHED = 0.88
"""Brightness of these lines, as a share of the brightness between them."""


def hillshade(dem: Raster) -> NDArray[np.uint8]:
    """Draw the ground.

    Parameters
    ----------
    dem
        Bands `height`, m, `source` and `distance`, m.

    Returns
    -------
    NDArray
        (rows, cols, 4): red, green, blue, opacity. Measured cells are grey, interpolated ones paler the
        farther they are from these, extrapolated ones (a guess) tinted and hatched, unknown ones transparent.
    """
    height, source = np.asarray(dem["height"], np.float32), np.asarray(dem["source"])
    grey = 255 * illuminated(height * np.float32(EXAGGERATION), dem.grid.cell)
    interpolated, guessed = source == INTERPOLATED, source == EXTRAPOLATED
    beyond = np.asarray(dem["distance"], np.float32)[interpolated] - np.float32(
        _spacing(source, dem.grid.cell)
    )
    share = np.clip(beyond / np.float32(FADED), 0, 1) * np.float32(PALE)
    grey[interpolated] += share * (255 - grey[interpolated])
    picture = np.repeat(grey[..., None], 4, axis=2)
    picture[guessed, :3] += GUESS * (TINT - picture[guessed, :3])
    picture[guessed & _hatched(height.shape), :3] *= HATCHED
    picture[..., 3] = 255
    picture[np.isnan(height)] = 0
    return np.rint(picture).astype(np.uint8)


def _spacing(source: NDArray[np.generic], cell: float) -> float:
    """Return how far apart measured cells are where the ground is known, m; 0 if none is measured."""
    measured, known = np.count_nonzero(source == MEASURED), np.count_nonzero(source != EXTRAPOLATED)
    return cell * math.sqrt(known / measured) if measured else 0.0


def illuminated(
    height: NDArray[np.float32], cell: float, azimuth: float = AZIMUTH, altitude: float = ALTITUDE
) -> NDArray[np.float32]:
    """Return the share of the light that each cell reflects: the cosine of the angle between the sun and its normal.

    Parameters
    ----------
    height
        (rows, cols), m. Beyond the border and where it is NaN the ground goes on level.
    cell
        Side of a cell, m.
    azimuth, altitude
        Position of the sun, degrees.

    Returns
    -------
    NDArray
        (rows, cols), 0 (in the shade) to 1; NaN where the height is.
    """
    east, north = gradient(height, cell)
    azimuth, altitude = math.radians(azimuth), math.radians(altitude)
    sun_east, sun_north = math.sin(azimuth) * math.cos(altitude), math.cos(azimuth) * math.cos(altitude)
    light = (math.sin(altitude) - east * np.float32(sun_east) - north * np.float32(sun_north)) / np.sqrt(
        1 + east * east + north * north
    )
    shown: NDArray[np.float32] = np.maximum(light, np.float32(0)).astype(np.float32)
    return shown


def gradient(height: NDArray[np.float32], cell: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the slope towards east and towards north, m per m: weighted differences over 3 x 3 cells (Horn 1981)."""
    padded = np.pad(height, 1, mode="edge")
    rows, cols = height.shape
    east, north = np.zeros_like(height), np.zeros_like(height)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            near = padded[1 + down : 1 + down + rows, 1 + right : 1 + right + cols]
            rise = np.where(np.isnan(near), np.float32(0), near - height)
            east += rise * np.float32(right * (2 - abs(down)))
            north -= rise * np.float32(down * (2 - abs(right)))
    return east / np.float32(8 * cell), north / np.float32(8 * cell)


def _hatched(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which cells lie on one of the diagonal lines."""
    distance, width = HATCH
    row, col = np.ogrid[: shape[0], : shape[1]]
    lines: NDArray[np.bool_] = (row + col) % distance < width
    return lines
