"""What a file says of its points -> records of the viewer, but for what their tile decides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import UNDEFINED
from bevseg.io.read_shown import Shown
from bevseg.viewer.tile_file import EXACT, NO_TRUTH, RECORD

CERTAIN = 255
"""Confidence of points of a file that has none: no limit of confidence hides them."""

_BRIGHT = 98
"""Percentile of the intensities of the first batch that is drawn as the brightest."""

_WIDE = 257
"""A 16-bit colour is so many times the 8-bit one."""


class PointRecords:
    """Records of one cloud, batch by batch.

    Parameters
    ----------
    number
        Of the cloud.
    classes
        (N,) train ids of all its points.
    truth
        (N,) train ids of the truth; None if there is none.

    Attributes
    ----------
    has
        Which values occur so far: confidence, reason, truth, intensity, rgb.
    """

    def __init__(self, number: int, classes: NDArray[np.uint8], truth: NDArray[np.uint8] | None) -> None:
        self._number, self._classes = number, classes
        self._truth = truth if truth is not None and len(truth) == len(classes) else None
        self._brightest: float | None = None
        self._is_wide: bool | None = None
        self.has: set[str] = set() if self._truth is None else {"truth"}

    def of(self, first: int, shown: Shown) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """Return `RECORD` and `EXACT` of a batch; `first` is the place of its first point in the cloud."""
        count = len(shown.cloud)
        part = slice(first, first + count)
        records, exact = np.zeros(count, RECORD), np.empty(count, EXACT)
        for name in "xyz":
            exact[name] = getattr(shown.cloud, name)
        exact["cloud"] = self._number
        records["source"] = self._number % 256
        records["index"] = np.arange(first, first + count, dtype=np.uint32)
        records["label"] = self._classes[part]
        records["truth"] = NO_TRUTH
        if self._truth is not None:
            truth = self._truth[part]
            records["truth"] = np.where(truth == UNDEFINED, NO_TRUTH, truth)
        self._add_beside_class(records, shown)
        self._add_looks(records, shown)
        return records, exact

    def _add_beside_class(self, records: NDArray[np.void], shown: Shown) -> None:
        records["confidence"] = CERTAIN
        for name, values in (("confidence", shown.confidence), ("reason", shown.reasons)):
            if values is not None:
                records[name] = values
                self.has.add(name)

    def _add_looks(self, records: NDArray[np.void], shown: Shown) -> None:
        """Add intensity and colours; zeros alone count as none."""
        if shown.intensity is not None:
            records["intensity"] = self._intensity(shown.intensity)
            self.has |= {"intensity"} if records["intensity"].any() else set()
        if shown.colours is not None:
            for name, values in zip(("red", "green", "blue"), self._colours(shown.colours), strict=True):
                records[name] = values
                self.has |= {"rgb"} if records[name].any() else set()

    def _intensity(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """Return intensities as 0 to 255."""
        wide = _finite(values)
        if self._brightest is None:
            self._brightest = float(np.percentile(wide, _BRIGHT)) or float(wide.max()) or 1.0
        return np.clip(wide * (255 / max(self._brightest, 1e-9)), 0, 255)

    def _colours(self, channels: list[NDArray[np.generic]]) -> list[NDArray[np.float64]]:
        """Return colours of 8 bits; those of 16 bits have a value above 255 in the first batch."""
        wide = [_finite(channel) for channel in channels]
        if self._is_wide is None:
            self._is_wide = any(channel.max() > 255 for channel in wide)
        return [np.clip(channel / _WIDE if self._is_wide else channel, 0, 255) for channel in wide]


def _finite(values: NDArray[np.generic]) -> NDArray[np.float64]:
    return np.nan_to_num(values.astype(np.float64), posinf=0, neginf=0)
