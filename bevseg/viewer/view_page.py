"""The directory of the results of a run -> the page of the viewer that is handed over with its report."""

from __future__ import annotations

import logging
from pathlib import Path

from bevseg.errors import InputError

log = logging.getLogger(__name__)


def write_view_page(out: Path, path: Path) -> list[Path]:
    """Write the page; one of before is replaced. Where there is nothing to see, it is removed, with a warning.

    Parameters
    ----------
    out
        Directory of the results, with `report.json`.
    path
        Of the page.

    Returns
    -------
    list of Path
        The page; empty if no cloud has a point to draw.

    Raises
    ------
    CloudNotFoundError, CloudFormatError, LabelError
        If the clouds cannot be read.
    OutputWriteError
        If the system refuses the write.
    """
    # Only here: they compile kernels, and the process that talks to the user starts in a moment.
    from bevseg.review.run_outputs import RunOutputs
    from bevseg.viewer.static_view import write_static_view

    outputs = RunOutputs.open(out)
    try:
        if outputs.clouds:
            write_static_view(outputs, path)
            return [path]
    except InputError as error:
        log.warning("%s is not written: %s", path.name, error.what)
    path.unlink(missing_ok=True)
    return []
