"""Laws: whatever a LAS file holds comes back but for the labels. laspy reads the results with both LAZ decoders."""

import struct
import tempfile
import warnings
from pathlib import Path

import laspy
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bevseg.core.labels import load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.io.las import writer
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from tests.io.las import assembled, lasfiles
from tests.io.las.assembled import description, evlr, vlr

BACKENDS = (laspy.LazBackend.LazrsParallel, laspy.LazBackend.Laszip)
BYTES = dict(enumerate((3, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8)))
"""Bytes of the types of dimensions."""
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

kinds = st.integers(0, 30)
latin = st.binary(max_size=32)
readable = st.text(max_size=12).map(lambda text: text.encode("utf-8", "ignore")[:32])
dimension_names = st.one_of(
    latin, readable, st.sampled_from([b"intensity", b"X", b"gps_time", b"bevseg_class"])
)
users = st.binary(min_size=1, max_size=16).filter(
    lambda user: user.strip(b"\0") not in (b"LASF_Spec", b"laszip encoded", b"copc", b"LASF_Projection")
)


def width(kind):
    """Bytes of a dimension of a type; type 0 takes what its options say, 3 here."""
    return BYTES[kind] if kind <= 10 else BYTES[(kind - 1) % 10 + 1] * ((kind - 1) // 10 + 1)


@st.composite
def files(draw):
    """What `assembled.write` takes, at random; and the bytes of the extra dimensions."""
    point_format = draw(st.integers(0, 10))
    least = 4 if point_format > 5 else 3 if point_format > 3 else 2
    minor = draw(st.integers(least, 5 if point_format > 5 else 4))
    entries = [
        description(
            kind, name, options=3 if kind == 0 else draw(st.sampled_from([0, 1, 8, 16, 24])), scale=0.5
        )
        for kind, name in draw(st.lists(st.tuples(kinds, dimension_names), max_size=5))
    ]
    extra = sum(width(entry[2]) for entry in entries) + draw(st.sampled_from([0, 0, 1, 9, -2]))
    cut = draw(st.integers(0, len(entries)))
    described = [
        vlr(*assembled.EXTRA_BYTES, b"".join(part)) for part in (entries[:cut], entries[cut:]) if part
    ]
    numbers, contents, texts = st.integers(0, 65_535), st.binary(max_size=40), st.binary(max_size=32)
    others = [
        vlr(*record) for record in draw(st.lists(st.tuples(users, numbers, contents, texts), max_size=3))
    ]
    behind = [evlr("somebody", *r) for r in draw(st.lists(st.tuples(numbers, contents, texts), max_size=2))]
    rows = assembled.points(point_format, draw(st.integers(1, 40)), max(extra, 0), draw(st.integers(0, 99)))
    return (
        point_format,
        rows,
        {
            "minor": minor,
            "vlrs": draw(st.permutations(others + described)),
            "evlrs": behind if minor >= 4 else [],
            "gap": draw(st.binary(max_size=9)),
            "user": draw(st.binary(max_size=9)),
            "scale": (draw(st.sampled_from([0.001, -0.001, 0.25])), 0.001, 0.01),
        },
    )


def labelled(source, target, **options):
    """Read, label and write; return what was read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        cloud = read_cloud(source)
    order = np.arange(len(cloud))
    made = PointLabels((order % 6).astype(np.uint8), order.astype(np.uint8))
    write_cloud(cloud, made, target, **options)
    return cloud, made


def kept(records):
    """Return the records that are those of the source."""
    ours = ((b"LASF_Spec", 4), (b"LASF_Spec", 0), (b"laszip encoded", 22204))
    return [record[2:] for record in records if record[:2] not in ours]


@QUICK
@given(file=files(), inside=st.sampled_from([".las", ".laz"]), outside=st.sampled_from([".las", ".laz"]))
def test_all_bytes_come_back_but_for_the_labels(file, inside, outside):
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / f"in{inside}", Path(folder) / f"out{outside}"
        point_format, rows, options = file
        assembled.write(source, point_format, rows, **options)
        cloud, made = labelled(source, target)
        for extended in (False, True):
            assert kept(assembled.records(source, extended=extended)) == kept(
                assembled.records(target, extended=extended)
            )
        old, new = source.read_bytes(), target.read_bytes()
        size = struct.unpack_from("<H", old, 94)[0]
        assert lasfiles.undeclared(old[:size]) == lasfiles.undeclared(new[:size])
        start = struct.unpack_from("<I", new, 96)[0]
        assert new[:start].endswith(options["gap"])
        again = read_cloud(target)
        np.testing.assert_array_equal(again.labels if again.labels is not None else 0, made.classes)
        np.testing.assert_array_equal(again.xyz, cloud.xyz)
        shown = [
            extra.data
            for extra in cloud.source.extras
            if extra.data and not extra.name.startswith("bevseg_class")
        ]
        assert [extra.data for extra in again.source.extras if extra.data in shown] == shown
        place = 16 if point_format > 5 else 15
        expected = rows.copy()
        expected[:, place] = 0
        if point_format < 6:
            expected[:, place] = rows[:, place] & 0b11100000
        for backend in BACKENDS:
            seen = laspy.read(
                assembled.undescribed(target, Path(folder) / f"seen{outside}"), laz_backend=backend
            )
            found = seen.points.array.view(np.uint8).reshape(len(rows), -1)[:, : rows.shape[1]].copy()
            found[:, place] &= 0 if point_format > 5 else 0b11100000
            replaced = [extra for extra in cloud.source.extras if extra.name.startswith("bevseg_class")]
            for extra in replaced:
                columns = slice(extra.start, extra.start + extra.kind.itemsize)
                found[:, columns] = expected[:, columns]
            np.testing.assert_array_equal(found, expected)


numbers = {
    "intensity": st.sampled_from(["u1", "u2", "i4", "f4", "share"]),
    "red green blue": st.sampled_from(["u1", "u2", "i8", "share"]),
    "gps_time": st.sampled_from(["f4", "f8", "i8", "huge"]),
    "scan_angle": st.sampled_from(["i2", "f4", "degrees"]),
    "user_data": st.sampled_from(["u1", "i4", "negative"]),
    "return_number number_of_returns": st.sampled_from(["u1", "zero"]),
}


class Fields:
    """The source of another format."""

    def __init__(self, values):
        self.values = values

    def fields(self):
        return self.values


def column(kind, rng, count=30):
    """Random values of a sort that files have."""
    if kind == "share":
        return rng.random(count).astype("f4")
    if kind == "huge":
        return rng.integers(2**60, 2**63, count)
    if kind == "degrees":
        return rng.integers(-15_000, 15_000, count) * 0.006
    if kind in ("negative", "zero"):
        return np.zeros(count, "i4") - (kind == "negative")
    if kind[0] == "f":
        return (rng.random(count) * 1000).astype(kind)
    return rng.integers(1, 16, count).astype(kind)


@QUICK
@given(
    st.fixed_dictionaries({}, optional=numbers),
    st.dictionaries(
        st.text(min_size=1, max_size=45).filter(lambda name: "\0" not in name and name.isprintable()),
        st.sampled_from(["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8", ">f8", ">i2"]),
        max_size=4,
    ),
    st.sampled_from([".las", ".laz"]),
    st.integers(0, 99),
)
def test_every_field_of_another_format_can_be_had_back(meant, free, suffix, seed):
    rng = np.random.default_rng(seed)
    values = {name: column(kind, rng) for names, kind in meant.items() for name in names.split()}
    values |= {f"free {name}": column(kind, rng) if kind[0] != ">" else column(kind[1:], rng).astype(kind)
               for name, kind in free.items()}  # fmt: skip
    cloud = PointCloud.from_xyz(rng.random((30, 3)) * 50, source=Fields(values))
    assert writer.cannot_keep(cloud) == []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"out{suffix}"
        writer.write(cloud, PointLabels(*[np.arange(30, dtype=np.uint8) % 6] * 2), path, load_scheme("asprs"))
        source = read_cloud(path).source
        fields = source.fields()
        columns = [fields[name] for name in fields]
        for name, expected in values.items():
            exact = any(same(found, expected) for found in columns)
            angle = name == "scan_angle" and np.allclose(fields["scan_angle"] * 0.006, expected, atol=1e-5)
            assert exact or angle, name
        if suffix == ".laz":
            for backend in BACKENDS:
                seen = laspy.read(path, laz_backend=backend).points.array
                np.testing.assert_array_equal(seen.view(np.uint8), source.points.view(np.uint8))


def same(found, expected):
    """Whether two columns hold the same numbers."""
    return len(found) == len(expected) and np.array_equal(found, expected)


@pytest.mark.parametrize("point_format", range(6))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    extra=st.integers(0, 9),
    seed=st.integers(0, 99),
    minor=st.integers(2, 4),
    suffix=st.sampled_from([".las", ".laz"]),
)
def test_an_upgrade_keeps_every_value_but_the_class(point_format, extra, seed, minor, suffix):
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.las", Path(folder) / f"out{suffix}"
        rows = assembled.points(point_format, 40, extra, seed)
        entries = b"".join(description(1, b"d%d" % i) for i in range(extra))
        vlrs = [vlr(*assembled.EXTRA_BYTES, entries)] if extra else []
        least = 3 if point_format > 3 else 2
        assembled.write(source, point_format, rows, minor=max(minor, least), vlrs=vlrs, user=b"user's")
        _, made = labelled(source, target, upgrade=True)
        before, after = laspy.read(source), laspy.read(target)
        assert (
            str(after.header.version) == "1.4" and after.point_format.id == (6, 6, 7, 7, 9, 10)[point_format]
        )
        assert after.header.point_count == 40 and target.read_bytes()[107:131] == bytes(24)
        for name in lasfiles.names(before):
            if name != "scan_angle_rank":
                np.testing.assert_array_equal(np.asarray(before[name]), np.asarray(after[name]), err_msg=name)
        np.testing.assert_allclose(
            np.asarray(after.scan_angle) * 0.006, np.asarray(before.scan_angle_rank), atol=0.003
        )
        np.testing.assert_array_equal(after.classification, np.array([1, 6, 64, 2, 65, 5])[made.classes])
        np.testing.assert_array_equal(read_cloud(target).labels, made.classes)
        assert "bevseg_class" not in after.point_format.dimension_names
