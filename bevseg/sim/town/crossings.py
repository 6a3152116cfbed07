"""The corners of cross streets: signs, traffic lights, and lights on wires."""

from __future__ import annotations

import numpy as np

from bevseg.sim.objects import wires
from bevseg.sim.objects.poles import masts, signs, traffic_lights
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.layout import Crossing


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
                    part = traffic_lights.level_light(rng)
                else:
                    part = traffic_lights.traffic_light(rng, style.light_arms) if lights else signs.sign(rng)
                builder.stand(part.mirrored(-sign), corner, sign * (side.kerb + rng.uniform(0.4, 0.9)))
                if lights and rng.random() < 0.4:
                    light = traffic_lights.pedestrian_light(rng).turned(rng.uniform(0, 2 * np.pi))
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
        builder.stand(masts.span_mast(rng, tall + rng.uniform(0.1, 1.0)), *corners[k])
    for a, b in pairs:
        start, end = (np.append(corners[k], float(height(*corners[k])) + tall) for k in (a, b))
        sag = rng.uniform(0.01, 0.025)
        builder.place(wires.wires(start[None], end[None], np.array([0.015]), sag))
        for share in rng.uniform(0.25, 0.75, int(rng.integers(1, 4))):
            x, y, z = start + share * (end - start)
            dip = 4 * sag * float(np.linalg.norm(end - start)) * share * (1 - share)
            builder.place(traffic_lights.hanging_lights(rng).at(x, y, z - dip))
