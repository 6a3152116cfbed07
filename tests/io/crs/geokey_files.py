"""GeoKeys as bytes, and LAS files that have them and nothing else of a reference system."""

import struct

import laspy

from tests.io.las import lasfiles


def directory(*entries, count=None):
    """The record 34735 of (key, place, count, value) entries; `count` is what its head claims."""
    rows = [(1, 1, 0, len(entries) if count is None else count), *entries]
    return b"".join(struct.pack("<4H", *row) for row in rows)


def doubles(*values):
    """The record 34736."""
    return struct.pack(f"<{len(values)}d", *values)


def write(path, records, middle=(87000.0, 439000.0)):
    """A LAS 1.2 file with these records (number -> bytes) around that place."""

    def edit(las):
        for number, data in records.items():
            las.header.vlrs.append(laspy.VLR("LASF_Projection", number, "", data))
        las.header.offsets = [*middle, 0.0]

    return lasfiles.make(path, point_format=1, version="1.2", edit=edit)
