"""Rays into a street -> echoes: what is measured, what is lost, and what an instrument gets wrong.

Of all echoes some are lost: with the range, on slanted, dark and glassy surfaces. A beam that straddles an edge comes
back from between front and back, or from both. Glass lets beams through and sends some on, so that things are seen
where none are. Such points have no class, unless they lie within 10 cm of a surface that was hit, or in a plant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.labels import UNDEFINED, VEGETATION
from bevseg.sim.drive import Pass
from bevseg.sim.materials import ECHO, LABELS, REFLECTANCE, ROUGHNESS, Material
from bevseg.sim.mesh import Mesh
from bevseg.sim.sensors import Optics, Pattern, Sensor

Index = NDArray[np.int64]
Floats = NDArray[np.float32]

NOTHING = -1
"""Number of the thing that an echo is of which no thing is at its place."""
TRUE_WITHIN = 0.10
"""An echo no further than this off the surface that was hit keeps its class, m."""

_BATCH = 400_000
"""Rays cast at once; with what is computed of them they take about 250 bytes each."""
_EDGE = 0.10
"""Neighbouring echoes that lie further than this off each other's surface have an edge between them, m."""
_PULSE = 1.2
"""Two echoes closer than this melt into one, m: half the length of a pulse of 8 ns."""
_SKIN = 0.02
"""Beams that go through a surface or are sent on by it start again this far off it, m."""
_DETOUR = 8.0
"""Beams sent on by a mirror are too weak to come back after further than this, m."""
_GAP = 0.5
"""Second echoes are told apart from this far behind the first, m."""

THROUGH = np.zeros(len(Material), np.float32)
"""Material -> chance that a beam without an echo goes on behind it."""
THROUGH[[Material.PANE, Material.CAR_GLASS]] = 0.6, 0.6
MIRROR = np.zeros(len(Material), np.float32)
"""Material -> chance that a beam is sent on like light by a mirror and echoes from where it then hits."""
MIRROR[[Material.PANE, Material.CAR_GLASS, Material.PAINT, Material.PLATE]] = 0.03, 0.03, 0.004, 0.004
MIRROR[[Material.ASPHALT, Material.PAVING]] = 0.0004, 0.0004
PIERCED = np.zeros(len(Material), np.float32)
"""Material -> chance that a beam that echoes has light left for a second echo."""
PIERCED[[Material.LEAF, Material.WIRE]] = 0.4, 0.8


@dataclass(frozen=True)
class Echoes:
    """What came back, in the order of measurement.

    Attributes
    ----------
    xyz
        (N, 3) float32, m in the frame of the street.
    labels
        (N,) uint8 train ids.
    things
        (N,) int32 numbers of things; `NOTHING` where none is.
    intensity
        (N,) uint8, strength of the echo.
    time
        (N,) float64, s since the start of the first pass; never falls.
    returns
        (N,) uint8, number of the echo among those of its beam, from 1.
    of
        (N,) uint8, how many echoes its beam has.
    """

    xyz: Floats
    labels: NDArray[np.uint8]
    things: NDArray[np.int32]
    intensity: NDArray[np.uint8]
    time: NDArray[np.float64]
    returns: NDArray[np.uint8]
    of: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.labels)

    def only(self, which: NDArray[np.bool_] | Index) -> Echoes:
        """Return the echoes that `which` picks, a mask (N,) or indices."""
        return Echoes(*(getattr(self, column.name)[which] for column in fields(self)))


def joined(parts: list[Echoes]) -> Echoes:
    """Return all echoes of `parts` in turn; empties the list, so that no more than two copies are held."""
    columns = [[getattr(part, column.name) for part in parts] for column in fields(Echoes)]
    parts.clear()
    return Echoes(*(np.concatenate(columns.pop(0)) for _ in fields(Echoes)))


class Scene:
    """Triangles that rays can be cast into.

    Parameters
    ----------
    mesh
        The triangles.
    open3d
        The module, from `bevseg.open3d.load()`.
    """

    def __init__(self, mesh: Mesh, open3d: Any) -> None:
        self.mesh = mesh
        self._tensor = open3d.core.Tensor
        self._scene = open3d.t.geometry.RaycastingScene()
        corners = mesh.corners.astype(np.float32).reshape(-1, 3)
        triangles = np.arange(len(corners), dtype=np.uint32).reshape(-1, 3)
        self._scene.add_triangles(self._tensor(corners), self._tensor(triangles))

    def cast(self, rays: Floats) -> tuple[Floats, NDArray[np.uint32], Floats]:
        """Return range (inf where nothing is hit), triangle and its unit normal for each ray (N, 6)."""
        answer = self._scene.cast_rays(self._tensor(rays))
        return answer["t_hit"].numpy(), answer["primitive_ids"].numpy(), answer["primitive_normals"].numpy()


