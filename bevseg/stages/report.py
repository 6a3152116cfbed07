"""The results of a run -> report.html and view.html, again: `bevseg report`."""

from __future__ import annotations

from pathlib import Path

from bevseg.report.page_names import VIEWER
from bevseg.report.pages import ensure_own_page, write_pages
from bevseg.runtime.batch import BatchResult
from bevseg.runtime.processes import call
from bevseg.viewer.view_page import write_view_page


def report(out: Path, *, overwrite: bool = False) -> BatchResult:
    """Write the report of a run again, and its view in 3-D.

    Parameters
    ----------
    out
        Directory of the results.
    overwrite
        Whether a file of its name is replaced that bevseg did not write.

    Raises
    ------
    InputError, CloudNotFoundError
        If these are no results of a run, or a labelled cloud is missing.
    OutputExistsError
        If bevseg did not write the file that would be replaced.
    """
    if not overwrite:
        ensure_own_page(out)
    view = call(write_view_page, out, out / VIEWER)  # first: the report names it if it is there
    return BatchResult([*call(write_pages, out, True), *view])
