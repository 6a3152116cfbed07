"""GDAL's auxiliary metadata (`name.ext.aux.xml`): names of classes, and the reference system of a picture.

GDAL and QGIS read it with the file that it stands beside. A GeoTIFF has no tag for names, a PNG none for a system.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from bevseg.core.labels import Scheme

SUFFIX = ".aux.xml"

_MOST_CODES = 1 << 12
"""GDAL lists the names of all codes from 0 on. Above this the list is left out; the style has the names, too."""


def path_beside(path: Path) -> Path:
    """Return the path of the metadata of a file."""
    return path.with_name(path.name + SUFFIX)


def category_names(scheme: Scheme) -> list[str]:
    """Return the name of each code from 0 on, empty for those that are not written."""
    named = {entry.code: entry.name for entry in scheme.written().values() if 0 <= entry.code < _MOST_CODES}
    return [named.get(code, "") for code in range(max(named, default=-1) + 1)]


def class_names(scheme: Scheme) -> str:
    """Return the metadata of a raster whose first band holds class codes: the name of each code."""
    lines = "".join(f"      <Category>{escape(name)}</Category>\n" for name in category_names(scheme))
    return (
        '<PAMDataset>\n  <PAMRasterBand band="1">\n'
        f"    <CategoryNames>\n{lines}    </CategoryNames>\n"
        "  </PAMRasterBand>\n</PAMDataset>\n"
    )


def reference_system(wkt: str | None) -> str:
    """Return the metadata of a picture that has a world file: its reference system, if it is known."""
    system = f"  <SRS>{escape(wkt)}</SRS>\n" if wkt else ""
    return f"<PAMDataset>\n{system}</PAMDataset>\n"
