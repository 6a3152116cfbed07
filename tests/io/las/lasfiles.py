"""LAS files with faces, and a reader of raw bytes that knows nothing of bevseg."""

import io
import struct

import laspy
import numpy as np

RECORD_HEAD = {False: 54, True: 60}


def make(path, point_format=6, version=None, count=500, edit=None, last=None):
    """Write a file with random values in every dimension of the format.

    `edit` may add to it before the values are there, `last` after.
    """
    header = laspy.LasHeader(point_format=point_format, version=version)
    header.scales, header.offsets = np.array([0.001, 0.001, 0.01]), np.array([87000.0, 439000.0, -3.0])
    header.system_identifier, header.generating_software = "SCANNER 7", "elsewhere 1.0"
    header.file_source_id = 4711
    las = laspy.LasData(header)
    if edit:
        edit(las)
    rng = np.random.default_rng(0)
    record = np.frombuffer(rng.bytes(las.header.point_format.size * count), las.header.point_format.dtype())
    las.points = laspy.ScaleAwarePointRecord(
        record.copy(), las.header.point_format, header.scales, header.offsets
    )
    las.X, las.Y = rng.integers(0, 120_000, count), rng.integers(0, 60_000, count)
    las.Z = rng.integers(0, 2000, count)
    las.return_number, las.number_of_returns = np.ones(count, np.uint8), np.ones(count, np.uint8)
    las.classification = rng.integers(1, 7, count).astype(np.uint8)
    if point_format >= 6:
        las.scanner_channel = np.zeros(count, np.uint8)
    for name in ("gps_time", "x_t", "y_t", "z_t", "return_point_wave_location"):
        if name in las.point_format.dimension_names:
            las[name] = np.arange(count, dtype=np.float32)
    if last:
        last(las)
    las.write(str(path))
    return path


def raw(path):
    """Return (header block, VLRs, gap, EVLRs) of a file as bytes; records as {key: (head, data)}."""
    data = path.read_bytes()
    size, start, count = struct.unpack_from("<HII", data, 94)
    vlrs, end = records(data, size, count, extended=False)
    evlrs = {}
    if data[25] >= 4:
        first, number = struct.unpack_from("<QI", data, 235)
        evlrs, _ = records(data, first, number, extended=True)
    return data[:size], vlrs, data[end:start], evlrs


def records(data, at, count, extended):
    """Cut records out of the bytes of a file."""
    found = {}
    for _ in range(count):
        head = data[at : at + RECORD_HEAD[extended]]
        key = head[2:18].rstrip(b"\0").decode(), struct.unpack_from("<H", head, 18)[0]
        length = struct.unpack_from("<Q" if extended else "<H", head, 20)[0]
        at += len(head) + length
        found[key] = head, data[at - length : at]
    return found, at


DECLARED = [
    (96, 100),  # offset to points
    (100, 104),  # number of records
    (104, 105),  # point format: the bit for LAZ
    (105, 107),  # record length
    (235, 243),  # start of the extended records
]
"""Bytes of the header that may differ between a source and its labelled copy."""


def undeclared(block):
    """Return a header block with zeros in the bytes that may differ."""
    block = bytearray(block)
    for start, stop in DECLARED:
        if stop <= len(block) and not (start >= 227 and block[25] < 4):
            block[start:stop] = bytes(stop - start)
    return bytes(block)


def stored(las, name):
    """Return the values of a dimension as they stand in the file, without scale."""
    return las.points.array[name]


def names(las):
    """Return the names of all dimensions but the classification and those of bevseg."""
    ours = ("classification", "bevseg_confidence", "bevseg_class")
    return [name for name in las.point_format.dimension_names if name not in ours]


def rewritten(las):
    """Write to memory and read again, as any other software would."""
    data = io.BytesIO()
    las.write(data)
    data.seek(0)
    return laspy.read(data)
