"""A street for measuring: seeded, in the order a scanning car would record it, written as LAZ.

Points are drawn on surfaces (road, pavements, façades, cars, crowns, poles), a vertical profile every 5 cm of the
way and within a profile by angle. About 420 points/m2 on average and far more near the road, point format 6, about
4 bytes a point: what decides the time of a pipeline is like in a real scan, what a network would learn is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import laspy
import numpy as np
from numpy.typing import NDArray

WIDTH = 60.0
"""Width of the scanned strip, m."""

DENSITY = 3_000_000 / (120 * WIDTH)
"""Points per square metre of the strip."""

BLOCK = 10.0
"""Length of street made at a time, m."""

PROFILE = 0.05
"""Way between two profiles, m."""

START = 2.0e8
"""Adjusted GPS time of the first point, s."""

TICK = 2.0**-20
"""Time between two points, s."""

SCANNER = 2.0
"""Height of the scanner above the road, m."""

SLOPE = 0.02
"""Rise of the street, m per m."""

GROUND, VEGETATION, BUILDING, OTHER = 2, 5, 6, 1
"""ASPRS codes."""

Points = NDArray[np.float64]


def ready(points: int, folder: Path, seed: int = 0) -> Path:
    """Return the LAZ file of a street, made if it is not there yet."""
    path = folder / f"street_{points}.laz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part.laz")
        write(points, unfinished, seed)
        unfinished.rename(path)
    return path


def write(points: int, path: Path, seed: int = 0) -> None:
    """Make a street and write it block by block."""
    header = laspy.LasHeader(version="1.4", point_format=6)
    header.scales, header.offsets = np.full(3, 0.001), np.array([450_000.0, 5_400_000.0, 100.0])
    with laspy.open(path, mode="w", header=header, laz_backend=laspy.LazBackend.LazrsParallel) as file:
        time = START
        for xyz, classes, intensity in blocks(points, seed):
            record = laspy.ScaleAwarePointRecord.zeros(len(xyz), header=header)
            record.x, record.y, record.z = (xyz + header.offsets).T
            record.classification = classes
            record.intensity = intensity
            record.return_number[:] = 1
            record.number_of_returns[:] = 1
            record.gps_time = time + np.arange(len(xyz)) * TICK
            time += len(xyz) * TICK
            file.write_points(record)


def blocks(points: int, seed: int) -> Iterator[tuple[Points, NDArray[np.uint8], NDArray[np.uint16]]]:
    """Yield xyz (N, 3) in m, class codes and intensities of one block of street after the other."""
    rng = np.random.default_rng(seed)
    count = max(round(points / DENSITY / WIDTH / BLOCK), 1)
    shares = np.diff(np.linspace(0, points, count + 1).round().astype(int))
    for number, share in enumerate(shares):
        xyz, classes = _block(rng, share)
        profile = np.floor(xyz[:, 0] / PROFILE)
        angle = np.arctan2(xyz[:, 2] - SCANNER, xyz[:, 1])
        order = np.lexsort([angle, profile])
        xyz, classes = xyz[order], classes[order]
        # The mirror turns while the car drives: along the way, points of a profile follow each other evenly.
        xyz[:, 0] = number * BLOCK + np.linspace(0, BLOCK, len(xyz), endpoint=False)
        xyz[:, 2] += SLOPE * xyz[:, 0] + rng.normal(0, 0.005, len(xyz))
        yield xyz, classes, 2000 * classes.astype(np.uint16) + rng.integers(0, 64, len(xyz), np.uint16) * 16


def _block(rng: np.random.Generator, points: int) -> tuple[Points, NDArray[np.uint8]]:
    """Return a block of street, level and beginning at x = 0."""
    table = ((_ground, 0.56, GROUND), (_facades, 0.2, BUILDING), (_crowns, 0.16, VEGETATION))
    table += ((_cars, 0.07, OTHER), (_poles, 0.01, OTHER))
    sizes = np.diff(np.rint(points * np.cumsum([0.0] + [share for _, share, _ in table])).astype(int))
    parts = [make(rng, size) for (make, _, _), size in zip(table, sizes, strict=True)]
    codes = [np.full(size, code, np.uint8) for (_, _, code), size in zip(table, sizes, strict=True)]
    return np.concatenate(parts), np.concatenate(codes)


def _ground(rng: np.random.Generator, size: int) -> Points:
    """Draw on road, kerbs and lawns: dense below the scanner, thin far out."""
    across = SCANNER * np.tan(rng.uniform(-1, 1, size) * np.arctan(WIDTH / 2 / SCANNER))
    far = rng.random(size) < 0.4
    across[far] = rng.uniform(-WIDTH / 2, WIDTH / 2, far.sum())
    return np.column_stack([rng.uniform(0, BLOCK, size), across, np.where(np.abs(across) > 6, 0.12, 0.0)])


def _facades(rng: np.random.Generator, size: int) -> Points:
    """Draw on a house of 7 m on either side, and on the edge of its roof."""
    side = rng.choice([-1.0, 1.0], size)
    along, up = rng.uniform(0, 7, size), 9 * rng.random(size) ** 1.5
    end = rng.random(size) < 0.25
    along = np.where(end, np.where(along < 3.5, 0.0, 7.0), along) + 1.5
    depth = np.where(end, rng.uniform(0, 8, size), np.where(up > 8.8, rng.uniform(0, 2, size), 0))
    return np.column_stack([along, side * (13 + depth), up])


def _crowns(rng: np.random.Generator, size: int) -> Points:
    """Draw in the crown of a tree on either side, and on a hedge behind the pavement."""
    side = rng.choice([-1.0, 1.0], size)
    ball = rng.normal(size=(size, 3))
    ball *= (rng.random(size) ** 0.2 / np.linalg.norm(ball, axis=1))[:, None]
    xyz = ball * [2.2, 2.2, 1.8] + np.column_stack([np.full(size, 4.0), side * 8.5, np.full(size, 5.0)])
    hedge = rng.random(size) < 0.2
    width = hedge.sum()
    xyz[hedge] = np.column_stack(
        [rng.uniform(0, BLOCK, width), side[hedge] * rng.uniform(19, 20, width), rng.uniform(0, 1.4, width)]
    )
    return xyz


def _cars(rng: np.random.Generator, size: int) -> Points:
    """Draw on a parked car on either side: the sides that show, and the roof."""
    side = rng.choice([-1.0, 1.0], size)
    along, across, up = rng.uniform(0, 4.2, size), rng.uniform(0, 1.8, size), rng.uniform(0.25, 1.0, size)
    face = rng.integers(0, 3, size)
    roof = np.where((along > 1.0) & (along < 3.4), 1.45, 0.95)
    xyz = np.column_stack([along, np.where(face == 0, 0.0, across), np.where(face == 1, roof, up)])
    xyz[face == 2, 0] = np.where(xyz[face == 2, 0] < 2.1, 0.0, 4.2)
    return np.column_stack([xyz[:, 0] + 5.2, side * (4.0 + xyz[:, 1]), xyz[:, 2]])


def _poles(rng: np.random.Generator, size: int) -> Points:
    """Draw on a lamp post."""
    angle = rng.uniform(0, 2 * np.pi, size)
    return np.column_stack(
        [9.6 + 0.06 * np.cos(angle), 6.8 + 0.06 * np.sin(angle), rng.uniform(0.12, 6.5, size)]
    )
