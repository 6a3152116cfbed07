"""What the pages of a report are called."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

PAGE = "report.html"
"""The report, in the directory of the results."""

GENERATOR = "bevseg"
"""What the report names as its maker: no other file of its name is replaced unasked."""

FOLDER = "report"
"""Folder of the pages of the clouds, where there are many."""

VIEWER = "view.html"
"""The points in 3-D, beside the report."""

LONGEST_NAME = 255
"""Bytes of a file name at most, on every common system."""


def file_of(name: str, ending: str) -> str:
    """Return the path of a file about a cloud, below some folder: its name, or where that is too long a hash of it.

    Parameters
    ----------
    name
        Of the cloud, with the folders below the directory of the inputs.
    ending
        Such as `.html`.
    """
    stem = Path(name).name
    if len(os.fsencode(stem + ending)) > LONGEST_NAME:
        stem = hashlib.sha256(os.fsencode(stem)).hexdigest()
    return str(Path(name).with_name(stem + ending))
