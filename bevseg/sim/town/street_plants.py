"""Street trees, what stands close to them, and hedges and shrubs of verges."""

from __future__ import annotations

import numpy as np

from bevseg.sim.distributions import drawn
from bevseg.sim.objects import bins, shrubs, trees
from bevseg.sim.objects.poles import lamp_posts, posts, signs
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.layout import Side

_TREES = 80_000
"""Triangles of all street trees of one side, per 150 m. Where many trees stand, each has fewer triangles."""
_OWN_CLEARANCE = ("young", "conical", "spruce", "cypress", "evergreen", "palm")
"""Habits of trees that nobody prunes to the clearance of street trees."""
_LEAST_CLEAR = 3.8
"""No tree is pruned higher than this or half its height, a lower one to half its height at most, m."""


def plant_trees(builder: Builder, sign: int, side: Side, lanes: float) -> list[float]:
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


def plant_companions(builder: Builder, sign: int, side: Side, trunks: list[float]) -> None:
    """Put thin poles, shrubs or a bin close to trunks, where they are hard to separate."""
    rng = builder.rng
    for s in trunks:
        draw = rng.random()
        along = s + rng.choice([-1, 1]) * rng.uniform(0.5, 1.1)
        out = sign * (side.kerb + rng.uniform(0.25, 0.9))
        if draw < 0.06:
            builder.stand(signs.sign(rng, "parking"), along, out)
        elif draw < 0.09:
            builder.stand(posts.post(rng), along, out)
        elif draw < 0.12:
            builder.stand(bins.litter_bin(rng), along, out)
        elif draw < 0.18:
            builder.stand(shrubs.bush(rng, rng.uniform(0.25, 0.5), rng.uniform(0.3, 0.9)), along, out)
        elif draw < 0.24:  # in the crown
            lamp = lamp_posts.lamp_post(rng, drawn(rng, builder.style.lamp_kinds)).mirrored(-sign)
            builder.stand(lamp, s + rng.choice([-1, 1]) * rng.uniform(0.8, 2.5), out)


def plant_verge(builder: Builder, sign: int, side: Side) -> None:
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
