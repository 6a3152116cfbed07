"""Maps of a cloud -> the pictures that a page lays over each other, one pixel per cell."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import BUILDING, CAR, CLASS_NAMES, COLOURS, GROUND, POLE, UNDEFINED, VEGETATION
from bevseg.core.raster import EXTRAPOLATED, INTERPOLATED
from bevseg.ground.hillshade import illuminated
from bevseg.io import palette_png
from bevseg.report.maps_file import UNKNOWN, Maps

EXAGGERATION = 1.6
"""Heights are drawn this many times higher in the hillshade: streets are flat."""

GREYS = 64
"""Levels of the hillshade, and one for ground that is not known: more are not seen, and make a larger file."""

DARKEST, BRIGHTEST = 150, 255
"""Grey of ground in the shade, and of ground that faces the sun."""

CONFIDENCES = (0.5, 0.6, 0.7, 0.8, 0.9)
"""Edges of the classes of confidence."""

CONFIDENCE_COLOURS = ("#8c1c13", "#d1495b", "#f08a4b", "#f3c57b", "#c5d8b8", "#8fb8a8")
"""Colour of each of them, the lowest first."""

GUESSED, GUESSED_LINE = "#fbf4ec", "#efc9a4"
BETWEEN = "#b9d3e2"
"""Colours of ground that is extrapolated, of the lines over it, and of ground that is interpolated."""

STEEP, LIT = 0.2, 0.76
"""Light of the darkest and of the brightest grey; level ground has 0.71."""

HATCH = 6, 1
"""Distance and width of the lines over ground that is guessed, cells."""

RIGHT = "#dfe3dc"
"""Colour of cells whose label is right."""

ERROR_COLOURS = ("#d7263d", "#1f6fb2", "#f2a900", "#6a3d9a", "#1b998b", "#e76fd0")
"""Colours of the most frequent kinds of error."""

OTHER_ERROR = "#3b3b3b"
"""Colour of all other kinds."""

_ORDER = (POLE, CAR, BUILDING, VEGETATION, GROUND, UNDEFINED)
"""Of cells that become one, that of the first of these classes is seen: small things do not vanish."""


@dataclass(frozen=True)
class ErrorKind:
    """A kind of error: what is taken for what, in how many cells, and the colour of these."""

    truth: int
    label: int
    cells: int
    colour: str


@dataclass(frozen=True)
class Layers:
    """The pictures of a cloud as PNG.

    Attributes
    ----------
    shade
        Hillshade of the ground, grey.
    labels
        Classes, to be multiplied with it, as all that follow.
    ground, confidence
        Source of the ground, and confidence; None where they are not known.
    errors
        Right and wrong labels; None without truth.
    kinds
        The kinds of error, the most frequent first; a kind without a colour of its own has `OTHER_ERROR`.
    """

    shade: bytes
    labels: bytes
    ground: bytes | None
    confidence: bytes | None
    errors: bytes | None
    kinds: tuple[ErrorKind, ...]

    @property
    def size(self) -> int:
        """Bytes of all pictures."""
        own = (self.shade, self.labels, self.ground, self.confidence, self.errors)
        return sum(len(picture) for picture in own if picture is not None)


def layers(maps: Maps) -> Layers:
    """Draw the maps of a cloud."""
    kinds = error_kinds(maps)
    maps = spread(maps)
    return Layers(
        palette_png.encode(_shade(maps), ("#ffffff00", *_greys())),
        palette_png.encode(maps.classes, ("#00000000", *COLOURS[1:])),
        palette_png.encode(_sources(maps), ("#00000000", BETWEEN, GUESSED, GUESSED_LINE))
        if (maps.source != UNKNOWN).any()
        else None,
        palette_png.encode(_confidences(maps), ("#00000000", *CONFIDENCE_COLOURS))
        if maps.confidence.any()
        else None,
        palette_png.encode(_errors(maps, kinds), ("#00000000", RIGHT, *ERROR_COLOURS, OTHER_ERROR))
        if maps.truth.any()
        else None,
        kinds,
    )


def fitting(maps: Maps, most: int) -> tuple[Maps, Layers]:
    """Return the maps, thinned until their pictures have no more than so many bytes, and these pictures."""
    drawn = layers(maps)
    while drawn.size > most and max(maps.shape) > 1:
        maps = thinned(maps)
        drawn = layers(maps)
    return maps, drawn


def thinned(maps: Maps) -> Maps:
    """Return maps with half as many rows and columns; of four cells, that of the smallest things is seen."""
    order = np.argsort(_ORDER).astype(np.uint8)  # place of each class in it
    first = _fours(order[maps.classes], len(_ORDER)).argmin(0)[None]

    def seen(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        found: NDArray[np.uint8] = np.take_along_axis(_fours(values, 0), first, 0)[0]
        return found

    return replace(
        maps,
        factor=2 * maps.factor,
        ground=np.fmax.reduce(_fours(maps.ground, np.nan)),
        source=_fours(maps.source, UNKNOWN).min(0),
        classes=seen(maps.classes),
        confidence=seen(maps.confidence),
        reasons=seen(maps.reasons),
        truth=seen(maps.truth),
    )


def spread(maps: Maps) -> Maps:
    """Return maps in which an empty cell beside one with a point shows what is seen there.

    Points of a scan are farther apart than cells, and a map of dots is hard to read. Of several cells around an empty
    one, that of the smallest things is seen.
    """
    order = np.argsort(_ORDER).astype(np.uint8)
    around = _eights(order[maps.classes], len(_ORDER)).argmin(0)[None]
    empty = maps.classes == UNDEFINED

    def seen(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        near = np.take_along_axis(_eights(values, 0), around, 0)[0]
        return np.where(empty, near, values)

    return replace(
        maps,
        classes=seen(maps.classes),
        confidence=seen(maps.confidence),
        reasons=seen(maps.reasons),
        truth=seen(maps.truth),
    )


def error_kinds(maps: Maps) -> tuple[ErrorKind, ...]:
    """Return the kinds of error that are seen, the most frequent first."""
    most = len(CLASS_NAMES)
    pairs = maps.truth.astype(np.int64) * most + maps.classes
    wrong = (maps.truth != UNDEFINED) & (maps.classes != maps.truth)
    counts = np.bincount(pairs[wrong], minlength=most * most)
    order = [int(pair) for pair in np.argsort(-counts, kind="stable") if counts[pair]]
    colours = (*ERROR_COLOURS, *(OTHER_ERROR for _ in order))
    return tuple(
        ErrorKind(*divmod(pair, most), int(counts[pair]), colour)
        for pair, colour in zip(order, colours, strict=False)
    )


def guessed_share(maps: Maps) -> float:
    """Return the share of the cells with points whose ground is a guess."""
    occupied = maps.classes != UNDEFINED
    return float((maps.source[occupied] == EXTRAPOLATED).mean()) if occupied.any() else 0.0


def _fours(values: NDArray[np.generic], beyond: float) -> NDArray[np.generic]:
    """Return (4, rows / 2, cols / 2): the four cells that become one, with a value for those beyond the border."""
    rows, cols = values.shape
    whole = np.pad(values, ((0, rows % 2), (0, cols % 2)), constant_values=beyond)
    return np.stack([whole[row::2, col::2] for row in (0, 1) for col in (0, 1)])


def _eights(values: NDArray[np.uint8], beyond: int) -> NDArray[np.uint8]:
    """Return (8, rows, cols): the neighbours of each cell, those beside it before those at its corners."""
    rows, cols = values.shape
    whole = np.pad(values, 1, constant_values=beyond)
    steps = [(0, 1), (1, 0), (1, 2), (2, 1), (0, 0), (0, 2), (2, 0), (2, 2)]
    return np.stack([whole[down : down + rows, right : right + cols] for down, right in steps])


def _greys() -> list[str]:
    """Return the colours of the hillshade: warm greys, from dark to bright."""
    levels = np.linspace(DARKEST, BRIGHTEST, GREYS - 1).round().astype(int).tolist()
    return [f"#{level:02x}{level:02x}{max(level - 4, 0):02x}" for level in levels]


def _shade(maps: Maps) -> NDArray[np.uint8]:
    """Return 0 where the ground is not known, and the grey of each other cell."""
    light = illuminated(maps.ground * np.float32(EXAGGERATION), maps.side)
    share = np.clip((np.nan_to_num(light) - STEEP) / (LIT - STEEP), 0, 1)
    levels = 1 + np.rint(share * (GREYS - 2))
    return np.where(maps.source <= INTERPOLATED, levels, 0).astype(np.uint8)


def _sources(maps: Maps) -> NDArray[np.uint8]:
    """Return 1 where the ground is interpolated; 2, and 3 on lines, where it is guessed; else 0."""
    row, col = np.ogrid[: maps.shape[0], : maps.shape[1]]
    lines = np.where((row + col) % HATCH[0] < HATCH[1], 3, 2)
    guessed = np.where(maps.source == EXTRAPOLATED, lines, 0)
    return np.where(maps.source == INTERPOLATED, 1, guessed).astype(np.uint8)


def _confidences(maps: Maps) -> NDArray[np.uint8]:
    """Return 0 where there is no label, and the class of the confidence elsewhere, from 1."""
    classes = 1 + np.searchsorted(np.array(CONFIDENCES) * 255, maps.confidence, side="right")
    return np.where(maps.classes == UNDEFINED, 0, classes).astype(np.uint8)


def _errors(maps: Maps, kinds: tuple[ErrorKind, ...]) -> NDArray[np.uint8]:
    """Return 0 where there is no truth, 1 where the label is right, and the number of the kind elsewhere, from 2."""
    found = np.where(maps.truth == UNDEFINED, 0, np.where(maps.classes == maps.truth, 1, 0)).astype(np.uint8)
    for number, kind in enumerate(kinds):
        own = (maps.truth == kind.truth) & (maps.classes == kind.label)
        found[own] = 2 + min(number, len(ERROR_COLOURS))
    return found
