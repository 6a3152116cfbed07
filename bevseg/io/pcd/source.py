"""What the reader of PCD keeps, so that the writer can give every part of the file back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.io.colours import CHANNELS, unpacked
from bevseg.io.pcd.header import IDENTITY, Header
from bevseg.io.vertices import VertexSource

PACKED = ("rgb", "rgba")
"""Fields that hold a colour in one number of 4 bytes."""


@dataclass(frozen=True)
class PcdSource(VertexSource):
    """A PCD file.

    Attributes
    ----------
    header
        As it was read. Its record has the types of the file, `vertex` those in memory (floats of ASCII files are 64
        bits wide).
    """

    header: Header | None = None

    def fields(self) -> dict[str, NDArray[np.generic]]:
        """Return the fields; a packed colour as red, green, blue, and alpha of `rgba`."""
        columns: dict[str, NDArray[np.generic]] = {}
        plain = super().fields()
        for name, values in plain.items():
            if not self._is_packed(name) or set(CHANNELS) & set(plain) or set(CHANNELS) & set(columns):
                columns[name] = values
                continue
            is_text = self.header is not None and self.header.data == "ascii"
            channels = unpacked(values, text=is_text)
            columns |= {channel: channels[:, i] for i, channel in enumerate(CHANNELS)}
            if name.lower() == "rgba":
                columns["alpha"] = channels[:, 3]
        return columns

    def _is_packed(self, name: str) -> bool:
        kind = self.header.record if self.header is not None else self.vertex.dtype
        return name.lower() in PACKED and name in (kind.names or ()) and kind[name].itemsize == 4

    def only_here(self) -> list[str]:
        """Return a sentence for the viewpoint, and one for the grid in which the points lie."""
        if self.header is None:
            return []
        moved = self.header.viewpoint != IDENTITY
        grid = (
            f"{self.header.height:,} rows and {self.header.width:,} columns" if self.header.height > 1 else ""
        )
        return [
            *([f"the viewpoint of the sensor is left out: {self.header.viewpoint[:80]}"] if moved else []),
            *([f"the order in {grid} is left out"] if grid else []),
        ]
