"""LAS and LAZ: what comes back, and that nothing falls out in between."""

import warnings

import laspy
import numpy as np
import pytest

from bevseg.core.labels import ClassEntry, Scheme, load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import CloudFormatError, LabelError, UsageError
from bevseg.io.las import writer
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from tests.io.las import assembled, lasfiles

FORMATS = [(0, "1.2"), (1, "1.0"), (1, "1.2"), (2, "1.2"), (3, "1.4"), (4, "1.3"), (5, "1.3")]
FORMATS += [(number, "1.4") for number in range(6, 11)]
REAL = {
    1: "ahn3_delft/ahn3_cropped_2.laz",
    3: "ign_lidarhd/test_data_77055_627755_LA93_IGN69.laz",
    6: "ign_lidarhd/test_semis_2021_0382_6565_LA93_IGN69.laz",
}


def point_labels(count):
    """All six classes in turn, and every confidence."""
    order = np.arange(count)
    return PointLabels((order % 6).astype(np.uint8), (order % 256).astype(np.uint8))


def relabelled(source, target, made=None, scheme=None):
    """Take a file in and give it out with `point_labels`; return both as laspy sees them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        cloud = read_cloud(source)
    write_cloud(cloud, made or point_labels(len(cloud)), target, scheme=scheme)
    return laspy.read(source), laspy.read(target)


def assert_only_declared_changes(source, target, before, after):
    """Compare every dimension, and every byte that is not a point."""
    for name in lasfiles.names(before):
        np.testing.assert_array_equal(np.asarray(before[name]), np.asarray(after[name]), err_msg=name)
    assert set(after.point_format.dimension_names) - set(before.point_format.dimension_names) <= {
        "bevseg_confidence",
        "bevseg_class",
    }
    old, new = lasfiles.raw(source), lasfiles.raw(target)
    assert lasfiles.undeclared(old[0]) == lasfiles.undeclared(new[0])
    added = {("LASF_Spec", 4), ("LASF_Spec", 0), ("laszip encoded", 22204)}
    assert {k: v for k, v in old[1].items() if k not in added} == {
        k: v for k, v in new[1].items() if k not in added
    }
    assert [k for k in new[1] if k not in added] == [k for k in old[1] if k not in added]
    assert old[2:] == new[2:]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".laz", ".las"])
@pytest.mark.parametrize("point_format", REAL)
def test_a_real_tile_comes_out_with_new_classes_and_nothing_else_changed(
    shared_data, tmp_path, point_format, suffix
):
    source, target = shared_data / REAL[point_format], tmp_path / f"out{suffix}"
    before, after = relabelled(source, target)
    assert before.point_format.id == after.point_format.id == point_format
    assert_only_declared_changes(source, target, before, after)
    made = point_labels(len(before))
    np.testing.assert_array_equal(lasfiles.stored(after, "bevseg_confidence"), made.confidence)
    expected = np.array([1, 6, 64, 2, 65, 5] if point_format >= 6 else [1, 6, 1, 2, 1, 5])
    np.testing.assert_array_equal(after.classification, expected[made.classes])
    np.testing.assert_array_equal(read_cloud(target).labels, made.classes)


@pytest.mark.parametrize(("point_format", "version"), FORMATS)
@pytest.mark.parametrize(("inside", "outside"), [(".las", ".laz"), (".laz", ".las")])
def test_every_point_format_keeps_all_it_holds(tmp_path, point_format, version, inside, outside):
    header = "1.1" if version == "1.0" else version
    source = lasfiles.make(tmp_path / f"in{inside}", point_format, header, edit=with_extras)
    if version == "1.0":
        data = bytearray(source.read_bytes())
        data[25] = 0
        source.write_bytes(data)
    before, after = relabelled(source, tmp_path / f"out{outside}")
    assert_only_declared_changes(source, tmp_path / f"out{outside}", before, after)
    for flag in ("synthetic", "key_point", "withheld"):
        assert 0 < np.sum(np.asarray(before[flag])) < len(before)


def with_extras(file):
    """Dimensions and records that bevseg knows nothing of."""
    file.add_extra_dims(
        [
            laspy.ExtraBytesParams("echo_width", np.uint16, "ns", offsets=[1.0], scales=[0.1]),
            laspy.ExtraBytesParams("colour", "3u1"),
            laspy.ExtraBytesParams("blob", "7u1"),
        ]
    )
    file.header.vlrs.append(laspy.VLR("somebody", 12, "a note", b"\1\2\0\3"))
    file.header.extra_header_bytes = b"user's own"
    file.header.extra_vlr_bytes = b"between"
    if file.header.version.minor >= 4:
        data = bytes(range(256)) * 300  # longer than any record before the points may be
        file.evlrs = laspy.vlrs.vlrlist.VLRList([laspy.VLR("somebody", 99, "long", data)])


def test_bytes_that_nobody_described_stay_where_they_are(tmp_path):
    source = lasfiles.make(tmp_path / "in.las", 1, edit=with_extras)
    data = source.read_bytes()
    assert data.count(b"LASF_Spec\0") == 1
    source.write_bytes(data.replace(b"LASF_Spec\0", b"unknown__\0"))
    before, after = relabelled(source, tmp_path / "out.laz")
    assert "ExtraBytes" in before.point_format.dimension_names
    both = np.concatenate([after["ExtraBytes"], after["ExtraBytes2"]], axis=1)
    np.testing.assert_array_equal(before["ExtraBytes"], both)
    np.testing.assert_array_equal(
        lasfiles.stored(after, "bevseg_confidence"), point_labels(len(before)).confidence
    )


def test_reading_copies_no_coordinates(tmp_path):
    cloud = read_cloud(lasfiles.make(tmp_path / "in.laz"))
    for steps in (cloud.x, cloud.y, cloud.z):
        assert np.shares_memory(steps, cloud.source.points)
        assert steps.dtype == np.int32 and steps.strides == (cloud.source.points.itemsize,)
    assert cloud.scale == (0.001, 0.001, 0.01) and cloud.offset == (87000.0, 439000.0, -3.0)


def test_export_leaves_the_cloud_as_it_was(tmp_path):
    cloud = read_cloud(lasfiles.make(tmp_path / "in.laz", 3))
    before = cloud.source.points.copy()
    write_cloud(cloud, point_labels(len(cloud)), tmp_path / "out.laz")
    np.testing.assert_array_equal(cloud.source.points, before)


def test_more_points_than_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr("bevseg.io.las.block_writer.BLOCK", 100)
    source = lasfiles.make(tmp_path / "in.las", 7, count=1050)
    before, after = relabelled(source, tmp_path / "out.laz")
    assert_only_declared_changes(source, tmp_path / "out.laz", before, after)
    np.testing.assert_array_equal(read_cloud(tmp_path / "out.laz").labels, point_labels(1050).classes)


def test_our_own_output_taken_in_again_gets_new_values_and_no_second_dimension(tmp_path):
    for number in (1, 6):
        first, second = tmp_path / f"first{number}.laz", tmp_path / f"second{number}.laz"
        relabelled(lasfiles.make(tmp_path / f"in{number}.laz", number), first)
        flat = PointLabels(np.full(500, 2, np.uint8), np.full(500, 200, np.uint8))
        once, twice = relabelled(first, second, flat, load_scheme("shrec20"))
        names = list(twice.point_format.extra_dimension_names)
        assert sorted(names) == sorted(once.point_format.extra_dimension_names)
        assert (lasfiles.stored(twice, "bevseg_confidence") == 200).all() and (
            twice.classification == 2
        ).all()
        assert (read_cloud(second).labels == 2).all()


def test_dimensions_of_our_names_and_other_types_stay_beside_ours(tmp_path):
    def taken(file):
        file.add_extra_dim(laspy.ExtraBytesParams("bevseg_confidence", np.float64))
        file.add_extra_dim(laspy.ExtraBytesParams("bevseg_class", np.int16))

    source = lasfiles.make(tmp_path / "in.las", 1, edit=taken)
    once, twice = tmp_path / "once.laz", tmp_path / "twice.laz"
    relabelled(source, once)
    flat = PointLabels(np.full(500, 4, np.uint8), np.full(500, 200, np.uint8))
    relabelled(once, twice, flat)
    before, first, second = laspy.read(source), laspy.read(once), laspy.read(twice)
    ours = ["bevseg_confidence_2", "bevseg_class_2"]
    for after, made in ((first, point_labels(500)), (second, flat)):
        assert list(after.point_format.extra_dimension_names)[2:] == ours
        np.testing.assert_array_equal(before["bevseg_confidence"], after["bevseg_confidence"])
        np.testing.assert_array_equal(before["bevseg_class"], after["bevseg_class"])
        np.testing.assert_array_equal(lasfiles.stored(after, ours[0]), made.confidence)
    np.testing.assert_array_equal(read_cloud(once).labels, point_labels(500).classes)
    np.testing.assert_array_equal(read_cloud(twice).labels, flat.classes)


def test_confidence_is_a_probability_for_software_that_applies_scales(tmp_path):
    _, after = relabelled(lasfiles.make(tmp_path / "in.laz"), tmp_path / "out.laz")
    np.testing.assert_allclose(after["bevseg_confidence"], point_labels(500).confidence / 255)
    (described,) = after.point_format.extra_dimensions
    assert described.description == "classes=asprs; probability"


def entries(path):
    """Return code -> name of the classification lookup record."""
    data = lasfiles.raw(path)[1]["LASF_Spec", 0][1]
    return {data[i]: data[i + 1 : i + 16].rstrip(b"\0").decode() for i in range(0, len(data), 16)}


ASPRS = {1: "unclassified", 2: "ground", 5: "high vegetation", 6: "building"}


@pytest.mark.parametrize(("number", "more"), [(1, {}), (6, {64: "car", 65: "pole"})])
def test_all_classes_that_a_format_can_hold_are_named_in_the_lookup_record(tmp_path, number, more):
    relabelled(lasfiles.make(tmp_path / "in.laz", number), tmp_path / "out.laz")
    assert entries(tmp_path / "out.laz") == ASPRS | more


def test_a_lookup_record_that_is_there_is_added_to(tmp_path):
    def named(file):
        record = laspy.vlrs.known.ClassificationLookupVlr()
        record[2], record[64] = "Boden", "Sonstiges"
        file.header.vlrs.append(record)

    relabelled(lasfiles.make(tmp_path / "in.laz", 6, edit=named), tmp_path / "out.laz")
    assert entries(tmp_path / "out.laz") == ASPRS | {2: "Boden", 64: "car", 65: "pole"}
    assert len(laspy.read(tmp_path / "out.laz").vlrs.get("ClassificationLookupVlr")) == 1


def test_zeros_that_fill_up_a_lookup_record_name_nothing(tmp_path):
    data = (b"\0never".ljust(16, b"\0") + b"\50tram".ljust(16, b"\0")).ljust(4096, b"\0")
    rows = assembled.points(6, 500)
    source = assembled.write(tmp_path / "in.las", 6, rows, vlrs=[assembled.vlr("LASF_Spec", 0, data)])
    relabelled(source, tmp_path / "out.las")
    assert entries(tmp_path / "out.las") == ASPRS | {0: "never", 40: "tram", 64: "car", 65: "pole"}


def test_codes_of_another_scheme_are_all_named(tmp_path):
    source, target = lasfiles.make(tmp_path / "in.laz", 6), tmp_path / "out.laz"
    _, after = relabelled(source, target, scheme=load_scheme("shrec20"))
    np.testing.assert_array_equal(after.classification, point_labels(500).classes)
    assert entries(target)[4] == "pole"
    np.testing.assert_array_equal(read_cloud(target).labels, point_labels(500).classes)


def test_codes_above_255_do_not_fit(tmp_path):
    with pytest.raises(LabelError, match="oakland"):
        relabelled(lasfiles.make(tmp_path / "in.laz"), tmp_path / "out.laz", scheme=load_scheme("oakland"))


def test_a_scheme_needs_codes_only_for_classes_that_occur(tmp_path):
    two = Scheme("two", (ClassEntry(7, "floor", 3, "#000000"), ClassEntry(9, "mast", 4, "#000000")))
    cloud = read_cloud(lasfiles.make(tmp_path / "in.laz", 1))
    classes = (np.arange(500) % 2 + 3).astype(np.uint8)
    write_cloud(cloud, PointLabels(classes, classes), tmp_path / "out.laz", scheme=two)
    np.testing.assert_array_equal(
        laspy.read(tmp_path / "out.laz").classification, np.where(classes == 3, 7, 9)
    )


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_an_interrupt_in_the_midst_of_packing_stays_an_interrupt(tmp_path, monkeypatch, writes):
    class Interrupted:
        """A file that is written to when the user presses Ctrl-C."""

        written = 0

        def write(self, data):
            self.written += 1
            if self.written > writes:
                raise KeyboardInterrupt
            return len(data)

        def seek(self, *_):
            return 0

        def tell(self):
            return 0

        flush = close = tell

    cloud, scheme = read_cloud(lasfiles.make(tmp_path / "in.laz")), load_scheme("asprs")
    monkeypatch.setattr("pathlib.Path.open", lambda *_: Interrupted())
    with pytest.raises(KeyboardInterrupt):
        writer.write(cloud, point_labels(500), tmp_path / "out.laz", scheme)


def test_train_ids_beside_the_codes_yield_to_a_scheme_that_is_named(tmp_path):
    target = tmp_path / "out.laz"
    relabelled(lasfiles.make(tmp_path / "in.laz", 1), target)
    for scheme in (None, load_scheme("asprs")):
        np.testing.assert_array_equal(read_cloud(target, scheme=scheme).labels, point_labels(500).classes)
    codes = np.asarray(laspy.read(target).classification)
    other = Scheme("other", tuple(ClassEntry(code, str(code), 5, "#000000") for code in (1, 2, 5, 6)))
    assert (read_cloud(target, scheme=other).labels == 5).all() and set(codes) == {1, 2, 5, 6}


def test_waveforms_of_old_formats_are_read_by_laszip(tmp_path):
    for number in (4, 5):
        source, target = lasfiles.make(tmp_path / "in.las", number, "1.3"), tmp_path / "out.laz"
        relabelled(source, target)
        both = [laspy.read(target, laz_backend=b) for b in (laspy.LazBackend.Lazrs, laspy.LazBackend.Laszip)]
        np.testing.assert_array_equal(both[0].points.array, both[1].points.array)
        target.unlink()


def with_bytes(path, at, data):
    """Overwrite bytes of a file."""
    content = bytearray(path.read_bytes())
    content[at : at + len(data)] = data
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("scale", [0.0, np.nan, np.inf])
def test_coordinates_without_a_scale_are_damage(tmp_path, scale):
    source = with_bytes(lasfiles.make(tmp_path / "in.las"), 131, np.float64(scale).tobytes())
    with pytest.raises(CloudFormatError, match="damaged") as caught:
        read_cloud(source)
    assert "scale" in caught.value.why


@pytest.mark.parametrize("scale", [5e-324, -5e-324, 1e-12, 1e6, 1e300])
def test_steps_of_no_instrument_are_refused(tmp_path, scale):
    source = with_bytes(lasfiles.make(tmp_path / "in.las"), 131, np.float64(scale).tobytes())
    with pytest.raises(CloudFormatError, match="absurd") as caught:
        read_cloud(source)
    assert "steps of" in caught.value.why


def test_a_cloud_off_the_earth_is_refused_and_a_single_point_there_is_a_warning(tmp_path):
    off = with_bytes(lasfiles.make(tmp_path / "off.las"), 155, np.float64(3e8).tobytes())
    with pytest.raises(CloudFormatError, match="absurd"):
        read_cloud(off)
    one = with_bytes(lasfiles.make(tmp_path / "one.las"), 131, np.float64(0.1).tobytes())
    with_bytes(one, int.from_bytes(one.read_bytes()[96:100], "little"), np.int32(2_000_000_000).tobytes())
    with pytest.warns(UserWarning, match="1 points have x beyond"):
        read_cloud(one)


def test_a_negative_scale_is_read_and_comes_back(tmp_path):
    source = with_bytes(lasfiles.make(tmp_path / "in.las"), 131, np.float64(-0.001).tobytes())
    before, after = relabelled(source, tmp_path / "out.laz")
    assert_only_declared_changes(source, tmp_path / "out.laz", before, after)
    cloud = read_cloud(source)
    assert min(cloud.scale) > 0
    np.testing.assert_allclose(cloud.xyz[:, 0], np.asarray(before.x))


def test_records_of_a_cloud_optimised_file_are_dropped(tmp_path):
    def optimised(file):
        file.header.vlrs.append(laspy.VLR("copc", 1, "", bytes(160)))

    relabelled(lasfiles.make(tmp_path / "in.laz", edit=optimised), tmp_path / "out.laz")
    assert ("copc", 1) in lasfiles.raw(tmp_path / "in.laz")[1]
    assert ("copc", 1) not in lasfiles.raw(tmp_path / "out.laz")[1]


def test_a_pointer_to_waveforms_moves_with_them(tmp_path):
    def with_waveforms(file):
        file.evlrs = laspy.vlrs.vlrlist.VLRList([laspy.VLR("LASF_Spec", 65535, "waves", b"wave" * 10)])

    source, target = lasfiles.make(tmp_path / "in.las", 9, edit=with_waveforms), tmp_path / "out.las"
    data = bytearray(source.read_bytes())
    data[227:235] = data[235:243]
    source.write_bytes(data)
    relabelled(source, target)
    written = target.read_bytes()
    start = int.from_bytes(written[227:235], "little")
    assert start == int.from_bytes(written[235:243], "little") != int.from_bytes(data[227:235], "little")
    assert written[start + 60 :] == b"wave" * 10


@pytest.mark.parametrize(("inside", "outside"), [("las", "laz"), ("laz", "las")])
def test_waveforms_that_the_laz_library_would_scramble_are_refused(tmp_path, inside, outside):
    def two_scanners(file):
        file.scanner_channel = np.arange(500) % 2

    source = lasfiles.make(tmp_path / f"in.{inside}", 9, last=two_scanners)
    with pytest.raises(UsageError, match="waveform"):
        relabelled(source, tmp_path / f"out.{outside}")
    relabelled(lasfiles.make(tmp_path / "in.las", 9, last=two_scanners), tmp_path / "fine.las")


def test_points_that_are_not_finite_are_withheld_at_the_lower_corner(tmp_path):
    low, high = [5.5, 6.25, 7.125], [8.5, 7.25, 9.0]
    xyz = np.array([low, [np.nan, 1, 1], [9, 4, np.inf], high])
    cloud = PointCloud.from_xyz(xyz, name="holes")
    write_cloud(cloud, PointLabels(np.full(4, 3, np.uint8), np.full(4, 255, np.uint8)), tmp_path / "out.laz")
    written = laspy.read(tmp_path / "out.laz")
    np.testing.assert_array_equal(written.xyz, [low, low, low, high])
    np.testing.assert_array_equal(written.withheld, [0, 1, 1, 0])
    np.testing.assert_array_equal(written.classification, [2, 0, 0, 2])
    assert written.header.mins.tolist() == low and written.header.maxs.tolist() == high


def test_a_new_file_is_valid_in_the_eyes_of_others(tmp_path):
    cloud = PointCloud.from_xyz(np.random.default_rng(0).random((100, 3)) * 50 + [87000, 439000, 0])
    write_cloud(cloud, point_labels(100), tmp_path / "out.laz")
    written = laspy.read(tmp_path / "out.laz")
    assert str(written.header.version) == "1.4" and written.point_format.id == 6
    assert written.header.global_encoding.wkt and written.header.point_count == 100
    assert written.header.number_of_points_by_return[0] == 100 and (written.return_number == 1).all()
    np.testing.assert_allclose(written.xyz, cloud.xyz, atol=1e-9)
    np.testing.assert_array_equal(written.header.scales, [0.001] * 3)
    again = lasfiles.rewritten(written)
    np.testing.assert_allclose(
        [again.header.mins, again.header.maxs], [written.header.mins, written.header.maxs]
    )


def test_ground_and_height_are_written_in_the_order_of_the_points(tmp_path):
    cloud = read_cloud(lasfiles.make(tmp_path / "in.laz", 1))
    ground, heights = np.arange(500) % 3 == 0, np.linspace(0, 9, 500, dtype=np.float32)
    writer.write_ground(cloud, ground, heights, tmp_path / "out.laz")
    written = laspy.read(tmp_path / "out.laz")
    np.testing.assert_array_equal(written.classification, np.where(ground, 2, 1))
    np.testing.assert_array_equal(written["height_above_ground"], heights)


def test_clouds_of_the_simulator_hold_train_ids(tmp_path):
    def simulated(file):
        file.header.generating_software = "bevseg simulate"

    source = lasfiles.make(tmp_path / "in.laz", edit=simulated)
    codes = np.asarray(laspy.read(source).classification)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        labels = read_cloud(source).labels
    np.testing.assert_array_equal(labels, np.where(codes < 6, codes, 0))
    classes = np.arange(len(labels), dtype=np.uint8) % 6
    write_cloud(read_cloud(source), PointLabels(classes, classes), tmp_path / "out.laz")
    np.testing.assert_array_equal(read_cloud(tmp_path / "out.laz").labels, classes)
