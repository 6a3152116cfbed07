"""What the pages of a report are called."""

from __future__ import annotations

PAGE = "report.html"
"""The report, in the directory of the results."""

GENERATOR = "bevseg"
"""What the report names as its maker: no other file of its name is replaced unasked."""

FOLDER = "report"
"""Folder of the pages of the clouds, where there are many."""

VIEWER = "view.html"
"""The points in 3-D, beside the report."""
