"""The kinds of town by name. Each file of this folder is one style."""

from __future__ import annotations

from collections.abc import Mapping

from bevseg.sim.town.style import Style
from bevseg.sim.town.styles.boulevard import BOULEVARD
from bevseg.sim.town.styles.centre import CENTRE
from bevseg.sim.town.styles.oakland import OAKLAND
from bevseg.sim.town.styles.road import ROAD
from bevseg.sim.town.styles.shrec20 import SHREC20
from bevseg.sim.town.styles.suburb import SUBURB
from bevseg.sim.town.styles.terrestrial import TERRESTRIAL

STYLES: Mapping[str, Style] = {
    "shrec20": SHREC20,
    "oakland": OAKLAND,
    "terrestrial": TERRESTRIAL,
    "suburb": SUBURB,
    "boulevard": BOULEVARD,
    "road": ROAD,
    "centre": CENTRE,
}
"""Name -> style."""
