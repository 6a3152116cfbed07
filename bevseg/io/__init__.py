"""The doors: only these files know a file format. Readers by suffix; every other suffix is tried as text.

Names instead of modules, so that reading one format does not import the libraries of all.
"""

READERS = {
    ".las": "bevseg.io.las",
    ".laz": "bevseg.io.las",
    ".pcd": "bevseg.io.pcd",
    ".ply": "bevseg.io.ply",
}
"""Module with `read(path) -> Scan` of each suffix."""

TEXT_READER = "bevseg.io.text"
TEXT_SUFFIXES = (".asc", ".csv", ".pts", ".txt", ".xyz")

WRITERS = {
    ".las": "bevseg.io.las",
    ".laz": "bevseg.io.las",
    ".ply": "bevseg.io.ply",
    ".txt": "bevseg.io.text",
    ".txt.gz": "bevseg.io.text",
}
"""Module with `write(cloud, labelling, path, scheme)` of each ending."""

SCHEME_BY_SUFFIX = {".las": "asprs", ".laz": "asprs"}
SCHEME_OF_OTHERS = "shrec20"
"""Class scheme of a file when nobody names one."""
