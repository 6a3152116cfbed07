"""File formats. One table lists them; only this folder knows what stands in a file.

A format of bevseg is one module and one line of `FORMATS`. The rest follows from the table: which files of a
directory are clouds, the choices of `--format`, default class schemes, and the lists in error messages. The table
holds names of modules. So reading one format does not import the libraries of all, and `--help` imports none.

A format of your own needs no change here. Install a package with an entry point in its `pyproject.toml`:

    [project.entry-points."bevseg.formats"]
    e57 = "my_package.e57"

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
    writer
        Module with `write(cloud, point_labels, path, scheme)`; None if files are only read.
    simulated
        Module with `write(cloud, path, *, epsg, measured, instances)` for simulated clouds; None if there is none.
    scheme
        Class scheme of the codes, unless the user names one.
    takes_columns
        Whether `read` takes the meaning of the columns, `columns=`.
    any_suffix
        Whether files of unknown suffix are read as this format. In a directory, `looks_like_points(path)` of the
        reader decides about them. True for one format.
    """

    name: str
    suffixes: tuple[str, ...]
    reader: str
    written: tuple[str, ...] = ()
    writer: str | None = None
    simulated: str | None = None
    scheme: str = "shrec20"
    takes_columns: bool = False
    any_suffix: bool = False


FORMATS = (
    Format(
        "LAS",
        (".las", ".laz"),
        "bevseg.io.las.reader",
        ("laz", "las"),
        "bevseg.io.las.writer",
        "bevseg.io.las.simulated",
        scheme="asprs",
    ),
    Format("PLY", (".ply",), "bevseg.io.ply.reader", ("ply",), "bevseg.io.ply.writer"),
    Format("PCD", (".pcd",), "bevseg.io.pcd"),
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
