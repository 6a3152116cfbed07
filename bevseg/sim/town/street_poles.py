"""Poles along the kerb: lamp posts, masts with wires, signs, bollards, meters, boards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np

from bevseg.sim.distributions import drawn
from bevseg.sim.mesh import Mesh
from bevseg.sim.objects import furniture, wires
from bevseg.sim.objects.poles import attachments, lamp_posts, posts, signs, utility_poles
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.layout import Side


def put_poles(builder: Builder, sign: int, side: Side) -> None:
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
            part = attachments.dressed(rng, lamp_posts.lamp_post(rng, kind), style.dressed).mirrored(-sign)
            builder.put(("kerb", sign), part, s + rng.normal(scale=0.5), sign * out, 0.35)
    for s in rng.uniform(builder.start, builder.end, rng.poisson(style.signs * length)):
        part = signs.sign(rng).turned(rng.choice([0.0, np.pi / 2, np.pi]))
        out = near if rng.random() < 0.75 else side.front - rng.uniform(0.1, 0.4)
        builder.put(("kerb", sign), part, s, sign * out, 0.3)
    for start in rng.uniform(builder.start, builder.end, rng.poisson(style.bollards * length)):
        pitch = rng.uniform(1.2, 2.2)
        for s in start + pitch * np.arange(rng.integers(2, 8)):
            builder.put(("kerb", sign), posts.bollard(rng), s, sign * near, 0.2)
    if rng.random() < style.meters:
        pitch = rng.uniform(6.0, 7.0)
        for s in np.arange(builder.start, builder.end, pitch):
            builder.put(("kerb", sign), furniture.parking_meter(rng), s, sign * near, 0.2)
    for s in rng.uniform(builder.start, builder.end, rng.poisson(style.overhead * length)):
        builder.put(("kerb", sign), signs.overhead_sign(rng).mirrored(-sign), s, sign * near, 0.4)
    for s in rng.uniform(builder.start, builder.end, rng.poisson(0.004 * length)):
        part = posts.flag_pole(rng) if rng.random() < 0.5 else posts.post(rng)
        builder.stand(part, s, sign * (side.front + rng.uniform(0.2, 1.5)))
    if style.posts:
        put_posts(builder, sign, side)
    if style.delineators and rng.random() < style.delineators:
        out = side.kerb + rng.uniform(0.4, 1.0)
        for s in np.arange(builder.start + rng.uniform(0, 20), builder.end, rng.uniform(18.0, 50.0)):
            builder.put(("kerb", sign), posts.delineator(rng), s, sign * out, 0.15)


POSTS: Mapping[str, Callable[[np.random.Generator], Mesh]] = {
    "board": signs.board,
    "stop": signs.stop_post,
    "camera": posts.camera,
    "flag": posts.flag_pole,
    "post": posts.post,
}
"""Name -> the function that returns the pole."""


def put_posts(builder: Builder, sign: int, side: Side) -> None:
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
        builder.put(("kerb", sign), part, s, sign * (side.kerb + out), 0.4)


def _masts(builder: Builder, sign: int, side: Side) -> None:
    """Put masts with wires between them, also over cross streets; some wires go to houses or over the road."""
    rng, style = builder.rng, builder.style
    t = sign * (side.kerb + rng.uniform(0.3, 0.7))
    concrete = style.concrete and rng.random() < style.concrete
    line, height = (
        utility_poles.Line.concrete(rng) if concrete else utility_poles.Line.draw(rng),
        builder.terrain.height,
    )
    spots = [builder.start + rng.uniform(0, 15)]
    while spots[-1] < builder.end:
        spots.append(spots[-1] + rng.uniform(*style.mast_pitch))
    sag = rng.uniform(0.008, 0.025)
    standing = []
    for s in spots:
        if builder.take(("kerb", sign), s - 0.4, s + 0.4, margin=0.8):
            mast = attachments.dressed(rng, utility_poles.utility_pole(rng, line), style.dressed)
            builder.stand(mast.mirrored(-sign), s, t)
            standing.append(s)
    hooks = np.column_stack([np.zeros(len(line.hooks)), -sign * line.hooks[:, 0], line.hooks[:, 1]])
    for s, after in pairwise(standing):
        rise = float(height(after, t) - height(s, t))
        ends = hooks + np.array((after - s, 0, rise))
        builder.stand(wires.wires(hooks, ends, line.hooks[:, 2], sag), s, t)
    for s in standing:
        if rng.random() > style.cross_wires * 30:
            continue
        over = rng.random() < 0.25
        reach = (-2 * side.kerb if over else side.facade - side.kerb) * sign
        start = np.array([[0.0, 0.0, line.hooks[:, 1].min()]])
        end = np.array([[rng.uniform(-9, 9), reach, rng.uniform(3.5, 6.5) if not over else start[0, 2]]])
        builder.stand(wires.wires(start, end, np.array([0.012]), 0.02), s, t)
