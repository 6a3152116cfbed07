"""Styles of QGIS (.qml), so that a raster or a cloud has its colours and names at once.

QGIS loads `name.qml` with `name.tif` or `name.laz`. The files hold the symbology alone, in the form of QGIS 3.22,
which later versions read.
"""

from __future__ import annotations

from collections.abc import Iterable
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


def _sorted(scheme: Scheme) -> Iterable[ClassEntry]:
    """Return one entry per class, in the order of the codes."""
    return sorted(scheme.written().values(), key=lambda entry: entry.code)


def _raster(renderer: str) -> str:
    return (
        f'{_HEAD}<qgis version="3.22.16" styleCategories="Symbology">\n'
        f"  <pipe>\n{renderer}  </pipe>\n"
        "</qgis>\n"
    )


def _rgba(colour: str) -> str:
    return ",".join(str(part) for part in (*bytes.fromhex(colour.removeprefix("#")), 255))
