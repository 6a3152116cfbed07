"""Clouds laid down for tests."""

from bevseg.io.find import CloudFile
from bevseg.survey.lay_down import lay_down
from bevseg.survey.point_file import PointFile, read_segment
from bevseg.survey.reading import Reading

CELL = 0.4
"""A block has a side of 204.8 m."""


def unchecked(cloud, codes):
    """Accept every cloud."""


def laid(path, folder, *, whole=True, key=None, reading=None):
    """Lay down a file, and return the file of its points."""
    target = folder / f"{path.name}.{'whole' if whole else 'batches'}.points"
    facts = {"key": key or path.name, "sha256": "0"}
    lay_down(
        CloudFile(path, path.stem),
        reading or Reading(CELL),
        target,
        facts=facts,
        whole=whole,
        check=unchecked,
    )
    return PointFile.open(target)


def points_of(file):
    """Place in the cloud -> block, x, y, z and label of each point that is laid down."""
    found = {}
    labels_from = file.facts["stored"] if file.facts["labelled"] else None
    for first, col, row, start, count in file.table.tolist():
        segment = read_segment(file.path, 0, start, count, labels_from)
        labels = [None] * count if segment.labels is None else segment.labels.tolist()
        columns = (segment.indices, segment.x, segment.y, segment.z)
        for place, x, y, z, label in zip(*(each.tolist() for each in columns), labels, strict=True):
            assert first + place not in found
            found[first + place] = (col, row), (x, y, z), label
    return found
