"""Open files in QGIS and print what it shows, as JSON: `python in_qgis.py FILE...`, with a Python that has PyQGIS."""

import json
import os
import sys
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (
    QgsApplication,
    QgsPointCloudClassifiedRenderer,
    QgsRasterLayer,
    QgsReadWriteContext,
    QgsVectorLayer,
)
from qgis.PyQt.QtXml import QDomDocument


def raster(path):
    """Return renderer, classes or grey band, and reference system of a raster as QGIS opens it."""
    layer = QgsRasterLayer(path, "layer")
    shown = layer.renderer()
    classes = {}
    if shown.type() == "paletted":
        classes = {str(int(c.value)): [c.label, c.color.name()] for c in shown.classes()}
    table = layer.dataProvider().colorTable(1) if classes else []
    return {
        "valid": layer.isValid(),
        "bands": layer.bandCount(),
        "renderer": shown.type(),
        "used": list(shown.usesBands()),
        "classes": classes,
        "named_by_gdal": {
            str(int(c.value)): c.label for c in table if c.label and c.label != str(int(c.value))
        },
        "crs": layer.crs().authid(),
        "extent": [layer.extent().xMinimum(), layer.extent().yMaximum()],
    }


def cloud_style(path):
    """Return the classes of the style of a cloud, as the renderer of QGIS reads and writes them."""
    document = QDomDocument()
    document.setContent(Path(path).read_text(encoding="utf-8"))
    element = document.documentElement().firstChildElement("renderer")
    shown = QgsPointCloudClassifiedRenderer.create(element, QgsReadWriteContext())
    again = shown.save(QDomDocument(), QgsReadWriteContext())
    return {
        "attribute": shown.attribute(),
        "classes": {str(c.value()): [c.label(), c.color().name()] for c in shown.categories()},
        "same": {again.attributes().item(i).nodeName() for i in range(again.attributes().count())}
        == {element.attributes().item(i).nodeName() for i in range(element.attributes().count())},
    }


def vector_layers(path):
    """Return what QGIS shows of each layer of a GeoPackage, with the style that the file has for it."""
    package = QgsVectorLayer(path, "all", "ogr")
    names = [text.split("!!::!!")[1] for text in package.dataProvider().subLayers()]
    return {name: vector_layer(f"{path}|layername={name}") for name in names if name != "layer_styles"}


def vector_layer(path):
    layer = QgsVectorLayer(path, "layer", "ogr")
    shown = layer.renderer()
    symbols = (
        {c.value(): c.symbol().color().name() for c in shown.categories()}
        if shown.type() == "categorizedSymbol"
        else {"": shown.symbol().color().name()}
    )
    return {
        "renderer": shown.type(),
        "colours": symbols,
        "crs": layer.crs().authid(),
        "features": layer.featureCount(),
        "invalid": [each.id() for each in layer.getFeatures() if not each.geometry().isGeosValid()],
    }


def shown(path):
    """Return what QGIS shows of a file."""
    kinds = {".qml": cloud_style, ".gpkg": vector_layers}
    return kinds.get(Path(path).suffix, raster)(path)


application = QgsApplication([], False)
application.initQgis()
print(json.dumps([shown(path) for path in sys.argv[1:]]))
