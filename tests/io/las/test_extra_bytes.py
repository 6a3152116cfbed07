"""Extra dimensions of every kind that files have: read, and given back as they were."""

import laspy
import numpy as np
import pytest

from bevseg.core.labels import load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import UsageError
from bevseg.io.fields import Source
from bevseg.io.las import writer
from bevseg.io.las.extra_bytes import UNDESCRIBED
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from tests.io.las import assembled
from tests.io.las.assembled import description, vlr

COUNT = 50
OURS = "bevseg_confidence"


def point_labels():
    order = np.arange(COUNT)
    return PointLabels((order % 6).astype(np.uint8), order.astype(np.uint8))


def labelled(source, target):
    """Read, label and write; return the clouds before and after, whose extra bytes are compared."""
    before = read_cloud(source)
    write_cloud(before, point_labels(), target)
    after = read_cloud(target)
    old, new = (cloud.source.points for cloud in (before, after))
    size = assembled.SIZES[before.source.point_format]
    rows = [points.view(np.uint8).reshape(COUNT, -1)[:, size : old.itemsize] for points in (old, new)]
    np.testing.assert_array_equal(*rows)
    np.testing.assert_array_equal(after.labels, point_labels().classes)
    np.testing.assert_array_equal(after.source.ours(OURS), point_labels().confidence)
    return before.source, after.source


def names(source):
    return [extra.name for extra in source.extras]


def made(path, extra, *records):
    """Write a file with these extra-bytes records, each a list of descriptions, and `extra` bytes a point."""
    vlrs = [vlr(*assembled.EXTRA_BYTES, b"".join(record)) for record in records]
    return assembled.write(path, 6, assembled.points(6, COUNT, extra), vlrs=vlrs)


@pytest.mark.parametrize("suffix", [".las", ".laz"])
def test_several_records_become_one_that_other_software_reads(tmp_path, suffix):
    two = [description(3, b"Amplitude"), description(4, b"Deviation")], [description(9, b"Distance")]
    before, _ = labelled(made(tmp_path / f"in{suffix}", 8, *two), tmp_path / f"out{suffix}")
    assert names(before) == ["Amplitude", "Deviation", "Distance"]
    written = laspy.read(tmp_path / f"out{suffix}")
    assert list(written.point_format.extra_dimension_names) == [*names(before), OURS]
    np.testing.assert_array_equal(written["Distance"], before.points["Distance"])
    assert [record[:2] for record in assembled.records(tmp_path / f"out{suffix}")].count(
        (b"LASF_Spec", 4)
    ) == 1


def test_a_record_that_stands_twice_counts_once(tmp_path):
    record = [description(1, b"a")]
    before, after = labelled(made(tmp_path / "in.las", 3, record, record), tmp_path / "out.las")
    assert names(before) == ["a", UNDESCRIBED] and names(after) == ["a", UNDESCRIBED, OURS]


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ((b"a" * 40, b"b"), ["a" * 32, "b"]),
        ((b"same", b"same"), ["same", "same_2"]),
        ((b"H\xf6he", "Höhe".encode()), ["Höhe", "Höhe_2"]),
        ((b"gps_time", b"X"), ["gps_time_2", "X_2"]),
        ((b"", b"\0hidden"), [UNDESCRIBED, f"{UNDESCRIBED}_2"]),
    ],
)
def test_any_name_is_read_and_its_bytes_come_back(tmp_path, stored, shown):
    before, after = labelled(
        made(tmp_path / "in.laz", 8, [description(9, name) for name in stored]), tmp_path / "out.laz"
    )
    assert names(before) == shown and names(after) == [*shown, OURS]
    assert [extra.data for extra in before.extras] == [extra.data for extra in after.extras][:2]


def test_descriptions_without_bytes_are_dropped_and_never_describe_ours(tmp_path):
    source = made(tmp_path / "in.las", 4, [description(9, b"there"), description(10, b"absent")])
    before, after = labelled(source, tmp_path / "out.las")
    assert names(before) == ["there"] and names(after) == ["there", OURS]
    assert list(laspy.read(tmp_path / "out.las").point_format.extra_dimension_names) == ["there", OURS]


@pytest.mark.parametrize("unknown", [[], [description(31, b"of no type")]])
def test_bytes_that_nothing_describes_are_carried_and_described_as_such(tmp_path, unknown):
    source = made(tmp_path / "in.laz", 13, [description(9, b"there"), *unknown])
    before, _ = labelled(source, tmp_path / "out.laz")
    assert names(before) == ["there", UNDESCRIBED] and before.extras[1].kind.shape == (9,)
    assert "there" in laspy.read(tmp_path / "out.laz").point_format.dimension_names


def test_without_new_dimensions_the_descriptions_are_those_of_the_source(tmp_path):
    source = made(tmp_path / "in.las", 4, [description(9, b"there")], [description(10, b"absent")])
    cloud = read_cloud(source)
    from bevseg.io.las.layout import layout
    from bevseg.io.las.record import write_codes

    write_codes(layout(cloud), np.zeros(COUNT, np.uint8), tmp_path / "out.las", {})
    assert assembled.records(source) == assembled.records(tmp_path / "out.las")


