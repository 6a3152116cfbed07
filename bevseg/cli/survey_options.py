"""Options of surveys: how large ones are worked on."""

from __future__ import annotations

import re
from typing import Any

import click

from .options import path_option

_UNITS = {
    "": 1,
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "t": 10**12,
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]i?)?b?\s*", re.IGNORECASE)

LEAST_MEMORY = 1 << 30
"""Bytes that the program and a block of a dense street need."""


class Size(click.ParamType):
    """A number of bytes, such as 8GiB, 500 MB or 2g."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number and its unit."""
        if isinstance(value, int):
            return value
        match = _SIZE.fullmatch(value)
        if match is None:
            self.fail(f"{value!r}: expected a size such as 8GiB or 500MB", param, ctx)
        size = int(float(match[1]) * _UNITS[(match[2] or "").lower()])
        if size < LEAST_MEMORY:
            self.fail(f"{value!r}: at least 1GiB is needed", param, ctx)
        return size


class Part(click.ParamType):
    """One of several parts, such as 3/20."""

    name = "part"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Read the number of the part and how many there are."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", value)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            self.fail(f"{value!r}: expected I/N, from 1/N to N/N", param, ctx)
        return int(match[1]), int(match[2])


apart = click.option(
    "--apart",
    is_flag=True,
    help="Label each cloud without the others: their coordinates are local, and they show different places.",
)
recursive = click.option("--recursive", is_flag=True, help="Search directories below as well.")
scratch = path_option(
    "--scratch",
    metavar="DIR",
    help="Directory for scratch files, about 21 bytes a point (with all probabilities 26) and 17 a cell."
    "  [default: in OUT]",
)
max_memory = click.option(
    "--max-memory",
    type=Size(),
    metavar="SIZE",
    help="Memory for all processes, such as 8GiB.  [default: half of what is free]",
)
pictures = click.option(
    "--pictures/--no-pictures",
    default=None,
    help="Draw a picture of each cloud, and the maps of the report.  [default: up to 200 clouds and 1 GiB]",
)
rasters = click.option(
    "--rasters", is_flag=True, help="Write the DEM and the classes from above: dem.tif and classes.tif."
)
dry_run = click.option(
    "--dry-run", is_flag=True, help="Say what would be read and written, and what it takes; write nothing."
)
part = click.option(
    "--part",
    type=Part(),
    metavar="I/N",
    help="Label part I of N of the blocks only, for job arrays. Run once more without it to write the clouds.",
)
