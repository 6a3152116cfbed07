"""Two headers of LAS files: every byte but those that say where things stand, and how points are stored."""

from __future__ import annotations

from bevseg.io.compare.difference import Difference
from bevseg.io.las.header import Header

_FORMAT, _COMPRESSED = 104, 0x80
_PLACES = ((96, 104), (104, 107))
"""Where points begin, number of records; point format and length of a point. Reading the file has proved them."""
_WAVEFORMS, _EVLRS = slice(227, 235), slice(235, 247)


def compare(expected: Header, result: Header) -> Difference | None:
    """Return the first difference of two headers.

    Parameters
    ----------
    expected
        Of the source, in the version of the result, with the number of its points.
    result
        As it stands in the file.
    """
    one, other = bytearray(expected.block), bytearray(result.block)
    if expected.minor != result.minor:
        return Difference("the version", f"LAS 1.{expected.minor}", f"LAS 1.{result.minor}")
    if len(one) != len(other):
        return Difference("the size of the header", str(len(one)), str(len(other)))
    for block in (one, other):
        for start, end in _PLACES:
            block[start:end] = bytes(end - start)
    if result.minor >= 4:
        if result.evlrs or not any(other[_EVLRS]):  # else they are compared: they point to no record
            one[_EVLRS] = other[_EVLRS] = bytes(12)
        if _same_waveforms(expected, result):
            one[_WAVEFORMS] = other[_WAVEFORMS] = bytes(8)
    elif result.minor == 3 and _same_waveforms(expected, result):
        one[_WAVEFORMS] = other[_WAVEFORMS] = bytes(8)
    for at, (left, right) in enumerate(zip(one, other, strict=True)):
        if left != right:
            return Difference(f"byte {at} of the header", str(left), str(right))
    if expected.gap != result.gap:
        return Difference("what stands before the points", shown(expected.gap), shown(result.gap))
    return None


def _same_waveforms(expected: Header, result: Header) -> bool:
    """Whether both headers point to the same extended record as that of the waveforms."""
    found = []
    for header in (expected, result):
        start = int.from_bytes(header.block[_WAVEFORMS], "little")
        if start not in header.evlr_starts:
            return False
        found.append(header.evlrs[header.evlr_starts.index(start)])
    return found[0] == found[1]


def shown(data: bytes) -> str:
    """Return the first bytes for people."""
    return (data[:16].hex(" ") + (" ..." if len(data) > 16 else "")) or "nothing"
