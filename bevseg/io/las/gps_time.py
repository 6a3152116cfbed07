"""GPS times of a LAS file -> first and last, as UTC where the header says what they count from.

Sources: LAS 1.4 R15, table 4 (global encoding); LAS 1.5 R0 (time offset); IERS Bulletin C (leap seconds).
"""

from __future__ import annotations

import bisect
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

_STANDARD, _OFFSET_FLAG = 0x01, 0x40
_ENCODING_AT, _TIME_OFFSET_AT = 6, 391
_ADJUSTED = 1e9
"""Seconds that adjusted standard GPS time leaves out."""
_WEEK = 7 * 86400.0
_EPOCH = datetime(1980, 1, 6, tzinfo=UTC)
_LEAPS = [
    datetime(year, month, 1, tzinfo=UTC)
    for year, month in (
        *((1981, 7), (1982, 7), (1983, 7), (1985, 7), (1988, 1), (1990, 1), (1991, 1), (1992, 7), (1993, 7)),
        *((1994, 7), (1996, 1), (1997, 7), (1999, 1), (2006, 1), (2009, 1), (2012, 7), (2015, 7), (2017, 1)),
    )
]
"""Days that began with a leap second since GPS time began; the last was that of 2017."""


def time_range(times: NDArray[np.generic], block: bytes) -> dict[str, Any] | None:
    """Return what the times count, and the first and last of them.

    Parameters
    ----------
    times
        (N,) as they stand in the file, s.
    block
        Public header block.

    Returns
    -------
    dict or None
        `counts`, `first` and `last`: ISO 8601 in UTC, or seconds of a week whose date the file does not have. None if
        no time is set.
    """
    seconds = times.astype(np.float64)
    known = seconds[np.isfinite(seconds) & (seconds != 0)]
    if len(known) == 0:
        return None
    first, last = float(known.min()), float(known.max())
    zero = _zero(block)
    dates = [_utc(zero + value) for value in (first, last)] if zero is not None else []
    if dates and None not in dates:
        return {"counts": "standard GPS time, as UTC", "first": dates[0], "last": dates[1]}
    if zero is None and not 0 <= first <= last <= _WEEK:
        return {
            "counts": "the header says GPS week seconds, but a week has 604,800",
            "first": first,
            "last": last,
        }
    counts = "GPS week seconds, no date" if zero is None else "standard GPS time, of no date that can be"
    return {"counts": counts, "first": first, "last": last}


def _zero(block: bytes) -> float | None:
    """Return the standard GPS time of time 0, s; None for week seconds."""
    (encoding,) = struct.unpack_from("<H", block, _ENCODING_AT)
    if encoding & _OFFSET_FLAG and block[25] >= 5 and len(block) >= _TIME_OFFSET_AT + 2:
        return float(struct.unpack_from("<H", block, _TIME_OFFSET_AT)[0]) * 1e6
    return _ADJUSTED if encoding & _STANDARD else None


def _utc(seconds: float) -> str | None:
    """Return a standard GPS time as UTC; None beyond the years of calendars."""
    try:
        gps = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None
    leaps = bisect.bisect_right([day + timedelta(seconds=n) for n, day in enumerate(_LEAPS, start=1)], gps)
    return (gps - timedelta(seconds=leaps)).isoformat(timespec="seconds").replace("+00:00", "Z")
