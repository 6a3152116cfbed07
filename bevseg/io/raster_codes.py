"""Train ids -> the class codes, the nodata value and the colours of a raster of classes, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import CLASS_NAMES, UNDEFINED, Scheme
from bevseg.errors import InputError, LabelError

TAG = "BEVSEG_CODES"
"""Tag of a raster of classes: the code of each train id, in their order."""


class RasterCodes(NamedTuple):
    """How a raster of classes is written.

    Attributes
    ----------
    scheme
        Gives the codes and the colours.
    codes
        (train ids,) uint8 or uint16: the code of each. The first is nodata: 0, or the highest code if a class has 0.
    where
        The file, for messages.
    """

    scheme: Scheme
    codes: NDArray[np.unsignedinteger]
    where: Path

    @classmethod
    def of(cls, scheme: Scheme, where: Path) -> RasterCodes:
        """Return the codes of a scheme; LabelError if one is not in 0 to 65534."""
        written = {train: entry.code for train, entry in scheme.written().items() if train != UNDEFINED}
        low, high = min(written.values(), default=0), max(written.values(), default=0)
        kind = np.uint8 if high < 255 else np.uint16
        most = int(np.iinfo(kind).max)
        if low < 0 or high >= most:
            raise LabelError(
                f"Scheme {scheme.name!r} does not fit a raster of classes",
                where=where,
                why=f"its codes lie between {low} and {high}; a raster holds 0 to 65534",
                hint="choose another --out-classes",
            )
        nodata = most if 0 in written.values() else 0
        table = [written.get(train, nodata) for train in range(len(CLASS_NAMES))]
        codes: NDArray[np.unsignedinteger] = np.array(table, kind)
        return cls(scheme, codes, where)

    def encode(self, train_ids: NDArray[np.uint8]) -> NDArray[np.unsignedinteger]:
        """Return the code of each cell; LabelError if the scheme has none for a class that occurs."""
        occurring = np.setdiff1d(np.unique(train_ids), [UNDEFINED]).astype(np.uint8)
        self.scheme.encode(occurring, where=str(self.where))
        return self.codes[train_ids]

    @property
    def nodata(self) -> int:
        """Code of the cells without a class."""
        return int(self.codes[UNDEFINED])

    def tag(self) -> str:
        """Return the codes as the text of their tag."""
        return " ".join(str(code) for code in self.codes)

    def palette(self) -> dict[int, tuple[int, int, int, int]]:
        """Return code -> red, green, blue, opacity."""
        return {entry.code: _rgba(entry.colour) for entry in self.scheme.written().values() if entry.train}


def _rgba(colour: str) -> tuple[int, int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue, 255


def train_ids(values: NDArray[Any], tag: str, path: Path) -> NDArray[np.uint8]:
    """Return the train id of each code of a raster.

    Parameters
    ----------
    values
        Codes, (bands, rows, cols).
    tag
        Text of the tag of the file.
    path
        The file, for messages.

    Raises
    ------
    InputError
        If the tag is no list of codes, or a code is not in it.
    """
    table = np.full(1 << 16, len(CLASS_NAMES), np.uint8)
    try:
        listed = [int(code) for code in tag.split()]
        for train, code in reversed(list(enumerate(listed))):
            table[code] = train
        ids: NDArray[np.uint8] = table[values]
    except (ValueError, IndexError, OverflowError) as error:
        raise InputError("Not a raster of classes", where=path, why=f"its tag {TAG} is {tag:.60}") from error
    unknown = ids == len(CLASS_NAMES)
    if unknown.any():
        raise InputError(
            "The raster has unknown class codes",
            where=path,
            why=f"its tag {TAG} lists {tag:.60}; it also holds {int(values[unknown][0])}",
            hint="run the stage that writes it again",
        )
    return ids
