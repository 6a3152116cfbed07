"""Points, lines and polygons with fields -> GeoPackage or GeoJSON.

The files are written by GDAL (pyogrio), the geometries as well-known binary. A GeoPackage keeps the style of each
layer in its table `layer_styles`, where QGIS finds it.
"""

from __future__ import annotations

import sqlite3
import struct
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import Crs
from bevseg.errors import CrsError, DependencyError, UsageError
from bevseg.runtime.atomic import replacing

SUFFIXES = (".gpkg", ".geojson")

DATE = "2000-01-01T00:00:00.000Z"
"""Date in every GeoPackage."""

Line = Sequence[tuple[float, float]]

_STYLES = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    f_table_catalog TEXT(256),
    f_table_schema TEXT(256),
    f_table_name TEXT(256),
    f_geometry_column TEXT(256),
    styleName TEXT(30),
    styleQML TEXT,
    styleSLD TEXT,
    useAsDefault BOOLEAN,
    description TEXT,
    owner TEXT(30),
    ui TEXT(30),
    update_time DATETIME DEFAULT CURRENT_TIMESTAMP
)
"""
"""The table, as QGIS makes it."""


@dataclass(frozen=True)
class Layer:
    """Features of one kind.

    Attributes
    ----------
    name
        Its name.
    kind
        `Point`, `LineString` or `Polygon`.
    shapes
        In metres: (x, y) of each point; the corners of each line; the closed rings of each polygon, the outer one
        first.
    fields
        Name -> (type, a value for each feature): `int`, `float` or `str`; None where a value is not known.
    style
        Style of QGIS (QML), for a GeoPackage; empty for none.
    crs
        The reference system of the shapes.
    """

    name: str
    kind: str
    shapes: Sequence[Any]
    fields: Mapping[str, tuple[type, Sequence[Any]]] = field(default_factory=dict)
    style: str = ""
    crs: Crs | None = None


def ensure_writable_vector(path: Path) -> None:
    """Raise UsageError if the suffix is of no format, DependencyError if pyogrio is missing."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"No format of objects ends in {path.suffix or 'nothing'!r}",
            where=path,
            why=f"known are {' and '.join(SUFFIXES)}",
            hint="name the file objects.gpkg or objects.geojson",
        )
    load_pyogrio()


def load_pyogrio() -> ModuleType:
    """Return pyogrio.

    Raises
    ------
    DependencyError
        If it is not installed.
    """
    try:
        import pyogrio
    except ImportError as error:
        raise DependencyError(
            "pyogrio is needed to write GeoPackage and GeoJSON files",
            why=str(error),
            hint="install it: pip install 'bevseg[gis]'",
        ) from error
    return pyogrio


def write(layers: Sequence[Layer], path: Path, *, overwrite: bool = False) -> None:
    """Write layers to a file; the suffix says in which format. Equal layers become equal bytes.

    A GeoPackage has a table for each layer, with its style, in the reference system of the clouds and its units.
    GeoJSON has one list of features, whose field `kind` is the name of the layer. In a known reference system its
    coordinates are longitude and latitude (WGS 84), as RFC 7946 demands; without one they are metres as they are.

    Parameters
    ----------
    layers
        The layers; in a GeoPackage, one without features is a table without rows.
    path
        `.gpkg` or `.geojson`.
    overwrite
        Whether the file may be replaced.

    Raises
    ------
    DependencyError
        If pyogrio is missing.
    UsageError
        For another suffix.
    CrsError
        If GeoJSON is asked for, and the layers are in several reference systems, or in one without a place on the
        Earth.
    OutputExistsError, OutputWriteError
        If the file exists, or cannot be written.
    """
    ensure_writable_vector(path)
    is_package = path.suffix.lower() == ".gpkg"
    if not is_package and len({_wkt(layer) for layer in layers}) > 1:
        raise _not_as_geojson(path, "the clouds are in several reference systems")
    with replacing(path, overwrite=overwrite) as temporary, _dated():
        temporary.unlink()  # GDAL makes its own
        if is_package:
            for layer in layers:
                _write_layer(layer, temporary, "GPKG")
            _write_styles(layers, temporary)
            return
        try:
            _write_layer(_as_one(layers), temporary, "GeoJSON")
        except load_pyogrio().errors.DataLayerError as error:
            why = "the reference system of the clouds has no place on the Earth"
            raise _not_as_geojson(path, why) from error


