"""Small E57 files, written by pye57 field by field: any prototype, any pose."""

import uuid

import numpy as np
import pytest

pye57 = pytest.importorskip("pye57", reason="pye57, of the extra e57, is not installed")
libe57 = pye57.libe57

NORMALS = "http://www.libe57.org/E57_NOR_surface_normals.txt"


def structure(image, values):
    """A structure of numbers."""
    node = libe57.StructureNode(image)
    for name, value in values.items():
        if isinstance(value, dict):
            child = structure(image, value)
        elif isinstance(value, int):
            child = libe57.IntegerNode(image, value)
        else:
            child = libe57.FloatNode(image, value)
        node.set(name, child)
    return node


def prototype_of(image, name, values, scaled):
    if name in scaled:
        scale = scaled[name]
        raw = np.rint(values / scale).astype(int)
        return libe57.ScaledIntegerNode(image, int(raw[0]), int(raw.min()), int(raw.max()), scale, 0.0)
    if values.dtype.kind in "iu":
        return libe57.IntegerNode(image, int(values[0]), int(values.min()), int(values.max()))
    precision = libe57.E57_SINGLE if values.dtype.itemsize == 4 else libe57.E57_DOUBLE
    return libe57.FloatNode(image, 0.0, precision)


def write(path, *scans):
    """Write scans: dicts of `points` (field -> values) and, if wanted, `pose`, `start`, `limits`, `scaled`."""
    file = pye57.E57(str(path), "w")
    image = file.image_file
    image.extensionsAdd("nor", NORMALS)
    for number, scan in enumerate(scans):
        points = {
            name: np.ascontiguousarray(values, None if np.asarray(values).dtype != np.int32 else np.int64)
            for name, values in scan["points"].items()
        }
        node = libe57.StructureNode(image)
        node.set("guid", libe57.StringNode(image, f"{{{uuid.uuid4()}}}"))
        node.set("name", libe57.StringNode(image, scan.get("name", f"station {number + 1}")))
        if "pose" in scan:
            turn, move = scan["pose"]
            pose = {
                "rotation": dict(zip("wxyz", turn, strict=True)),
                "translation": dict(zip("xyz", move, strict=True)),
            }
            node.set("pose", structure(image, pose))
        if "start" in scan:
            node.set("acquisitionStart", structure(image, {"dateTimeValue": scan["start"]}))
        for group, limits in scan.get("limits", {}).items():
            node.set(group, structure(image, limits))
        prototype = libe57.StructureNode(image)
        buffers = libe57.VectorSourceDestBuffer()
        for name, values in points.items():
            prototype.set(name, prototype_of(image, name, values, scan.get("scaled", {})))
            buffers.append(libe57.SourceDestBuffer(image, name, values, len(values), True, True))
        vector = libe57.CompressedVectorNode(image, prototype, libe57.VectorNode(image, True))
        node.set("points", vector)
        file.data3d.append(node)
        count = len(next(iter(points.values())))
        if count:
            writer = vector.writer(buffers)
            writer.write(count)
            writer.close()
    file.close()
    return path


def cartesian(xyz, **more):
    return dict(zip(("cartesianX", "cartesianY", "cartesianZ"), np.asarray(xyz, float).T, strict=True)) | more
