"""A kind of town: the ranges, shares and densities that a street is drawn from.

A `Span` is a uniform distribution. The shares of a mapping are weights: they need not add up to 1. A value without a
source is chosen by eye, from what such streets look like.
"""

from __future__ import annotations

from dataclasses import dataclass, field

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
    """Of the kinds of `parking.PARKING`, per side."""
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
    """Of the kinds of vehicles, `bodies.BODIES`: of parked ones and of those under way."""
    special: float = 0.0
    """Share of the parked vehicles that are of `special.SPECIAL`: caravans, trailers, tractors, covered cars."""
    loose: float = 0.0
    """Vehicles that stand alone on a pavement or a verge, at an angle, per m; also on squares, unless it is 0."""
    ranks: float = 0.03
    """Chance, per side, of a row of shuttle buses, coaches or trucks at the kerb."""
    rank_kinds: Shares = field(
        default_factory=lambda: {"minibus": 0.65, "bus": 0.1, "van": 0.15, "truck": 0.1}
    )
    """What such a row is of, kinds of `bodies.BODIES`."""
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
    """Of the kinds of `lamp_posts.LAMPS`, per side."""
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
    """Boards, cameras and the other kinds of `street_poles.POSTS`, per m."""
    post_kinds: Shares = field(
        default_factory=lambda: {"board": 0.3, "stop": 0.3, "camera": 0.2, "flag": 0.1, "post": 0.1}
    )
    """Of the kinds of `street_poles.POSTS`."""
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
    """Boxes, tubs, shelters, café tables and the other kinds of `pavement.FURNITURE`."""
    large: float = 0.0
    """Panels, skips, kiosks, cafés and the other kinds of `pavement.LARGE`, per m."""
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
    """Of the kinds of `pavement.LARGE`."""
    rails: float = 0.0
    """Chance of a guard rail, per 100 m of a side."""
    barriers: float = 0.0
    """Chance of a noise barrier or a long wall behind the pavement, per 100 m of a side."""
    hydrants: float = 0.003
    """Fire hydrants."""
    cross_wires: float = 0.01
    """Wires from a mast to a house or over the road."""
