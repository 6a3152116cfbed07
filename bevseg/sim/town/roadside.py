"""Objects on and along the carriageway: vehicles, trees, poles and wires, people and street furniture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bevseg.sim.distributions import Span, between, drawn
from bevseg.sim.mesh import Mesh, merge
from bevseg.sim.objects import attachments, clutter, huts, poles, shrubs, trees
from bevseg.sim.objects.cars import BODIES, car, moving, parked, vehicle
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.layout import Crossing, Side

_TREES = 80_000
"""Triangles of all street trees of one side, per 150 m. Where many trees stand, each has fewer triangles."""
TWO_LANES = 5.4
"""Half a carriageway has two lanes if it is wider than this, m."""
_BUSY = 8.0
"""Greatest number of vehicles in the lane beside the scanner, where many stand, over those in the other direction."""
_OWN_CLEARANCE = ("young", "conical", "spruce", "cypress", "evergreen", "palm")
"""Habits of trees that nobody prunes to the clearance of street trees."""
_LEAST_CLEAR = 3.8
"""No tree is pruned higher than this or half its height, a lower one to half its height at most, m."""
_NARROW, _DRIVEN = 1.2, 1.7
"""Where a pavement is narrower than the first, cafés and scooters stand on the road too, further than the second from
its middle, m."""
_PASSED = 2.3
"""Distance from the centreline, m, up to which nothing stands but vehicles on their lanes."""
_LONGEST = 16.0
"""Vehicles that appear longer than this in the scan, because of their motion, are left out, m."""


@dataclass(frozen=True)
class Parking:
    """How cars park along a kerb; lengths in m."""

    width: float
    """Width added to the lane."""
    pitch: float
    """Width of the place of a car where cars stand side by side; 0 where they stand one behind the other."""
    angle: Span = (0.0, 0.0)
    """Angle to the kerb, degrees."""
    inset: Span = (0.1, 0.4)
    """Distance from the kerb to the nearest side or end of a car; negative on the pavement."""
    empty: bool = False


PARKING = {
    "parallel": Parking(2.1, 0.0),
    "bay": Parking(2.9, 0.0),
    "perpendicular": Parking(5.0, 2.65, angle=(90, 90), inset=(-0.3, 0.5)),
    "slanted": Parking(4.6, 2.65, angle=(30, 70), inset=(-0.1, 0.5)),
    "half": Parking(1.1, 0.0, inset=(-1.1, -0.5)),
    "none": Parking(0.4, 0.0, empty=True),
}


def fill(builder: Builder, sign: int, parking: Parking) -> None:
    """Furnish one side (1 left, -1 right) from its lane to its pavement."""
    side = builder.terrain.side(sign)
    _poles(builder, sign, side)
    trunks = _trees(builder, sign, side, max(side.kerb - parking.width, min(side.kerb, _PASSED + 0.2)))
    _companions(builder, sign, side, trunks)
    _verge(builder, sign, side)
    if not parking.empty:
        _parked(builder, sign, side, parking)
    _people(builder, sign, side)
    _furniture(builder, sign, side)
    if builder.style.large:
        _large(builder, sign, side)
    if builder.style.loose:
        _loose(builder, sign, side)


def lanes(half: float, median: float = 0.0, count: int = 0) -> list[float]:
    """Return the distances from the centreline to the lanes of one direction, m, from the inside out.

    Half the carriageway is `half` m wide, with half the strip between the directions, `median`. It has `count` lanes,
    or, for 0, two where it is wide and else one.
    """
    if count:
        return [median + (half - median) * (k + 0.5) / count for k in range(count)]
    return [half / 2] if half < TWO_LANES else [0.4 * half, 0.8 * half]


# Vehicles.


def _parked(builder: Builder, sign: int, side: Side, parking: Parking) -> None:
    """Park cars along the kerb, in full and in empty stretches."""
    rng, style = builder.rng, builder.style
    angle = np.radians(rng.uniform(*parking.angle))
    backward = rng.random() < 0.3
    if parking.pitch == 0 and rng.random() < style.ranks:
        _rank(builder, sign, side)
    s, taken, left = builder.start, rng.uniform(*style.parked), int(rng.integers(3, 9))
    while s < builder.end:
        if left == 0:
            taken, left = rng.uniform(*style.parked), int(rng.integers(3, 9))
        left -= 1
        if rng.random() > taken:
            s += parking.pitch or rng.uniform(4, 9)
            continue
        part = parked(rng, style.fleet, style.special, longest=np.inf if parking.pitch == 0 else 5.8)
        length, width = np.ptp(part.corners[..., 0]), np.ptp(part.corners[..., 1])
        room = length + rng.uniform(0.5, 1.5) if parking.pitch == 0 else parking.pitch / np.sin(angle)
        if not builder.take(("park", sign), s, s + room, margin=1.5):
            s += 1.0
            continue
        along = s + room / 2
        deep = (width * np.cos(angle) + length * np.sin(angle)) / 2
        out = side.kerb - deep - rng.uniform(*parking.inset)
        heading = _heading(builder, sign, angle, backward=backward) + rng.normal(scale=0.02)
        builder.lay(part.turned(heading), along, sign * out)
        s += room


def _heading(builder: Builder, sign: int, angle: float, *, backward: bool) -> float:
    """Return the direction of a parked car, rad: with the traffic of its side, or at an angle to the kerb."""
    along = 0.0 if sign < 0 else np.pi
    if angle:
        return float(along - angle + (np.pi if backward ^ bool(builder.rng.random() < 0.1) else 0.0))
    return float(along + (np.pi if builder.rng.random() < 0.15 else 0.0))


def _rank(builder: Builder, sign: int, side: Side) -> None:
    """Park large vehicles of one kind in a row at the kerb, as shuttle buses wait."""
    rng = builder.rng
    kind = drawn(rng, builder.style.rank_kinds)
    s = rng.uniform(builder.start, builder.end)
    for _ in range(int(rng.integers(2, 4 if BODIES[kind].reach() > 9.0 else 8))):
        part = vehicle(rng, kind)
        length, width = np.ptp(part.corners[..., 0]), np.ptp(part.corners[..., 1])
        if builder.take(("park", sign), s, s + length + 0.6, margin=1.5):
            out = side.kerb - width / 2 - rng.uniform(0.1, 0.4)
            builder.lay(part.turned(0.0 if sign < 0 else np.pi), s + length / 2 + 0.3, sign * out)
        s += length + rng.uniform(0.6, 1.5)


def _loose(builder: Builder, sign: int, side: Side) -> None:
    """Put single vehicles half on the pavement, or across verge and pavement where there is room, at an angle."""
    rng, style = builder.rng, builder.style
    room, length = side.front - side.kerb, builder.end - builder.start
    for s in rng.uniform(builder.start, builder.end, rng.poisson(style.loose * length)):
        part = parked(rng, style.fleet, style.special, longest=7.5)
        along = np.ptp(part.corners[..., 0])
        across = room > along - 1.0 and rng.random() < 0.6
        turn = rng.normal(scale=0.2) + (
            np.pi / 2 * rng.choice([-1, 1]) if across else np.pi * rng.integers(2)
        )
        part = part.turned(turn)
        half, deep = np.ptp(part.corners[..., 0]) / 2, np.ptp(part.corners[..., 1])
        strips = [("kerb", sign), ("walk", sign), ("park", sign)]
        out = max(side.front - 0.2, max(side.kerb - 1.0, _PASSED) + deep) - deep / 2
        if out + deep / 2 > side.front + 0.2 or not builder.take(strips, s - half, s + half, margin=2.0):
            continue
        builder.lay(part, s, sign * out)


def traffic(builder: Builder, lanes: list[tuple[float, int]]) -> None:
    """Put moving vehicles, distorted by their motion, and queues before a crossing.

    They use `lanes`, (t of the middle m, direction) each, without that of the scanner; 1 is the direction in which
    it drives.
    """
    rng, style = builder.rng, builder.style
    span = builder.end - builder.start
    slant = rng.choice(
        [-1.0, -0.5, 0.0]
    )  # profiles that reach ahead on the right, as line scanners have them
    for t, way in lanes:
        count = rng.poisson(rng.uniform(0, 2 if way < 0 else _BUSY) * style.traffic * span)
        for s in rng.uniform(builder.start, builder.end, count):
            part = moving(car(rng, style.fleet).turned(0.0 if way > 0 else np.pi), _pace(rng, way), slant)
            length = np.ptp(part.corners[..., 0])
            if length < _LONGEST and builder.take(("lane", t), s - length, s + length):
                builder.lay(part, s, t)
    for crossing in builder.terrain.crossings:
        for t, way in lanes:
            if rng.random() > style.queue:
                continue
            s = crossing.s - way * (crossing.half + 3.0)
            for _ in range(int(rng.integers(2, 6))):
                part = car(rng, style.fleet)
                length = np.ptp(part.corners[..., 0])
                middle = s - way * length / 2
                if builder.take(("lane", t), middle - length / 2, middle + length / 2):
                    builder.lay(part.turned(0.0 if way > 0 else np.pi), middle, t)
                s -= way * (length + rng.uniform(1.0, 3.0))


def _pace(rng: np.random.Generator, way: int) -> float:
    """Return the speed of a vehicle over that of the scanner, in the same direction (1) or the other (-1)."""
    if way < 0:
        return float(-rng.uniform(0.4, 1.3))
    return float(rng.choice([0.0, rng.uniform(0.0, 0.7), rng.uniform(1.4, 2.5)], p=[0.5, 0.3, 0.2]))


# Plants.


def _trees(builder: Builder, sign: int, side: Side, lanes: float) -> list[float]:
    """Plant a row of trees at the kerb, with crowns over cars and road; return their positions.

    The lanes end `lanes` m from the centreline.
    """
    rng, style = builder.rng, builder.style
    if rng.random() > style.tree_rows:
        return []
    offset = side.verge * rng.uniform(0.3, 0.7) if side.verge else rng.uniform(0.45, 0.8)
    if rng.random() < style.trees_back:
        offset = side.front - side.kerb - rng.uniform(0.2, 0.6)
    pitch, habit = rng.uniform(*style.tree_pitch), drawn(rng, style.habits)
    young, mixed = rng.random() < 0.15, rng.random() < 0.3
    low, high = style.tree_height
    middle = rng.uniform(low, high)
    spots = np.arange(builder.start, builder.end, pitch)
    detail = min(1.0, _TREES * (builder.end - builder.start) / 190 / (7500 * max(len(spots), 1)))
    planted = []
    for s in spots:
        along = float(s + rng.normal(scale=0.1 * pitch))
        if rng.random() > 0.85 or not builder.take(("kerb", sign), along - 0.7, along + 0.7, margin=2.0):
            continue
        kind = "young" if young or rng.random() < 0.06 else drawn(rng, style.habits) if mixed else habit
        height = None if kind == "young" else float(np.clip(rng.normal(middle, 0.12 * middle), low, high))
        clear = None if kind in _OWN_CLEARANCE else rng.uniform(*style.tree_clear)
        if clear and height:
            clear = min(clear, 0.5 * height if height < _LEAST_CLEAR else max(0.5 * height, _LEAST_CLEAR))
        if kind == "young" and rng.random() < style.stakes:
            tree = trees.staked(rng)
        else:
            tree = trees.tree(rng, habit=kind, height=height, clear=clear, detail=max(detail, 0.35))
        t = sign * (side.kerb + offset)
        builder.stand(trees.pruned(rng, tree, t, outer=lanes), along, t)
        planted.append(along)
    return planted


def _companions(builder: Builder, sign: int, side: Side, trunks: list[float]) -> None:
    """Put thin poles, shrubs or a bin close to trunks, where they are hard to separate."""
    rng = builder.rng
    for s in trunks:
        draw = rng.random()
        along = s + rng.choice([-1, 1]) * rng.uniform(0.5, 1.1)
        out = sign * (side.kerb + rng.uniform(0.25, 0.9))
        if draw < 0.06:
            builder.stand(poles.sign(rng, "parking"), along, out)
        elif draw < 0.09:
            builder.stand(poles.post(rng), along, out)
        elif draw < 0.12:
            builder.stand(clutter.litter_bin(rng), along, out)
        elif draw < 0.18:
            builder.stand(shrubs.bush(rng, rng.uniform(0.25, 0.5), rng.uniform(0.3, 0.9)), along, out)
        elif draw < 0.24:  # in the crown
            lamp = poles.lamp_post(rng, drawn(rng, builder.style.lamp_kinds)).mirrored(-sign)
            builder.stand(lamp, s + rng.choice([-1, 1]) * rng.uniform(0.8, 2.5), out)


def _verge(builder: Builder, sign: int, side: Side) -> None:
    """Put hedges, shrubs and beds between the kerb and the pavement; without a verge, a few tubs."""
    rng = builder.rng
    middle = sign * (side.kerb + side.verge / 2)
    if side.verge > 0.9 and rng.random() < 0.15:
        for s in np.arange(builder.start, builder.end, 14.0):
            length = rng.uniform(4, 10)
            if builder.take(("kerb", sign), s, s + length, margin=2.0):
                ragged = rng.choice([0.0, 0.15])
                hedge = shrubs.hedge(rng, length, min(0.8, side.verge), rng.uniform(0.5, 1.0), ragged=ragged)
                builder.drape(hedge, s, middle)
    if side.verge > 0.6 and rng.random() < 0.4:
        for s in rng.uniform(builder.start, builder.end, rng.poisson(0.05 * (builder.end - builder.start))):
            radius = rng.uniform(0.3, min(0.9, 0.7 * side.verge))
            if builder.take(("kerb", sign), s - radius, s + radius, margin=2.0):
                builder.stand(shrubs.bush(rng, radius, rng.uniform(0.4, 1.3)), s, middle)
    if side.verge > 0.6 and rng.random() < 0.25:
        for s in rng.uniform(builder.start, builder.end, rng.poisson(0.03 * (builder.end - builder.start))):
            length, width = rng.uniform(1.5, 6), 0.8 * side.verge
            if builder.take(("kerb", sign), s, s + length, margin=2.0):
                cover = shrubs.ground_cover(rng, length, width, rng.uniform(0.2, 0.6))
                builder.drape(cover.at(0, -width / 2), s, middle)


# Poles.


def _poles(builder: Builder, sign: int, side: Side) -> None:
    """Put lamp posts and masts at regular distances, and signs, bollards and meters in between."""
    rng, style = builder.rng, builder.style
    length = builder.end - builder.start
    near = side.kerb + rng.uniform(*style.pole_offset)
    masts = rng.random() < style.masts
    if masts:
        _masts(builder, sign, side)
    if rng.random() < style.lamps * (0.5 if masts else 1.0):
        kind = drawn(rng, style.lamp_kinds)
        start, pitch = builder.start + rng.uniform(0, 20), rng.uniform(*style.lamp_pitch)
        behind = rng.random() < 0.15
        for s in np.arange(start, builder.end, pitch):
            out = side.front - 0.25 if behind else near
            part = attachments.dressed(rng, poles.lamp_post(rng, kind), style.dressed).mirrored(-sign)
            _put(builder, ("kerb", sign), part, s + rng.normal(scale=0.5), sign * out, 0.35)
    for s in rng.uniform(builder.start, builder.end, rng.poisson(style.signs * length)):
        part = poles.sign(rng).turned(rng.choice([0.0, np.pi / 2, np.pi]))
        out = near if rng.random() < 0.75 else side.front - rng.uniform(0.1, 0.4)
        _put(builder, ("kerb", sign), part, s, sign * out, 0.3)
    for start in rng.uniform(builder.start, builder.end, rng.poisson(style.bollards * length)):
        pitch = rng.uniform(1.2, 2.2)
        for s in start + pitch * np.arange(rng.integers(2, 8)):
            _put(builder, ("kerb", sign), poles.bollard(rng), s, sign * near, 0.2)
    if rng.random() < style.meters:
        pitch = rng.uniform(6.0, 7.0)
        for s in np.arange(builder.start, builder.end, pitch):
            _put(builder, ("kerb", sign), clutter.parking_meter(rng), s, sign * near, 0.2)
    for s in rng.uniform(builder.start, builder.end, rng.poisson(style.overhead * length)):
        _put(builder, ("kerb", sign), poles.overhead_sign(rng).mirrored(-sign), s, sign * near, 0.4)
    for s in rng.uniform(builder.start, builder.end, rng.poisson(0.004 * length)):
        part = poles.flag_pole(rng) if rng.random() < 0.5 else poles.post(rng)
        builder.stand(part, s, sign * (side.front + rng.uniform(0.2, 1.5)))
    if style.posts:
        _posts(builder, sign, side)
    if style.delineators and rng.random() < style.delineators:
        out = side.kerb + rng.uniform(0.4, 1.0)
        for s in np.arange(builder.start + rng.uniform(0, 20), builder.end, rng.uniform(18.0, 50.0)):
            _put(builder, ("kerb", sign), poles.delineator(rng), s, sign * out, 0.15)


POSTS: Mapping[str, Callable[[np.random.Generator], Mesh]] = {
    "board": poles.board,
    "stop": poles.stop_post,
    "camera": poles.camera,
    "flag": poles.flag_pole,
    "post": poles.post,
}
"""Name -> the function that returns the pole."""


def _posts(builder: Builder, sign: int, side: Side) -> None:
    """Put boards, posts of stops, cameras and flags at the kerb, or close to hedges and walls behind the pavement."""
    rng, style = builder.rng, builder.style
    for s in rng.uniform(
        builder.start, builder.end, rng.poisson(style.posts * (builder.end - builder.start))
    ):
        part = POSTS[drawn(rng, style.post_kinds)](rng).mirrored(-sign)
        wide = float(np.ptp(part.corners[..., 1]))
        if wide > 1.0 and wide + 0.3 > side.front - side.kerb:  # it would reach into houses
            part = part.turned(sign * np.pi / 2)
        out = max(rng.uniform(*style.pole_offset), 0.15 - float((sign * part.corners[..., 1]).min()))
        if wide < 1.0 and rng.random() < 0.35:
            out = side.front - side.kerb + rng.uniform(-0.35, 0.3)
        _put(builder, ("kerb", sign), part, s, sign * (side.kerb + out), 0.4)


def _masts(builder: Builder, sign: int, side: Side) -> None:
    """Put masts with wires between them, also over cross streets; some wires go to houses or over the road."""
    rng, style = builder.rng, builder.style
    t = sign * (side.kerb + rng.uniform(0.3, 0.7))
    concrete = style.concrete and rng.random() < style.concrete
    line, height = poles.Line.concrete(rng) if concrete else poles.Line.draw(rng), builder.terrain.height
    spots = [builder.start + rng.uniform(0, 15)]
    while spots[-1] < builder.end:
        spots.append(spots[-1] + rng.uniform(*style.mast_pitch))
    sag = rng.uniform(0.008, 0.025)
    standing = []
    for s in spots:
        if builder.take(("kerb", sign), s - 0.4, s + 0.4, margin=0.8):
            mast = attachments.dressed(rng, poles.utility_pole(rng, line), style.dressed)
            builder.stand(mast.mirrored(-sign), s, t)
            standing.append(s)
    hooks = np.column_stack([np.zeros(len(line.hooks)), -sign * line.hooks[:, 0], line.hooks[:, 1]])
    for s, after in pairwise(standing):
        rise = float(height(after, t) - height(s, t))
        ends = hooks + np.array((after - s, 0, rise))
        builder.stand(clutter.wires(hooks, ends, line.hooks[:, 2], sag), s, t)
    for s in standing:
        if rng.random() > style.cross_wires * 30:
            continue
        over = rng.random() < 0.25
        reach = (-2 * side.kerb if over else side.facade - side.kerb) * sign
        start = np.array([[0.0, 0.0, line.hooks[:, 1].min()]])
        end = np.array([[rng.uniform(-9, 9), reach, rng.uniform(3.5, 6.5) if not over else start[0, 2]]])
        builder.stand(clutter.wires(start, end, np.array([0.012]), 0.02), s, t)


def _put(builder: Builder, strip: object, part: Mesh, s: float, t: float, half: float) -> None:
    """Put a part on a strip if `half` m to either side are free."""
    if builder.take(strip, s - half, s + half, margin=0.6):
        builder.stand(part, s, t)


# People and furniture.


def _people(builder: Builder, sign: int, side: Side) -> None:
    """Put people on the pavement: alone, in groups, and distorted by their motion."""
    rng, style = builder.rng, builder.style
    kinds: tuple[tuple[float, Callable[[np.random.Generator], Mesh]], ...] = (
        (0.75 * style.people, clutter.standing),
        (0.25 * style.people, clutter.people),
        (style.ghosts, clutter.ghost),
    )
    for density, make in kinds:
        for s in rng.uniform(
            builder.start, builder.end, rng.poisson(density * (builder.end - builder.start))
        ):
            t = between(rng, side.front - side.pavement + 0.2, side.front - 0.1)
            if rng.random() < 0.1:
                t = rng.uniform(0.5 * side.kerb, side.kerb)
            builder.stand(make(rng), s, sign * t)


FURNITURE: tuple[tuple[float, float, Callable[[np.random.Generator], Mesh]], ...] = (
    (0.14, 0.4, clutter.litter_bin),
    (0.12, 0.5, clutter.mailbox),
    (0.08, 1.4, clutter.newspaper_boxes),
    (0.12, 1.0, clutter.cabinet),
    (0.16, 0.5, clutter.planter),
    (0.06, 2.3, clutter.bus_shelter),
    (0.08, 1.2, clutter.dumpster),
    (0.06, 2.0, clutter.tables),
    (0.06, 3.0, clutter.works),
    (0.06, 2.0, clutter.bicycle_rack),
    (0.06, 0.8, clutter.scooter),
)
"""Weight, half the length along the pavement (m), and the function that returns the object."""


def _furniture(builder: Builder, sign: int, side: Side) -> None:
    """Put bins, bicycles, benches, hydrants and all other furniture on the pavement."""
    rng, style = builder.rng, builder.style
    named: tuple[tuple[float, Callable[[np.random.Generator], Mesh]], ...] = (
        (style.bins, clutter.bins),
        (style.bicycles, clutter.bicycle),
        (style.benches, clutter.bench),
        (style.hydrants, clutter.hydrant),
    )
    length, back = builder.end - builder.start, side.front - side.pavement
    for density, make in named:
        for s in rng.uniform(builder.start, builder.end, rng.poisson(density * length)):
            t = back + 0.35 if make is clutter.hydrant else between(rng, back + 0.5, side.front - 0.3)
            _put(builder, ("walk", sign), make(rng).mirrored(sign), s, sign * t, 1.0)
    shares = np.array([share for share, _, _ in FURNITURE])
    for s in rng.uniform(builder.start, builder.end, rng.poisson(style.furniture * length)):
        _, half, make = FURNITURE[rng.choice(len(FURNITURE), p=shares / shares.sum())]
        t = back + 0.45 if rng.random() < 0.5 else side.front - 0.5
        _put(builder, ("walk", sign), make(rng).mirrored(sign), s, sign * t, half)


def _bus_stop(rng: np.random.Generator, _room: float) -> Mesh:
    """Return a shelter with the post of its stop; the post is an instance of its own."""
    return merge([clutter.bus_shelter(rng), poles.stop_post(rng).at(-rng.uniform(0.8, 2.5), 0.2).numbered(1)])


def _scooters(rng: np.random.Generator, room: float) -> Mesh:
    """Return scooters side by side, or one behind the other where there is little room."""
    if room > 2.2:
        return clutter.scooters(rng).at(0.0, -0.3)
    return merge(clutter.scooter(rng).at(2.0 * k).numbered(k) for k in range(int(rng.integers(1, 4))))


LARGE: Mapping[str, Callable[[np.random.Generator, float], Mesh]] = {
    "panel": lambda rng, _: clutter.panel(rng).turned(np.pi / 2 * rng.integers(2)),
    "skip": lambda rng, _: clutter.skip(rng),
    "container": lambda rng, _: clutter.container(rng),
    "kiosk": lambda rng, _: clutter.kiosk(rng),
    "scooters": _scooters,
    "terrace": lambda rng, room: clutter.terrace(
        rng, rng.uniform(2.5, 10.0), min(room - 0.4, rng.uniform(1.2, 4.0))
    ),
    "shelter": _bus_stop,
    "walkway": lambda rng, _: huts.walkway(rng, rng.uniform(8.0, 30.0)),
}
"""Name -> the function that returns what needs the room between kerb and front, in m, or a part of it."""


def _large(builder: Builder, sign: int, side: Side) -> None:
    """Put cafés, rows of scooters, stalls, panels, skips and roofs on the pavement, where there is room for them."""
    rng, style = builder.rng, builder.style
    inner = side.front - side.pavement
    if side.pavement < _NARROW:
        inner = min(inner, max(_DRIVEN, side.front - 2.6))
    room = side.front - inner - 0.2
    for s in rng.uniform(
        builder.start, builder.end, rng.poisson(style.large * (builder.end - builder.start))
    ):
        kind = drawn(rng, style.large_kinds)
        if kind == "terrace" and room < 1.6:
            continue
        part = LARGE[kind](rng, room).mirrored(sign)
        low, high = part.corners.reshape(-1, 3).min(axis=0), part.corners.reshape(-1, 3).max(axis=0)
        if high[1] - low[1] > room or not builder.take(
            ("walk", sign), s, s + high[0] - low[0] + 0.6, margin=0.5
        ):
            continue
        outer = sign * (side.front - 0.1) - (high[1] if sign > 0 else low[1])
        put = (
            builder.drape
            if kind in ("skip", "container", "scooters", "terrace", "walkway")
            else builder.stand
        )
        put(part, s + 0.3 - low[0], outer)


# Cross streets.


def fill_crossings(builder: Builder) -> None:
    """Put signs or traffic lights at the corners, and park cars around them."""
    rng, style = builder.rng, builder.style
    for crossing in builder.terrain.crossings:
        lights = rng.random() < style.lights
        level = lights and style.level_lights and rng.random() < style.level_lights
        for sign in (1, -1):
            side = builder.terrain.side(sign)
            for end in (1, -1):
                corner = crossing.s + end * (crossing.half + rng.uniform(0.4, 1.2))
                if level:
                    part = poles.level_light(rng)
                else:
                    part = poles.traffic_light(rng, style.light_arms) if lights else poles.sign(rng)
                builder.stand(part.mirrored(-sign), corner, sign * (side.kerb + rng.uniform(0.4, 0.9)))
                if lights and rng.random() < 0.4:
                    light = poles.pedestrian_light(rng).turned(rng.uniform(0, 2 * np.pi))
                    builder.stand(light, corner + end * 1.5, sign * (side.kerb + 0.6))
        if rng.random() < style.spans:
            _span(builder, crossing)


def _span(builder: Builder, crossing: Crossing) -> None:
    """Hang traffic lights from wires between masts: from corner to corner across, along or around a crossing."""
    rng, height = builder.rng, builder.terrain.height
    away, tall = crossing.half + rng.uniform(0.8, 2.0), rng.uniform(7.0, 9.0)
    out = rng.uniform(0.8, 1.6)
    corners = [
        np.array((crossing.s + end * away, sign * (builder.terrain.side(sign).kerb + out)))
        for sign, end in ((1, 1), (1, -1), (-1, -1), (-1, 1))
    ]
    pairs = (((0, 2),), ((0, 3), (1, 2)), ((0, 1), (1, 2), (2, 3), (3, 0)))[int(rng.integers(3))]
    for k in sorted({k for pair in pairs for k in pair}):
        builder.stand(poles.span_mast(rng, tall + rng.uniform(0.1, 1.0)), *corners[k])
    for a, b in pairs:
        start, end = (np.append(corners[k], float(height(*corners[k])) + tall) for k in (a, b))
        sag = rng.uniform(0.01, 0.025)
        builder.place(clutter.wires(start[None], end[None], np.array([0.015]), sag))
        for share in rng.uniform(0.25, 0.75, int(rng.integers(1, 4))):
            x, y, z = start + share * (end - start)
            dip = 4 * sag * float(np.linalg.norm(end - start)) * share * (1 - share)
            builder.place(poles.hanging_lights(rng).at(x, y, z - dip))
