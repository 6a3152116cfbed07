"""Bodies of vehicles: side profile, size, windows and axles of each kind, after data sheets of common models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bevseg.sim.distributions import Span


@dataclass(frozen=True)
class Body:
    """One kind of vehicle.

    `profile` is the line of bonnet, windows and roof from the rear to the front, as shares of length and height;
    `length`, `width` (without mirrors), `height` and the gap below (`sill`) are ranges in m, after data sheets of
    common models.
    """

    profile: tuple[tuple[float, float], ...]
    length: Span
    width: Span
    height: Span
    roof: float
    """Width of the roof over the width of the body."""
    sill: Span = (0.18, 0.26)
    belt: float = 0.58
    """Height of the lower edge of the windows over the height of the vehicle."""
    glazed: Span = (-0.46, 0.3)
    """Begin and end of the side windows, as shares of the length."""
    axles: tuple[float, ...] = (-0.3, 0.31)
    """Positions of the axles, as shares of the length."""
    wheel: Span = (0.29, 0.35)
    """Radius of the wheels, m."""
    bed: Span | None = None
    """Begin and end of the open top, as shares of the length."""
    rack: float = 0.12
    """Chance of a rack on the roof."""

    def reach(self) -> float:
        """Greatest length, m."""
        return self.length[1]


_NOSE = ((0.3, 0.61), (0.42, 0.56), (0.47, 0.5), (0.5, 0.4))
BODIES: Mapping[str, Body] = {
    "hatchback": Body(
        ((-0.5, 0.5), (-0.49, 0.62), (-0.42, 0.92), (-0.34, 0.99), (-0.1, 1.0), (0.06, 0.96), (0.22, 0.65), *_NOSE),
        length=(3.6, 4.5), width=(1.65, 1.85), height=(1.42, 1.58), roof=0.76,
    ),
    "saloon": Body(
        ((-0.5, 0.5), (-0.49, 0.64), (-0.35, 0.68), (-0.2, 0.94), (-0.12, 0.99), (-0.02, 1.0), (0.07, 0.96),
         (0.23, 0.66), *_NOSE),
        length=(4.4, 5.6), width=(1.72, 2.0), height=(1.38, 1.5), roof=0.72,
    ),
    "coupe": Body(
        ((-0.5, 0.5), (-0.48, 0.66), (-0.36, 0.72), (-0.18, 0.97), (-0.06, 1.0), (0.04, 0.95), (0.18, 0.68),
         (0.35, 0.6), (0.47, 0.5), (0.5, 0.4)),
        length=(4.0, 4.9), width=(1.7, 1.95), height=(1.25, 1.4), roof=0.7, sill=(0.14, 0.2),
    ),
    "estate": Body(
        ((-0.5, 0.5), (-0.49, 0.62), (-0.46, 0.92), (-0.4, 0.99), (-0.1, 1.0), (0.06, 0.97), (0.22, 0.64), *_NOSE),
        length=(4.4, 5.3), width=(1.72, 1.98), height=(1.42, 1.56), roof=0.76, rack=0.4,
    ),
    "suv": Body(
        ((-0.5, 0.5), (-0.49, 0.66), (-0.46, 0.93), (-0.4, 0.99), (-0.1, 1.0), (0.08, 0.97), (0.2, 0.7), (0.44, 0.62),
         (0.48, 0.52), (0.5, 0.42)),
        length=(4.2, 5.4), width=(1.78, 2.05), height=(1.6, 1.95), roof=0.8, sill=(0.22, 0.34), wheel=(0.34, 0.41),
        belt=0.6, rack=0.45,
    ),
    "minivan": Body(
        ((-0.5, 0.5), (-0.49, 0.6), (-0.46, 0.94), (-0.42, 0.99), (-0.1, 1.0), (0.12, 0.96), (0.3, 0.66),
         (0.42, 0.54), (0.48, 0.44), (0.5, 0.36)),
        length=(4.5, 5.2), width=(1.8, 2.02), height=(1.68, 1.82), roof=0.82, glazed=(-0.46, 0.34),
        belt=0.56, rack=0.3,
    ),
    "van": Body(
        ((-0.5, 0.96), (-0.49, 0.99), (-0.3, 1.0), (0.2, 0.99), (0.27, 0.93), (0.36, 0.62), (0.45, 0.52),
         (0.49, 0.42), (0.5, 0.3)),
        length=(4.6, 6.4), width=(1.85, 2.1), height=(1.9, 2.7), roof=0.93, glazed=(0.12, 0.34), belt=0.52, rack=0.3,
        wheel=(0.32, 0.36),
    ),
    "pickup": Body(
        ((-0.5, 0.58), (-0.49, 0.6), (-0.12, 0.6), (-0.115, 0.66), (-0.1, 0.95), (-0.06, 1.0), (0.07, 0.98),
         (0.18, 0.7), (0.44, 0.63), (0.49, 0.55), (0.5, 0.42)),
        length=(4.9, 6.2), width=(1.8, 2.05), height=(1.65, 1.98), roof=0.8, sill=(0.26, 0.4), wheel=(0.35, 0.42),
        glazed=(-0.09, 0.2), bed=(-0.485, -0.13), belt=0.62, rack=0.05,
    ),
    "minibus": Body(
        ((-0.5, 0.97), (-0.495, 1.0), (0.26, 1.0), (0.32, 0.94), (0.37, 0.62), (0.45, 0.5), (0.5, 0.36)),
        length=(6.0, 8.0), width=(2.05, 2.45), height=(2.6, 3.1), roof=0.92, sill=(0.28, 0.4), glazed=(-0.46, 0.34),
        belt=0.5, axles=(-0.24, 0.37), wheel=(0.36, 0.42), rack=0.0,
    ),
    "truck": Body(
        ((-0.5, 0.97), (-0.499, 1.0), (0.19, 1.0), (0.195, 0.98), (0.2, 0.68), (0.3, 0.66), (0.36, 0.47),
         (0.48, 0.41), (0.5, 0.25)),
        length=(5.8, 8.5), width=(2.1, 2.5), height=(2.9, 3.6), roof=0.98, sill=(0.5, 0.75), glazed=(0.23, 0.33),
        belt=0.45, axles=(-0.28, 0.38), wheel=(0.38, 0.45), rack=0.0,
    ),
    "lorry": Body(
        ((-0.5, 0.98), (-0.499, 1.0), (0.24, 1.0), (0.245, 0.4), (0.27, 0.4), (0.275, 0.86), (0.44, 0.88),
         (0.48, 0.6), (0.5, 0.3)),
        length=(8.5, 13.0), width=(2.4, 2.55), height=(3.2, 3.9), roof=0.99, sill=(0.6, 0.95), glazed=(0.33, 0.47),
        belt=0.55, axles=(-0.34, -0.24, 0.0, 0.38), wheel=(0.45, 0.52), rack=0.0,
    ),
    "bus": Body(
        ((-0.5, 0.94), (-0.495, 0.99), (-0.4, 1.0), (0.47, 1.0), (0.49, 0.94), (0.498, 0.5), (0.5, 0.4)),
        length=(10.5, 12.6), width=(2.45, 2.6), height=(2.9, 3.3), roof=0.96, sill=(0.25, 0.35), glazed=(-0.47, 0.47),
        belt=0.42, axles=(-0.24, 0.28), wheel=(0.45, 0.5), rack=0.0,
    ),
    "coach": Body(
        ((-0.5, 0.93), (-0.495, 0.98), (-0.4, 1.0), (0.44, 1.0), (0.485, 0.93), (0.498, 0.5), (0.5, 0.3)),
        length=(11.5, 13.8), width=(2.48, 2.57), height=(3.4, 3.9), roof=0.95, sill=(0.25, 0.35), belt=0.52,
        glazed=(-0.46, 0.46), axles=(-0.27, -0.17, 0.29), wheel=(0.48, 0.53), rack=0.0,
    ),
    "articulated": Body(
        ((-0.5, 0.94), (-0.497, 1.0), (-0.095, 1.0), (-0.09, 0.95), (-0.055, 0.95), (-0.05, 1.0), (0.48, 1.0),
         (0.494, 0.94), (0.499, 0.5), (0.5, 0.35)),
        length=(17.5, 18.7), width=(2.5, 2.57), height=(2.95, 3.3), roof=0.96, sill=(0.25, 0.35), belt=0.42,
        glazed=(-0.48, 0.48), axles=(-0.3, 0.0, 0.34), wheel=(0.45, 0.5), rack=0.0,
    ),
    "delivery": Body(
        ((-0.5, 0.98), (-0.499, 1.0), (0.1, 1.0), (0.13, 0.97), (0.135, 0.78), (0.22, 0.74), (0.33, 0.46),
         (0.46, 0.38), (0.5, 0.24)),
        length=(5.8, 7.4), width=(2.0, 2.3), height=(2.7, 3.3), roof=0.98, sill=(0.35, 0.5), glazed=(0.15, 0.32),
        belt=0.42, axles=(-0.24, 0.34), wheel=(0.33, 0.38), rack=0.0,
    ),
    "semi": Body(
        ((-0.5, 0.99), (-0.4995, 1.0), (0.31, 1.0), (0.315, 0.3), (0.355, 0.3), (0.36, 0.9), (0.4, 0.97),
         (0.46, 0.92), (0.49, 0.55), (0.5, 0.25)),
        length=(14.5, 16.5), width=(2.48, 2.6), height=(3.6, 4.0), roof=0.99, sill=(0.6, 0.95), glazed=(0.4, 0.48),
        belt=0.52, axles=(-0.38, -0.3, -0.22, 0.29, 0.42), wheel=(0.47, 0.53), rack=0.0,
    ),
}  # fmt: skip
"""From small cars of 3.6 m over American saloons of up to 5.6 m to city buses of 12 m and semi-trailers of 16.5 m."""
