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
    lanes: tuple[int, int] = (1, 1)
    """Least and greatest number of lanes in each direction. Above 1, `wide` does not count."""
    single: float = 0.0
    """Chance that there is one lane for both directions."""
    medians: float = 0.0
    """Chance of a strip between the directions, with trees, lamps, beds, rails or trams."""
    median: Span = (0.5, 4.0)
    """Half the width of that strip."""
    verge: float = 0.6
    """Chance of grass between kerb and pavement."""
    verge_width: Span = (0.8, 3.0)
    """Width of that grass."""
    service: float = 0.0
    """Chance, per side, of a service road behind the verge."""
    pavement: Span = (1.3, 2.8)
    """Width of a pavement; 1.5 (5 feet) is a common minimum in the USA."""
    bends: Shares = field(default_factory=lambda: {"straight": 0.35, "gentle": 0.5, "sharp": 0.15})
    """Straight, of a radius over 160 m, or with one bend of 45 to 90 m."""
    crossing: Span = (70.0, 170.0)
    """From one cross street to the next."""
    cross: Span = (3.0, 6.0)
    """Half the width of the carriageway of a cross street."""
    cross_pavement: Span = (1.3, 2.6)
    """Width of the pavements of a cross street."""
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
    """Of the kinds of lots, `lots.KINDS`."""
    quarter: Span = (40.0, 120.0)
    """How long one kind of building goes on along a side."""
    retained: float = 0.12
    """Chance that a plot lies behind a retaining wall."""
    retaining: Span = (0.3, 2.5)
    """Height of a retaining wall."""
    set_back: float = 0.2
    """Chance that houses stand further back than the garden of their kind, drawn anew every few plots."""
    back: Span = (6.0, 16.0)
    """How far they do."""
    land: float = 0.0
    """Chance, per side, that there is open land instead of lots: banks, cuttings and what grows there."""
    banks: Span = (-4.0, 4.0)
    """Height of such land over the road, drawn anew every 30 to 120 m."""
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
    """The same of garages, sheds, transformer houses and carports, and of plots with nothing else on them."""

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
    """Of the kinds of vehicles, `cars.BODIES`: of parked ones and of those under way."""
    special: float = 0.0
    """Share of the parked vehicles that are of `cars.SPECIAL`: caravans, trailers, tractors, covered cars."""
    loose: float = 0.0
    """Vehicles that stand alone on a pavement or a verge, at an angle, per m; also on squares, unless it is 0."""
    ranks: float = 0.03
    """Chance, per side, of a row of shuttle buses, coaches or trucks at the kerb."""
    rank_kinds: Shares = field(
        default_factory=lambda: {"minibus": 0.65, "bus": 0.1, "van": 0.15, "truck": 0.1}
    )
    """What such a row is of, kinds of `cars.BODIES`."""
    truck_rows: float = 0.06
    """Chance, per side with places along the kerb, of a row of trucks and trailers close together."""
    depots: float = 0.25
    """Share of the car parks where trucks and trailers stand instead of cars."""
    traffic: float = 0.006
    """Vehicles under way per m of street; those that are seen turn by turn are in proportion."""
    queue: float = 0.15
    """Chance of a row of waiting vehicles before a crossing."""

    # Plants.
    tree_rows: float = 0.8
    """Chance of a row of trees along a kerb."""
    trees_back: float = 0.1
    """Chance that such a row stands at the outer edge of the pavement."""
    tree_pitch: Span = (7.0, 14.0)
    """Distance from one tree of a row to the next."""
    tree_height: Span = (4.0, 14.0)
    """Height of street trees."""
    tree_clear: Span = (1.8, 3.8)
    """Height of the lowest leaves of a street tree."""
    box_crowns: float = 0.07
    """Chance of a row of trees with crowns cut to boxes along a kerb, and before a house that is set back."""
    stakes: float = 0.0
    """Chance that a young street tree stands between stakes."""
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
    """Of the habits of trees, `trees.HABITS`, along streets and in gardens."""
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
    """Distance from one lamp post to the next."""
    lamp_kinds: Shares = field(
        default_factory=lambda: {"cobra": 0.45, "globe": 0.25, "shoebox": 0.15, "candle": 0.15}
    )
    """Of the kinds of `poles.LAMPS`, per side."""
    pole_offset: Span = (0.25, 0.6)
    """Distance of lamp posts, signs and the like from the kerb."""
    concrete: float = 0.0
    """Share of the lines of masts that are of concrete, with many wires."""
    masts: float = 0.15
    """Chance of masts with wires along a side."""
    mast_pitch: Span = (22.0, 32.0)
    """Distance from one mast to the next."""
    signs: float = 0.06
    """Traffic signs per m."""
    notices: float = 0.006
    """Boards on two posts, low enough to be read on foot, per m."""
    dressed: float = 0.25
    """Share of the lamp posts and masts that carry banners, baskets, boxes or plates."""
    posts: float = 0.0
    """Boards, cameras and the other kinds of `roadside.POSTS`, per m."""
    post_kinds: Shares = field(
        default_factory=lambda: {"board": 0.3, "stop": 0.3, "camera": 0.2, "flag": 0.1, "post": 0.1}
    )
    """Of the kinds of `roadside.POSTS`."""
    delineators: float = 0.0
    """Chance of a row of delineators along a side."""
    gantries: float = 0.0
    """Frames with signs over the whole road, per m."""
    bollards: float = 0.018
    """Rows per m."""
    meters: float = 0.1
    """Chance of parking meters along a side."""
    lights: float = 0.4
    """Chance of traffic lights at a crossing."""
    light_arms: float = 0.4
    """Chance that a traffic light hangs from an arm over the road."""
    level_lights: float = 0.0
    """Chance that the signals of a crossing lie on their side."""
    spans: float = 0.05
    """Chance that lights hang from a wire over a crossing."""
    overhead: float = 0.001
    """Signs over the road, per m."""

    # Clutter; all undefined, per m of pavement.
    people: float = 0.025
    """People who stand or walk, alone or in groups; who moves turn by turn is in proportion."""
    ghosts: float = 0.006
    """People that moved while they were scanned."""
    bins: float = 0.02
    """Wheeled bins and heaps of sacks."""
    bicycles: float = 0.02
    """Parked bicycles."""
    benches: float = 0.008
    """Benches."""
    furniture: float = 0.015
    """Boxes, tubs, shelters, café tables and the other kinds of `roadside.FURNITURE`."""
    large: float = 0.0
    """Panels, skips, kiosks, cafés and the other kinds of `roadside.LARGE`, per m."""
    large_kinds: Shares = field(
        default_factory=lambda: {
            "panel": 0.25,
            "skip": 0.1,
            "container": 0.05,
            "kiosk": 0.1,
            "scooters": 0.2,
            "terrace": 0.15,
            "shelter": 0.1,
            "walkway": 0.05,
        }
    )
    """Of the kinds of `roadside.LARGE`."""
    rails: float = 0.0
    """Chance of a guard rail, per 100 m of a side."""
    barriers: float = 0.0
    """Chance of a noise barrier or a long wall behind the pavement, per 100 m of a side."""
    hydrants: float = 0.003
    """Fire hydrants."""
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
        parking={
            "parallel": 0.75,
            "perpendicular": 0.04,
            "slanted": 0.04,
            "half": 0.02,
            "none": 0.17,
        },
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
    "suburb": replace(
        _SHREC20,
        wave=(0.0, 0.6),
        kerb=(0.02, 0.14),
        worn=0.004,
        lane=(2.5, 3.4),
        wide=0.0,
        single=0.2,
        verge=0.35,
        verge_width=(0.4, 2.5),
        pavement=(0.9, 2.4),
        crossing=(45.0, 140.0),
        cross=(2.5, 8.0),
        bridge=0.01,
        viaduct=0.01,
        kinds={"lawn": 0.34, "villas": 0.34, "park": 0.17, "terrace": 0.07, "mixed": 0.05, "flats": 0.03},
        quarter=(25.0, 120.0),
        retained=0.15,
        retaining=(0.2, 1.8),
        set_back=1.0,
        back=(0.0, 18.0),
        square=0.14,
        car_park=0.03,
        empty=0.3,
        yards=0.2,
        edges=0.25,
        second_row=0.3,
        far=0.3,
        parking={
            **_SHREC20.parking,
            "parallel": 0.38,
            "perpendicular": 0.04,
            "slanted": 0.02,
            "half": 0.14,
            "none": 0.42,
        },
        parked=(0.0, 0.3),
        special=0.07,
        loose=0.012,
        ranks=0.0,
        traffic=0.0015,
        queue=0.03,
        tree_rows=0.35,
        trees_back=0.4,
        tree_pitch=(8.0, 28.0),
        tree_height=(3.0, 17.0),
        stakes=0.6,
        habits={
            **_SHREC20.habits,
            "young": 0.1,
            "bare": 0.06,
            "old": 0.06,
            "spruce": 0.12,
            "cypress": 0.05,
            "evergreen": 0.12,
        },
        garden_trees=0.008,
        bushes=0.05,
        thickets=0.15,
        hedges=0.6,
        plain_walls=0.5,
        box_hedges=0.75,
        beds=0.55,
        huts=0.6,
        lamps=0.55,
        lamp_pitch=(25.0, 55.0),
        lamp_kinds={
            "cobra": 0.1,
            "globe": 0.12,
            "candle": 0.25,
            "curved": 0.18,
            "flat": 0.25,
            "lantern": 0.1,
        },
        pole_offset=(0.15, 1.0),
        masts=0.15,
        concrete=0.2,
        signs=0.018,
        posts=0.006,
        bollards=0.003,
        meters=0.0,
        lights=0.03,
        spans=0.0,
        overhead=0.0,
        people=0.008,
        ghosts=0.002,
        bins=0.02,
        bicycles=0.006,
        benches=0.003,
        furniture=0.006,
        large=0.004,
        large_kinds={"panel": 0.3, "skip": 0.35, "container": 0.1, "shelter": 0.25},
    ),
    "boulevard": replace(
        _SHREC20,
        slope=(0.0, 0.04),
        kerb=(0.08, 0.2),
        lane=(2.8, 3.4),
        lanes=(2, 4),
        medians=0.85,
        median=(0.4, 3.6),
        verge=0.75,
        verge_width=(0.9, 3.5),
        service=0.35,
        pavement=(1.8, 5.0),
        bends={"straight": 0.5, "gentle": 0.5},
        crossing=(90.0, 260.0),
        cross=(3.0, 9.0),
        cross_pavement=(1.5, 3.5),
        bridge=0.05,
        viaduct=0.0,
        kinds={"downtown": 0.3, "institute": 0.32, "flats": 0.18, "mixed": 0.1, "park": 0.1},
        set_back=1.0,
        back=(0.0, 6.0),
        square=0.1,
        car_park=0.1,
        empty=0.1,
        yards=0.25,
        plain_walls=0.4,
        box_hedges=0.35,
        beds=0.5,
        huts=0.1,
        layered=0.65,
        parking={"parallel": 0.18, "bay": 0.22, "perpendicular": 0.02, "slanted": 0.06, "none": 0.6},
        parked=(0.0, 0.9),
        fleet={
            **_SHREC20.fleet,
            "hatchback": 0.2,
            "suv": 0.2,
            "van": 0.1,
            "truck": 0.05,
            "lorry": 0.04,
            "bus": 0.05,
            "coach": 0.03,
            "articulated": 0.02,
            "delivery": 0.06,
            "semi": 0.03,
        },
        special=0.01,
        loose=0.004,
        ranks=0.45,
        truck_rows=0.25,
        rank_kinds={
            "bus": 0.2,
            "coach": 0.2,
            "truck": 0.15,
            "lorry": 0.15,
            "delivery": 0.15,
            "minibus": 0.1,
            "semi": 0.05,
        },
        traffic=0.008,
        queue=0.4,
        tree_rows=0.7,
        trees_back=0.2,
        tree_pitch=(5.0, 16.0),
        tree_height=(4.0, 19.0),
        tree_clear=(2.2, 6.0),
        stakes=0.4,
        habits={**_SHREC20.habits, "young": 0.08, "bare": 0.03, "old": 0.15, "palm": 0.16, "evergreen": 0.04},
        lamps=0.85,
        lamp_pitch=(20.0, 45.0),
        lamp_kinds={"cobra": 0.25, "shoebox": 0.1, "curved": 0.25, "flat": 0.3, "high": 0.05, "globe": 0.05},
        pole_offset=(0.3, 1.2),
        masts=0.2,
        concrete=0.8,
        signs=0.04,
        notices=0.01,
        posts=0.025,
        gantries=0.0015,
        bollards=0.012,
        lights=0.8,
        light_arms=0.7,
        level_lights=0.4,
        spans=0.1,
        overhead=0.003,
        people=0.03,
        furniture=0.015,
        large=0.02,
        rails=0.15,
        barriers=0.15,
    ),
    "road": replace(
        _SHREC20,
        slope=(0.0, 0.08),
        wave=(0.0, 0.6),
        kerb=(0.004, 0.06),
        worn=0.004,
        lane=(2.8, 3.75),
        lanes=(1, 3),
        medians=0.3,
        median=(0.4, 3.0),
        verge=1.0,
        verge_width=(0.8, 6.0),
        pavement=(0.0, 0.0),
        bends={"straight": 0.3, "gentle": 0.5, "sharp": 0.2},
        crossing=(150.0, 500.0),
        cross=(2.2, 5.0),
        cross_pavement=(0.0, 0.0),
        tee=0.7,
        bridge=0.15,
        viaduct=0.0,
        kinds={"park": 0.5, "lawn": 0.25, "mixed": 0.25},
        retained=0.1,
        set_back=1.0,
        back=(0.0, 15.0),
        land=0.85,
        square=0.0,
        car_park=0.06,
        empty=0.5,
        yards=0.02,
        plain_walls=0.2,
        box_hedges=0.15,
        beds=0.1,
        huts=0.3,
        second_row=0.15,
        far=0.1,
        parking={"none": 0.93, "bay": 0.07},
        parked=(0.0, 0.5),
        fleet={
            **_SHREC20.fleet,
            "truck": 0.05,
            "lorry": 0.06,
            "coach": 0.02,
            "delivery": 0.04,
            "semi": 0.08,
        },
        special=0.05,
        loose=0.002,
        ranks=0.1,
        truck_rows=0.25,
        depots=0.6,
        rank_kinds={"semi": 0.5, "lorry": 0.3, "truck": 0.2},
        traffic=0.004,
        queue=0.08,
        tree_rows=0.35,
        trees_back=0.8,
        tree_pitch=(6.0, 20.0),
        tree_height=(4.0, 20.0),
        stakes=0.2,
        habits={**_SHREC20.habits, "old": 0.2, "spruce": 0.08, "evergreen": 0.05},
        lamps=0.3,
        lamp_pitch=(30.0, 60.0),
        lamp_kinds={"cobra": 0.35, "curved": 0.25, "flat": 0.25, "high": 0.15},
        pole_offset=(0.7, 2.2),
        masts=0.2,
        mast_pitch=(35.0, 60.0),
        concrete=0.4,
        signs=0.02,
        dressed=0.1,
        posts=0.012,
        post_kinds={"board": 0.65, "camera": 0.15, "post": 0.12, "stop": 0.08},
        delineators=0.55,
        gantries=0.004,
        bollards=0.001,
        meters=0.0,
        lights=0.15,
        spans=0.0,
        overhead=0.003,
        people=0.0,
        ghosts=0.0,
        bins=0.0,
        bicycles=0.0,
        benches=0.0,
        furniture=0.0,
        rails=0.7,
        barriers=0.35,
        hydrants=0.0,
        cross_wires=0.002,
    ),
    "centre": replace(
        _SHREC20,
        slope=(0.0, 0.1),
        kerb=(0.004, 0.04),
        worn=0.006,
        lane=(1.5, 2.6),
        wide=0.0,
        single=1.0,
        verge=0.0,
        pavement=(0.3, 1.1),
        crossing=(30.0, 90.0),
        cross=(1.5, 3.5),
        cross_pavement=(0.3, 1.0),
        tee=0.5,
        bridge=0.01,
        viaduct=0.0,
        kinds={"downtown": 0.78, "terrace": 0.2, "institute": 0.02},
        set_back=0.0,
        square=0.22,
        car_park=0.0,
        empty=0.02,
        layered=0.3,
        plain_walls=0.1,
        box_hedges=0.05,
        beds=0.1,
        huts=0.05,
        second_row=0.1,
        far=0.1,
        parking={"parallel": 0.12, "none": 0.88},
        parked=(0.0, 0.8),
        special=0.01,
        ranks=0.0,
        truck_rows=0.0,
        traffic=0.001,
        queue=0.0,
        tree_rows=0.04,
        tree_height=(3.0, 9.0),
        stakes=0.3,
        habits={**_SHREC20.habits, "cypress": 0.1, "palm": 0.08, "evergreen": 0.1, "old": 0.06},
        hedges=0.1,
        lamps=0.35,
        lamp_pitch=(12.0, 28.0),
        lamp_kinds={"lantern": 0.55, "globe": 0.25, "flat": 0.1, "candle": 0.1},
        pole_offset=(0.1, 0.25),
        masts=0.05,
        signs=0.03,
        posts=0.004,
        post_kinds={"post": 0.7, "camera": 0.2, "flag": 0.1},
        bollards=0.06,
        meters=0.03,
        lights=0.05,
        spans=0.0,
        overhead=0.0,
        people=0.06,
        ghosts=0.02,
        bins=0.02,
        bicycles=0.03,
        benches=0.0,
        furniture=0.0,
        large=0.05,
        large_kinds={"scooters": 0.45, "terrace": 0.55},
        hydrants=0.0,
        cross_wires=0.03,
    ),
}
"""Name -> style: old Dutch quarters as in SHREC'20, an American university town, town centres on a tripod; quiet
suburbs, wide arterial roads, roads outside of town, and centres older than cars."""
