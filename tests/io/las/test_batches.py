"""Coordinates batch by batch: they are those of the whole cloud, and so are the errors."""

import tracemalloc
import warnings

import numpy as np
import pyproj
import pytest

from bevseg.core.labels import load_scheme
from bevseg.core.pointcloud import PointLabels
from bevseg.errors import BevsegError
from bevseg.io.las.batches import open_cloud
from bevseg.io.las.block_writer import BLOCK
from bevseg.io.las.decode import COORDINATES
from bevseg.io.las.las_file import open_file
from bevseg.io.las.reader import read
from bevseg.io.write import write_cloud
from tests.io.las import assembled, lasfiles
from tests.io.las.assembled import evlr, patched

COUNT = 500
SIZES = (1, 7, 100, COUNT - 1, COUNT, None)
SHORT = 60
"""Longest chunk that the tests decode at once, if it stands for `BLOCK`."""

pytestmark = pytest.mark.filterwarnings("ignore:.*far outside")


def gathered(path, size, **options):
    """Return the columns of all batches of a file, one behind the other."""
    columns = ("x", "y", "z", "codes", "train_ids", "return_number", "number_of_returns")
    with open_cloud(path) as cloud:
        batches = list(cloud.batches(size, **options))
        assert [batch.first for batch in batches] == list(range(0, len(cloud), size or BLOCK))
    values = {name: [getattr(batch, name) for batch in batches] for name in columns}
    return {name: None if parts[0] is None else np.concatenate(parts) for name, parts in values.items()}


def pass_over(path, size=7):
    """Read a file in batches that nobody keeps; return it, closed."""
    with open_cloud(path) as cloud:
        for _ in cloud.batches(size):
            pass
    return cloud


def assert_whole(path, sizes=SIZES, **options):
    """Compare the batches of a file with the cloud that is read whole."""
    raw = read(path)
    fields = raw.cloud.source.fields()
    for size in sizes:
        found = gathered(path, size, codes=True, returns=True, **options)
        for axis in "xyz":
            np.testing.assert_array_equal(found[axis], getattr(raw.cloud, axis))
        np.testing.assert_array_equal(found["codes"], raw.codes)
        np.testing.assert_equal(found["train_ids"], raw.train_ids)
        for name in ("return_number", "number_of_returns"):
            np.testing.assert_array_equal(found[name], fields[name])
    with open_cloud(path) as cloud:
        whole = raw.cloud
        assert (cloud.crs, cloud.scale, cloud.offset) == (whole.crs, whole.scale, whole.offset)
        assert cloud.scheme == raw.scheme and len(cloud) == len(whole)


@pytest.mark.parametrize("suffix", [".las", ".laz"])
@pytest.mark.parametrize("point_format", range(11))
def test_batches_are_the_whole_cloud(tmp_path, point_format, suffix):
    rows = assembled.points(point_format, COUNT, 3)
    minor = {"minor": 5, "evlrs": [evlr("somebody", 1, b"note")]} if point_format > 5 else {"minor": 3}
    path = assembled.write(tmp_path / f"in{suffix}", point_format, rows, scale=(-0.001, 0.001, 0.25), **minor)
    assert_whole(path)


@pytest.mark.parametrize("threads", [1, 2, None])
@pytest.mark.parametrize("longest", [SHORT, BLOCK])
@pytest.mark.parametrize("point_format", [1, 3, 6, 7])
def test_borders_of_chunks_and_of_batches_need_not_meet(
    tmp_path, monkeypatch, point_format, longest, threads
):
    monkeypatch.setattr("bevseg.io.las.decode.BLOCK", longest)
    rows = assembled.points(point_format, COUNT, 2)
    path = assembled.in_chunks(tmp_path / "in.laz", point_format, rows, [1, 30, 30, 31, 300])
    assert_whole(path, threads=threads)


@pytest.mark.parametrize("longest", [SHORT, BLOCK])
def test_a_single_run_of_points_is_read_in_batches(tmp_path, monkeypatch, longest):
    monkeypatch.setattr("bevseg.io.las.decode.BLOCK", longest)
    assert_whole(assembled.in_one_run(tmp_path / "in.laz", 3, assembled.points(3, COUNT)))


@pytest.mark.parametrize("size", [49_999, 60_000, 100_000])
@pytest.mark.parametrize("point_format", [1, 8])
def test_chunks_as_other_software_writes_them(tmp_path, point_format, size):
    rows = assembled.points(point_format, 110_001)
    assert_whole(assembled.write(tmp_path / "in.laz", point_format, rows), [size])


@pytest.mark.parametrize("out_classes", ["asprs", "shrec20"])
@pytest.mark.parametrize("point_format", [1, 7])
def test_labels_of_bevseg_are_read_as_such(tmp_path, point_format, out_classes):
    cloud = read(lasfiles.make(tmp_path / "in.laz", point_format)).cloud
    made = PointLabels(*[np.arange(COUNT, dtype=np.uint16).astype(np.uint8) % 6] * 2)
    write_cloud(cloud, made, tmp_path / "out.laz", scheme=load_scheme(out_classes))
    assert_whole(tmp_path / "out.laz")
    found = gathered(tmp_path / "out.laz", 7, codes=True)
    assert (found["train_ids"] is None) == (read(tmp_path / "out.laz").train_ids is None)


def test_units_are_metres_as_in_a_cloud_that_is_read_whole(tmp_path):
    def in_feet(file):
        file.header.add_crs(pyproj.CRS(2263))

    path = lasfiles.make(tmp_path / "in.laz", 6, edit=in_feet)
    assert_whole(path, [100])
    with open_cloud(path) as cloud:
        assert cloud.scale[0] == pytest.approx(0.001 * 1200 / 3937)


