"""Numbers as people read them on a page."""

from __future__ import annotations

DASH = "\u2013"
"""Stands for a number that is not known."""


def count(value: float | None) -> str:
    """Return a whole number in groups of three digits."""
    return DASH if value is None else f"{value:,.0f}"


def percent(value: float | None, decimals: int = 1) -> str:
    """Return a share in percent, without the sign; something that is not nothing does not become 0."""
    if value is None:
        return DASH
    least = 10.0**-decimals
    if 0 < 100 * value < least / 2:
        return f"<\u2009{least:.{decimals}f}"
    return f"{100 * value:.{decimals}f}"


def significant(value: float | None) -> str:
    """Return a number with three digits that count, or all of those before the point."""
    if value is None:
        return DASH
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def duration(seconds: float) -> str:
    """Return seconds as people say them."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"
