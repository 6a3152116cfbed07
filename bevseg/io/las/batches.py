"""LAS or LAZ -> coordinates, a batch of points at a time: memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import Crs
from bevseg.io.las.codes import TRAIN_ID, class_codes, name_of_ours, written_scheme
from bevseg.io.las.decode import CLASSES, COORDINATES, EVERYTHING, EXTRA_BYTES
from bevseg.io.las.las_file import LasFile, open_file
from bevseg.io.las.point_formats import bits
from bevseg.io.las.reader import Placement
from bevseg.io.missing_heights import MissingHeights


@dataclass(frozen=True)
class Batch:
    """Some points of a file, one after the other.

    Attributes
    ----------
    first
        Place of the first one in the file, from 0.
    x, y, z
        (N,) int32 steps.
    codes
        (N,) class codes as they stand in the file; None if they were not asked for.
    train_ids
        (N,) train ids that bevseg wrote beside the codes; None if there are none, or no codes were asked for.
    return_number, number_of_returns
        (N,) uint8; None if they were not asked for.
    points
        (N,) the points as they stand in the file, until the next batch; None if they were not asked for.
    """

    first: int
    x: NDArray[np.int32]
    y: NDArray[np.int32]
    z: NDArray[np.int32]
    codes: NDArray[np.uint8] | None = None
    train_ids: NDArray[np.uint8] | None = None
    return_number: NDArray[np.uint8] | None = None
    number_of_returns: NDArray[np.uint8] | None = None
    points: NDArray[np.void] | None = None

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class CloudFile:
    """A LAS or LAZ file whose points are read batch by batch.

    Attributes
    ----------
    las
        The open file.
    scale, offset
        Metres per step, and metres, for x, y and z.
    scheme
        Name of the scheme that bevseg wrote the codes in. None for files of other origin.
    """

    las: LasFile
    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    scheme: str | None
    _placement: Placement

    def __len__(self) -> int:
        return len(self.las)

    @property
    def crs(self) -> Crs | None:
        """The reference system; None if the file names none that can be understood."""
        return self.las.crs

    def batches(
        self,
        size: int | None = None,
        *,
        codes: bool = False,
        returns: bool = False,
        everything: bool = False,
        threads: int | None = None,
    ) -> Iterator[Batch]:
        """Yield all points in their order. Of LAZ with point formats 6 to 10, nothing else is decoded.

        Parameters
        ----------
        size
            Points of a batch, `bevseg.io.las.block_writer.BLOCK` if None; the last has fewer.
        codes
            Whether class codes are wanted, and the train ids that bevseg may have written beside them.
        returns
            Whether return numbers are wanted.
        everything
            Whether the points as they stand in the file are wanted: all of them is decoded.
        threads
            Chunks of LAZ that are decoded at once; None for as many as there are cores.

        Raises
        ------
        CloudFormatError
            If points cannot be decoded; behind the last batch, if the coordinates are absurd, or may be degrees
            that the file does not name.
        """
        las = self.las
        ours = name_of_ours(las.extras, TRAIN_ID) if codes and self.scheme is not None else None
        layers = (
            EVERYTHING if everything else COORDINATES | CLASSES * codes | EXTRA_BYTES * (ours is not None)
        )
        parts = bits(las.point_format)
        extent, first = self._placement.extent(), 0
        unit = 1.0 if self.crs is None else self.crs.vertical
        heights = MissingHeights(unit, self.scale[2], self.offset[2])
        for points in las.batches(size, layers, threads=threads):
            x, y, z = (steps.copy() for steps in self._placement.steps(points, extent))
            heights.add(z)
            yield Batch(
                first,
                x,
                y,
                z,
                class_codes(points, las.point_format).copy() if codes else None,
                None if ours is None else points[ours].copy(),
                parts["return_number"].of(points) if returns else None,
                parts["number_of_returns"].of(points) if returns else None,
                points if everything else None,
            )
            first += len(points)
        self._placement.check(extent)
        heights.warn(las.path)


@contextmanager
def open_cloud(path: Path) -> Iterator[CloudFile]:
    """Open a LAS, LAZ or COPC file to read its points batch by batch.

    Raises
    ------
    CloudFormatError
        If the file is no LAS file, contradicts itself, is cut short, or holds no points, or if a step is no length
        that an instrument has.
    CrsError
        If its coordinates are no lengths.
    """
    with open_file(path) as las:
        placement = Placement(las.header, las.crs, path)
        yield CloudFile(las, placement.scale, placement.offset, written_scheme(las.header), placement)
