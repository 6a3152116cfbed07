"""Kinds of town: the ranges, shares and densities that a street is drawn from.

A `Span` is a uniform distribution. The shares of a mapping are weights: they need not add up to 1. A value without a
source is chosen by eye, from what such streets look like.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bevseg.sim.distributions import Shares, Span


@dataclass(frozen=True)
class Style:
    """A kind of town. Lengths in m, slopes in m per m, densities per m of one side; a chance is a share of 1."""

    # The ground.
    slope: Span = (0.0, 0.08)
    """Of the street along its length, up or down."""
    wave: Span = (0.0, 0.25)
    """Amplitude of the undulation on top of the slope: crests and dips, 50 to 90 m long."""
    camber: Span = (0.015, 0.03)
    """Fall of the road from its crown; 1.5 to 2 % is usual on paved roads (AASHTO), patched ones reach 3 %."""
    kerb: Span = (0.06, 0.16)
    """Height of a kerb; 0.15 (6 inches) is the common barrier kerb of North America."""
    worn: float = 0.0
    """Standard deviation of the height of roads and pavements from one 0.5 to 1 m to the next."""
    lane: Span = (2.4, 3.4)
    """Width of a lane; 2.7 to 3.6 (9 to 12 feet) in the AASHTO Green Book."""
    wide: float = 0.08
    """Chance of two lanes in each direction."""
    verge: float = 0.6
    """Chance of grass between kerb and pavement."""
    pavement: Span = (1.3, 2.8)
    """Width of a pavement; 1.5 (5 feet) is a common minimum in the USA."""
    bends: Shares = field(default_factory=lambda: {"straight": 0.35, "gentle": 0.5, "sharp": 0.15})
    """Straight, of a radius over 160 m, or with one bend of 45 to 90 m."""
    crossing: Span = (70.0, 170.0)
    """From one cross street to the next."""
    tee: float = 0.35
    """Chance that a cross street goes off to one side only."""
    bridge: float = 0.03
    """Chance of a bridge over the street."""
    viaduct: float = 0.03
    """Chance that the street is carried over lower ground for a stretch."""

    # What is built; shares of the kinds of `lots.KINDS`, drawn anew every `quarter` m.
    kinds: Shares = field(
        default_factory=lambda: {
            "terrace": 0.3,
            "villas": 0.2,
            "flats": 0.14,
            "institute": 0.08,
            "downtown": 0.08,
            "mixed": 0.1,
            "park": 0.1,
        }
    )
    quarter: Span = (40.0, 120.0)
    """How long one kind of building goes on along a side."""
    retained: float = 0.12
    """Chance that a plot lies behind a retaining wall."""
    retaining: Span = (0.3, 2.5)
    """Height of a retaining wall."""
    square: float = 0.05
    """Chance, per side and 100 m, of an open paved place."""
    car_park: float = 0.05
    """Chance, per side and 100 m, of a car park beside the road."""
    empty: float = 0.06
    """Chance that no building stands on a plot."""
    yards: float = 0.12
    """Planters, sign walls, pergolas and the like, per 10 m of lots that are set back."""
    layered: float = 0.12
    """Chance that a long building has deep eaves or ledges, or storeys that step back or stand out."""
    edges: float = 0.1
    """Chance of a low wall or a long low hedge, amid nothing else, before a house that is set back."""
    second_row: float = 0.4
    """Chance, per plot, of a building 25 to 60 m from the road."""
    far: float = 0.2
    """Chance, per plot, of a wall or a small building at any angle behind the first row."""
    plain_walls: float = 0.35
    """Chance that plain walls are common along a side of the street; elsewhere they are rare."""
    box_hedges: float = 0.45
    """The same of clipped hedges: along pavements and gardens, in short pieces, below windows."""
    beds: float = 0.4
    """The same of beds and ground cover."""
    huts: float = 0.35
    """The same of garages, sheds, transformer houses and containers, and of plots with nothing else on them."""
    set_back: float = 0.2
    """Chance, per quarter, that houses stand 8 to 22 m behind the pavement."""

    # Vehicles.
    parking: Shares = field(
        default_factory=lambda: {
            "parallel": 0.56,
            "perpendicular": 0.11,
            "slanted": 0.06,
            "half": 0.07,
            "none": 0.2,
        }
    )
    """Of the kinds of `roadside.PARKING`, per side."""
    parked: Span = (0.3, 1.0)
    """Share of the places taken, drawn anew every few cars."""
    fleet: Shares = field(
        default_factory=lambda: {
            "hatchback": 0.36,
            "saloon": 0.15,
            "coupe": 0.02,
            "estate": 0.12,
            "suv": 0.13,
            "minivan": 0.05,
            "van": 0.1,
            "pickup": 0.03,
            "minibus": 0.01,
            "truck": 0.02,
            "lorry": 0.005,
            "bus": 0.01,
        }
    )
    ranks: float = 0.03
    """Chance, per side, of a row of shuttle buses, coaches or trucks at the kerb."""
    traffic: float = 0.006
    """Vehicles under way per m of street."""
    queue: float = 0.15
    """Chance of a row of waiting vehicles before a crossing."""

    # Plants.
    tree_rows: float = 0.8
    """Chance of a row of trees along a kerb."""
    trees_back: float = 0.1
    """Chance that such a row stands at the outer edge of the pavement."""
    tree_pitch: Span = (7.0, 14.0)
    tree_height: Span = (4.0, 14.0)
    tree_clear: Span = (1.8, 3.8)
    """Height of the lowest leaves of a street tree."""
    habits: Shares = field(
        default_factory=lambda: {
            "round": 0.22,
            "dome": 0.12,
            "oval": 0.14,
            "spreading": 0.1,
            "vase": 0.12,
            "columnar": 0.06,
            "conical": 0.06,
            "pine": 0.03,
            "weeping": 0.04,
            "multistem": 0.05,
            "young": 0.04,
            "bare": 0.08,
        }
    )
    garden_trees: float = 0.007
    """Per m2 of front garden or lawn."""
    bushes: float = 0.05
    """Per m2 of front garden."""
    thickets: float = 0.1
    """Chance of undergrowth before a house, instead of bushes; twice that where none stands."""
    hedges: float = 0.45
    """Chance that what borders a garden is a hedge; else a wall or a fence."""

    # Poles.
    lamps: float = 0.7
    """Chance of lamp posts along a side."""
    lamp_pitch: Span = (18.0, 32.0)
    masts: float = 0.15
    """Chance of wooden masts with wires along a side."""
    mast_pitch: Span = (22.0, 32.0)
    signs: float = 0.06
    """Per m."""
    bollards: float = 0.018
    """Rows per m."""
    meters: float = 0.1
    """Chance of parking meters along a side."""
    lights: float = 0.4
    """Chance of traffic lights at a crossing."""
    light_arms: float = 0.4
    """Chance that a traffic light hangs from an arm over the road."""
    spans: float = 0.05
    """Chance that lights hang from a wire over a crossing."""
    overhead: float = 0.001
    """Signs over the road, per m."""

    # Clutter; all undefined, per m of pavement.
    people: float = 0.025
    ghosts: float = 0.006
    """People that moved while they were scanned."""
    bins: float = 0.02
    bicycles: float = 0.02
    benches: float = 0.008
    furniture: float = 0.015
    """Boxes, tubs, shelters, café tables and the other kinds of `roadside.FURNITURE`."""
    hydrants: float = 0.003
    cross_wires: float = 0.01
    """Wires from a mast to a house or over the road."""


_SHREC20 = Style()
"""European streets: terraces, flats, hedges, narrow roads."""

STYLES: Mapping[str, Style] = {
    "shrec20": _SHREC20,
    "oakland": replace(
        _SHREC20,
        slope=(0.0, 0.07),
        wave=(0.0, 0.5),
        kerb=(0.05, 0.13),
        worn=0.009,
        lane=(3.4, 4.6),
        wide=0.95,
        verge=0.6,
        pavement=(1.4, 3.2),
        kinds={
            "lawn": 0.3,
            "villas": 0.1,
            "terrace": 0.04,
            "flats": 0.08,
            "institute": 0.3,
            "downtown": 0.08,
            "mixed": 0.06,
            "park": 0.1,
        },
        retained=0.5,
        square=0.04,
        car_park=0.16,
        empty=0.08,
        yards=0.3,
        layered=0.35,
        edges=0.3,
        second_row=0.5,
        far=0.45,
        parking={"parallel": 0.75, "perpendicular": 0.04, "slanted": 0.04, "half": 0.02, "none": 0.17},
        parked=(0.0, 0.4),
        fleet={
            "hatchback": 0.12,
            "saloon": 0.36,
            "coupe": 0.05,
            "estate": 0.07,
            "suv": 0.14,
            "minivan": 0.09,
            "van": 0.06,
            "pickup": 0.05,
            "minibus": 0.03,
            "truck": 0.02,
            "lorry": 0.005,
            "bus": 0.01,
        },
        ranks=0.22,
        tree_rows=0.97,
        tree_pitch=(5.0, 10.0),
        tree_height=(5.0, 12.5),
        garden_trees=0.013,
        thickets=0.3,
        hedges=0.3,
        lamps=0.4,
        lamp_pitch=(25.0, 45.0),
        masts=0.55,
        mast_pitch=(28.0, 42.0),
        signs=0.04,
        bollards=0.004,
        meters=0.25,
        lights=0.55,
        light_arms=0.7,
        spans=0.25,
        overhead=0.005,
        bicycles=0.005,
        bins=0.012,
        hydrants=0.006,
        cross_wires=0.02,
        traffic=0.002,
        queue=0.1,
        trees_back=0.95,
        bushes=0.04,
    ),
    "terrestrial": replace(
        _SHREC20,
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
    ),
}
"""Name -> style: old Dutch quarters as in SHREC'20, an American university town, and town centres on a tripod."""
