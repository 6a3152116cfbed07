"""Labels written batch by batch: the file has the bytes that writing the whole cloud gives."""

import dataclasses
import tempfile
import warnings
from pathlib import Path

import laspy
import lazrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.core.labels import load_scheme
from bevseg.core.pointcloud import KeptCodes, PointLabels
from bevseg.errors import CloudFormatError, LabelError, OutputExistsError, UsageError
from bevseg.io.las.las_file import open_file
from bevseg.io.read import read_cloud
from bevseg.io.write import cannot_keep, relabel_file, write_cloud
from tests.io.copc import copcfiles
from tests.io.las import assembled, lasfiles
from tests.io.las.assembled import evlr, patched, vlr
from tests.io.las.test_batches import peak
from tests.io.las.test_round_trip import QUICK, files

COUNT = 500
SUFFIXES = (".las", ".laz")

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def point_labels(count):
    """All six classes in turn, and every confidence."""
    order = np.arange(count)
    return PointLabels((order % 6).astype(np.uint8), (order % 256).astype(np.uint8))


def read(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return read_cloud(path)


def relabelled(source, target, made, **options):
    """Write in batches; return what was asked of the labels: [(first, codes)]."""
    asked = []

    def labels(first, codes):
        asked.append((first, codes.copy()))
        part = slice(first, first + len(codes))
        kept = made.kept and KeptCodes(made.kept.codes[part], made.kept.mask[part])
        return PointLabels(made.classes[part], made.confidence[part], kept)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with open_file(source) as las:
            relabel_file(las, labels, target, **options)
    return asked


def assert_whole(source, suffix, sizes=(1, 7, COUNT, None), threads=None, **options):
    """Compare the bytes of both ways of writing."""
    cloud = read(source)
    made = point_labels(len(cloud))
    whole, parts = (source.with_name(f"{name}{suffix}") for name in ("whole", "parts"))
    with open_file(source) as las:
        assert cannot_keep(las, parts) == cannot_keep(cloud, whole)
    write_cloud(cloud, made, whole, overwrite=True, **options)
    for size in sizes:
        relabelled(source, parts, made, size=size, threads=threads, overwrite=True, **options)
        assert parts.read_bytes() == whole.read_bytes()


@QUICK
@given(
    file=files(),
    inside=st.sampled_from(SUFFIXES),
    outside=st.sampled_from(SUFFIXES),
    size=st.sampled_from([1, 7, None]),
    threads=st.sampled_from([1, 2, None]),
    upgrade=st.booleans(),
    scheme=st.sampled_from(["asprs", "shrec20"]),
)
def test_batches_give_the_bytes_of_the_whole(file, inside, outside, size, threads, upgrade, scheme):
    with tempfile.TemporaryDirectory() as folder:
        point_format, rows, options = file
        source = assembled.write(Path(folder) / f"in{inside}", point_format, rows, **options)
        assert_whole(source, outside, [size], threads, upgrade=upgrade, scheme=load_scheme(scheme))


@pytest.mark.parametrize("outside", SUFFIXES)
@pytest.mark.parametrize("inside", SUFFIXES)
@pytest.mark.parametrize("point_format", range(11))
def test_every_point_format(tmp_path, point_format, inside, outside):
    rows = assembled.points(point_format, COUNT, 3)
    minor = {"minor": 5, "evlrs": [evlr("a", 1, b"note")]} if point_format > 5 else {"minor": 3}
    records = [vlr("somebody", 7, b"note")]
    source = assembled.write(
        tmp_path / f"in{inside}", point_format, rows, vlrs=records, gap=b"gap", user=b"user", **minor
    )
    assert_whole(source, outside)
    if point_format < 6:
        assert_whole(source, outside, upgrade=True)


@pytest.mark.parametrize("threads", [1, 2, None])
@pytest.mark.parametrize("point_format", [1, 6])
def test_borders_of_chunks_and_of_batches_need_not_meet(tmp_path, point_format, threads):
    rows = assembled.points(point_format, COUNT, 2)
    source = assembled.in_chunks(tmp_path / "in.laz", point_format, rows, [1, 30, 30, 31, 300])
    assert_whole(source, ".laz", [1, 7, 300, None], threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("size", [49_999, 60_000, 100_000])
def test_chunks_as_other_software_writes_them(tmp_path, size, threads):
    source = assembled.write(tmp_path / "in.laz", 6, assembled.points(6, 110_001))
    assert_whole(source, ".laz", [size], threads)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_points_behind_the_last_one_are_left_out_by_both(tmp_path, suffix):
    source = assembled.write(tmp_path / "in.las", 6, assembled.points(6, COUNT))
    patched(source, 247, (COUNT - 10).to_bytes(8, "little"))
    assert_whole(source, suffix)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_labels_of_an_earlier_run_are_replaced(tmp_path, suffix):
    source = lasfiles.make(tmp_path / "in.laz", 1)
    write_cloud(read(source), point_labels(COUNT), tmp_path / "once.laz")
    assert_whole(tmp_path / "once.laz", suffix)


def test_zeros_that_fill_up_a_lookup_record_name_nothing(tmp_path):
    lookup = (b"\0never".ljust(16, b"\0") + b"\50tram".ljust(16, b"\0")).ljust(4096, b"\0")
    rows = assembled.points(6, COUNT)
    assert_whole(assembled.write(tmp_path / "in.las", 6, rows, vlrs=[vlr("LASF_Spec", 0, lookup)]), ".las")


@pytest.mark.parametrize("point_format", [1, 7])
def test_codes_are_those_of_the_source_and_can_be_kept(tmp_path, point_format):
    source = lasfiles.make(tmp_path / "in.laz", point_format)
    cloud = read(source)
    codes = np.array(laspy.read(source).classification)
    mask = np.isin(codes, [2, 3])
    made = dataclasses.replace(point_labels(COUNT), kept=KeptCodes(codes, mask))
    write_cloud(cloud, made, tmp_path / "whole.laz")
    asked = relabelled(source, tmp_path / "parts.laz", made, size=7)
    assert (tmp_path / "parts.laz").read_bytes() == (tmp_path / "whole.laz").read_bytes()
    assert [first for first, _ in asked] == list(range(0, COUNT, 7))
    np.testing.assert_array_equal(np.concatenate([part for _, part in asked]), codes)
    asked = relabelled(source, tmp_path / "new.laz", made, size=7, upgrade=True)
    np.testing.assert_array_equal(np.concatenate([part for _, part in asked]), codes)


def test_points_that_take_no_part_get_code_0(tmp_path):
    source = lasfiles.make(tmp_path / "in.laz", 6)
    far, made = np.arange(COUNT) % 50 == 3, point_labels(COUNT)
    made.classes[far] = made.confidence[far] = 0
    write_cloud(dataclasses.replace(read(source), far=far), made, tmp_path / "whole.laz")
    made = dataclasses.replace(made, kept=KeptCodes(np.zeros(COUNT, np.uint8), far))
    relabelled(source, tmp_path / "parts.laz", made, size=7)
    assert (tmp_path / "parts.laz").read_bytes() == (tmp_path / "whole.laz").read_bytes()


@pytest.mark.parametrize("size", [1, 100, None])
@pytest.mark.parametrize("point_format", [6, 7])
def test_copc_keeps_its_octree(tmp_path, point_format, size):
    source = copcfiles.make(tmp_path / "in.copc.laz", point_format)
    for threads in (1, None):
        assert_whole(source, ".copc.laz", [size], threads)
    assert_whole(source, ".laz", [size])


# What cannot be written.


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_a_copy_cannot_keep_is_said_before_it_is_made(tmp_path, suffix):
    entries = b"".join(assembled.description(*one) for one in ((3, b"width"), (31, b"odd")))
    rows = assembled.points(4, COUNT, 2 + 4)
    source = assembled.write(tmp_path / "in.las", 4, rows, vlrs=[vlr(*assembled.EXTRA_BYTES, entries)])
    patched(source, 6, b"\4")  # waveforms in a file of their own
    with open_file(source) as las:
        told = cannot_keep(las, tmp_path / f"out{suffix}")
        with pytest.raises(UsageError, match="cannot be PLY"):
            cannot_keep(las, tmp_path / "out.ply")
        with pytest.raises(UsageError, match="built of all points at once"):
            cannot_keep(las, tmp_path / "out.copc.laz")
    assert ["in.wdp" in told[0], "'odd'" in told[1], len(told)] == [True, True, 2]
    assert_whole(source, suffix, [7])


def test_a_copy_of_copc_as_laz_loses_the_octree(tmp_path):
    source = copcfiles.make(tmp_path / "in.copc.laz", 6)
    with open_file(source) as las:
        assert "no longer COPC" in cannot_keep(las, tmp_path / "out.laz")[-1]
        assert cannot_keep(las, tmp_path / "out.copc.laz") == []


def left(folder, *inputs):
    """Return the names of all files but the inputs."""
    return sorted({path.name for path in folder.iterdir()} - {path.name for path in inputs})


def test_a_damaged_source_leaves_no_output(tmp_path):
    source = assembled.in_chunks(tmp_path / "in.laz", 1, assembled.points(1, COUNT), [200])
    start, table, laszip = assembled.places(source)
    data = source.read_bytes()
    with source.open("wb") as file:  # the second chunk gets fewer bytes than its points need
        file.write(data[:table])
        sizes = [(200, table - start - 8 - 50), (300, 50)]
        lazrs.write_chunk_table(file, sizes, lazrs.LazVlr(data[laszip:start]))
    with pytest.raises(CloudFormatError) as expected:
        read(source)
    with pytest.raises(CloudFormatError) as caught:
        relabelled(source, tmp_path / "out.laz", point_labels(COUNT), size=100)
    assert str(caught.value) == str(expected.value) and caught.value.where == source
    assert left(tmp_path, source) == []


def test_wrong_labels_leave_no_output(tmp_path):
    source = lasfiles.make(tmp_path / "in.laz")
    with open_file(source) as las, pytest.raises(UsageError, match="6 labels for 7 points"):
        relabel_file(las, lambda first, codes: point_labels(len(codes) - 1), tmp_path / "out.laz", size=7)
    with pytest.raises(LabelError) as caught:
        relabelled(source, tmp_path / "out.laz", point_labels(COUNT), scheme=load_scheme("oakland"))
    assert caught.value.where == tmp_path / "out.laz"
    assert left(tmp_path, source) == []


def test_outputs_are_checked_as_those_of_whole_clouds(tmp_path):
    source, other = lasfiles.make(tmp_path / "in.laz"), lasfiles.make(tmp_path / "other.laz")
    made = point_labels(COUNT)
    with pytest.raises(UsageError, match="overwrite an input"):
        relabelled(source, source, made, overwrite=True)
    with pytest.raises(OutputExistsError):
        relabelled(source, other, made)
    with pytest.raises(UsageError, match="cannot be PLY"):
        relabelled(source, tmp_path / "out.ply", made)
    with pytest.raises(UsageError, match="built of all points at once"):
        relabelled(source, tmp_path / "out.copc.laz", made)
    assert left(tmp_path, source, other) == []


@pytest.mark.parametrize(("inside", "outside"), [("las", "laz"), ("laz", "las")])
def test_waveforms_that_the_laz_library_would_scramble_are_refused(tmp_path, inside, outside):
    def two_scanners(file):
        file.scanner_channel = np.arange(COUNT) == COUNT - 1

    source = lasfiles.make(tmp_path / f"in.{inside}", 9, last=two_scanners)
    with pytest.raises(UsageError, match="waveform"):
        relabelled(source, tmp_path / f"out.{outside}", point_labels(COUNT), size=7)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_memory_does_not_grow_with_the_file(tmp_path, suffix):
    def copied(source):
        with open_file(source) as las:
            relabel_file(
                las,
                lambda _, codes: point_labels(len(codes)),
                tmp_path / "out.las",
                size=1000,
                overwrite=True,
            )

    def make(count):
        rows = assembled.points(6, count)
        if suffix == ".las":
            return assembled.write(tmp_path / f"{count}.las", 6, rows)
        return assembled.in_chunks(tmp_path / f"{count}.laz", 6, rows, list(range(1000, count, 1000)))

    small, large = make(4000), make(40_000)
    copied(small)
    assert peak(lambda: copied(large)) < 1.5 * peak(lambda: copied(small)) < 40_000 * 30 / 2
