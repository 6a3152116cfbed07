"""Where the data of a study lie."""

from __future__ import annotations

import os
from pathlib import Path

from bevseg.errors import CloudNotFoundError

VARIABLE = "BEVSEG_DATA"


def folder(data: str, name: str) -> Path:
    """Return the folder `name` below `data`, or below what the environment variable BEVSEG_DATA says.

    Raises
    ------
    CloudNotFoundError
        If it is not there.
    """
    root = data or os.environ.get(VARIABLE, "")
    place = Path(root) / name
    if not root or not place.is_dir():
        raise CloudNotFoundError(
            f"No folder {name!r} of data",
            where=place if root else None,
            hint=f"name the folder that holds it: `data` under [settings], or the environment variable {VARIABLE}",
        )
    return place
