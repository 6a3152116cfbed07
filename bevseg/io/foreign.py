"""Files of others that bevseg does not read: what each one is, and how its points become a file that bevseg reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from bevseg.errors import CloudFormatError

HEAD = 512
"""Bytes at the start of a file that show what it is."""

_EXPORT = "export the points as LAS, LAZ or E57 with"
_FARO = f"{_EXPORT} FARO SCENE"
_MESH = "sample points on it with CloudCompare (Edit > Mesh > Sample points) and save them as LAZ"


@dataclass(frozen=True)
class Foreign:
    """A kind of file that is not read.

    Attributes
    ----------
    what
        What it is, as the end of "This is ...".
    hint
        What to do instead.
    """

    what: str
    hint: str


_ARCHIVE = Foreign("an archive", "unpack it, and give the directory")
_PICTURE = Foreign("a picture", "give the point cloud")
_DOCUMENT = Foreign("a document", "give the point cloud")
_DATABASE = Foreign("a GIS layer", "export its points as text or LAS")

_RCP = Foreign("an Autodesk ReCap project", f"{_EXPORT} ReCap (Export > E57)")
_Z_F = Foreign("a Zoller+Fröhlich scan", f"{_EXPORT} Z+F LaserControl")

BY_SUFFIX: dict[str, Foreign] = {
    ".rcp": _RCP,
    ".rcs": _RCP,
    ".rcc": _RCP,
    ".fls": Foreign("a FARO scan", _FARO),
    ".fws": Foreign("a FARO workspace", _FARO),
    ".lsproj": Foreign("a FARO project", _FARO),
    ".zfs": _Z_F,
    ".zfprj": _Z_F,
    ".ptx": Foreign(
        "a Leica PTX file: one grid of points per station, each with a pose of its own",
        "open it in CloudCompare, which applies the poses, merge the stations, and save them as LAZ or E57",
    ),
    ".ptg": Foreign("a Leica PTG scan", f"{_EXPORT} Leica Cyclone"),
    ".imp": Foreign("a Leica Cyclone database", f"{_EXPORT} Leica Cyclone"),
    ".lgs": Foreign("a Leica LGS project", f"{_EXPORT} Leica Cyclone REGISTER 360"),
    ".lgsx": Foreign("a Leica LGSx project", f"{_EXPORT} Leica Cyclone REGISTER 360"),
    ".pod": Foreign("a Bentley Pointools cloud", f"{_EXPORT} Bentley Pointools or MicroStation"),
    ".3mx": Foreign("a Bentley 3MX scene", f"{_EXPORT} ContextCapture"),
    ".rxp": Foreign("a RIEGL scan", f"{_EXPORT} RiSCAN PRO"),
    ".rdbx": Foreign("a RIEGL database", f"{_EXPORT} RiSCAN PRO"),
    ".rsp": Foreign("a RIEGL project", f"{_EXPORT} RiSCAN PRO"),
    ".3dd": Foreign("a RIEGL scan", f"{_EXPORT} RiSCAN PRO"),
    ".sdc": Foreign("a RIEGL waveform file", f"{_EXPORT} RiPROCESS"),
    ".clr": Foreign("a Topcon scan", f"{_EXPORT} Topcon ScanMaster"),
    ".cl3": Foreign("a Topcon scan", f"{_EXPORT} Topcon ScanMaster"),
    ".tzf": Foreign("a Trimble scan", f"{_EXPORT} Trimble RealWorks"),
    ".rwp": Foreign("a Trimble RealWorks project", f"{_EXPORT} Trimble RealWorks"),
    ".dp": Foreign("a DotProduct scan", f"{_EXPORT} DotProduct"),
    ".pcap": Foreign("a recording of network packets", f"{_EXPORT} the software of the scanner"),
    ".bag": Foreign("a ROS recording", "write its clouds as PCD with pcl_ros (bag_to_pcd)"),
    ".mcap": Foreign("a ROS recording", "write its clouds as PCD or LAS"),
    ".zlas": Foreign("an Esri Optimized LAS file", "convert it with Esri's EzLAS to LAS"),
    ".slpk": Foreign("an Esri scene layer", _DATABASE.hint),
    ".bpf": Foreign("a BPF file", "convert it: pdal translate IN OUT.laz"),
    ".dxf": Foreign("a CAD drawing", "open it in CloudCompare, and save its points as LAZ"),
    ".dwg": Foreign("a CAD drawing", "open it in its program, and export the points as LAS or text"),
    ".dgn": Foreign("a CAD drawing", "open it in its program, and export the points as LAS or text"),
    ".obj": Foreign("a mesh", _MESH),
    ".stl": Foreign("a mesh", _MESH),
    ".off": Foreign("a mesh", _MESH),
    ".fbx": Foreign("a mesh", _MESH),
    ".gltf": Foreign("a mesh", _MESH),
    ".glb": Foreign("a mesh", _MESH),
    ".vtk": Foreign("a VTK data set", "save its points as PLY with ParaView"),
    ".vtp": Foreign("a VTK data set", "save its points as PLY with ParaView"),
    ".h5": Foreign(
        "an HDF5 file", "save the arrays of its points with numpy as .npz: x, y, z, intensity ..."
    ),
    ".hdf5": Foreign(
        "an HDF5 file", "save the arrays of its points with numpy as .npz: x, y, z, intensity ..."
    ),
    ".pkl": Foreign("a Python pickle, which can run code when it is opened", "save its arrays as .npz"),
    ".pt": Foreign("a file of PyTorch", "save its arrays with numpy as .npz"),
    ".pth": Foreign("a file of PyTorch", "save its arrays with numpy as .npz"),
    ".mat": Foreign("a MATLAB file", "save its points as text or PLY"),
    ".parquet": Foreign("a Parquet table", "save it as CSV"),
    ".feather": Foreign("a Feather table", "save it as CSV"),
    ".xls": Foreign("a spreadsheet", "save it as CSV"),
    ".xlsx": Foreign("a spreadsheet", "save it as CSV"),
    ".ods": Foreign("a spreadsheet", "save it as CSV"),
    ".shp": _DATABASE,
    ".gpkg": _DATABASE,
    ".gdb": _DATABASE,
    ".geojson": _DATABASE,
    ".tif": Foreign("a raster", "give the point cloud that it was made from"),
    ".tiff": Foreign("a raster", "give the point cloud that it was made from"),
    ".label": Foreign(
        "a file of labels of SemanticKITTI", "give the .bin of the points; labels are not read"
    ),
    ".7z": _ARCHIVE,
    ".rar": _ARCHIVE,
    ".tar": _ARCHIVE,
    ".tar.gz": _ARCHIVE,
    ".tgz": _ARCHIVE,
    ".tar.bz2": _ARCHIVE,
    ".tar.xz": _ARCHIVE,
    ".zst": Foreign("a file packed by zstd", "unpack it: zstd -d FILE"),
    ".bz2": Foreign("a file packed by bzip2", "unpack it: bzip2 -dk FILE"),
    ".xz": Foreign("a file packed by xz", "unpack it: xz -dk FILE"),
    ".lz4": Foreign("a file packed by lz4", "unpack it: lz4 -d FILE"),
    ".png": _PICTURE,
    ".jpg": _PICTURE,
    ".jpeg": _PICTURE,
    ".pdf": _DOCUMENT,
    ".doc": _DOCUMENT,
    ".docx": _DOCUMENT,
    ".mp4": Foreign("a film", _PICTURE.hint),
}
"""Ending of a name, in lower case -> what the file is. Entry points of users come first."""

_BY_HEAD: tuple[tuple[bytes, Foreign], ...] = (
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"Rar!\x1a\x07", _ARCHIVE),
    (b"\x28\xb5\x2f\xfd", BY_SUFFIX[".zst"]),
    (b"BZh", BY_SUFFIX[".bz2"]),
    (b"\xfd7zXZ\x00", BY_SUFFIX[".xz"]),
    (b"\x04\x22\x4d\x18", BY_SUFFIX[".lz4"]),
    (b"CCB2", Foreign("a CloudCompare project", "open it in CloudCompare, and save the cloud as LAZ or E57")),
    (b"\x89HDF\r\n\x1a\n", BY_SUFFIX[".h5"]),
    (b"\x89PNG\r\n", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"II*\x00", BY_SUFFIX[".tif"]),
    (b"MM\x00*", BY_SUFFIX[".tif"]),
    (b"II+\x00", BY_SUFFIX[".tif"]),
    (b"%PDF-", _DOCUMENT),
    (b"\xd4\xc3\xb2\xa1", BY_SUFFIX[".pcap"]),
    (b"#ROSBAG", BY_SUFFIX[".bag"]),
    (b"AutoCAD Binary DXF", BY_SUFFIX[".dxf"]),
    (b"solid ", BY_SUFFIX[".stl"]),
    (b"PAR1", BY_SUFFIX[".parquet"]),
    (b"\x80\x04\x95", BY_SUFFIX[".pkl"]),
    (b"SQLite format 3\x00", _DATABASE),
)
_TAR_AT = 257

_BINARY = re.compile(rb"[\x00-\x08]")
_REPLY = "download it again: servers answer with such a text where they do not give the file"
_IN_PLACE: tuple[tuple[re.Pattern[bytes], Foreign], ...] = (
    (
        re.compile(rb"version https://git-lfs\."),
        Foreign(
            "a pointer of Git LFS, which stands in for a file that was not downloaded",
            "fetch it: git lfs pull",
        ),
    ),
    (re.compile(rb"<!doctype\s+html|<html", re.IGNORECASE), Foreign("a web page", _REPLY)),
    (re.compile(rb"<\?xml\s|<!doctype\s", re.IGNORECASE), Foreign("an XML document", _REPLY)),
    (re.compile(rb'\{\s*"'), Foreign("a JSON document", _REPLY)),
)


def by_name(path: Path) -> Foreign | None:
    """Return what a file is by the end of its name; None for other names."""
    name = path.name.lower()
    found = [suffix for suffix in BY_SUFFIX if name.endswith(suffix)]
    return BY_SUFFIX[max(found, key=len)] if found else None


def by_head(head: bytes) -> Foreign | None:
    """Return what a file is by its first `HEAD` bytes; None if they show nothing."""
    kind = in_place(head)
    if kind is not None:
        return kind
    if head[_TAR_AT : _TAR_AT + 5] == b"ustar":
        return _ARCHIVE
    return next((kind for start, kind in _BY_HEAD if head.startswith(start)), None)


def in_place(head: bytes) -> Foreign | None:
    """Return what stands in a file in place of its points, whatever its name says; None if nothing does."""
    if _BINARY.search(head):
        return None
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((kind for start, kind in _IN_PLACE if start.match(text)), None)


def not_read(path: Path, kind: Foreign) -> CloudFormatError:
    """Return the error for a file of such a kind."""
    return CloudFormatError(
        "This file is not read", where=path, why=f"it is {kind.what}, not a point cloud", hint=kind.hint
    )
