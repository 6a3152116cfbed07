"""A simulated scan -> a raster of its true ground, also where the ground was not scanned."""

from __future__ import annotations

import numpy as np

from bevseg.core.grid import Grid
from bevseg.core.labels import GROUND
from bevseg.core.raster import Raster
from bevseg.io.crs import wkt_of_epsg
from bevseg.sim.simulate import EPSG, SimulatedScan


def exact_ground(made: SimulatedScan, cell: float) -> Raster:
    """Return the bands `height` and `seen` over the extent of a scan.

    Parameters
    ----------
    made
        The scan.
    cell
        Side of a cell, m.

    Returns
    -------
    Raster
        float32. `height`: height of the ground at the middle of each cell, m in the reference system of the cloud,
        also where nothing was measured; NaN where there is no ground. `seen`: 1 where a cell has a point of ground,
        else 0.
    """
    cloud = made.cloud
    xyz = cloud.xyz
    low, high = xyz.min(axis=0), xyz.max(axis=0)
    grid = Grid.covering(cell, (low[0], high[0]), (low[1], high[1]))
    x, y = np.meshgrid(*grid.centres())
    height = made.street.ground(x - cloud.offset[0], y - cloud.offset[1]) + cloud.offset[2]
    ground = xyz[cloud.labels == GROUND]
    seen = np.zeros(grid.rows * grid.cols, np.float32)
    seen[grid.cell_of(ground[:, 0], ground[:, 1])] = 1
    values = np.stack([height.astype(np.float32), seen.reshape(grid.shape)])
    return Raster(grid, ("height", "seen"), values, crs=wkt_of_epsg(EPSG))
