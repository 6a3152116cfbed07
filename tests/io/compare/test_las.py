"""LAS to LAS and COPC: what bevseg declares is proven, and every other byte of a result counts."""

import warnings

import numpy as np
import pytest

from bevseg.core.pointcloud import PointLabels
from bevseg.errors import BevsegError
from bevseg.io.compare.files import compare
from bevseg.io.copc import build_octree
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from tests.io.copc import copcfiles
from tests.io.las import assembled
from tests.io.las.assembled import description, evlr, vlr

LOOKUP = ("LASF_Spec", 0)


def labelled(source, result, seed=1, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        cloud = read_cloud(source)
        rng = np.random.default_rng(seed)
        labels = PointLabels(*(rng.integers(1, 6, (2, len(cloud))).astype(np.uint8)))
        write_cloud(cloud, labels, result, overwrite=True, **options)
    return result


def found(source, data, path):
    """What is found in a result with these bytes: a difference, or that it cannot be read."""
    path.write_bytes(data)
    try:
        return compare(source, path)
    except BevsegError as error:
        return error


def make(path, point_format=3, **options):
    """A file with two records of extra dimensions, bytes that none describes, and somebody's records."""
    vlrs = [
        vlr("somebody", 7, b"secret", b"a record"),
        vlr(*assembled.EXTRA_BYTES, description(9, b"width"), b"first"),
        vlr(*LOOKUP, b"\7noise".ljust(16, b"\0")),
        vlr(*assembled.EXTRA_BYTES, description(1, b"bevseg_class") + description(10, b"bevseg_confidence")),
    ]
    rows = assembled.points(point_format, 3, 4 + 1 + 8 + 2)
    options = {"minor": 4, "vlrs": vlrs, "gap": b"gap", "user": b"own", **options}
    return assembled.write(path, point_format, rows, **options)


@pytest.mark.parametrize("upgrade", [False, True])
def test_every_byte_of_a_result_counts_but_the_declared_ones(upgrade, tmp_path):
    source = make(tmp_path / "a.las", evlrs=[evlr("somebody", 8, b"behind", b"text")])
    result = labelled(source, tmp_path / "out.las", upgrade=upgrade)
    assert compare(source, result) is None
    data = result.read_bytes()
    unseen = []
    for at in range(upgrade, len(data), 2):  # one half of the bytes each time
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        if found(source, changed, tmp_path / "b.las") is None:
            unseen.append(at)
    cloud = read_cloud(result)
    header, extras = cloud.source.header, {extra.name: extra for extra in cloud.source.extras}
    declared = set()
    for name in ("bevseg_class", "bevseg_confidence_2"):
        place = data.index(extras[name].data)
        declared |= set(range(place, place + 192))
        for point in range(3):
            declared.add(header.points_at + point * header.record_length + extras[name].start)
    lookup = header.find(*LOOKUP).data
    declared |= set(range(data.index(lookup), data.index(lookup) + len(lookup)))
    for point in range(3):
        declared.add(header.points_at + point * header.record_length + (16 if upgrade else 15))
    assert set(unseen) <= declared
    codes = [data.index(lookup) + at for at in range(0, len(lookup), 16)]
    assert data[codes[0]] == 7 and codes[0] not in unseen


def test_a_code_keeps_its_name_unless_bevseg_gives_it_another(tmp_path):
    names = b"\7noise".ljust(16, b"\0") + b"\2Boden".ljust(16, b"\0") + b"\100tram".ljust(16, b"\0")
    source = make(tmp_path / "a.las", 6, vlrs=[vlr(*LOOKUP, names)])
    data = labelled(source, tmp_path / "out.las").read_bytes()
    for name in (b"noise", b"Boden", b"\100car"):
        tampered = data.replace(name, name[:-1] + b"X")
        assert "the name of code" in str(found(source, tampered, tmp_path / "b.las"))


def test_bytes_behind_the_end_of_a_result_are_found(tmp_path):
    source = make(tmp_path / "a.las")
    data = labelled(source, tmp_path / "out.las").read_bytes()
    assert "what stands behind the points" in str(found(source, data + b"x", tmp_path / "b.las"))
    loose = tmp_path / "loose.las"
    loose.write_bytes(source.read_bytes() + b"left out")
    assert compare(loose, labelled(loose, tmp_path / "out.las")) is None


@pytest.mark.parametrize(
    ("options", "point_format"),
    [
        ({"legacy": 3, "wide": 0}, 3),
        ({"scale": (-0.001, 0.001, 0.01)}, 6),
        ({"minor": 2}, 3),
        ({"minor": 5}, 7),
    ],
)
@pytest.mark.parametrize("suffix", ["las", "laz"])
def test_files_that_change_in_declared_ways_are_proven(options, point_format, suffix, tmp_path):
    source = make(tmp_path / f"a.{suffix}", point_format, **options)
    assert compare(source, labelled(source, tmp_path / "out.las")) is None
    assert compare(source, labelled(source, tmp_path / "out.laz")) is None


def test_more_dimensions_than_a_record_describes_are_proven_and_compared(tmp_path):
    entries = [description(1, b"d%d" % i) for i in range(341)]
    vlrs = [
        vlr(*assembled.EXTRA_BYTES, b"".join(entries[:200])),
        vlr(*assembled.EXTRA_BYTES, b"".join(entries[200:])),
    ]
    source = assembled.write(
        tmp_path / "a.las", 3, assembled.points(3, 5, 341), minor=2, vlrs=vlrs, user=b"own"
    )
    result = labelled(source, tmp_path / "out.laz")
    assert read_cloud(result).source.header.minor == 4
    assert compare(source, result) is None
    data = bytearray(result.read_bytes())
    data[data.index(b"d340")] ^= 1
    assert "description of dimension 'd340'" in str(found(source, data, tmp_path / "b.laz"))


def test_a_point_format_that_no_upgrade_gives_is_a_difference(tmp_path):
    source = make(tmp_path / "a.las", 1)
    other = assembled.write(tmp_path / "b.las", 7, assembled.points(7, 3))
    assert str(compare(source, other)) == "the point format is 1 in the source, 7 in the result"


@pytest.mark.parametrize("suffix", ["copc.laz", "laz", "las"])
def test_the_result_of_a_copc_file_is_proven(suffix, tmp_path):
    source = copcfiles.make(tmp_path / "a.copc.laz")
    result = labelled(source, tmp_path / f"out.{suffix}")
    assert compare(source, result) is None
    assert compare(copcfiles.make(tmp_path / "b.copc.laz", points=41), result) is not None


def test_a_changed_octree_is_found(tmp_path):
    source = copcfiles.make(tmp_path / "a.copc.laz")
    data = labelled(source, tmp_path / "out.copc.laz").read_bytes()
    info = 375 + 54
    for at in (info, info + 24, info + 32, info + 48, info + 60):
        changed = bytearray(data)
        changed[at] ^= 1
        assert found(source, changed, tmp_path / "b.copc.laz") is not None
    changed = data.replace(b"COPC info", b"COPC Info")
    assert changed == data or found(source, changed, tmp_path / "b.copc.laz") is not None


@pytest.mark.parametrize("point_format", [1, 7])
def test_points_sorted_into_a_new_octree_are_proven_each_with_its_own(point_format, monkeypatch, tmp_path):
    monkeypatch.setattr(build_octree, "MOST_POINTS", 60)
    rows = np.concatenate([assembled.points(point_format, 300, 2)] * 2)  # each point twice
    source = assembled.write(tmp_path / "a.las", point_format, rows)
    result = labelled(source, tmp_path / "out.copc.laz")
    assert (read_cloud(result).xyz != read_cloud(source).xyz).any()
    assert compare(source, result) is None
    rows[7, 12] ^= 1  # of the intensity
    other = compare(assembled.write(tmp_path / "b.las", point_format, rows), result)
    assert other.point == 8
    rows[7] = rows[8]
    assert compare(assembled.write(tmp_path / "b.las", point_format, rows), result) is not None
