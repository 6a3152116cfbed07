"""The folder of the data of a study."""

from __future__ import annotations

import os
from pathlib import Path

from bevseg.errors import CloudNotFoundError

VARIABLE = "BEVSEG_DATA"


def find_data_folder(data: str, name: str) -> Path:
    """Return the folder `name` in `data`, or in the path of the environment variable BEVSEG_DATA.

    Raises
    ------
    CloudNotFoundError
        If it does not exist.
    """
    root = data or os.environ.get(VARIABLE, "")
    place = Path(root) / name
    if not root or not place.is_dir():
        raise CloudNotFoundError(
            f"No data folder {name!r}",
            where=place if root else None,
            hint=f"set `data` under [settings], or the environment variable {VARIABLE}, to its parent folder",
        )
    return place
