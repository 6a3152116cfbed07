"""Maps of clouds as tests need them."""

import numpy as np

from bevseg.core.height_counts import BINS
from bevseg.objects.objects import Car, Crown, Objects, Pole
from bevseg.report.maps_file import UNKNOWN, Maps


def maps(classes, *, ground=None, source=None, confidence=None, truth=None, cell=0.5, left=100.0, top=200.0):
    """Return maps with these classes (rows, cols), on level ground that is measured unless given."""
    classes = np.asarray(classes, np.uint8)
    ground = np.full(classes.shape, 30, np.float32) if ground is None else np.asarray(ground, np.float32)
    if source is None:
        source = np.where(np.isnan(ground), UNKNOWN, 0)
    confidence = np.where(classes > 0, 200, 0) if confidence is None else confidence
    heights = np.zeros((6, BINS), np.int64)
    heights[:, 2] = np.bincount(classes.ravel(), minlength=6)
    nothing = np.zeros_like(classes)
    return Maps(
        cell,
        1,
        left,
        top,
        ground,
        np.asarray(source, np.uint8),
        classes,
        np.asarray(confidence, np.uint8),
        nothing,
        nothing if truth is None else np.asarray(truth, np.uint8),
        heights,
    )


def objects():
    """Return a pole, a car and a tree on the maps of `results.street`."""
    ring = ((106.0, 172.0), (110.0, 172.0), (110.0, 176.0), (106.0, 172.0))
    return Objects(
        cars=[Car(120.0, 186.0, 4.5, 1.8, 90.0, 1.5, 30.0, 100, 0.9)],
        poles=[Pole(130.2, 178.8, 6.0, 30.0, 40, 0.8)],
        crowns=[Crown("tree", 108.0, 174.0, (ring,), 12.0, 7.0, 30.0, 500, 0.95)],
    )
