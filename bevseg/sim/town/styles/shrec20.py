"""Old quarters of European towns, as in SHREC'20: terraces, flats, hedges, narrow roads."""

from __future__ import annotations

from bevseg.sim.town.style import Style

SHREC20 = Style()
"""The defaults of `Style`; the other styles are made from it."""
