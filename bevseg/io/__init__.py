"""The doors: only these files know a file format. Readers by suffix; every other suffix is tried as text.

Names instead of modules, so that reading one format does not import the libraries of all.
"""

READERS = {
    ".las": "bevseg.io.las.reader",
    ".laz": "bevseg.io.las.reader",
    ".pcd": "bevseg.io.pcd",
    ".ply": "bevseg.io.ply.reader",
}
"""Module with `read(path) -> RawCloud` of each suffix."""

TEXT_READER = "bevseg.io.text.reader"
TEXT_SUFFIXES = (".asc", ".csv", ".pts", ".txt", ".xyz")

WRITERS = {
    ".las": "bevseg.io.las.writer",
    ".laz": "bevseg.io.las.writer",
    ".ply": "bevseg.io.ply.writer",
    ".txt": "bevseg.io.text.writer",
    ".txt.gz": "bevseg.io.text.writer",
}
"""Module with `write(cloud, labelling, path, scheme)` of each ending."""

SCHEME_BY_SUFFIX = {".las": "asprs", ".laz": "asprs"}
SCHEME_OF_OTHERS = "shrec20"
"""Class scheme of a file when nobody names one."""
