"""Rays into a scene -> returns: what is measured, what is lost, and what the instrument gets wrong.

Some returns are lost: far off, and on slanted, dark and glassy surfaces. A beam that straddles an edge returns from
between front and back (a mixed pixel), or from both. Glass lets some beams through and mirrors others, which puts
points where no surface is. A retro-reflector is so bright that beams beside it return from its range, too. Such
points have no class, unless they lie within 10 cm of a surface that the beam hit, or
in a plant.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import UNDEFINED, VEGETATION
from bevseg.sim.instrument.sensors import Optics, Pattern
from bevseg.sim.materials import DETECTION, LABELS, REFLECTANCE, ROUGHNESS, Material
from bevseg.sim.mesh import Mesh
from bevseg.sim.scene import Floats, Scene

Index = NDArray[np.int64]

NOTHING = -1
"""Instance of a return that lies on no surface."""
TRUE_WITHIN = 0.10
"""A return keeps the class of the surface that was hit if it lies at most so far from it, m."""

_EDGE = 0.10
"""There is an edge between two neighbouring beams if each hits further than this from the surface of the other, m."""
_PULSE = 1.2
"""Two closer returns merge into one, m: half the length of a pulse of 8 ns."""
_SKIN = 0.02
"""A beam that passes through a surface, or is mirrored by it, starts again this far from it, m."""
_DETOUR = 8.0
"""A mirrored beam is too weak to return from further than this, m."""
_GAP = 0.5
"""Least distance of a second return behind the first, m."""

THROUGH = np.zeros(len(Material), np.float32)
"""Material -> chance that a beam without a return passes through it."""
THROUGH[[Material.PANE, Material.CAR_GLASS]] = 0.6, 0.6
MIRROR = np.zeros(len(Material), np.float32)
"""Material -> chance that a beam is mirrored and returns from the next surface that it hits."""
MIRROR[[Material.PANE, Material.CAR_GLASS, Material.PAINT, Material.PLATE]] = 0.03, 0.03, 0.004, 0.004
MIRROR[[Material.ASPHALT, Material.PAVING]] = 0.0004, 0.0004
PIERCED = np.zeros(len(Material), np.float32)
"""Material -> chance that a beam with a return has light left for a second return."""
PIERCED[[Material.LEAF, Material.WIRE]] = 0.4, 0.8
RETRO = np.zeros(len(Material), bool)
"""Material -> whether it throws light back to where it comes from."""
RETRO[Material.PLATE] = True
_HALO = 40
"""Beams to either side of a beam that may see its halo."""


@dataclass(frozen=True)
class Returns:
    """Returns in the order of measurement.

    Attributes
    ----------
    xyz
        (N, 3) float32, m in the frame of the street.
    labels
        (N,) uint8 train ids.
    instances
        (N,) int32 numbers of instances; `NOTHING` where none is.
    intensity
        (N,) uint8, strength of the return.
    time
        (N,) float64, s since the start of the first pass, in ascending order.
    return_number
        (N,) uint8, number of the return among those of its beam, from 1.
    number_of_returns
        (N,) uint8, how many returns its beam has.
    """

    xyz: Floats
    labels: NDArray[np.uint8]
    instances: NDArray[np.int32]
    intensity: NDArray[np.uint8]
    time: NDArray[np.float64]
    return_number: NDArray[np.uint8]
    number_of_returns: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.labels)

    def only(self, which: NDArray[np.bool_] | Index) -> Returns:
        """Select returns by a mask (N,) or indices."""
        return Returns(*(getattr(self, column.name)[which] for column in fields(self)))


def joined(parts: list[Returns]) -> Returns:
    """Join returns in the order of `parts`. The list is emptied, so that memory holds at most two copies."""
    columns = [[getattr(part, column.name) for part in parts] for column in fields(Returns)]
    parts.clear()
    return Returns(*(np.concatenate(columns.pop(0)) for _ in fields(Returns)))


@dataclass(frozen=True)
class _Cast:
    """Beams (N, 6) with their times, s, and the first hit of each: range (inf: none), m, triangle and normal."""

    rays: Floats
    time: NDArray[np.float64]
    reach: Floats
    triangle: NDArray[np.uint32]
    normal: Floats


@dataclass(frozen=True)
class _Hits:
    """Hits of beams on surfaces, and the class and instance of a return of each; all (K,).

    Attributes
    ----------
    beam
        Number of the beam.
    along
        Number of the beam in whose direction the hit lies: that of the neighbour for hits past an edge.
    distance
        Range, m.
    triangle, cosine
        Triangle, and cosine of the angle between beam and normal.
    label, instance
        As in `Returns`.
    """

    beam: Index
    along: Index
    distance: Floats
    triangle: NDArray[np.uint32]
    cosine: Floats
    label: NDArray[np.uint8]
    instance: NDArray[np.int32]

    @classmethod
    def of(
        cls,
        mesh: Mesh,
        beam: Index,
        along: Index,
        distance: Floats,
        triangle: NDArray[np.uint32],
        normal: Floats,
        direction: Floats,
    ) -> Self:
        """Return hits with the class and instance of their triangles; normals and directions are (K, 3)."""
        cosine = np.abs(np.einsum("ij,ij->i", normal, direction))
        label, instance = LABELS[mesh.materials[triangle]], mesh.instances[triangle]
        return cls(beam, along, distance, triangle, cosine, label, instance)

    def only(self, which: NDArray[np.bool_] | Index) -> Self:
        return type(self)(*(getattr(self, column.name)[which] for column in fields(self)))

    def followed(self, by: Self) -> Self:
        """Return these hits, followed by others."""
        pairs = ((getattr(self, column.name), getattr(by, column.name)) for column in fields(self))
        return type(self)(*(np.concatenate(pair) for pair in pairs))


def measured(
    scene: Scene,
    optics: Optics,
    pattern: Pattern,
    rays: Floats,
    time: NDArray[np.float64],
    rng: np.random.Generator,
) -> Returns:
    """Cast rays and return their returns, in the order of time.

    Parameters
    ----------
    scene, optics
        What is scanned, and how ranges are measured.
    pattern
        Pattern of a sweep, which says which rays are neighbours.
    rays, time
        (N, 6) rays of whole sweeps in turn, and (N,) time of each ray, s.
    rng
        Draws noise and drop-outs.
    """
    cast, halo = _bloomed(_Cast(rays, time, *scene.cast(rays, time)), scene.mesh, optics, pattern, rng)
    beam = np.flatnonzero(np.isfinite(cast.reach))
    met = _Hits.of(
        scene.mesh, beam, beam, cast.reach[beam], cast.triangle[beam], cast.normal[beam], rays[beam, 3:]
    )
    came = _comes_back(met, scene.mesh, optics, rng)
    if pattern.hidden is not None:
        came &= ~pattern.hidden.reshape(-1)[beam % pattern.hidden.size]
    edges = _straddled(met, cast, optics, pattern, rng)
    if halo.any():
        off = halo[beam]
        met = replace(
            met, label=np.where(off, UNDEFINED, met.label), instance=np.where(off, NOTHING, met.instance)
        )
        edges = edges.only(~off[edges.at] & ~halo[edges.beside])
    melts = edges.only((np.abs(edges.gap) < _PULSE) & came[edges.at])
    splits = edges.only((edges.gap >= _PULSE) & (optics.returns > 1) & came[edges.at])
    melted = _melted(met, melts, cast, scene.mesh, rng)
    further = _further(scene, optics, cast, met, came, splits, rng)
    return _assembled(melted.only(came), further, rays, time, scene.mesh, optics, rng)


def _bloomed(
    cast: _Cast, mesh: Mesh, optics: Optics, pattern: Pattern, rng: np.random.Generator
) -> tuple[_Cast, NDArray[np.bool_]]:
    """Let beams that pass a retro-reflector hit it; and (N,) whether such a hit lies too far from it to be of it."""
    halo = np.zeros(len(cast.rays), bool)
    if optics.bloom == 0:
        return cast, halo
    hit = np.flatnonzero(np.isfinite(cast.reach))
    bright_itself = np.zeros(len(cast.rays), bool)
    bright_itself[hit] = RETRO[mesh.materials[cast.triangle[hit]]]
    some = np.flatnonzero(bright_itself)
    steps = pattern.ring * np.concatenate([np.arange(-_HALO, 0), np.arange(1, _HALO + 1)])
    if pattern.ring > 1:
        steps = np.append(steps, (-1, 1))  # the beams above and below
    place = some[:, None] % pattern.rays
    there = (place + steps >= 0) & (place + steps < pattern.rays)
    if pattern.ring > 1:
        there[:, -2:] &= (place + steps[-2:]) // pattern.ring == place // pattern.ring
    number, step = np.nonzero(there)
    bright, beam = some[number], some[number] + steps[step]
    apart = cast.reach[bright] * np.linalg.norm(cast.rays[beam, 3:] - cast.rays[bright, 3:], axis=1)
    seen = rng.random(len(beam), np.float32) < 1 - apart / np.float32(optics.bloom)
    seen &= ~bright_itself[beam] & (cast.reach[beam] > cast.reach[bright] + _EDGE)
    nearest = np.flatnonzero(seen)[np.argsort(apart[seen], kind="stable")]
    beam, first = np.unique(beam[nearest], return_index=True)
    bright, apart = bright[nearest][first], apart[nearest][first]
    longer = np.float32(optics.bloom / 5) * rng.standard_normal(len(beam), np.float32)
    reach, triangle, normal = cast.reach.copy(), cast.triangle.copy(), cast.normal.copy()
    reach[beam], triangle[beam], normal[beam] = (
        cast.reach[bright] + longer,
        cast.triangle[bright],
        cast.normal[bright],
    )
    halo[beam] = np.hypot(apart, longer) > TRUE_WITHIN
    return replace(cast, reach=reach, triangle=triangle, normal=normal), halo


def _comes_back(met: _Hits, mesh: Mesh, optics: Optics, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw which hits give a return."""
    fading = 1 / (1 + (met.distance / np.float32(optics.reach)) ** 4)
    slanted = np.minimum(1, np.float32(optics.grazing) + 8 * met.cosine)
    chance = np.float32(optics.kept) * DETECTION[mesh.materials[met.triangle]] * fading * slanted
    seen = (met.distance > optics.nearest) & (met.distance < optics.farthest)
    return np.asarray(seen & (rng.random(len(chance), np.float32) < chance))


