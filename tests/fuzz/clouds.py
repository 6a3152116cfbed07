"""Small sound clouds of each format, as bytes: the seeds of the fuzzers."""

from __future__ import annotations

import io
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np


def _points(count: int = 40) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.round(rng.uniform([500000, 5400000, 90], [500040, 5400030, 110], (count, 3)), 3)


def las(folder: Path, suffix: str = "las") -> list[bytes]:
    """LAS of several versions and point formats, with extra dimensions and records."""
    import laspy

    from tests.io.las import lasfiles

    def extras(made: laspy.LasData) -> None:
        made.add_extra_dim(laspy.ExtraBytesParams("amplitude", np.uint16))
        made.add_extra_dim(laspy.ExtraBytesParams("deviation", np.float32))

    made = []
    for number, (point_format, version) in enumerate(
        [(0, "1.2"), (3, "1.2"), (1, "1.4"), (6, "1.4"), (7, "1.4")]
    ):
        path = folder / f"seed{number}.{suffix}"
        lasfiles.make(path, point_format, version, 60, extras if number % 2 else None)
        made.append(path.read_bytes())
    return made


def laz(folder: Path) -> list[bytes]:
    """LAZ of the same."""
    return las(folder, "laz")


def copc(folder: Path) -> list[bytes]:
    """COPC of copclib, where it is installed, and of bevseg."""
    from bevseg.core.pointcloud import PointCloud, PointLabels
    from bevseg.io.write import write_cloud

    paths = [folder / "new.copc.laz"]
    cloud, labels = PointCloud.from_xyz(_points()), np.arange(40, dtype=np.uint8) % 6
    write_cloud(cloud, PointLabels(labels, labels), paths[0], overwrite=True)
    if find_spec("copclib"):
        from tests.io.copc import copcfiles

        paths += [
            copcfiles.make(folder / "pages.copc.laz", points=6),
            copcfiles.make(folder / "page.copc.laz", 6, copcfiles.KEYS[:2], pages=False, points=9),
        ]
    return [path.read_bytes() for path in paths]


def ply(folder: Path) -> list[bytes]:
    """PLY as text and binary, with and without lists and faces."""
    xyz = _points()
    head = "ply\nformat {} 1.0\ncomment made by hand\nelement vertex {}\n"
    plain = "property double x\nproperty double y\nproperty double z\nproperty uchar class\n"
    face = "element face 2\nproperty list uchar int vertex_indices\n"
    rows = "".join(f"{x} {y} {z} {i % 6}\n" for i, (x, y, z) in enumerate(xyz))
    record = np.dtype([("x", "<f8"), ("y", "<f8"), ("z", "<f8"), ("c", "u1")])
    body = np.empty(len(xyz), record)
    body["x"], body["y"], body["z"] = xyz.T
    body["c"] = np.arange(len(xyz)) % 6
    text = (
        head.format("ascii", len(xyz)) + plain + face + "end_header\n" + rows + "3 0 1 2\n3 2 1 0\n"
    ).encode()
    faces = b"".join(bytes([3]) + np.arange(3, dtype="<i4").tobytes() for _ in range(2))
    start = head.format("binary_little_endian", len(xyz)) + plain
    binary = start.encode() + face.encode() + b"end_header\n" + body.tobytes() + faces
    big = (head.format("binary_big_endian", len(xyz)) + plain + "end_header\n").encode()
    big += body.astype(record.newbyteorder(">")).tobytes()
    lists = start + "property list uchar float weights\nend_header\n"
    listed = lists.encode() + b"".join(row.tobytes() + b"\x02" + bytes(8) for row in body)
    return [text, binary, big, listed]


def pcd(folder: Path) -> list[bytes]:
    """PCD as text, binary and compressed."""
    xyz = _points().astype(np.float32)
    head = (
        "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z _ label\nSIZE 4 4 4 1 2\nTYPE F F F U U\nCOUNT 1 1 1 2 1\n"
        f"WIDTH {len(xyz)}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {len(xyz)}\n"
    )
    rows = "".join(f"{x} {y} {z} 0 0 {i % 6}\n" for i, (x, y, z) in enumerate(xyz))
    record = np.dtype([("xyz", "<f4", 3), ("pad", "u1", 2), ("label", "<u2")])
    body = np.zeros(len(xyz), record)
    body["xyz"] = xyz
    columns = b"".join(np.ascontiguousarray(part).tobytes() for part in (*xyz.T, body["pad"], body["label"]))
    packed = _lzf(columns)
    sizes = np.array([len(packed), len(columns)], "<u4").tobytes()
    return [
        (head + "DATA ascii\n" + rows).encode(),
        (head + "DATA binary\n").encode() + body.tobytes(),
        (head + "DATA binary_compressed\n").encode() + sizes + packed,
    ]


def _lzf(data: bytes) -> bytes:
    """Return LZF data without references: runs of at most 32 bytes as they are."""
    runs = [data[at : at + 32] for at in range(0, len(data), 32)]
    return b"".join(bytes([len(run) - 1]) + run for run in runs)


