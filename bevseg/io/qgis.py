"""Styles of QGIS (.qml), so that a raster, a cloud or a vector layer has its colours and names at once.

QGIS loads `name.qml` with `name.tif` or `name.laz`. The files hold the symbology alone, in the form of QGIS 3.22,
which later versions read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import UNDEFINED, ClassEntry, Scheme

SUFFIX = ".qml"

_HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_CLOUD_ATTRIBUTE = "Classification"
"""Name that QGIS gives to the classes of a LAS file."""


def path_beside(path: Path) -> Path:
    """Return the path of the style of a file: QGIS looks for it under the name without the last suffix."""
    return path.with_suffix(SUFFIX)


def class_raster(scheme: Scheme) -> str:
    """Return the style of a raster of class codes: a colour and a name for each code; undefined cells are empty."""
    entries = "".join(
        f'        <paletteEntry value="{entry.code}" label={quoteattr(entry.name)} '
        f'color="{entry.colour}" alpha="255"/>\n'
        for entry in _sorted(scheme)
        if entry.train != UNDEFINED
    )
    return _raster(
        '    <rasterrenderer type="paletted" band="1" opacity="1" alphaBand="-1" nodataColor="">\n'
        f"      <colorPalette>\n{entries}      </colorPalette>\n"
        "    </rasterrenderer>\n"
    )


def single_band(values: NDArray[np.floating], band: int = 1) -> str:
    """Return the style of a raster whose first view is one band in shades of grey, from its lowest to its highest.

    Parameters
    ----------
    values
        Values of this band, NaN where nothing is known.
    band
        Its number, from 1.
    """
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    return _raster(
        f'    <rasterrenderer type="singlebandgray" grayBand="{band}" gradient="BlackToWhite" opacity="1" '
        'alphaBand="-1" nodataColor="">\n'
        "      <contrastEnhancement>\n"
        f"        <minValue>{low!r}</minValue>\n        <maxValue>{high!r}</maxValue>\n"
        "        <algorithm>StretchToMinimumMaximum</algorithm>\n"
        "      </contrastEnhancement>\n"
        "    </rasterrenderer>\n"
    )


def cloud(scheme: Scheme) -> str:
    """Return the style of a LAS, LAZ or COPC file: a colour and a name for each class code."""
    entries = "".join(
        f'      <category value="{entry.code}" label={quoteattr(entry.name)} color="{_rgba(entry.colour)}" '
        'render="true"/>\n'
        for entry in _sorted(scheme)
    )
    return (
        f'{_HEAD}<qgis version="3.22.16" styleCategories="Symbology">\n'
        f'  <renderer type="classified" attribute="{_CLOUD_ATTRIBUTE}" pointSize="1" pointSizeUnit="MM" '
        'maximumScreenError="0.3" maximumScreenErrorUnit="MM" pointSymbol="0" '
        'pointSizeMapUnitScale="3x:0,0,0,0,0,0">\n'
        f"    <categories>\n{entries}    </categories>\n"
        "  </renderer>\n"
        "</qgis>\n"
    )


def points(colour: str) -> str:
    """Return the style of a layer of points: dots of one colour (#rrggbb)."""
    return _vector("marker", "SimpleMarker", [("", "", _dot(colour))])


def lines(colour: str) -> str:
    """Return the style of a layer of lines of one colour."""
    return _vector("line", "SimpleLine", [("", "", {"line_color": _rgba(colour), "line_width": "0.6"})])


def polygons(colour: str) -> str:
    """Return the style of a layer of polygons: filled with one colour, through which a map below can be seen."""
    return _vector("fill", "SimpleFill", [("", "", _area(colour))])


def polygons_by(field: str, colours: Mapping[str, str]) -> str:
    """Return the style of a layer of polygons whose colour depends on a field of text."""
    return _vector("fill", "SimpleFill", [(value, value, _area(c)) for value, c in colours.items()], field)


def _dot(colour: str) -> dict[str, str]:
    return {"name": "circle", "color": _rgba(colour), "outline_color": "255,255,255,255", "size": "2.4"}


def _area(colour: str) -> dict[str, str]:
    return {"color": _rgba(colour, 140), "outline_color": _rgba(colour), "outline_width": "0.4"}


def _vector(
    kind: str, layer: str, symbols: Sequence[tuple[str, str, Mapping[str, str]]], field: str = ""
) -> str:
    """Return the style of a vector layer.

    Parameters
    ----------
    kind, layer
        Kind of the symbols, and of their one layer, in the words of QGIS.
    symbols
        Value of the field, label and properties of each symbol; one without a field.
    field
        Field that the symbol of a feature depends on; empty for one symbol.
    """
    drawn = ""
    for number, (_, _, properties) in enumerate(symbols):
        options = "".join(
            f'            <Option type="QString" name={quoteattr(name)} value={quoteattr(value)}/>\n'
            for name, value in properties.items()
        )
        drawn += (
            f'      <symbol type="{kind}" name="{number}" alpha="1" clip_to_extent="1" force_rhr="0">\n'
            f'        <layer class="{layer}" enabled="1" locked="0" pass="0">\n'
            f'          <Option type="Map">\n{options}          </Option>\n'
            "        </layer>\n"
            "      </symbol>\n"
        )
    categories = "".join(
        f'      <category value={quoteattr(value)} label={quoteattr(label)} symbol="{number}" type="string" '
        'render="true"/>\n'
        for number, (value, label, _) in enumerate(symbols)
    )
    head = f'type="categorizedSymbol" attr={quoteattr(field)}' if field else 'type="singleSymbol"'
    listed = f"    <categories>\n{categories}    </categories>\n" if field else ""
    return (
        f'{_HEAD}<qgis version="3.22.16" styleCategories="Symbology">\n'
        f'  <renderer-v2 {head} symbollevels="0" enableorderby="0" forceraster="0">\n'
        f"{listed}    <symbols>\n{drawn}    </symbols>\n"
        "  </renderer-v2>\n"
        "</qgis>\n"
    )


def _sorted(scheme: Scheme) -> Iterable[ClassEntry]:
    """Return one entry per class, in the order of the codes."""
    return sorted(scheme.written().values(), key=lambda entry: entry.code)


def _raster(renderer: str) -> str:
    return (
        f'{_HEAD}<qgis version="3.22.16" styleCategories="Symbology">\n'
        f"  <pipe>\n{renderer}  </pipe>\n"
        "</qgis>\n"
    )


def _rgba(colour: str, alpha: int = 255) -> str:
    return ",".join(str(part) for part in (*bytes.fromhex(colour.removeprefix("#")), alpha))
