"""The readers that are fuzzed: small sound files of each kind, and how each is read."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bevseg.core.pointcloud import PointCloud

FARTHEST = 1e9
"""Coordinates beyond this, m, are absurd: a reader refuses them."""


@dataclass(frozen=True)
class Reader:
    """A kind of file.

    Attributes
    ----------
    name, suffix
        Of the kind, and of its files.
    make
        Writes sound files into a folder and returns their bytes.
    load
        Reads a file; returns a sentence if what it gives is absurd, else an empty text.
    pack
        Packs the bytes of a file, for readers of packed files. Half of the changes are then made inside.
    packed
        How the file is compressed: `gzip`, `zip` or nothing.
    """

    name: str
    suffix: str
    make: Callable[[Path], list[bytes]]
    load: Callable[[Path], str]
    pack: Callable[[bytes], bytes] | None = None
    packed: str = ""

    def seeds(self, folder: Path) -> list[bytes]:
        """Return the bytes of sound files."""
        return self.make(folder)

    def read(self, path: Path) -> str:
        """Read a file; see `load`."""
        return self.load(path)

    def unpacked_size(self, data: bytes) -> int:
        """Return the bytes of the content, as far as the packing says; never more than 64 MiB count."""
        size = len(data)
        try:
            if self.packed == "gzip":
                with gzip.open(io.BytesIO(data)) as file:
                    size = max(size, len(file.read(64 << 20)))
            elif self.packed == "zip":
                size = max(size, sum(i.file_size for i in zipfile.ZipFile(io.BytesIO(data)).infolist()))
        except Exception:  # a damaged file has no size
            pass
        return min(size, 64 << 20)


def absurdity(cloud: PointCloud, path: Path) -> str:
    """Return what is absurd about a cloud; an empty text if nothing is."""
    if len(cloud) > 4 * path.stat().st_size and path.suffix not in (".gz", ".laz", ".zip"):
        return "more points than bytes"
    bounds = cloud.bounds()
    if bounds is not None and not np.isfinite(bounds).all():
        return "bounds that are not finite"
    if bounds is not None and np.abs(bounds).max() > FARTHEST:
        return "coordinates beyond the earth"
    if min(cloud.scale) <= 0 or max(cloud.scale) > 1e6:
        return "steps of an absurd size"
    return ""


def read_cloud(path: Path) -> str:
    """Read a cloud as every command does."""
    from bevseg.io.read import read_cloud as read

    return absurdity(read(path), path)


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
    """Text with and without header, with several separators and a count line."""
    xyz = _points()
    rows = [f"{x:.3f} {y:.3f} {z:.3f} {i % 6}" for i, (x, y, z) in enumerate(xyz)]
    named = ["Easting;Northing;Height;Intensity;R;G;B"]
    named += [f"{x:.3f};{y:.3f};{z:.3f};{i};10;20;30" for i, (x, y, z) in enumerate(xyz)]
    pts = [str(len(xyz)), *(f"{x} {y} {z} {-i} 1 2 3" for i, (x, y, z) in enumerate(xyz))]
    quoted = ['"id","x","y","z"', *(f'"{i}","{x}","{y}","{z}"' for i, (x, y, z) in enumerate(xyz))]
    comma = [f"{x}\t{y}\t{z}".replace(".", ",") for x, y, z in xyz]
    texts = ["\n".join(lines) + "\n" for lines in (rows, named, pts, quoted, comma)]
    return [one.encode() for one in texts] + [texts[1].encode("utf-16")]


def toml(folder: Path) -> list[bytes]:
    """Settings."""
    from importlib import resources

    settings = b"[raster]\ncell = 0.2\n[slices]\nsplit = 2.0\n[train]\nsteps = 10\nloss = 'lovasz_softmax'\n"
    scheme = resources.files("bevseg.schemes").joinpath("shrec20.toml").read_bytes()
    return [settings, scheme]


def read_settings(path: Path) -> str:
    """Read settings as `--config` does, and the same file as a class scheme."""
    from bevseg.config.tables import load
    from bevseg.core.labels import load_scheme
    from bevseg.errors import BevsegError

    try:
        load(str(path))
    except BevsegError:
        load_scheme(str(path))
    return ""


def model(folder: Path) -> list[bytes]:
    """A small model."""
    from bevseg.seg import checkpoint
    from tests.seg import scenes

    path = folder / "seed.safetensors"
    checkpoint.save(scenes.model(), path)
    return [path.read_bytes()]


def read_model(path: Path) -> str:
    """Read a model as every command does."""
    from bevseg.seg import checkpoint

    checkpoint.load(path)
    return ""


def raster(folder: Path) -> list[bytes]:
    """Rasters of a work directory."""
    from bevseg.core.grid import Grid
    from bevseg.core.labels import load_scheme
    from bevseg.core.raster import Raster
    from bevseg.io import geotiff

    grid, made = Grid(0.2, 5, 9, 12, 20), []
    height = np.arange(240, dtype=np.float32).reshape(1, 12, 20)
    for number, (name, values, scheme) in enumerate(
        [("height", height, None), ("class", (height % 6).astype(np.uint8), load_scheme("asprs"))]
    ):
        path = folder / f"seed{number}.tif"
        geotiff.write(Raster(grid, (name,), values), path, scheme=scheme)
        made.append(path.read_bytes())
    return made


def read_raster(path: Path) -> str:
    """Read a raster of a work directory."""
    from bevseg.io import geotiff

    geotiff.read(path)
    return ""


def facts(folder: Path) -> list[bytes]:
    """The facts of a cloud in a work directory."""
    table = {"source": "/scans/a.laz", "sha256": "0" * 64, "scheme": None, "columns": None, "points": 3}
    return [json.dumps(table, indent=2).encode()]


def read_facts(path: Path) -> str:
    """Read them as a stage does."""
    from bevseg.workdir.folder import Folder

    place = path.with_suffix("") / "cloud.json"
    place.parent.mkdir(exist_ok=True)
    path.replace(place)
    Folder(place.parent).read_facts()
    return ""


def labels(folder: Path) -> list[bytes]:
    """The labels of a cloud in a work directory."""
    data = io.BytesIO()
    np.savez(data, classes=np.arange(40, dtype=np.uint8) % 6, confidence=np.full(40, 200, np.uint8))
    return [data.getvalue()]


def read_labels(path: Path) -> str:
    """Read them as a stage does."""
    from bevseg.workdir.folder import Folder

    place = path.with_suffix("") / "labels.npz"
    place.parent.mkdir(exist_ok=True)
    path.replace(place)
    Folder(place.parent).read_labels()
    return ""


READERS = {
    reader.name: reader
    for reader in (
        Reader("las", ".las", las, read_cloud),
        Reader("laz", ".laz", laz, read_cloud),
        Reader("ply", ".ply", ply, read_cloud),
        Reader("pcd", ".pcd", pcd, read_cloud),
        Reader("text", ".txt", text, read_cloud),
        Reader("gz", ".txt.gz", text, read_cloud, gzip.compress, "gzip"),
        Reader("toml", ".toml", toml, read_settings),
        Reader("model", ".safetensors", model, read_model),
        Reader("raster", ".tif", raster, read_raster),
        Reader("facts", ".json", facts, read_facts),
        Reader("labels", ".npz", labels, read_labels, packed="zip"),
    )
}
"""Name -> reader."""