@dataclass(frozen=True)
class _Edges:
    """Beams that straddle an edge: number of the hit, neighbouring beam, and how much longer its range is, m.

    `cosine` is the cosine of incidence of the neighbouring beam.
    """

    at: Index
    beside: Index
    gap: Floats
    cosine: Floats

    def only(self, which: NDArray[np.bool_]) -> _Edges:
        return _Edges(self.at[which], self.beside[which], self.gap[which], self.cosine[which])


def _straddled(met: _Hits, cast: _Cast, optics: Optics, pattern: Pattern, rng: np.random.Generator) -> _Edges:
    """Draw the beams that straddle an edge: a neighbouring beam, on a random side, hits another surface."""
    beam, rays, reach, normal = met.beam, cast.rays, cast.reach, cast.normal
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


def _melted(met: _Hits, edges: _Edges, cast: _Cast, mesh: Mesh, rng: np.random.Generator) -> _Hits:
    """Draw ranges between the two surfaces of each edge, with the class and instance of such returns."""
    at = edges.at
    share = rng.random(len(at), np.float32)
    other = cast.triangle[edges.beside]
    from_own, from_other = share * np.abs(edges.gap), (1 - share) * np.abs(edges.gap)
    off = np.minimum(from_own * met.cosine[at], from_other * edges.cosine)  # the planes of the two surfaces
    within = (met.label[at] == VEGETATION) | (off <= TRUE_WITHIN)
    own = (from_own <= TRUE_WITHIN) | ((met.instance[at] == mesh.instances[other]) & within)
    others = ~own & (from_other <= TRUE_WITHIN)
    nobodys = ~own & ~others
    distance, label, instance = met.distance.copy(), met.label.copy(), met.instance.copy()
    distance[at] += share * edges.gap
    label[at] = np.where(others, LABELS[mesh.materials[other]], np.where(nobodys, UNDEFINED, label[at]))
    instance[at] = np.where(others, mesh.instances[other], np.where(nobodys, NOTHING, instance[at]))
    return replace(met, distance=distance, label=label, instance=instance)


