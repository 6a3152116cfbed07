"""LAS and LAZ files put together byte by byte, for what no library writes."""

import io
import struct

import lazrs
import numpy as np

SIZES = (20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67)
"""Bytes of a point, by point format."""
EXTRA_BYTES = ("LASF_Spec", 4)


def description(kind, name, *, options=0, text=b"", scale=0.0, offset=0.0):
    """One description of an extra dimension; `name` as bytes."""
    return struct.pack("<2xBB32s76xd16xd16x32s", kind, options, name, scale, offset, text)


def vlr(user, number, data, text=b""):
    """A record before the points; `user` may be bytes."""
    user = user if isinstance(user, bytes) else user.encode()
    return struct.pack("<2s16sHH32s", b"\xaa\xbb", user, number, len(data), text) + data


def evlr(user, number, data, text=b""):
    """A record behind the points."""
    return struct.pack("<2s16sHQ32s", b"\xcc\xdd", user.encode(), number, len(data), text) + data


def points(point_format, count, extra=0, seed=0):
    """Random points, (N, bytes) uint8, near each other and with returns that LAZ can hold."""
    rng = np.random.default_rng(seed)
    rows = np.frombuffer(rng.bytes((SIZES[point_format] + extra) * count), np.uint8).reshape(count, -1).copy()
    rows[:, 16 if point_format >= 6 else 15] = rng.integers(1, 7, count)  # classes
    rows[:, :12] = rng.integers(0, 100_000, (count, 3)).astype("<i4").view(np.uint8)
    if point_format in (9, 10):
        rows[:, 15] &= 0b11001111  # one scanner: lazrs scrambles the waveforms of several
    return rows


def write(
    path,
    point_format,
    rows,
    *,
    minor=4,
    vlrs=(),
    evlrs=(),
    gap=b"",
    user=b"",
    scale=(0.001, 0.001, 0.001),
    legacy=None,
    wide=None,
):
    """Write a file; compressed if its name ends with .laz. `legacy` and `wide` are its counts of points."""
    count, length = rows.shape
    packed = path.suffix == ".laz"
    if packed:
        laz = lazrs.LazVlr.new_for_compression(point_format, length - SIZES[point_format])
        vlrs = [*vlrs, vlr("laszip encoded", 22204, laz.record_data())]
    size = {3: 235, 4: 375, 5: 393}.get(minor, 227) + len(user)
    start = size + sum(map(len, vlrs)) + len(gap)
    legacy = (0 if point_format > 5 else count) if legacy is None else legacy
    block = struct.pack("<4sHH16sBB32s32sHHHIIBHI20x", b"LASF", 7, 0, b"guid", 1, minor, b"SCANNER", b"elsewhere",
                        9, 2024, size, start, len(vlrs), point_format | 128 * packed, length, legacy)  # fmt: skip
    block += struct.pack("<12d", *scale, 10.0, 20.0, 30.0, 110, 10, 120, 20, 130, 30)
    body = bytearray()
    if packed:
        file = io.BytesIO(b"\0" * start)
        file.seek(start)
        sink = lazrs.LasZipCompressor(file, laz)
        sink.compress_many(np.ascontiguousarray(rows))
        sink.done()
        body += file.getvalue()[start:]
    else:
        body += rows.tobytes()
    if minor >= 3:
        block += struct.pack("<Q", 0)
    if minor >= 4:
        place = start + len(body) if evlrs else 0
        block += struct.pack("<QIQ15Q", place, len(evlrs), count if wide is None else wide, *[1] * 15)
    if minor >= 5:
        block += struct.pack("<ddh", 2.5, 1.5, -3)
    path.write_bytes(block + user + b"".join(vlrs) + gap + bytes(body) + b"".join(evlrs))
    return path


def places(path):
    """Return where points begin, where the chunk table begins, and where the content of the LASzip record does."""
    data = path.read_bytes()
    start = struct.unpack_from("<I", data, 96)[0]
    laszip = data.index(b"laszip encoded") - 2 + 54
    return start, struct.unpack_from("<q", data, start)[0], laszip


def in_chunks(path, point_format, rows, ends):
    """Write a LAZ file whose chunks end at these points, and with the last point."""
    write(path, point_format, rows)
    start, _, laszip = places(path)
    variable = patched(path, laszip + 12, b"\xff" * 4).read_bytes()
    record = variable[laszip:start]
    body, entries = b"", []
    for part in np.split(rows, ends):
        write(path, point_format, part)
        begin, end, _ = places(path)
        body += path.read_bytes()[begin + 8 : end]
        entries.append((len(part), end - begin - 8))
    with path.open("wb") as file:
        file.write(variable[:start] + struct.pack("<q", start + 8 + len(body)) + body)
        lazrs.write_chunk_table(file, entries, lazrs.LazVlr(record))
    return path


def in_one_run(path, point_format, rows):
    """Write a LAZ file of point format 0 to 5 as the first versions of LASzip did, without chunks."""
    write(path, point_format, rows)
    data, (start, table, laszip) = path.read_bytes(), places(path)
    path.write_bytes(data[:start] + data[start + 8 : table])
    return patched(path, laszip, b"\1\0")


def patched(path, at, data):
    """Overwrite bytes of a file."""
    content = bytearray(path.read_bytes())
    content[at : at + len(data)] = data
    path.write_bytes(content)
    return path


def records(path, *, extended=False):
    """Return the records of a file in their order: [(user, number, head, content)]."""
    data = path.read_bytes()
    at, _, count = struct.unpack_from("<HII", data, 94)
    if extended:
        at, count = struct.unpack_from("<QI", data, 235) if data[25] >= 4 else (0, 0)
    found = []
    for _ in range(count):
        head = data[at : at + (60 if extended else 54)]
        length = struct.unpack_from("<Q" if extended else "<H", head, 20)[0]
        user, number = head[2:18].rstrip(b"\0"), struct.unpack_from("<H", head, 18)[0]
        found.append((user, number, head, data[at + len(head) : at + len(head) + length]))
        at += len(head) + length
    return found


def undescribed(path, copy):
    """Copy a file with other user ids in its records but LASzip's, so that laspy reads it whatever stands in them."""
    data = bytearray(path.read_bytes())
    for extended in (False, True):
        for user, _, head, _ in records(path, extended=extended):
            if user != b"laszip encoded":
                at = data.index(head)
                data[at + 2 : at + 18] = b"forgotten".ljust(16, b"\0")
    copy.write_bytes(data)
    return copy
