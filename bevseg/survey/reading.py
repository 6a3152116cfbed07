"""How the clouds of a survey are read and labelled, and the name of what comes of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bevseg
from bevseg.config import Settings
from bevseg.core.labels import Scheme, load_scheme
from bevseg.io import formats
from bevseg.io.find import CloudFile
from bevseg.workdir.facts import sha256

if TYPE_CHECKING:
    from bevseg.core.blocks import Blocks

SCHEMA = 1
"""Version of the scratch files; others are not read."""


@dataclass(frozen=True)
class Reading:
    """What the points of a survey depend on beside the files.

    Attributes
    ----------
    cell
        Side of a cell, m.
    classes
        Class scheme of the input; None: that of the format.
    columns
        Columns of text clouds; None: those that the files show.
    count_heights
        Whether the heights of the points are counted by metres.
    """

    cell: float
    classes: str | None = None
    columns: str | None = None
    count_heights: bool = False

    @property
    def layout(self) -> Blocks:
        """How the plane is cut."""
        # Only here: the process that talks to the user starts without numba.
        from bevseg.core.blocks import Blocks

        return Blocks.of(self.cell)

    @property
    def scheme(self) -> Scheme | None:
        """The class scheme of the input, if it is given."""
        return load_scheme(self.classes) if self.classes else None

    def key(self, file: CloudFile, content: str) -> str:
        """Return the name of the points of a file whose SHA-256 is `content`."""
        scheme = self.classes
        if scheme and Path(scheme).is_file():
            scheme = sha256(Path(scheme))
        kind = formats.format_to_read(file.path).name
        return key_of("points", content, kind, file.scan, self.cell, scheme, self.columns, self.count_heights)


@dataclass(frozen=True)
class Labelling:
    """What the labels of a block depend on beside its points.

    Attributes
    ----------
    settings
        Of the model.
    model
        SHA-256 of the model.
    looks
        Test-time augmentation, as a table.
    reach
        How far around a block the networks see, m.
    probabilities
        Whether the probabilities of all classes are wanted.
    whole_dem
        Whether the DEM is kept wherever it is known; else, in a large survey, within the extent of the points.
    """

    settings: Settings
    model: str
    looks: Mapping[str, Any]
    reach: float
    probabilities: bool = False
    whole_dem: bool = False


def key_of(*parts: Any) -> str:
    """Return a name for what is made of some parts: those of other parts, and of other versions, have other names."""
    text = json.dumps([SCHEMA, bevseg.__version__, *parts])
    return hashlib.sha256(text.encode()).hexdigest()[:32]