def _not_as_geojson(path: Path, why: str) -> CrsError:
    return CrsError(
        "GeoJSON needs longitude and latitude",
        where=path,
        why=why,
        hint="write a GeoPackage: -o objects.gpkg",
    )


def _wkt(layer: Layer) -> str:
    return "" if layer.crs is None else layer.crs.wkt


@contextmanager
def _dated() -> Iterator[None]:
    """Let GDAL write a fixed date instead of that of today, so that equal layers become equal bytes."""
    pyogrio = load_pyogrio()
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": DATE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _write_layer(layer: Layer, path: Path, driver: str) -> None:
    columns = [_column(kind, values) for kind, values in layer.fields.values()]
    unit = 1.0 if layer.crs is None else layer.crs.horizontal
    wkt = _wkt(layer) or None
    options = {"RFC7946": "YES"} if driver == "GeoJSON" and wkt else {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")  # not every cloud has one
        warnings.filterwarnings(
            "ignore", message="Failed to create coordinate transformation"
        )  # an error follows
        load_pyogrio().raw.write(
            path,
            np.array([_wkb(layer.kind, shape, unit) for shape in layer.shapes], object),
            [values for values, _ in columns],
            list(layer.fields),
            [mask for _, mask in columns],
            layer=layer.name,
            driver=driver,
            geometry_type=layer.kind,
            crs=wkt,
            layer_options=options,
            dataset_options={"VERSION": "1.2"} if driver == "GPKG" else {},  # what QGIS 3.22 knows
        )


def _as_one(layers: Sequence[Layer]) -> Layer:
    """Return all layers as one, with a field `kind` and all of their fields."""
    types = {name: kind for layer in layers for name, (kind, _) in layer.fields.items()}
    columns: dict[str, tuple[type, list[Any]]] = {name: (kind, []) for name, kind in types.items()}
    kinds, shapes = [], []
    for layer in layers:
        kinds += [layer.name] * len(layer.shapes)
        shapes += [(layer.kind, shape) for shape in layer.shapes]
        for name, (_, values) in columns.items():
            values += layer.fields[name][1] if name in layer.fields else [None] * len(layer.shapes)
    return Layer("objects", "Unknown", shapes, {"kind": (str, kinds), **columns}, crs=layers[0].crs)


def _column(kind: type, values: Sequence[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the values of a field, and which of them are not known."""
    mask = np.array([value is None for value in values], bool)
    dtype = object if kind is str else np.dtype(kind)
    return np.array([kind() if value is None else value for value in values], dtype), mask


def _wkb(kind: str, shape: Any, unit: float) -> bytes:
    """Return a shape as well-known binary, little-endian; `unit` is the length of a unit of the file, m."""
    if kind == "Unknown":
        return _wkb(shape[0], shape[1], unit)
    if kind == "Point":
        return struct.pack("<BI2d", 1, 1, shape[0] / unit, shape[1] / unit)
    if kind == "LineString":
        return struct.pack("<BI", 1, 2) + _corners(shape, unit)
    return struct.pack("<BII", 1, 3, len(shape)) + b"".join(_corners(ring, unit) for ring in shape)


def _corners(line: Line, unit: float) -> bytes:
    return struct.pack("<I", len(line)) + (np.array(line, "<f8") / unit).tobytes()


def _write_styles(layers: Sequence[Layer], path: Path) -> None:
    """Write the table in which QGIS looks for the styles of the layers."""
    rows = [(layer.name, layer.name, layer.style, DATE) for layer in layers if layer.style]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(_STYLES)
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', ?)",
            (DATE,),
        )
        database.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
            "styleName, styleQML, styleSLD, useAsDefault, description, owner, ui, update_time) "
            "VALUES ('', '', ?, 'geom', ?, ?, '', 1, '', '', '', ?)",
            rows,
        )
