"""File formats. One table lists them; only this folder knows what stands in a file.

A format of bevseg is one module and one line of `FORMATS`. The rest follows from the table: which files of a
directory are clouds, the choices of `--format`, default class schemes, and the lists in error messages. The table
holds names of modules. So reading one format does not import the libraries of all, and `--help` imports none.

A format of your own needs no change here. Install a package with an entry point in its `pyproject.toml`:

    [project.entry-points."bevseg.formats"]
    xyzi = "my_package.xyzi"

The name is the suffix without its dot. The value is a module with these functions:

read(path: pathlib.Path) -> bevseg.io.raw.RawCloud
    Required. It raises `bevseg.errors.CloudFormatError` for a file that cannot be used.
write(cloud: PointCloud, point_labels: PointLabels, path: pathlib.Path, scheme: Scheme) -> None
    Optional. `path` is a temporary file with the same suffix; bevseg renames it when `write` returns. The class codes
    are `scheme.encode(point_labels.classes, where=str(path))`. OSError if the system refuses the write.

Class codes of such files are those of `shrec20`, unless `--classes` or `--out-classes` names another scheme. The
suffixes of bevseg's own table cannot be replaced.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """A file format of point clouds.

    Attributes
    ----------
    name
        For messages.
    suffixes
        Of the files that are read, in lower case.
    reader
        Module with `read(path) -> RawCloud`.
    written
        Endings of the files that are written, without their first dot: the words of `--format`.
    returns
        The ending that a labelled file of this format has unless the user names one. Empty: its own suffix if that is
        written, else the first of `written`, else LAZ.
    writer
        Module with `write(cloud, point_labels, path, scheme)`; None if files are only read.
    simulated
        Module with `write(cloud, path, *, epsg, measured, instances)` for simulated clouds; None if there is none.
    scheme
        Class scheme of the codes, unless the user names one.
    takes_columns
        Whether `read` takes the meaning of the columns, `columns=`.
    takes_scan
        Whether a file may hold several scans: its reader has `scans(path) -> list[str]`, and `read` takes the number
        of one, `scan=`.
    by_content
        Whether the suffix says too little: in a directory, `looks_like_points(path)` of the reader decides.
    starts
        How such a file begins; by it a file of unknown suffix is known. Empty if nothing is certain.
    any_suffix
        Whether files of unknown suffix are read as this format. In a directory, `looks_like_points(path)` of the
        reader decides about them. True for one format.
    takes_upgrade
        Whether `write` takes `upgrade=`, which turns old point formats into those of LAS 1.4.
    inside
        Suffix of another format whose files may be of this one: `holds(path)` of the reader decides. `ending(path)`
        gives the word of `written` for a result in the same format.
    sensor_frame
        Whether coordinates count from the scanner, so that no two files lie in one place.
    """

    name: str
    suffixes: tuple[str, ...]
    reader: str
    written: tuple[str, ...] = ()
    writer: str | None = None
    simulated: str | None = None
    returns: str = ""
    scheme: str = "shrec20"
    takes_columns: bool = False
    takes_scan: bool = False
    by_content: bool = False
    starts: tuple[bytes, ...] = ()
    any_suffix: bool = False
    takes_upgrade: bool = False
    inside: str | None = None
    sensor_frame: bool = False


FORMATS = (
    Format(
        "LAS",
        (".las", ".laz"),
        "bevseg.io.las.reader",
        ("laz", "las"),
        "bevseg.io.las.writer",
        "bevseg.io.las.simulated",
        scheme="asprs",
        takes_upgrade=True,
        starts=(b"LASF",),
    ),
    Format(
        "COPC",
        (),
        "bevseg.io.copc.reader",
        ("copc.laz",),
        "bevseg.io.copc.writer",
        scheme="asprs",
        inside=".laz",
    ),
    Format(
        "PLY",
        (".ply",),
        "bevseg.io.ply.reader",
        ("ply",),
        "bevseg.io.ply.writer",
        starts=(b"ply\n", b"ply\r"),
    ),
    Format(
        "PCD",
        (".pcd",),
        "bevseg.io.pcd.reader",
        ("pcd",),
        "bevseg.io.pcd.writer",
        starts=(b"# .PCD", b"VERSION .7", b"VERSION 0.7"),
    ),
    Format("E57", (".e57",), "bevseg.io.e57.reader", takes_scan=True, starts=(b"ASTM-E57",)),
    Format(
        "NumPy",
        (".npy", ".npz"),
        "bevseg.io.arrays",
        takes_columns=True,
        by_content=True,
        starts=(b"\x93NUMPY",),
    ),
    Format(
        "KITTI",
        (".bin", ".pcd.bin"),
        "bevseg.io.kitti",
        takes_columns=True,
        by_content=True,
        sensor_frame=True,
    ),
    Format(
        "text",
        (".asc", ".csv", ".pts", ".txt", ".xyz"),
        "bevseg.io.text.reader",
        ("txt", "txt.gz"),
        "bevseg.io.text.writer",
        "bevseg.io.text.simulated",
        takes_columns=True,
        any_suffix=True,
    ),
)

WRITTEN = tuple(word for entry in FORMATS if entry.writer for word in entry.written)
"""Formats of labelled clouds; the first is the default."""

SAME = "same"
"""Word of `--format` for the format of the input."""

SIMULATED = tuple(word for entry in FORMATS if entry.simulated for word in entry.written)
"""Formats of simulated clouds; the first is the default."""
