"""Labelled clouds, as tiles are built from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import Scheme, load_scheme
from bevseg.review.run_outputs import RunCloud


@dataclass(frozen=True)
class TileSource:
    """A labelled cloud that becomes tiles.

    Attributes
    ----------
    name
        Of the cloud in the viewer.
    path
        The file.
    scheme
        How its class codes are understood; None for the one that bevseg wrote, or the default of the format.
    truth
        Returns (N,) train ids of the truth, None if there is none.
    sha256
        Of the file, kept in the index; None if nobody needs it.
    """

    name: str
    path: Path
    scheme: Scheme | None = None
    truth: Callable[[], NDArray[np.uint8] | None] = lambda: None
    sha256: str | None = None


def tile_source(cloud: RunCloud, *, is_hashed: bool) -> TileSource:
    """Return a labelled cloud as tiles are built from it.

    Parameters
    ----------
    cloud
        Of a run, or named by itself.
    is_hashed
        Whether the hash of its file is kept: edits need it.
    """
    scheme = cloud.facts.get("written_in")
    return TileSource(
        cloud.name,
        cloud.path,
        None if scheme is None else load_scheme(scheme),
        cloud.read_truth,
        cloud.sha256 if is_hashed else None,
    )