def test_fields_apply_scales_split_arrays_and_offer_8_bit_colours(tmp_path):
    rows = assembled.points(7, COUNT, 2 + 4 + 1)
    rows[:, 30:36] = np.repeat(np.random.default_rng(1).integers(0, 256, (COUNT, 3)), 2, axis=1)
    entries = [
        description(3, b"width", options=8 | 16, scale=0.1, offset=5.0),
        description(13, b"pair"),
        description(1, OURS.encode(), text=b"classes=asprs"),
    ]
    vlrs = [vlr(*assembled.EXTRA_BYTES, b"".join(entries))]
    source = read_cloud(assembled.write(tmp_path / "in.las", 7, rows, vlrs=vlrs)).source
    fields, seen = source.fields(), laspy.read(tmp_path / "in.las")
    assert isinstance(source, Source)
    np.testing.assert_allclose(fields["width"], np.asarray(seen["width"]))
    pairs = np.ascontiguousarray(rows[:, 38:42]).view("<u2")
    np.testing.assert_array_equal(fields["pair_0"], pairs[:, 0])
    np.testing.assert_array_equal(fields["pair_1"], pairs[:, 1])
    assert fields["red"].dtype == np.uint8
    np.testing.assert_array_equal(fields["red"] * np.uint16(257), np.asarray(seen.red))
    assert not {"X", "Y", "Z", "classification", OURS} & set(fields)
    for name in seen.point_format.standard_dimension_names:
        if name not in ("X", "Y", "Z", "classification", "red", "green", "blue"):
            np.testing.assert_array_equal(fields[name], np.asarray(seen[name]), err_msg=name)


class Fields:
    """The source of another format."""

    def __init__(self, **values):
        self.values = values

    def fields(self):
        return self.values


def cloud_with(count=COUNT, **values):
    xyz = np.random.default_rng(0).random((count, 3)) * 20
    return PointCloud.from_xyz(xyz, source=Fields(**values), name="other")


def test_more_dimensions_than_a_record_can_describe(tmp_path):
    values = {f"f{i}": np.full(COUNT, i, np.float32) for i in range(342)}
    cloud = cloud_with(**values)
    assert writer.cannot_keep(cloud) == []
    writer.write(cloud, point_labels(), tmp_path / "out.laz", load_scheme("asprs"))
    back = read_cloud(tmp_path / "out.laz")
    np.testing.assert_array_equal(back.labels, point_labels().classes)
    fields = back.source.fields()
    assert all((fields[name] == values[name]).all() for name in values)
    for backend in (laspy.LazBackend.LazrsParallel, laspy.LazBackend.Laszip):
        seen = laspy.read(tmp_path / "out.laz", laz_backend=backend)
        stored = back.source.points.view(np.uint8)
        np.testing.assert_array_equal(seen.points.array.view(np.uint8), stored)


def test_an_old_file_with_a_full_record_becomes_las_1_4_and_says_so_before_the_work(tmp_path):
    full = [description(1, b"d%d" % i) for i in range(341)]
    vlrs = [vlr(*assembled.EXTRA_BYTES, b"".join(full))]
    rows = assembled.points(1, COUNT, 341)
    source = assembled.write(tmp_path / "in.las", 1, rows, minor=2, vlrs=vlrs, user=b"user's")
    (told,) = writer.cannot_keep(read_cloud(source))
    assert "LAS 1.4" in told and "341" in told
    before, after = labelled(source, tmp_path / "out.laz")
    assert (before.header.minor, after.header.minor) == (2, 4) and after.header.block.endswith(b"user's")
    assert len(laspy.read(tmp_path / "out.laz")) == COUNT


def test_points_longer_than_las_allows_are_refused_before_the_work(tmp_path):
    cloud = cloud_with(count=1, **{f"f{i}": np.zeros(1) for i in range(8200)})
    for work in (
        lambda: writer.cannot_keep(cloud),
        lambda: writer.write(
            cloud, PointLabels(*[np.zeros(1, np.uint8)] * 2), tmp_path / "o.las", load_scheme("asprs")
        ),
    ):
        with pytest.raises(UsageError, match="do not fit") as caught:
            work()
        assert "65,535" in caught.value.why


def test_long_names_become_distinct_short_ones_that_all_software_reads(tmp_path):
    stem = "scalar_PCV_illuminance_north_side_radius"
    values = {f"{stem}_{i}": np.full(COUNT, i, np.float32) for i in range(12)} | {"é" * 20: np.zeros(COUNT)}
    writer.write(cloud_with(**values), point_labels(), tmp_path / "out.laz", load_scheme("asprs"))
    back = read_cloud(tmp_path / "out.laz").source
    shown = names(back)
    assert len(set(shown)) == 14 and all(len(name.encode()) <= 31 for name in shown)
    for number, extra in enumerate(back.extras[:12]):
        assert (back.points[extra.name] == number).all() and extra.text.endswith(f"_{number}")
    for backend in (laspy.LazBackend.LazrsParallel, laspy.LazBackend.Laszip):
        seen = laspy.read(tmp_path / "out.laz", laz_backend=backend)
        assert list(seen.point_format.extra_dimension_names) == shown


def test_descriptions_of_an_unknown_type_are_named_and_the_bytes_stay(tmp_path):
    entries = b"".join(description(*one) for one in ((3, b"width"), (31, b"odd"), (9, b"behind")))
    rows = assembled.points(6, COUNT, 2 + 4 + 4)
    source = assembled.write(tmp_path / "in.las", 6, rows, vlrs=[vlr(*assembled.EXTRA_BYTES, entries)])
    (sentence,) = writer.cannot_keep(read_cloud(source))
    assert "from 'odd' on" in sentence and "type 31" in sentence
    labelled(source, tmp_path / "out.laz")
