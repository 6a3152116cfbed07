"""Points -> planes through blocks of them, and the distances between the lines in which they lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.runtime.kernels import compiled

REACH, ASIDE = 2, 0.04
"""The next line is searched this many patches around. A point belongs to another line if it lies so far aside, m."""

STRAIGHT = 0.05
"""Points lie on a line if the variance across it is at most this share of the variance along it."""

Values = NDArray[np.float64]
Cells = NDArray[np.int64]


def planes(blocks: Cells, xyz: Values, side: float, least: int) -> tuple[Values, Values]:
    """Fit a plane to the points of each block, by least squares of height.

    Parameters
    ----------
    blocks
        (N,) number of the block of each point.
    xyz
        (N, 3), m.
    side
        Side of a block, m. Points that lie within a tenth of it, or in a line, give no plane.
    least
        Least number of points of a block; other blocks are left out.

    Returns
    -------
    tuple
        Slope (m per m) and root mean square of the residuals (m) of each plane, in the order of the blocks.
    """
    block, at, count = np.unique(blocks, return_inverse=True, return_counts=True)
    middle = np.stack([np.bincount(at, axis, block.size) / count for axis in xyz.T], axis=1)
    centred = xyz - middle[at]
    xx, xy, yy, xz, yz, zz = (
        np.bincount(at, centred[:, i] * centred[:, j], block.size) / count
        for i, j in ((0, 0), (0, 1), (1, 1), (0, 2), (1, 2), (2, 2))
    )
    determinant = xx * yy - xy * xy
    narrow = (xx + yy) / 2 - np.sqrt((xx - yy) ** 2 / 4 + xy * xy)  # variance across the longest direction
    kept = (count >= least) & (narrow > (side / 10) ** 2)
    xx, xy, yy, xz, yz, zz, determinant = (of[kept] for of in (xx, xy, yy, xz, yz, zz, determinant))
    east, north = (yy * xz - xy * yz) / determinant, (xx * yz - xy * xz) / determinant
    residual = np.maximum(zz - east * xz - north * yz, 0)
    return np.hypot(east, north), np.sqrt(residual)


@compiled
def lines_aside(xy, starts, rows, cols, patches, probes, asides):  # type: ignore[no-untyped-def]
    """Write the distance from the line of each probe to the next line, m: -1 for no line, inf for no next line.

    A probe lies on a line if it and its four nearest points lie in a line. The next line is at the nearest point
    within 45 degrees of the perpendicular.

    Parameters
    ----------
    xy
        (N, 2) float64, m, in the order of their patches.
    starts
        (rows * cols + 1,) first point of each patch.
    rows, cols
        Size of the grid of patches.
    patches, probes
        (P,) patch and number of each probe.
    asides
        (P,) float64: the result.
    """
    near = np.empty((4, 2))
    squares = np.empty(4)
    for k in range(len(probes)):
        mine, row, col = probes[k], patches[k] // cols, patches[k] % cols
        squares[:] = np.inf
        for r in range(max(row - REACH, 0), min(row + REACH + 1, rows)):
            for j in range(
                starts[r * cols + max(col - REACH, 0)], starts[r * cols + min(col + REACH + 1, cols)]
            ):
                x, y = xy[j, 0] - xy[mine, 0], xy[j, 1] - xy[mine, 1]
                square = x * x + y * y
                if j == mine or square >= squares[3]:
                    continue
                at = 3
                while at > 0 and squares[at - 1] > square:
                    squares[at], near[at] = squares[at - 1], near[at - 1]
                    at -= 1
                squares[at], near[at, 0], near[at, 1] = square, x, y
        asides[k] = -1
        if squares[3] == np.inf:
            continue
        mean_x, mean_y = near[:, 0].sum() / 5, near[:, 1].sum() / 5
        xx, xy_, yy = (
            mean_x * mean_x,
            mean_x * mean_y,
            mean_y * mean_y,
        )  # of the probe itself, which is the origin
        for i in range(4):
            x, y = near[i, 0] - mean_x, near[i, 1] - mean_y
            xx, xy_, yy = xx + x * x, xy_ + x * y, yy + y * y
        half = np.sqrt((xx - yy) ** 2 / 4 + xy_ * xy_)
        along, across = (xx + yy) / 2 + half, (xx + yy) / 2 - half
        if across > STRAIGHT * along:
            continue
        turn = 0.5 * np.arctan2(2 * xy_, xx - yy)
        cos, sin = np.cos(turn), np.sin(turn)
        asides[k] = np.inf
        for r in range(max(row - REACH, 0), min(row + REACH + 1, rows)):
            for j in range(
                starts[r * cols + max(col - REACH, 0)], starts[r * cols + min(col + REACH + 1, cols)]
            ):
                x, y = xy[j, 0] - xy[mine, 0], xy[j, 1] - xy[mine, 1]
                ahead, aside = abs(x * cos + y * sin), abs(y * cos - x * sin)
                if aside > ASIDE and ahead <= aside:
                    asides[k] = min(asides[k], aside)