def text(folder: Path) -> list[bytes]:
    """Text with and without header, with several separators, a count line, words and codings."""
    xyz = _points()
    rows = [f"{x:.3f} {y:.3f} {z:.3f} {i % 6}" for i, (x, y, z) in enumerate(xyz)]
    named = ["Easting;Northing;Height;Intensity;R;G;B"]
    named += [f"{x:.3f};{y:.3f};{z:.3f};{i};10;20;30" for i, (x, y, z) in enumerate(xyz)]
    quoted = ['"id","x","y","z"', *(f'"{i}","{x}","{y}","{z}"' for i, (x, y, z) in enumerate(xyz))]
    comma = [f"{x}\t{y}\t{z}".replace(".", ",") for x, y, z in xyz]
    words = ["X [m], Y [m], Z [m], GPS Time, Scalar field, Class"]
    words += [f"{x}, {y}, {z}, {1e5 + i / 7:.6f}, {-i}e-3, {i % 6}" for i, (x, y, z) in enumerate(xyz)]
    north = ["# Hochwert Rechtswert Höhe", *(f"{y:.2f} {x:.2f} {z:.2f}" for x, y, z in xyz)]
    gaps = [
        "x,y,z,nx,name",
        *(f"{x},{y},{z},{'nan' if i % 3 else ''},p{i}" for i, (x, y, z) in enumerate(xyz)),
    ]
    bare = [f"{x:.4f} {y:.4f} {z:.4f}" for x, y, z in xyz]
    texts = ["\n".join(lines) + "\n" for lines in (rows, named, quoted, comma, words, north, gaps, bare)]
    made = [one.encode() for one in texts]
    made += [texts[1].encode("utf-16"), texts[0].encode("utf-16-le"), texts[5].encode("latin-1")]
    return [*made, texts[0].replace("\n", "\r").encode(), b"\xef\xbb\xbf" + texts[4].encode()]


def pts(folder: Path) -> list[bytes]:
    """`.pts`: a count line, then intensities and colours, or less."""
    xyz = _points()
    colour = [str(len(xyz)), *(f"{x} {y} {z} {-i} 1 2 3" for i, (x, y, z) in enumerate(xyz))]
    grey = [str(len(xyz)), *(f"{x} {y} {z} {i * 50 - 2048}" for i, (x, y, z) in enumerate(xyz))]
    plain = [f"{len(xyz)} ", *(f"{x} {y} {z}" for x, y, z in xyz)]
    rgb = [f"{x} {y} {z} 200 100 {i}" for i, (x, y, z) in enumerate(xyz)]
    return [("\r\n".join(lines) + "\r\n").encode() for lines in (colour, grey, plain, rgb)]


def e57(folder: Path) -> list[bytes]:
    """E57 with one and two scans, poses, colours and integers of a scale."""
    from tests.io.e57.e57files import cartesian, write

    xyz = np.random.default_rng(2).uniform(-20, 20, (30, 3))
    colour = {f"color{name}": np.arange(30, dtype=np.int64) * 8 for name in ("Red", "Green", "Blue")}
    pose = ((0.6, 0.0, 0.0, 0.8), (500_000.0, 5_400_000.0, 100.0))
    scaled = dict.fromkeys(("cartesianX", "cartesianY", "cartesianZ"), 0.001)
    first = {"points": cartesian(xyz, **colour), "pose": pose}
    second = {"points": cartesian(xyz, intensity=np.linspace(0, 1, 30)), "scaled": scaled, "pose": pose}
    return [
        write(folder / "one.e57", first).read_bytes(),
        write(folder / "two.e57", second, first).read_bytes(),
    ]


def with_checksums(data: bytes) -> bytes:
    """Give each page of an E57 file the checksum of its content (CRC-32C, the last 4 of 1,024 bytes)."""
    pages = []
    for start in range(0, len(data), 1024):
        content, crc = data[start : start + 1020], 0xFFFFFFFF
        for byte in content:
            crc = _CRC[(crc ^ byte) & 255] ^ (crc >> 8)
        pages.append(content + (crc ^ 0xFFFFFFFF).to_bytes(4, "big"))
    return b"".join(pages)


def _crc_of(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
    return byte


_CRC = [_crc_of(byte) for byte in range(256)]


def npy(folder: Path) -> list[bytes]:
    """Arrays of coordinates, by rows and by columns, and with named fields."""
    xyz = _points()
    kind = np.dtype([("x", "f8"), ("y", "f8"), ("z", "f8"), ("intensity", "u2"), ("label", "u1")])
    fields = np.zeros(len(xyz), kind)
    fields["x"], fields["y"], fields["z"] = xyz.T
    return [_saved(values) for values in (xyz, np.asfortranarray(xyz), (xyz - xyz[0]).astype("f4"), fields)]


def _saved(values: np.ndarray) -> bytes:
    data = io.BytesIO()
    np.save(data, values)
    return data.getvalue()


def in_archive(array: bytes) -> bytes:
    """Put an array into an archive, `.npz`, with labels beside it: the sums of the archive are right."""
    data = io.BytesIO()
    with zipfile.ZipFile(
        data, "w", zipfile.ZIP_DEFLATED if len(array) % 2 else zipfile.ZIP_STORED
    ) as archive:
        archive.writestr("points.npy", array)
        archive.writestr("labels.npy", _saved(np.arange(40) % 6))
    return data.getvalue()


def kitti(folder: Path) -> list[bytes]:
    """Rows of x, y, z and intensity."""
    rng = np.random.default_rng(3)
    rows = np.column_stack([rng.uniform(-60, 60, (40, 3)), rng.uniform(0, 1, 40)])
    return [rows.astype("<f4").tobytes(), rows[:9].astype("<f4").tobytes()]


def zipped(folder: Path) -> list[bytes]:
    """Archives of one cloud, with and without other files beside it."""
    made = []
    for number, (name, data) in enumerate(
        [("a.txt", text(folder)[0]), ("sub/b.ply", ply(folder)[1]), ("c.las", las(folder)[3])]
    ):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED if number else zipfile.ZIP_STORED) as archive:
            if number:
                archive.writestr("readme.md", "what it is")
            archive.writestr(name, data)
        made.append(content.getvalue())
    return made
