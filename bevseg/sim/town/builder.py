"""The builder of a street: puts parts on the ground, numbers them, and keeps account of the occupied ground.

Every part becomes an instance of its own, or several where its triangles say so. Parts that belong together (a wall
in pieces, a row of stairs) share one `instance`, a number from `new_instance`. All ground has the number `GROUND`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.mesh import Mesh
from bevseg.sim.town.style import Style
from bevseg.sim.town.styles import STYLES
from bevseg.sim.town.terrain import Arm, Terrain

GROUND = 0
"""Number of the instance that all ground belongs to."""


class Builder:
    """The street while it is being furnished.

    Parameters
    ----------
    rng
        Draws everything.
    terrain
        The ground that parts are put on.
    style
        What kind of town it is.
    """

    def __init__(self, rng: np.random.Generator, terrain: Terrain | Arm, style: Style | None = None) -> None:
        self.rng = rng
        self.terrain = terrain
        self.style = style or STYLES["shrec20"]
        self.parts: list[Mesh] = []
        self.last_instance = GROUND
        """Highest number of an instance so far."""
        self.footprints: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        """Lower and upper corner, (2,) each, of the rectangle under each building, in street coordinates."""
        self._taken: dict[object, list[tuple[float, float]]] = defaultdict(list)

    @property
    def start(self) -> float:
        """First s that is furnished, m."""
        return self.terrain.start

    @property
    def end(self) -> float:
        """Last s that is furnished, m."""
        return self.terrain.end

    def new_instance(self) -> int:
        """Return a number that no instance has yet."""
        self.last_instance += 1
        return self.last_instance

    def stand(
        self, part: Mesh, s: float, t: float, *, lift: float = 0.0, instance: int | None = None
    ) -> None:
        """Put an upright, level part with its origin `lift` m over the ground at (s, t)."""
        self._add(part.at(s, t, float(self.terrain.height(s, t)) + lift), instance)

    def lay(self, part: Mesh, s: float, t: float, *, instance: int | None = None) -> None:
        """Put a part at (s, t), tilted like the ground there."""
        h, reach = self.terrain.height, 1.3
        along = float(h(s + reach, t) - h(s - reach, t)) / (2 * reach)
        across = float(h(s, t + 0.7) - h(s, t - 0.7)) / 1.4
        tilt = np.array([[1, 0, along], [0, 1, across], [0, 0, 1]])
        self._add(replace(part, corners=part.corners @ tilt).at(s, t, float(h(s, t))), instance)

    def drape(self, part: Mesh, s: float, t: float, *, instance: int | None = None) -> None:
        """Put a long part at (s, t), with its foot along the ground."""

        def follow(points: NDArray[np.float64]) -> NDArray[np.float64]:
            return points + np.column_stack(
                [np.zeros((len(points), 2)), self.terrain.height(points[:, 0], points[:, 1])]
            )

        self._add(part.at(s, t).mapped(follow), instance)

    def place(self, part: Mesh, *, instance: int | None = None) -> None:
        """Add a part that is in street coordinates already."""
        self._add(part, instance)

    def _add(self, part: Mesh, instance: int | None) -> None:
        """Add a part as an instance, or as new instances: one for each number that its triangles have."""
        if instance is None:
            instance = self.new_instance()
            self.last_instance += int(part.instances.max(initial=0))
        self.parts.append(part.numbered(instance))

    def claim(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> bool:
        """Reserve a rectangle of the ground between two corners (2,) each; False if a building stands there."""
        if isinstance(self.terrain, Arm):
            mapped = np.stack(self.terrain.on_street(*np.stack([low, high], axis=1)), axis=1)
            low, high = mapped.min(axis=0), mapped.max(axis=0)
        if any((low < b).all() and (a < high).all() for a, b in self.footprints):
            return False
        self.footprints.append((low, high))
        return True

    def take(self, strips: object, low: float, high: float, *, margin: float = 0.0) -> bool:
        """Reserve a stretch of a strip; False if it is occupied, or lies in or within `margin` m of a cross street.

        For a strip (name, 1) or (name, -1), only cross streets to the left or to the right count. A list of strips is
        reserved as a whole or not at all.
        """
        listed = strips if isinstance(strips, list) else [strips]
        if not all(self._is_free(strip, low, high, margin) for strip in listed):
            return False
        for strip in listed:
            self._taken[strip].append((low, high))
        return True

    def put(self, strip: object, part: Mesh, s: float, t: float, half: float) -> None:
        """Put a part upright at (s, t) if `half` m to either side of s are free on a strip."""
        if self.take(strip, s - half, s + half, margin=0.6):
            self.stand(part, s, t)

    def _is_free(self, strip: object, low: float, high: float, margin: float) -> bool:
        """Whether nothing is on a stretch of a strip, and no cross street within `margin` m of it."""
        middle, half = (low + high) / 2, (high - low) / 2
        sign = strip[1] if isinstance(strip, tuple) and strip[1] in (1, -1) else 0
        if bool(self.terrain.in_crossing(middle, half + margin, sign=sign)):
            return False
        return not any(low < b and a < high for a, b in self._taken[strip])
