"""Rasters side by side -> a GDAL virtual raster (.vrt) that shows them as one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from rasterio.crs import CRS

from bevseg.core.grid import Grid
from bevseg.io.aux_xml import category_names
from bevseg.io.cog import TILE, Header
from bevseg.io.crs.proj_database import own_database
from bevseg.io.raster_codes import RasterCodes

SUFFIX = ".vrt"

_TYPES = {"uint8": "Byte", "uint16": "UInt16", "float32": "Float32"}
"""Type of the cells -> its name in GDAL."""


class Source(NamedTuple):
    """A file, relative to the virtual raster, and its cells."""

    file: PurePosixPath
    grid: Grid


def document(header: Header, sources: Iterable[Source]) -> str:
    """Return the text of a virtual raster.

    Parameters
    ----------
    header
        Of the whole; classes have their names and colours in it.
    sources
        Files with the same bands, on the same cells. Where there is none, nothing is known.
    """
    grid, sources = header.grid, list(sources)
    root = Element("VRTDataset", rasterXSize=str(grid.cols), rasterYSize=str(grid.rows))
    if header.system:
        with own_database():
            SubElement(root, "SRS").text = CRS.from_user_input(header.system).to_wkt()
    SubElement(root, "GeoTransform").text = ", ".join(repr(number) for number in header.transform().to_gdal())
    metadata = SubElement(root, "Metadata")
    for tag, value in header.tags().items():
        SubElement(metadata, "MDI", key=tag).text = value
    for number, name in enumerate(header.names, 1):
        band = SubElement(root, "VRTRasterBand", dataType=_TYPES[header.dtype], band=str(number))
        SubElement(band, "Description").text = name
        SubElement(band, "UnitType").text = header.units.get(name, "")
        SubElement(band, "NoDataValue").text = str(header.nodata)
        if header.codes:
            _add_classes(band, header.codes)
        for source in sources:
            _add_source(band, number, source, header)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_classes(band: Element, codes: RasterCodes) -> None:
    """Add the names and the colours of the codes."""
    SubElement(band, "ColorInterp").text = "Palette"
    names = SubElement(band, "CategoryNames")
    for name in category_names(codes.scheme):
        SubElement(names, "Category").text = name
    palette = codes.palette()
    table = SubElement(band, "ColorTable")
    for code in range(max(palette, default=-1) + 1):
        # As GDAL reads a TIFF, whose table has an entry for each code.
        colour = palette.get(code, (0, 0, 0, 0 if code == codes.nodata else 255))
        SubElement(table, "Entry", {f"c{i}": str(part) for i, part in enumerate(colour, 1)})


def _add_source(band: Element, number: int, source: Source, header: Header) -> None:
    """Add the cells of one file to a band. What is said of the file spares GDAL to open it before it is needed."""
    part, whole = source.grid, header.grid
    added = SubElement(band, "SimpleSource")
    SubElement(added, "SourceFilename", relativeToVRT="1").text = str(source.file)
    SubElement(added, "SourceBand").text = str(number)
    size = {"xSize": str(part.cols), "ySize": str(part.rows)}
    SubElement(
        added,
        "SourceProperties",
        RasterXSize=str(part.cols),
        RasterYSize=str(part.rows),
        DataType=_TYPES[header.dtype],
        BlockXSize=str(TILE),
        BlockYSize=str(TILE),
    )
    SubElement(added, "SrcRect", {"xOff": "0", "yOff": "0"} | size)
    place = {"xOff": str(part.west - whole.west), "yOff": str(whole.north - part.north)}
    SubElement(added, "DstRect", place | size)