def _further(
    scene: Scene,
    optics: Optics,
    cast: _Cast,
    met: _Hits,
    came: NDArray[np.bool_],
    splits: _Edges,
    rng: np.random.Generator,
) -> _Hits:
    """Follow the beams that pass through a surface, past its edge, or are mirrored by it, to their next hits."""
    material = scene.mesh.materials[met.triangle]
    mirrored = ~came & (rng.random(len(material), np.float32) < optics.multipath * MIRROR[material])
    pierced = PIERCED[material] if optics.returns > 1 else np.float32(0)
    onward = np.where(came, pierced, np.float32(optics.through) * THROUGH[material])
    passed = ~mirrored & (rng.random(len(material), np.float32) < onward)
    passed[splits.at] = True
    beside = np.arange(len(cast.rays))
    beside[met.beam[splits.at]] = splits.beside

    goes_on = np.flatnonzero(mirrored | passed)
    true, second, met = passed[goes_on], came[goes_on], met.only(goes_on)
    start = met.distance + np.where(true, _SKIN, -_SKIN).astype(np.float32)
    along = beside[met.beam]
    on = cast.rays[along]
    way = on[:, 3:]
    on[:, :3] = cast.rays[met.beam, :3] + start[:, None] * way
    across = cast.normal[met.beam[~true]]
    way[~true] -= 2 * np.einsum("ij,ij->i", way[~true], across)[:, None] * across

    reach, triangle, normal = scene.cast(on, cast.time[met.beam])
    near = np.where(true, np.isfinite(reach), reach < _DETOUR)
    hit = np.flatnonzero(near & ~(second & (reach < _GAP)))
    found = _Hits.of(
        scene.mesh,
        met.beam[hit],
        along[hit],
        start[hit] + reach[hit],
        triangle[hit],
        normal[hit],
        on[hit, 3:],
    )
    label = np.where(true[hit], found.label, UNDEFINED)
    instance = np.where(true[hit], found.instance, NOTHING)
    back = _comes_back(found, scene.mesh, optics, rng)
    return replace(found, label=label, instance=instance).only(back)


