"""Open files in QGIS and print what it shows, as JSON: `python in_qgis.py FILE...`, with a Python that has PyQGIS."""

import json
import os
import sys
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import QgsApplication, QgsPointCloudClassifiedRenderer, QgsRasterLayer, QgsReadWriteContext
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


application = QgsApplication([], False)
application.initQgis()
print(json.dumps([(cloud_style if path.endswith(".qml") else raster)(path) for path in sys.argv[1:]]))
