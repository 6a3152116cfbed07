"""A few points -> LAZ in memory -> the same points: the library for LAZ works."""

from __future__ import annotations

import io

import laspy
import numpy as np

from bevseg.errors import DependencyError


def laz_round_trip() -> str:
    """Return the library for LAZ and what was tried.

    Raises
    ------
    DependencyError
        If there is none, or the points come back changed.
    """
    backends = [backend for backend in laspy.LazBackend if backend.is_available()]
    if not backends:
        raise _unusable("no library for LAZ is installed")
    las = laspy.LasData(laspy.LasHeader(version="1.4", point_format=6))
    las.X = np.arange(300, dtype=np.int32) ** 2
    data = io.BytesIO()
    try:
        las.write(data, do_compress=True, laz_backend=backends[0])
        size = data.tell()
        data.seek(0)
        same = np.array_equal(laspy.read(data, laz_backend=backends[0]).X, las.X)
    except (laspy.LaspyException, OSError, ValueError, RuntimeError) as error:
        raise _unusable(str(error)) from error
    if not same:
        raise _unusable("300 points came back changed")
    return f"{backends[0].name} of laspy {laspy.__version__}: 300 points and {size} bytes, there and back"


def _unusable(why: str) -> DependencyError:
    return DependencyError(
        "LAZ cannot be written and read", why=why, hint="pip install --force-reinstall lazrs"
    )
