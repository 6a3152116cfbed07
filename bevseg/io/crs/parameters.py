"""GeoTIFF keys that give a projection by its parameters -> WKT: GDAL reads them from a GeoTIFF of one pixel."""

from __future__ import annotations

import logging
import struct
import warnings
from collections.abc import Mapping

log = logging.getLogger(__name__)

_DIRECTORY, _DOUBLES, _TEXTS = 34735, 34736, 34737
_SHORT, _LONG, _DOUBLE, _ASCII = 3, 4, 12, 2
_MOST_KEYS = 1000


def wkt_of_parameters(keys: Mapping[int, int | float | str], unit: float) -> str:
    """Return the projected system that the keys describe; empty if GDAL finds none in this unit.

    Parameters
    ----------
    keys
        Key -> value.
    unit
        Metres per unit of the coordinates, as they were understood.
    """
    from rasterio.errors import RasterioError
    from rasterio.io import MemoryFile

    from bevseg.io.crs.proj_database import own_database

    try:
        with (
            own_database(),
            warnings.catch_warnings(),
            MemoryFile(_tiff(keys)) as memory,
            memory.open() as file,
        ):
            warnings.simplefilter("ignore")
            found = file.crs
            if found is None or not found.is_projected or abs(found.linear_units_factor[1] / unit - 1) > 1e-6:
                return ""
            return str(found.to_wkt())
    except (RasterioError, ValueError, struct.error) as error:
        log.debug("the projection is not understood: %s", error)
        return ""


def _tiff(keys: Mapping[int, int | float | str]) -> bytes:
    """Return a GeoTIFF of one pixel with these keys."""
    rows, doubles, texts = [], b"", b""
    for key, value in sorted(keys.items())[:_MOST_KEYS]:
        if isinstance(value, str):
            text = value.encode("latin-1", "replace") + b"|"
            rows.append((key, _TEXTS, len(text), len(texts)))
            texts += text
        elif isinstance(value, float):
            rows.append((key, _DOUBLES, 1, len(doubles) // 8))
            doubles += struct.pack("<d", value)
        else:
            rows.append((key, 0, 1, value))
    directory = b"".join(struct.pack("<4H", *row) for row in [(1, 1, 0, len(rows)), *rows])
    tags = [(number, _SHORT, 1, struct.pack("<H", value)) for number, value in ((256, 1), (257, 1), (258, 8))]
    tags += [(259, _SHORT, 1, b"\1\0"), (262, _SHORT, 1, b"\1\0"), (273, _LONG, 1, struct.pack("<I", 0))]
    tags += [(277, _SHORT, 1, b"\1\0"), (278, _SHORT, 1, b"\1\0"), (279, _LONG, 1, struct.pack("<I", 1))]
    tags += [(33550, _DOUBLE, 3, struct.pack("<3d", 1, 1, 0)), (33922, _DOUBLE, 6, bytes(48))]
    tags += [(_DIRECTORY, _SHORT, len(directory) // 2, directory)]
    tags += [(_DOUBLES, _DOUBLE, len(doubles) // 8, doubles)] if doubles else []
    tags += [(_TEXTS, _ASCII, len(texts) + 1, texts + b"\0")] if texts else []
    at = 8 + 2 + 12 * len(tags) + 4
    entries, data = [], b""
    for number, kind, count, content in tags:
        if len(content) > 4:
            data += bytes(len(data) % 2)
            entries.append(struct.pack("<HHII", number, kind, count, at + len(data)))
            data += content
        else:
            entries.append(struct.pack("<HHI4s", number, kind, count, content.ljust(4, b"\0")))
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    return head + b"".join(entries) + bytes(4) + data
