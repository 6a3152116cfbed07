"""What a LAS file says beside the fields of its points: no format but LAS has a place for it."""

from __future__ import annotations

import struct

from bevseg.io.las.header import Header

WAVEFORMS = (4, 5, 9, 10)
"""Point formats with references to waveforms."""
_SYSTEM, _SOURCE, _ENCODING, _CREATED = slice(26, 58), 4, 6, 90
_STANDARD_TIME = 0b1
_OUTSIDE = 0b100
_FIELDS = {("LASF_Spec", 4), ("laszip encoded", 22204)}
"""Records that describe the points, which are kept."""
_CRS = "LASF_Projection"
_MOST, _SHOWN = 8, 40


def left_out(header: Header) -> list[str]:
    """Return one sentence each for the facts of the header, the waveforms, and the records."""
    facts = _facts(header)
    names = [_name(*record.key) for record in header.vlrs + header.evlrs if _is_more(*record.key)]
    more = f" and {len(names) - _MOST:,} more" if len(names) > _MOST else ""
    return [
        *([f"the header of LAS is left out: {', '.join(facts)}"] if facts else []),
        *(
            ["the waveforms are left out; the references to them stay"]
            if header.point_format in WAVEFORMS
            else []
        ),
        *([f"the records of LAS are left out: {', '.join(names[:_MOST])}{more}"] if names else []),
    ]


def has_outside_waveforms(header: Header) -> bool:
    """Whether the waveforms stand in a file of their own, `.wdp`."""
    flags = int.from_bytes(header.block[_ENCODING : _ENCODING + 2], "little")
    return header.point_format in WAVEFORMS and bool(flags & _OUTSIDE)


def _facts(header: Header) -> list[str]:
    (source,) = struct.unpack_from("<H", header.block, _SOURCE)
    system = header.block[_SYSTEM].split(b"\0")[0].decode("latin-1").strip()
    day, year = struct.unpack_from("<HH", header.block, _CREATED)
    flags = int.from_bytes(header.block[_ENCODING : _ENCODING + 2], "little")
    time = "adjusted standard" if flags & _STANDARD_TIME else "of the week"
    has_time = header.point_format not in (0, 2)
    return [
        *([f"source {source}"] if source else []),
        *([f"system {system!r}"] if system else []),
        *([f"software {header.software!r}"] if header.software else []),
        *([f"day {day} of {year}"] if day and year else []),
        *([f"GPS time is {time}"] if has_time else []),
    ]


def _is_more(user: str, number: int) -> bool:
    return (user, number) not in _FIELDS and user != _CRS


def _name(user: str, number: int) -> str:
    return f"{user[:_SHOWN]} {number}"