def _assembled(
    first: _Hits,
    further: _Hits,
    rays: Floats,
    time: NDArray[np.float64],
    mesh: Mesh,
    optics: Optics,
    rng: np.random.Generator,
) -> Returns:
    """Sort all returns by time, and add noise and intensity."""
    hits = first.followed(further)
    return_number = np.ones(len(hits.beam), np.uint8)
    has_first = np.zeros(len(rays), bool)
    has_first[first.beam] = True
    return_number[len(first.beam) :] += has_first[further.beam]
    number_of_returns = np.bincount(hits.beam, minlength=len(rays))[hits.beam].astype(np.uint8)

    order = np.lexsort((return_number, hits.beam, time[hits.beam]))
    hits, return_number, number_of_returns = hits.only(order), return_number[order], number_of_returns[order]
    material = mesh.materials[hits.triangle]
    sigma = np.hypot(np.float32(optics.noise), ROUGHNESS[material])
    noisy = hits.distance + sigma * rng.standard_normal(len(order), np.float32)
    if optics.step:
        noisy = np.rint(noisy / np.float32(optics.step)) * np.float32(optics.step)
    speckle = 1 + 0.05 * rng.standard_normal(len(order), np.float32)
    strength = REFLECTANCE[material] * np.sqrt(hits.cosine) * speckle / (1 + (hits.distance / 40) ** 2)
    return Returns(
        xyz=(rays[hits.along, :3] + noisy[:, None] * rays[hits.along, 3:]).astype(np.float32),
        labels=hits.label,
        instances=hits.instance,
        intensity=np.clip(np.rint(255 * strength), 1, 255).astype(np.uint8),
        time=time[hits.beam],
        return_number=return_number,
        number_of_returns=number_of_returns,
    )
