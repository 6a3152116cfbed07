"""Maps of clouds as tests need them."""

import numpy as np

from bevseg.core.height_counts import BINS
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
