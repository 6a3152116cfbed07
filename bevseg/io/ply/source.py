"""What the reader of PLY keeps, so that the writer can give every part of the file back."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bevseg.io.ply.header import Header
from bevseg.io.ply.lists import Lists
from bevseg.io.vertices import VertexSource


@dataclass(frozen=True)
class PlySource(VertexSource):
    """A PLY file.

    Attributes
    ----------
    header
        As it was read; its vertex element has the names and types of the file, `vertex` those in memory (floats of
        ASCII files are 64 bits wide).
    lists
        Property -> lists of the vertices.
    before, behind
        Content of the other elements, as it stands in the file.
    """

    header: Header = field(default_factory=lambda: Header("<", (), (), None, 0, "utf-8"))
    lists: dict[str, Lists] = field(default_factory=dict)
    before: bytes = b""
    behind: bytes = b""

    def fields(self) -> dict[str, NDArray[np.generic]]:
        """Return the properties, and short lists of constant length as one column for each place in them."""
        columns = super().fields()
        for name, lists in self.lists.items():
            values = lists.columns()
            if values is not None:
                columns |= {f"{name}_{i}": values[:, i] for i in range(values.shape[1])}
        return columns

    def only_here(self) -> list[str]:
        """Return a sentence for the other elements, and one for lists that are no columns."""
        place = self.header.vertex
        others = [
            f"{each.count:,} x {each.name[:60]}"
            for i, each in enumerate(self.header.elements)
            if i != place and each.count
        ]
        ragged = [name[:60] for name, lists in self.lists.items() if lists.columns() is None]
        return [
            *([f"the elements beside the points are left out: {', '.join(others)}"] if others else []),
            *([f"the lists of the points are left out: {', '.join(ragged)}"] if ragged else []),
        ]
