"""Why the class of a point is in doubt: one code per point, the first reason that applies."""

from __future__ import annotations

NONE, STACKED, UNMEASURED, FEW, EDGE, UNLIKE = range(6)

REASON_NAMES = (
    "none",
    "stacked classes",
    "ground that nobody measured",
    "few points",
    "edge of a class",
    "unlike the training",
)
"""Name of each code. Nothing gives the last one yet."""