def test_the_place_is_that_of_the_first_points_not_of_the_bounds_of_the_header(tmp_path, monkeypatch):
    rows = assembled.points(6, COUNT)
    rows[100:, :12] = 0
    for name in ("in.las", "in.laz"):
        path = assembled.write(tmp_path / name, 6, rows)
        with open_file(path) as las:
            assert las.middle == read(path).cloud.source.middle
        monkeypatch.setattr("bevseg.io.las.las_file._FIRST", 100)
        with open_file(path) as las:
            x, y = rows[:100, :8].copy().view("<i4").T
            assert las.middle == pytest.approx((np.median(x) * 0.001 + 10, np.median(y) * 0.001 + 20))
        monkeypatch.undo()


def test_only_what_is_asked_for_is_decoded(tmp_path):
    path = assembled.write(tmp_path / "in.laz", 7, assembled.points(7, COUNT))
    whole = read(path).cloud.source.points
    with open_file(path) as las:
        points = next(las.batches(layers=COORDINATES))
    np.testing.assert_array_equal(points["X"], whole["X"])
    for name in ("intensity", "classification", "gps_time", "red"):
        assert (points[name] != whole[name]).any()
    assert gathered(path, 100)["codes"] is None and gathered(path, 100)["return_number"] is None


# Damaged and absurd files.


def outcome(action):
    """Return the error of an action, or what it warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            action()
        except BevsegError as error:
            return str(error)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("suffix", [".las", ".laz"])
@pytest.mark.parametrize("point_format", [1, 6])
def test_damaged_files_have_the_same_errors(tmp_path, point_format, suffix):
    evlrs = [evlr("somebody", 1, bytes(100))]
    rows = assembled.points(point_format, COUNT, 3)
    path = assembled.write(tmp_path / f"in{suffix}", point_format, rows, evlrs=evlrs)
    data, rng = path.read_bytes(), np.random.default_rng(0)
    ends = rng.integers(0, len(data), 20)
    places = [*range(24, 30), *range(94, 131), *range(235, 255), *rng.integers(0, len(data), 20).tolist()]
    if suffix == ".laz":
        start, table, laszip = assembled.places(path)
        places += [*range(laszip, laszip + 40), *range(start, start + 60), *range(table, table + 12)]
    broken = [data[:end] for end in ends] + [
        data[:at] + bytes([data[at] ^ int(rng.integers(1, 256))]) + data[at + 1 :] for at in places
    ]
    for content in broken:
        path.write_bytes(content)
        expected = outcome(lambda: read(path))
        assert outcome(lambda: read_every_layer(path)) == expected
        if suffix == ".las":
            assert outcome(lambda: gathered(path, 7)) == expected


def read_every_layer(path):
    """Read all points in batches, and check the coordinates; those of a whole cloud are checked behind the last."""
    with open_cloud(path) as cloud:
        for _ in cloud.las.batches(COUNT):
            pass
        for _ in cloud.batches(100):
            pass


@pytest.mark.parametrize("size", [1, 7, None])
@pytest.mark.parametrize(
    ("scale", "first", "others"),
    [
        ((1.0, 0.001, 0.001), 2_000_000_000, 5),  # one point beyond the earth
        ((1.0, 0.001, 0.001), 2_000_000_000, 2_000_000_000),  # all of them
        ((1000.0, 0.001, 0.001), 0, 5),  # no step of an instrument
        ((-0.001, 0.001, 0.001), -(2**31), 5),  # no opposite number
    ],
)
def test_absurd_coordinates_are_refused_or_warned_of_behind_the_last_batch(
    tmp_path, scale, first, others, size
):
    rows = assembled.points(6, COUNT)
    x = np.full(COUNT, others, "<i4")
    x[3] = first
    rows[:, :4] = x.view(np.uint8).reshape(-1, 4)
    path = assembled.write(tmp_path / "in.laz", 6, rows, scale=scale)
    expected = outcome(lambda: read(path))
    assert expected and outcome(lambda: gathered(path, size)) == expected


def test_points_behind_the_last_one_are_a_warning(tmp_path):
    path = assembled.write(tmp_path / "in.las", 6, assembled.points(6, COUNT))
    patched(path, 247, (COUNT - 10).to_bytes(8, "little"))
    with pytest.warns(UserWarning, match="room for more"):
        assert len(gathered(path, 7)["x"]) == COUNT - 10


# Memory.


def peak(action):
    """Return the largest memory of NumPy and Python during an action, bytes.

    It is the least of three: what other threads and caches of the process allocate at that moment is counted too.
    """
    found = []
    for _ in range(3):
        tracemalloc.start()
        try:
            action()
            found.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    return min(found)


@pytest.mark.parametrize("kind", ["las", "laz", "one run"])
def test_memory_does_not_grow_with_the_file(tmp_path, monkeypatch, kind):
    monkeypatch.setattr("bevseg.io.las.decode.BLOCK", 1000)

    def make(count):
        rows, path = assembled.points(1, count), tmp_path / f"{count}.{'las' if kind == 'las' else 'laz'}"
        if kind == "laz":
            return assembled.in_chunks(path, 1, rows, list(range(1000, count, 1000)))
        return (assembled.write if kind == "las" else assembled.in_one_run)(path, 1, rows)

    def passed_over(path):
        with open_cloud(path) as cloud:
            for _ in cloud.batches(1000, codes=True):
                pass

    small, large = make(4000), make(40_000)
    passed_over(small)
    assert peak(lambda: passed_over(large)) < 1.5 * peak(lambda: passed_over(small)) < 40_000 * 28 / 2
