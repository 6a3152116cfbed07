"""Trees with trunk, boughs, twigs and clusters of leaves.

A crown is built from its outline: masses of foliage are scattered within it, each hangs on a bough of the trunk by a
branch of its own and splits into tufts, and leaves crowd round the tufts. Between the masses beams get through.
Leaves are loose triangles. The frame of a tree has its origin on the ground.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.distributions import Span
from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beams, leaves, merge

Points = NDArray[np.float64]

LEAVES = 6500
"""Greatest number of leaves of a tree."""
_FACE = np.sqrt(3) / 4
"""Mean area of a triangle that `leaves` makes of size 1."""


class Habit(NamedTuple):
    """How a kind of tree grows; lengths in m.

    Heights, trunks and crowns lie within the ranges of street tree inventories (McPherson, van Doorn & Peper 2016,
    Urban tree database, USDA RDS-2016-0005: trunks of 5 to 90 cm, heights of 3 to 25 m, crowns of 2 to 18 m).
    """

    height: Span
    spread: Span
    """Radius of the crown over the height of the tree."""
    clear: Span
    """Height of the lowest leaves."""
    trunk: Span
    """Diameter at breast height, of the smallest and the tallest."""
    outline: tuple[float, ...]
    """Radius of the crown over its largest, at even steps from its foot to its top."""
    boughs: Span
    stems: Span = (1, 1)
    whorled: bool = False
    """Whether branches leave the trunk on all levels and not from boughs."""
    full: float = 0.0
    """Least closure of the crown: from 0, masses of leaves with gaps, to 1, a closed surface of leaves."""
    hanging: float = 0.0
    """Length of hanging twigs over the height of the crown."""
    bare: bool = True
    """Whether a bare tree may grow like this, where branches do not leave the trunk on all levels."""
    fronds: bool = False
    """Whether it is a palm: one tuft of long leaves on top of a trunk."""


HABITS = {
    "round": Habit((6, 16), (0.26, 0.42), (2.0, 4.2), (0.15, 0.6), (0.45, 0.85, 1.0, 0.97, 0.8, 0.4), (5, 9)),
    "oval": Habit((5, 13), (0.2, 0.3), (1.8, 3.0), (0.12, 0.4), (0.5, 0.9, 1.0, 0.9, 0.65, 0.25), (5, 8)),
    "spreading": Habit((7, 15), (0.42, 0.6), (2.2, 4.5), (0.3, 0.9), (0.6, 0.95, 1.0, 0.85, 0.5), (5, 10)),
    "vase": Habit((7, 17), (0.3, 0.42), (2.5, 4.5), (0.2, 0.7), (0.2, 0.5, 0.8, 1.0, 0.9, 0.45), (4, 7)),
    "columnar": Habit((5, 14), (0.08, 0.15), (0.8, 2.2), (0.1, 0.35), (0.7, 1.0, 1.0, 0.9, 0.7, 0.3), (4, 7)),
    "conical": Habit(
        (4, 16), (0.18, 0.3), (0.0, 1.2), (0.12, 0.5), (1.0, 0.9, 0.7, 0.5, 0.3, 0.04), (0, 0), whorled=True
    ),
    "pine": Habit(
        (8, 18), (0.2, 0.32), (3.0, 6.0), (0.2, 0.5), (0.6, 1.0, 0.9, 0.75, 0.4), (0, 0), whorled=True
    ),
    "dome": Habit((3.5, 9), (0.34, 0.48), (0.8, 2.0), (0.12, 0.4), (0.7, 0.95, 1.0, 0.9, 0.7, 0.3), (5, 9), full=0.7),
    "weeping": Habit((5, 12), (0.35, 0.5), (0.6, 1.8), (0.2, 0.7), (0.9, 1.0, 1.0, 0.9, 0.5), (5, 8), hanging=0.25),
    "multistem": Habit((2.8, 7), (0.32, 0.5), (0.5, 1.8), (0.06, 0.15), (0.6, 0.95, 1.0, 0.8, 0.4), (2, 3), (2, 6)),
    "young": Habit((2.8, 5.5), (0.14, 0.26), (1.5, 2.2), (0.04, 0.1), (0.5, 0.95, 1.0, 0.8, 0.3), (3, 5)),
    "old": Habit(
        (10, 24), (0.34, 0.55), (2.2, 5.5), (0.42, 0.88), (0.5, 0.9, 1.0, 0.95, 0.8, 0.4), (8, 14), bare=False
    ),
    "spruce": Habit(
        (3, 18), (0.2, 0.34), (0.0, 0.3), (0.1, 0.45), (1.0, 0.86, 0.68, 0.5, 0.28, 0.05), (0, 0), whorled=True,
        full=0.7,
    ),
    "cypress": Habit(
        (3, 15), (0.07, 0.13), (0.05, 0.3), (0.08, 0.35), (0.75, 1.0, 1.0, 0.85, 0.6, 0.15), (0, 0),
        whorled=True, full=0.9,
    ),
    "evergreen": Habit(
        (2, 6), (0.3, 0.6), (0.05, 0.3), (0.05, 0.2), (0.85, 1.0, 0.95, 0.8, 0.5), (0, 0), (1, 4),
        whorled=True, full=0.8,
    ),
    "palm": Habit(
        (4, 16), (0.16, 0.3), (3.0, 14.0), (0.25, 0.55), (1.0, 1.0), (0, 0), bare=False, fronds=True
    ),
}  # fmt: skip
"""Kinds of trees; a bare tree is one of them without leaves."""
BARE = "bare"
"""Name of a tree in winter, among the habits of a style."""


def tree(
    rng: np.random.Generator,
    *,
    habit: str | None = None,
    height: float | None = None,
    radius: float | None = None,
    clear: float | None = None,
    detail: float = 1.0,
) -> Mesh:
    """Return a tree.

    Parameters
    ----------
    rng
        Draws what is not given.
    habit
        One of `HABITS`, or `BARE`; None draws one that grows as high as `height`.
    height, radius, clear
        Of the tree, of its crown, and of the lowest leaves over the ground, m.
    detail
        Share of leaves and twigs that are built; the leaves get larger instead. Far trees need fewer.
    """
    bare = habit == BARE
    if habit is None or bare:
        high = 9.0 if height is None else height
        fit = [name for name, kind in HABITS.items() if kind.height[0] <= high <= kind.height[1]]
        fit = [name for name in fit if not bare or (HABITS[name].bare and not HABITS[name].whorled)] or [
            "round"
        ]
        habit = str(rng.choice(fit))
    kind = HABITS[habit]
    low, high = kind.height
    size = rng.beta(1.6, 1.8) if height is None else float(np.clip((height - low) / (high - low), 0, 1))
    height = low + size * (high - low) if height is None else height
    radius = rng.uniform(*kind.spread) * height if radius is None else radius
    clear = min(rng.uniform(*kind.clear), 0.5 * height) if clear is None else clear
    trunk = (kind.trunk[0] + size * (kind.trunk[1] - kind.trunk[0])) * rng.uniform(0.75, 1.25)
    if kind.fronds:
        return _palm(rng, height, radius, trunk / 2, detail)
    crown = _Crown(rng, kind, height, radius, clear, trunk / 2, detail, bare)
    parts = [crown.wood(bare)]
    if not bare:
        parts.append(crown.foliage(habit))
    if rng.random() < 0.06 and trunk > 0.2:
        parts.append(_ivy(rng, trunk / 2, clear))
    return merge(parts)


def staked(rng: np.random.Generator) -> Mesh:
    """Return a young tree between stakes, some with a guard; these are undefined and an instance of their own."""
    out, high = rng.uniform(0.25, 0.5), rng.uniform(0.9, 1.9)
    count = int(rng.integers(1, 5))
    angle = 2 * np.pi * np.arange(count) / count + rng.uniform(0, 2 * np.pi)
    foot = np.column_stack([out * np.cos(angle), out * np.sin(angle), np.full(count, -0.2)])
    top = foot * (1, 1, 0) + (0, 0, high)
    ties = [beams(top, np.roll(top, 1, axis=0) * (0.98, 0.98, 1), 0.03, Material.WOOD)] if count > 2 else []
    stakes = merge([beams(foot, top, rng.uniform(0.025, 0.05), Material.WOOD, sides=6), *ties])
    return merge([tree(rng, habit="young"), stakes.numbered(1)])


def _palm(rng: np.random.Generator, height: float, radius: float, thick: float, detail: float) -> Mesh:
    """Return a palm: a trunk that leans a little, old leaves below the crown, fronds that rise and fall outward."""
    crown = 0.75 * radius
    top = np.array([*rng.normal(scale=0.03 * height, size=2), height - 0.35 * crown])
    z = np.array([-0.4, 0.25, 0.4 * top[2], top[2]])
    line = np.column_stack([top[:2] * (np.maximum(z, 0) / top[2])[:, None] ** 2, z])
    width = thick * np.array([1.15, 1.0, 0.8, 0.85])
    parts = [beams(line[:-1], line[1:], width[:-1], Material.BARK, sides=9, tips=width[1:])]
    count, pieces = int(rng.integers(14, 34) * max(np.sqrt(detail), 0.5)), 6
    angle = 2.4 * np.arange(count) + rng.normal(scale=0.2, size=count)
    rise = rng.uniform(-0.5, 1.0, count)
    share = np.linspace(0, 1, pieces)
    out = 0.95 * radius * share[None] * rng.uniform(0.8, 1.0, (count, 1))
    up = crown * (1.1 * rise[:, None] * share - rng.uniform(0.5, 0.9, (count, 1)) * share**2)
    way = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    spine = np.concatenate([out[..., None] * way[:, None], up[..., None]], axis=2) + top
    aside = np.stack([-way[:, 1], way[:, 0], np.zeros(count)], axis=1)[:, None]
    broad = rng.uniform(0.14, 0.22) * radius * np.sin(np.pi * np.clip(share, 0.12, 0.92))[None, :, None]
    droop = np.array((0.0, 0.0, 1.0)) * 0.5 * broad
    for side in (-1, 1):  # leaflets hang to both sides of the rib, with gaps
        edge = spine + side * broad * aside - droop
        blades = np.stack([spine[:, :-1], spine[:, 1:], edge[:, 1:]], axis=2).reshape(-1, 3, 3)
        parts.append(Mesh.of(blades, Material.LEAF))
        more = np.stack([spine[:, :-1], edge[:, :-1], (edge[:, 1:] + spine[:, 1:]) / 2], axis=2).reshape(
            -1, 3, 3
        )
        parts.append(Mesh.of(more[rng.random(len(more)) < 0.7], Material.LEAF))
    if rng.random() < 0.5:
        below = rng.uniform(0.5, 2.0)
        ring = rng.uniform(0, 2 * np.pi, 60)
        reach = rng.uniform(0.6, 1.6, 60)[:, None] * width[-1]
        dead = np.column_stack(
            [reach * np.column_stack([np.cos(ring), np.sin(ring)]), -rng.uniform(0, below, 60)]
        )
        parts.append(leaves(top + dead, 0.25, rng))
    return merge(parts)


class _Crown:
    """The points that a tree is built from: axes of the stems, masses of foliage, tufts."""

    def __init__(
        self,
        rng: np.random.Generator,
        kind: Habit,
        height: float,
        radius: float,
        clear: float,
        thick: float,
        detail: float,
        bare: bool,
    ) -> None:
        self.rng, self.kind, self.height, self.radius, self.clear = rng, kind, height, radius, clear
        self.thick, self.detail = thick, detail
        self.depth = height - clear
        self.lean = rng.normal(scale=0.025 * height, size=2)
        wander = rng.normal(scale=0.012 * height, size=(4, 2))
        self.centreline = np.concatenate([np.zeros((1, 2)), wander])
        self.ellipse = np.exp(rng.normal(scale=0.12, size=2))
        self.full = rng.uniform(kind.full, 1.0) if rng.random() < 0.5 and not bare else kind.full
        self.flat = rng.uniform(0.3, 0.7)  # of the masses; foliage in layers
        self.masses = self._masses()
        self.tufts = self._tufts()

    def axis(self, z: Points) -> Points:
        """Middle of the tree (N, 2) at heights (N,)."""
        share = np.clip(z / self.height, 0, 1)
        knots = np.linspace(0, 1, len(self.centreline))
        swing = np.column_stack([np.interp(share, knots, self.centreline[:, i]) for i in (0, 1)])
        return swing + share[:, None] * self.lean

    def outline(self, level: Points) -> Points:
        """Radius of the crown over its largest, at shares (N,) of its depth."""
        return np.interp(level, np.linspace(0, 1, len(self.kind.outline)), self.kind.outline)

    def _masses(self) -> Points:
        """Middles (N, 3) of the masses of foliage, more of them near the surface of the crown."""
        rng = self.rng
        size = self.radius * self.depth
        count = int(
            np.clip(
                rng.uniform(1.0, 2.2) * (1 + self.full) * size * np.sqrt(self.detail), 12, 55 + 10 * self.full
            )
        )
        if self.kind.whorled:
            count = max(count, int(min(8 * self.depth, 70) * np.sqrt(self.detail)))
        tried = rng.random((12 * count, 2))
        level = tried[tried[:, 1] < self.outline(tried[:, 0]) ** 1.5][:count, 0]
        level = 0.04 + 0.92 * level
        angle = rng.uniform(0, 2 * np.pi, len(level))
        out = (
            0.86
            * self.radius
            * self.outline(level)
            * rng.random(len(level)) ** (rng.uniform(0.3, 0.6) * (1 - 0.6 * self.full))
        )
        z = self.clear + level * self.depth
        ring = self.axis(z) + out[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]) * self.ellipse
        return np.column_stack([ring, z])

    def _tufts(self) -> Points:
        """Middles (masses, K, 3) of the tufts of every mass."""
        rng = self.rng
        count = int(np.clip(rng.integers(4, 8) * np.sqrt(self.detail), 3, 8))
        reach = rng.uniform(0.16, 0.26) * self.radius + 0.08
        offset = _near(rng, (len(self.masses), count)) * (reach, reach, self.flat * reach)
        if self.kind.hanging:
            offset[..., 2] -= rng.uniform(0, self.kind.hanging * self.depth, offset.shape[:2])
        tufts = self.masses[:, None] + offset
        tufts[..., 2] = np.maximum(tufts[..., 2], max(0.15, self.clear - 0.25))
        return tufts

    def wood(self, bare: bool) -> Mesh:
        """Stems, boughs, a branch to every mass, a twig to every tuft; more twigs if there is nothing else."""
        rng, kind = self.rng, self.kind
        stems = int(rng.integers(int(kind.stems[0]), int(kind.stems[1]) + 1))
        parts = [self._stem(index, stems) for index in range(stems)]
        if kind.whorled:
            z = np.clip(
                self.masses[:, 2] + rng.uniform(-0.1, 0.25, len(self.masses)), 0.1, 0.97 * self.height
            )
            forks = np.column_stack([self.axis(z), z])
            thin = 0.012 + 0.05 * self.thick
        else:
            starts, ends = self._boughs()
            limb = self.thick * rng.uniform(0.35, 0.6)
            middle = (starts + ends) / 2 + rng.normal(scale=0.05 * self.radius, size=starts.shape)
            parts.append(beams(starts, middle, limb, Material.BARK, sides=5, tips=0.75 * limb))
            parts.append(beams(middle, ends, 0.75 * limb, Material.BARK, sides=5, tips=0.35 * limb))
            apart = np.linalg.norm(self.masses[:, None] - (0.4 * middle + 0.6 * ends)[None], axis=2)
            near = apart.argmin(axis=1)
            share = rng.uniform(0, 1, (len(near), 1))
            forks = middle[near] * (1 - share) + ends[near] * share
            thin = 0.2 * limb + 0.006
        parts.append(beams(forks, self.masses, thin, Material.BARK, sides=4, tips=0.5 * thin))
        sprigs, twig = self.tufts, rng.uniform(0.004, 0.009)
        if bare:
            more = self.tufts[:, :, None] + rng.normal(
                scale=0.12 * self.radius, size=(*self.tufts.shape[:2], 3, 3)
            )
            roots = np.broadcast_to(self.tufts[:, :, None], more.shape)
            parts.append(beams(roots, more, twig, Material.BARK, sides=3, tips=0.6 * twig))
            twig *= 1.5
        roots = np.broadcast_to(self.masses[:, None], sprigs.shape)
        seen = rng.random(sprigs.shape[:2]) < (1.0 if bare else 0.4)  # leaves hide the others
        parts.append(beams(roots[seen], sprigs[seen], twig, Material.BARK, sides=3))
        return merge(parts)

    def _stem(self, index: int, stems: int) -> Mesh:
        """One of the stems, from under the ground to within the crown; alone it has flared roots."""
        top = self.clear + self.depth * (0.95 if self.kind.whorled else 0.62)
        z = np.array(
            [-0.4, 0.25, 0.5 * (self.clear + 0.25), self.clear + 0.1, self.clear + 0.3 * self.depth, top]
        )
        z = np.maximum.accumulate(z)
        line = np.column_stack([self.axis(z), z])
        share = np.clip(z / self.height, 0, 1)
        if stems > 1:
            angle = 2 * np.pi * index / stems + self.rng.uniform(-0.4, 0.4)
            out = 0.12 + self.radius * 0.7 * share * self.rng.uniform(0.5, 1.0)
            line[:, :2] += out[:, None] * (np.cos(angle), np.sin(angle))
        width = self.thick * (1 - 0.75 * share)
        width[0] *= 1.35 if stems == 1 else 1.0
        return beams(line[:-1], line[1:], width[:-1], Material.BARK, sides=9, tips=width[1:])

    def _boughs(self) -> tuple[Points, Points]:
        """Return starts on the trunk and ends (N, 3) of boughs spread over the levels and all round."""
        rng, kind = self.rng, self.kind
        count = int(rng.integers(int(kind.boughs[0]), int(kind.boughs[1]) + 1))
        level = (np.arange(count) + rng.uniform(0.2, 0.8, count)) / count
        angle = 2.4 * np.arange(count) + rng.uniform(0, 2 * np.pi) + rng.normal(scale=0.3, size=count)
        high = self.clear + (0.15 + 0.75 * level) * self.depth
        out = 0.6 * self.radius * self.outline(0.15 + 0.75 * level)
        ends = np.column_stack(
            [
                self.axis(high)
                + out[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]) * self.ellipse,
                high,
            ]
        )
        low = np.clip(
            high - out * rng.uniform(0.5, 1.6, count), 0.8 * self.clear, self.clear + 0.6 * self.depth
        )
        return np.column_stack([self.axis(low), low]), ends

    def foliage(self, habit: str) -> Mesh:
        """Leaves round the tufts: from a few to a crown that hides all behind it."""
        rng = self.rng
        levels = np.linspace(0, 1, 12)
        volume = np.pi * self.radius**2 * self.depth * np.mean(self.outline(levels) ** 2)
        # Leaf area density of urban trees is 0.2 to 2 m2 per m3 (Lalic & Mihailovic 2004; Klingberg et al. 2017);
        # more is built, so that crowns hide what lies behind them.
        density = float(np.clip(np.exp(rng.normal(np.log(3.0), 0.4)), 0.6, 5.0))
        density *= 1.6 if habit == "conical" else 1 + 0.8 * self.full
        area = density * volume
        size = rng.uniform(0.08, 0.16)
        count = int(np.clip(area / (_FACE * size**2), 120, LEAVES * self.detail))
        size = float(np.clip(np.sqrt(area / (_FACE * count)), 0.05, 0.5))
        tufts = self.tufts.reshape(-1, 3)
        weight = rng.gamma(1.5 + 4 * self.full, size=len(tufts))  # some crowns are dense, some nearly bare
        near = rng.choice(len(tufts), size=count, p=weight / weight.sum())
        spread = rng.uniform(0.06, 0.12) * self.radius + 0.08
        centres = tufts[near] + _near(rng, (count,)) * (spread, spread, (0.3 + 0.6 * self.flat) * spread)
        if self.kind.whorled:  # needles all along the branch
            stem = np.repeat(self.masses, self.tufts.shape[1], axis=0)[near]
            inner = np.column_stack([self.axis(stem[:, 2]), stem[:, 2]])
            centres += (inner - stem) * rng.random((count, 1)) ** 1.3
        centres = centres[centres[:, 2] > max(0.05, self.clear - 0.4)]
        return leaves(centres, size, rng)


def _near(rng: np.random.Generator, shape: tuple[int, ...]) -> Points:
    """Return points (*shape, 3) round the origin, none farther away than 1.7 times their spread along an axis."""
    return np.clip(rng.normal(size=(*shape, 3)), -1.7, 1.7)


def _ivy(rng: np.random.Generator, thick: float, high: float) -> Mesh:
    """Return leaves all over a trunk."""
    count = int(250 * high * (thick + 0.1) * 2)
    angle, out = rng.uniform(0, 2 * np.pi, count), thick + rng.uniform(0.0, 0.15, count)
    z = rng.uniform(0, high, count)
    return leaves(np.column_stack([out * np.cos(angle), out * np.sin(angle), z]), 0.12, rng)


def pruned(
    rng: np.random.Generator, tree: Mesh, t: float, *, inner: float = 0.0, outer: float = np.inf
) -> Mesh:
    """Return a tree at `t` without its low branches over the lanes: `inner` to `outer` m from the centreline."""
    across = np.abs(tree.corners[..., 1] + t)
    over = (across.max(axis=1) > inner) & (across.min(axis=1) < outer)
    return tree.only(~(over & (tree.corners[..., 2].min(axis=1) < rng.uniform(3.8, 4.8))))
