"""Town centres that are scanned from a tripod: squares and people."""

from __future__ import annotations

from dataclasses import replace

from bevseg.sim.town.styles.shrec20 import SHREC20

TERRESTRIAL = replace(
    SHREC20,
    slope=(0.0, 0.06),
    lane=(2.6, 4.0),
    kinds={
        "terrace": 0.2,
        "villas": 0.1,
        "flats": 0.14,
        "institute": 0.14,
        "downtown": 0.2,
        "mixed": 0.12,
        "park": 0.1,
    },
    square=0.35,
    car_park=0.1,
    traffic=0.003,
    people=0.05,
    ghosts=0.02,
)
