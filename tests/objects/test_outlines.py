"""Masks of cells -> polygons that are valid and cover the cells."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from bevseg.objects import outlines
from bevseg.objects.outlines import area_of, outline_of, without_saddles
from bevseg.objects.windows import Window

WINDOW = Window(0.5, 100, 200, 12, 14)

masks = arrays(bool, (10, 12)).filter(np.any).map(lambda mask: np.pad(mask, 1))


def crossings(polygon):
    """Pairs of sides that meet, but neighbours at their corner; slow and simple, in whole numbers of millimetres."""
    sides = [
        (np.rint(np.array(a) * 1000), np.rint(np.array(b) * 1000))
        for ring in polygon
        for a, b in itertools.pairwise(ring)
    ]

    def turn(a, b, c):
        return np.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))

    def on(a, b, c):
        return turn(a, b, c) == 0 and (np.minimum(a, b) <= c).all() and (c <= np.maximum(a, b)).all()

    found = []
    for i, (a, b) in enumerate(sides):
        for c, d in sides[:i]:
            proper = turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0
            touching = [p for p, q in ((c, (a, b)), (d, (a, b)), (a, (c, d)), (b, (c, d))) if on(*q, p)]
            shared = [p for p in (a, b) if (p == c).all() or (p == d).all()]
            if (
                proper
                or len({tuple(p) for p in touching}) > len({tuple(p) for p in shared})
                or len(shared) > 1
            ):
                found.append((a, b, c, d))
    return found


@settings(max_examples=60, deadline=None)
@given(masks)
def test_exact_rings_enclose_the_cells_of_the_largest_piece(mask):
    joined = without_saddles(mask)
    numbers, _ = ndimage.label(joined)
    largest = np.bincount(numbers.ravel())[1:].max()
    tolerances, outlines.TOLERANCES = outlines.TOLERANCES, ()
    try:
        polygon = outline_of(mask, WINDOW)
    finally:
        outlines.TOLERANCES = tolerances
    assert area_of(polygon) == largest * 0.25


@settings(max_examples=60, deadline=None)
@given(masks)
def test_no_sides_of_a_simplified_outline_cross(mask):
    polygon = outline_of(mask, WINDOW)
    assert area_of(polygon) > 0
    assert all(ring[0] == ring[-1] for ring in polygon)
    assert crossings(polygon) == []


def test_a_slanting_strip_loses_its_steps():
    mask = np.zeros((40, 40), bool)
    for k in range(4, 30):
        mask[k, k : k + 6] = True
    polygon = outline_of(mask, WINDOW)
    assert len(polygon) == 1 and len(polygon[0]) <= 7


def test_a_ring_has_a_hole_and_lies_where_its_window_does():
    mask = np.zeros((12, 14), bool)
    mask[2:9, 3:11] = True
    mask[4:7, 5:9] = False
    outer, hole = outline_of(mask, WINDOW)
    assert (min(outer), max(outer)) == ((51.5, 101.0), (55.5, 104.5))
    assert (min(hole), max(hole)) == ((52.5, 102.0), (54.5, 103.5))
