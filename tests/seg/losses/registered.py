"""The losses of the register that are functions, and scenes that all of them can read."""

from __future__ import annotations

from bevseg.config.plugins import import_object
from bevseg.seg.losses.registry import LOSSES

READY = {name: entry for name, entry in LOSSES.items() if not entry.learned}
FUNCTIONS = {name: import_object(entry.function, name, "test") for name, entry in READY.items()}
MAKERS = {name: import_object(entry.maps, name, "test") for name, entry in READY.items() if entry.maps}
SOFT = {name: import_object(entry.soft, name, "test") for name, entry in READY.items() if entry.soft}

SMALL = {"hausdorff_cv": {"radii": (1, 2)}, "hausdorff_erosion": {"erosions": 3}}
"""Options with which a loss is quick."""