def scan(
    scene: Scene,
    sensor: Sensor,
    passes: Sequence[Pass],
    rng: np.random.Generator,
    *,
    every: int = 1,
    tell: Callable[[float, float, int], None] = lambda done, total, points: None,
) -> Iterator[Echoes]:
    """Yield the echoes of all passes in batches, in the order of measurement.

    Parameters
    ----------
    scene, sensor, passes
        What is scanned, with what, and from where.
    rng
        Draws noise and drop-outs.
    every
        Only every so many sweeps are measured.
    tell
        Called after each batch with sweeps done, sweeps in all and points so far.
    """
    pattern = sensor.pattern()
    step = max(1, _BATCH // (pattern.heads * pattern.rays))
    total = sum(one.sweeps for one in passes)
    done = points = 0
    for one in passes:
        for start in range(0, one.sweeps, step * every):
            sweeps = np.arange(start, min(start + step * every, one.sweeps), every)
            rays, time = _rays(pattern, one, sweeps)
            echoes = _measured(scene, sensor.optics, pattern, rays, one.start + time / sensor.rate, rng)
            echoes.xyz[:] += one.shift.astype(np.float32)
            points += len(echoes)
            tell(min(done + sweeps[-1] + 1, total), total, points)
            yield echoes
        done += one.sweeps


def _rays(pattern: Pattern, one: Pass, sweeps: Index) -> tuple[Floats, NDArray[np.float64]]:
    """Return rays (P * H * R, 6), sweep, head and ray in turn, and their sweep numbers with fractions."""
    number = sweeps[:, None] + pattern.share  # the vehicle moves during a sweep
    place, heading, pitch, roll = one.pose(number)
    shape = (len(sweeps), pattern.heads, pattern.rays)
    rays = np.empty((*shape, 6), np.float32)
    turn = _rotation(heading, pitch, roll)
    for head, (directions, offset) in enumerate(zip(pattern.directions, pattern.offsets, strict=True)):
        ahead, left, up = directions.T
        for axis in range(3):
            row = turn[axis]
            rays[:, head, :, axis] = place[..., axis] + (
                row[0] * offset[0] + row[1] * offset[1] + row[2] * offset[2]
            )
            rays[:, head, :, 3 + axis] = row[0] * ahead + row[1] * left + row[2] * up
    return rays.reshape(-1, 6), np.broadcast_to(number[:, None], shape).reshape(-1)


def _rotation(
    heading: NDArray[np.float64], pitch: NDArray[np.float64], roll: NDArray[np.float64]
) -> list[list[NDArray[np.float64]]]:
    """Return the rows of the matrices that turn the frame of the instrument into that of the street."""
    (ch, cp, cr), (sh, sp, sr) = ([f(angle) for angle in (heading, pitch, roll)] for f in (np.cos, np.sin))
    return [
        [ch * cp, -sh * cr - ch * sp * sr, sh * sr - ch * sp * cr],
        [sh * cp, ch * cr - sh * sp * sr, -ch * sr - sh * sp * cr],
        [sp, cp * sr, cp * cr],
    ]


@dataclass(frozen=True)
class _Hits:
    """Surfaces that beams meet: beam, range (m), triangle, cosine of incidence."""

    beam: Index
    distance: Floats
    triangle: NDArray[np.uint32]
    cosine: Floats

    def only(self, which: NDArray[np.bool_] | Index) -> _Hits:
        return _Hits(self.beam[which], self.distance[which], self.triangle[which], self.cosine[which])


def _measured(
    scene: Scene,
    optics: Optics,
    pattern: Pattern,
    rays: Floats,
    time: NDArray[np.float64],
    rng: np.random.Generator,
) -> Echoes:
    """Cast rays and return what is measured of them."""
    mesh = scene.mesh
    reach, triangle, normal = scene.cast(rays)
    beam = np.flatnonzero(np.isfinite(reach))
    cosine = np.abs(np.einsum("ij,ij->i", normal[beam], rays[beam, 3:]))
    met = _Hits(beam, reach[beam], triangle[beam], cosine)
    came = _comes_back(met, mesh.materials[met.triangle], optics, rng)
    edges = _straddled(met, reach, normal, rays, optics, pattern, rng)
    melts = edges.only((np.abs(edges.gap) < _PULSE) & came[edges.at])
    splits = edges.only((edges.gap >= _PULSE) & (optics.returns > 1) & came[edges.at])
    label, thing = LABELS[mesh.materials[met.triangle]], mesh.things[met.triangle]
    distance = met.distance.copy()
    if len(melts.at):
        _melt(melts, met.cosine, distance, label, thing, triangle, mesh, rng)
    further = _further(scene, optics, rays, met, came, splits, normal, rng)
    first = met.only(came)
    return _assembled(rays, time, first, distance[came], label[came], thing[came], further, mesh, optics, rng)


def _comes_back(
    met: _Hits, material: NDArray[np.uint8], optics: Optics, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw which hits are measured."""
    fading = 1 / (1 + (met.distance / np.float32(optics.reach)) ** 4)
    slanted = np.minimum(1, np.float32(optics.grazing) + 8 * met.cosine)
    chance = np.float32(optics.kept) * ECHO[material] * fading * slanted
    seen = (met.distance > optics.nearest) & (met.distance < optics.farthest)
    return np.asarray(seen & (rng.random(len(chance), np.float32) < chance))


@dataclass(frozen=True)
class _Edges:
    """Beams that straddle an edge: which of the hits, the beam beside it, how much further that one reaches, m.

    `cosine` is that of the incidence of the beam beside.
    """

    at: Index
    beside: Index
    gap: Floats
    cosine: Floats

    def only(self, which: NDArray[np.bool_]) -> _Edges:
        return _Edges(self.at[which], self.beside[which], self.gap[which], self.cosine[which])


def _straddled(
    met: _Hits,
    reach: Floats,
    normal: Floats,
    rays: Floats,
    optics: Optics,
    pattern: Pattern,
    rng: np.random.Generator,
) -> _Edges:
    """Draw the beams that straddle an edge: the beam beside them, at random on either side, hits another surface."""
    beam = met.beam
    if optics.divergence == 0:
        return _Edges(beam[:0], beam[:0], reach[:0], reach[:0])
    place = beam % pattern.rays
    step = np.where(rng.random(len(beam), np.float32) < 0.5, -pattern.ring, pattern.ring)
    step = np.where((place + step < 0) | (place + step >= pattern.rays), -step, step)
    beside = np.clip(beam + step, 0, len(rays) - 1)
    gap = reach[beside] - met.distance
    at = np.flatnonzero(np.isfinite(gap) & (np.abs(gap) > 0.02))
    a, b = beam[at], beside[at]
    between = (rays[b, :3] + reach[b, None] * rays[b, 3:]) - (rays[a, :3] + reach[a, None] * rays[a, 3:])
    off = np.maximum(*(np.abs(np.einsum("ij,ij->i", normal[side], between)) for side in (a, b)))
    apart = np.linalg.norm(rays[b, 3:] - rays[a, 3:], axis=1)
    kept = np.flatnonzero((off > _EDGE) & (rng.random(len(at), np.float32) * apart < optics.divergence))
    at, b = at[kept], b[kept]
    return _Edges(at, b, gap[at], np.abs(np.einsum("ij,ij->i", normal[b], rays[b, 3:])))


def _melt(
    edges: _Edges,
    cosine: Floats,
    distance: Floats,
    label: NDArray[np.uint8],
    thing: NDArray[np.int32],
    triangle: NDArray[np.uint32],
    mesh: Mesh,
    rng: np.random.Generator,
) -> None:
    """Draw ranges between the surfaces of an edge, and what such echoes are; changes `distance`, `label`, `thing`."""
    at = edges.at
    share = rng.random(len(at), np.float32)
    other = triangle[edges.beside]
    distance[at] += share * edges.gap
    from_own, from_other = share * np.abs(edges.gap), (1 - share) * np.abs(edges.gap)
    off = np.minimum(from_own * cosine[at], from_other * edges.cosine)  # the planes of the two surfaces
    within = (label[at] == VEGETATION) | (off <= TRUE_WITHIN)
    own = (from_own <= TRUE_WITHIN) | ((thing[at] == mesh.things[other]) & within)
    others = ~own & (from_other <= TRUE_WITHIN)
    nobodys = ~own & ~others
    label[at] = np.where(others, LABELS[mesh.materials[other]], np.where(nobodys, UNDEFINED, label[at]))
    thing[at] = np.where(others, mesh.things[other], np.where(nobodys, NOTHING, thing[at]))


@dataclass(frozen=True)
class _Further:
    """Echoes from behind the first surface: what was hit, and whether it truly is there.

    `along` is the beam in whose direction it lies: the one beside for what is seen past an edge.
    """

    hits: _Hits
    true: NDArray[np.bool_]
    along: Index


def _further(
    scene: Scene,
    optics: Optics,
    rays: Floats,
    met: _Hits,
    came: NDArray[np.bool_],
    splits: _Edges,
    normal: Floats,
    rng: np.random.Generator,
) -> _Further:
    """Follow the beams that go through a surface, past its edge, or are sent on by it."""
    material = scene.mesh.materials[met.triangle]
    mirrored = ~came & (rng.random(len(material), np.float32) < optics.multipath * MIRROR[material])
    pierced = PIERCED[material] if optics.returns > 1 else np.float32(0)
    passed = ~mirrored & (rng.random(len(material), np.float32) < np.where(came, pierced, THROUGH[material]))
    passed[splits.at] = True
    beside = np.arange(len(rays))
    beside[met.beam[splits.at]] = splits.beside

    goes_on = np.flatnonzero(mirrored | passed)
    true, second, met = passed[goes_on], came[goes_on], met.only(goes_on)
    start = met.distance + np.where(true, _SKIN, -_SKIN).astype(np.float32)
    along = beside[met.beam]
    on = rays[along]
    way = on[:, 3:]
    on[:, :3] = rays[met.beam, :3] + start[:, None] * way
    across = normal[met.beam[~true]]
    way[~true] -= 2 * np.einsum("ij,ij->i", way[~true], across)[:, None] * across

    reach, triangle, normals = scene.cast(on)
    near = np.where(true, np.isfinite(reach), reach < _DETOUR)
    hit = np.flatnonzero(near & ~(second & (reach < _GAP)))
    cosine = np.abs(np.einsum("ij,ij->i", normals[hit], on[hit, 3:]))
    found = _Hits(met.beam[hit], start[hit] + reach[hit], triangle[hit], cosine)
    back = _comes_back(found, scene.mesh.materials[found.triangle], optics, rng)
    return _Further(found.only(back), true[hit][back], along[hit][back])


def _assembled(
    rays: Floats,
    time: NDArray[np.float64],
    first: _Hits,
    distance: Floats,
    label: NDArray[np.uint8],
    thing: NDArray[np.int32],
    further: _Further,
    mesh: Mesh,
    optics: Optics,
    rng: np.random.Generator,
) -> Echoes:
    """Put all echoes in the order of time, with their noise and strength."""
    behind, true = further.hits, further.true
    beam = np.concatenate([first.beam, behind.beam])
    along = np.concatenate([first.beam, further.along])
    distance = np.concatenate([distance, behind.distance])
    triangle = np.concatenate([first.triangle, behind.triangle])
    cosine = np.concatenate([first.cosine, behind.cosine])
    label = np.concatenate([label, np.where(true, LABELS[mesh.materials[behind.triangle]], UNDEFINED)])
    thing = np.concatenate([thing, np.where(true, mesh.things[behind.triangle], NOTHING)])
    returns = np.ones(len(beam), np.uint8)
    has_first = np.zeros(len(rays), bool)
    has_first[first.beam] = True
    returns[len(first.beam) :] += has_first[behind.beam]
    of = np.bincount(beam, minlength=len(rays))[beam].astype(np.uint8)

    order = np.lexsort((returns, beam, time[beam]))
    beam, along, distance = beam[order], along[order], distance[order]
    triangle, cosine = triangle[order], cosine[order]
    material = mesh.materials[triangle]
    sigma = np.hypot(np.float32(optics.noise), np.float32(optics.rough) * ROUGHNESS[material])
    noisy = distance + sigma * rng.standard_normal(len(distance), np.float32)
    if optics.step:
        noisy = np.rint(noisy / np.float32(optics.step)) * np.float32(optics.step)
    speckle = 1 + 0.05 * rng.standard_normal(len(distance), np.float32)
    strength = REFLECTANCE[material] * np.sqrt(cosine) * speckle / (1 + (distance / 40) ** 2)
    return Echoes(
        xyz=(rays[along, :3] + noisy[:, None] * rays[along, 3:]).astype(np.float32),
        labels=label[order].astype(np.uint8),
        things=thing[order].astype(np.int32),
        intensity=np.clip(np.rint(255 * strength), 1, 255).astype(np.uint8),
        time=time[beam],
        returns=returns[order],
        of=of[order],
    )
