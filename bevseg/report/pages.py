"""The directory of the results of a run -> its report: the one door to this folder."""

from __future__ import annotations

from pathlib import Path

from bevseg.errors import OutputExistsError
from bevseg.report.page_names import GENERATOR, PAGE, VIEWER

_HEAD = 4096
"""Bytes of a page in which its maker stands."""


def ensure_own_page(out: Path) -> None:
    """Raise OutputExistsError if a file has the name of the report, or of its view, that bevseg did not write."""
    for path in (out / PAGE, out / VIEWER):
        if not path.is_file():
            continue
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if f'name="generator" content="{GENERATOR} '.encode() not in head:
            raise OutputExistsError(
                "The output exists",
                where=path,
                why="bevseg did not write it",
                hint="give --overwrite, or move it away",
            )


def write_pages(out: Path, draws: bool = False) -> list[Path]:
    """Write the report of a run; an older one is replaced.

    Parameters
    ----------
    out
        Directory of the results, with `report.json`.
    draws
        Whether clouds of which no maps were kept are drawn from their points.

    Returns
    -------
    list of Path
        The page of the run; of many clouds, pages of their own are written beside it.

    Raises
    ------
    InputError, CloudNotFoundError
        As `RunOutputs.open`.
    OutputWriteError
        If the system refuses the write.
    """
    # Only here: they compile kernels, and the process that talks to the user starts in a moment.
    from bevseg.report.findings import find
    from bevseg.report.maps_of_points import maps_of_points
    from bevseg.report.write_report import write_report
    from bevseg.review.run_outputs import RunOutputs

    outputs = RunOutputs.open(out)
    outputs.warn_of_corrections()
    return write_report(outputs, find, maps_of_points) if draws else write_report(outputs, find)
