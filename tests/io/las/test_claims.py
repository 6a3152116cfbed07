"""What a file claims is compared with its bytes before memory, time or native code is spent on it."""

import struct
import warnings

import laspy
import numpy as np
import pytest

from bevseg.core.pointcloud import PointLabels
from bevseg.errors import CloudFormatError
from bevseg.io.las import laz
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from tests.io.las import assembled
from tests.io.las.assembled import evlr, patched, places, vlr

COUNT = 500
LEGACY, WIDE, VLRS, EVLRS = 107, 247, 100, 235


def refusal(path):
    """Return the reason for which a file is refused."""
    with pytest.raises(CloudFormatError) as caught:
        read_cloud(path)
    error = caught.value
    assert error.where == path and error.hint and error.exit_code == 4
    return f"{error.what}: {error.why}"


def made(path, point_format=6, **options):
    return assembled.write(path, point_format, assembled.points(point_format, COUNT, 3), **options)


# Numbers of points.


@pytest.mark.parametrize("suffix", [".las", ".laz"])
def test_a_count_in_the_legacy_field_alone_is_read_and_written_where_software_looks(tmp_path, suffix):
    source = made(tmp_path / f"in{suffix}", 1, legacy=COUNT, wide=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cloud = read_cloud(source)
    assert len(cloud) == COUNT
    write_cloud(cloud, PointLabels(*[np.ones(COUNT, np.uint8)] * 2), tmp_path / f"out{suffix}")
    assert len(laspy.read(tmp_path / f"out{suffix}")) == COUNT


@pytest.mark.parametrize("suffix", [".las", ".laz"])
@pytest.mark.parametrize(("legacy", "wide"), [(7, COUNT), (COUNT, 10**9), (COUNT, 2**63 + 5)])
def test_of_two_counts_the_one_that_the_bytes_allow_is_read_with_a_warning(tmp_path, suffix, legacy, wide):
    source = made(tmp_path / f"in{suffix}", 1, legacy=legacy, wide=wide)
    with pytest.warns(UserWarning, match=r"at one place and .* at another"):
        assert len(read_cloud(source)) == COUNT


@pytest.mark.parametrize(("suffix", "point_format"), [(".las", 1), (".las", 6), (".laz", 1)])
def test_a_count_below_the_points_that_are_there_is_a_warning(tmp_path, suffix, point_format):
    source = made(tmp_path / f"in{suffix}", point_format, legacy=0, wide=1)
    with pytest.warns(UserWarning, match="room for more"):
        assert len(read_cloud(source)) == 1


def test_a_count_that_differs_from_that_of_the_chunks_is_refused(tmp_path):
    assert "500 points, by the header 1" in refusal(made(tmp_path / "in.laz", wide=1))


@pytest.mark.parametrize("suffix", [".las", ".laz"])
@pytest.mark.parametrize("wide", [COUNT + 1, 10**6, 2**40, 2**64 - 1])
def test_a_count_above_the_points_that_are_there_is_refused(tmp_path, suffix, wide):
    assert "fewer points" in refusal(made(tmp_path / "in.las", wide=wide))
    assert refusal(made(tmp_path / "in.laz", wide=wide))


def test_points_do_not_run_into_the_extended_records(tmp_path):
    source = made(tmp_path / "in.las", evlrs=[evlr("somebody", 1, bytes(5000))], wide=COUNT + 10)
    assert "fewer points" in refusal(source)


# Records.


@pytest.mark.parametrize("number", [3, 2**32 - 1])
@pytest.mark.parametrize("suffix", [".las", ".laz"])
def test_more_records_than_bytes_are_refused_at_once(tmp_path, suffix, number):
    source = made(tmp_path / f"in{suffix}", vlrs=[vlr("somebody", 1, b"note")])
    assert "runs over" in refusal(patched(source, VLRS, struct.pack("<I", number)))


@pytest.mark.parametrize("suffix", [".las", ".laz"])
@pytest.mark.parametrize("start", [1, 400, 10**6, 2**63 - 1, 2**63, 2**64 - 1])
def test_extended_records_outside_the_file_are_refused(tmp_path, suffix, start):
    source = made(tmp_path / f"in{suffix}", evlrs=[evlr("somebody", 1, b"note")])
    assert refusal(patched(source, EVLRS, struct.pack("<QI", start, 1)))


def test_a_billion_extended_records_are_refused_at_once(tmp_path):
    source = made(tmp_path / "in.las", evlrs=[evlr("somebody", 1, b"note")])
    assert "record 2 of 4,294,967,295" in refusal(patched(source, EVLRS + 8, b"\xff" * 4))


@pytest.mark.parametrize(
    ("at", "data", "reason"),
    [
        (24, b"\2", "LAS 2.4 is not known"),
        (25, b"\6", "LAS 1.6 is not known"),
        (94, struct.pack("<H", 300), "takes 375 bytes"),
        (96, struct.pack("<I", 2**31), "points begin at byte"),
        (104, b"\x0b", "Point format 11 is not known"),
        (105, struct.pack("<H", 12), "point format 6 takes 30"),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(tmp_path, at, data, reason):
    assert reason in refusal(patched(made(tmp_path / "in.las"), at, data))


def test_a_file_without_points_says_so(tmp_path):
    assert "no points" in refusal(made(tmp_path / "in.las", wide=0))


@pytest.mark.parametrize("suffix", [".las", ".laz"])
@pytest.mark.parametrize("minor", [2, 4])
def test_a_count_of_zero_before_points_is_told_from_no_points(tmp_path, suffix, minor):
    rows = assembled.points(1, COUNT)
    source = assembled.write(tmp_path / f"in{suffix}", 1, rows, minor=minor, legacy=0, wide=0)
    assert "counts no points" in refusal(source) and "not finished" in refusal(source)
    empty = assembled.write(tmp_path / f"empty{suffix}", 1, rows[:0], minor=minor)
    assert "The cloud has no points" in refusal(empty)


# LAZ.


def test_a_byte_missing_anywhere_in_the_points_is_refused(tmp_path):
    for point_format in (1, 7):
        source = made(tmp_path / "in.laz", point_format)
        data, (start, table, _) = source.read_bytes(), places(source)
        for at in range(start, table, 97):
            source.write_bytes(data[:at] + data[at + 1 :])
            assert refusal(source)


@pytest.mark.parametrize("point_format", [1, 6])
@pytest.mark.parametrize("number", [0, 2, 2**31, 2**32 - 1])
def test_a_chunk_table_of_the_wrong_length_is_refused(tmp_path, point_format, number):
    source = made(tmp_path / "in.laz", point_format)
    patched(source, places(source)[1] + 4, struct.pack("<I", number))
    assert "chunk table names" in refusal(source)


@pytest.mark.parametrize("place", [0, 5, 10**5, 2**62, -2, -(2**63)])
def test_a_chunk_table_outside_the_file_is_refused(tmp_path, place):
    source = made(tmp_path / "in.laz")
    assert "chunk table is at byte" in refusal(patched(source, places(source)[0], struct.pack("<q", place)))


def test_a_chunk_table_whose_place_stands_at_the_end_is_found(tmp_path):
    source = made(tmp_path / "in.laz")
    before, (start, table, _) = read_cloud(source), places(source)
    patched(source, start, struct.pack("<q", -1))
    source.write_bytes(source.read_bytes() + struct.pack("<q", table))
    np.testing.assert_array_equal(read_cloud(source).source.points, before.source.points)
    source.write_bytes(source.read_bytes()[:-8] + struct.pack("<q", -1))
    assert "chunk table" in refusal(source)


@pytest.mark.parametrize("point_format", [1, 6])
def test_sizes_of_chunks_add_up_to_the_points(tmp_path, point_format):
    source = made(tmp_path / "in.laz", point_format)
    start, table, _ = places(source)
    data = source.read_bytes()
    source.write_bytes(data[:table] + b"more" + data[table:])
    patched(source, start, struct.pack("<q", table + 4))
    assert "sizes in its chunk table" in refusal(source)


@pytest.mark.parametrize("layer", range(13))
def test_sizes_of_layers_add_up_to_their_chunk(tmp_path, layer):
    source = made(tmp_path / "in.laz", 7)
    at = places(source)[0] + 8 + assembled.SIZES[7] + 3 + 4 * layer
    assert "chunk at byte" in refusal(patched(source, at, struct.pack("<I", 2**32 - 1)))


@pytest.mark.parametrize("point_format", [0, 1, 6])
@pytest.mark.parametrize(
    ("at", "data"),
    [
        (0, b"\0\0"),  # not compressed
        (0, b"\4\0"),
        (12, bytes(4)),  # points a chunk
        (32, bytes(2)),  # number of items
        (32, b"\xff\xff"),
        (34, b"\7\0"),  # type of an item
        (36, b"\xff\xff"),  # size of an item
    ],
)
def test_a_laszip_record_that_is_not_that_of_the_points_is_refused(tmp_path, point_format, at, data):
    source = made(tmp_path / "in.laz", point_format)
    assert refusal(patched(source, places(source)[2] + at, data))


def test_a_compressed_file_without_a_laszip_record_is_refused(tmp_path):
    source = made(tmp_path / "in.laz")
    assert "LASzip record is missing" in refusal(patched(source, places(source)[2] - 52, b"nobody"))


def test_points_of_a_single_run_are_read(tmp_path):
    """The first versions of LASzip had no chunks."""
    expected = read_cloud(made(tmp_path / "in.laz", 3)).source.points
    source = assembled.in_one_run(tmp_path / "run.laz", 3, assembled.points(3, COUNT, 3))
    np.testing.assert_array_equal(read_cloud(source).source.points, expected)


def test_chunks_of_any_number_of_points(tmp_path, monkeypatch):
    monkeypatch.setattr("bevseg.io.las.decode.BLOCK", 100)
    whole = made(tmp_path / "in.las")
    source = assembled.in_chunks(tmp_path / "in.laz", 6, assembled.points(6, COUNT, 3), [1, 30, 31, 300])
    cloud = read_cloud(source)
    np.testing.assert_array_equal(cloud.source.points, read_cloud(whole).source.points)
    assert cloud.source.chunks.tolist() == [1, 29, 1, 269, 200]
    assert "add up to" in refusal(patched(source, WIDE, struct.pack("<Q", COUNT - 1)))


def test_a_panic_of_the_decoder_is_an_error_about_the_file(tmp_path, monkeypatch):
    PanicException = type("PanicException", (BaseException,), {})

    def panicking(*_):
        raise PanicException("mid > len")

    source = made(tmp_path / "in.laz")
    monkeypatch.setattr(laz.lazrs, "decompress_points_with_chunk_table", panicking)
    assert "mid > len" in refusal(source)


def test_an_interrupt_while_decoding_stays_an_interrupt(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    source = made(tmp_path / "in.laz")
    monkeypatch.setattr(laz.lazrs, "decompress_points_with_chunk_table", interrupted)
    with pytest.raises(KeyboardInterrupt):
        read_cloud(source)


def test_points_far_outside_the_bounds_of_the_header_are_a_warning_with_both(tmp_path):
    path = made(tmp_path / "in.las")
    source = laspy.read(path)
    box = [end for pair in zip(source.xyz.max(axis=0), source.xyz.min(axis=0), strict=True) for end in pair]
    right = patched(path, 179, struct.pack("<6d", *box))
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*far outside")
        read_cloud(right)
    box[:2] = 5e6, 5e6 - 1
    with pytest.warns(UserWarning, match=r"far outside the bounds .* says x 4999999 to 5000000"):
        read_cloud(patched(path, 179, struct.pack("<6d", *box)))
