"""Laws of all formats: read, label, write, read gives the same but for the labels; `verify` proves it.

Each file is made twice: as it is labelled, and with one value changed. The result is the first, and not the second.
"""

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bevseg.core.pointcloud import PointLabels
from bevseg.io.compare.files import compare
from bevseg.io.copc import build_octree
from bevseg.io.read import read_cloud
from bevseg.io.write import cannot_keep, write_cloud
from tests.io.las import assembled
from tests.io.las.test_round_trip import files as las_files
from tests.io.pcd.pcdfiles import KINDS as PCD_KINDS
from tests.io.pcd.pcdfiles import body as pcd_body
from tests.io.pcd.pcdfiles import head as pcd_head
from tests.io.pcd.test_laws import clouds as pcd_clouds
from tests.io.ply.plyfiles import KINDS as PLY_KINDS
from tests.io.ply.test_laws import clouds as ply_clouds

FEW, MORE = (
    settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck)) for count in (6, 20)
)
TYPES = {
    "u1": "uchar",
    "i1": "char",
    "u2": "ushort",
    "i2": "short",
    "u4": "uint",
    "i4": "int",
    "f4": "float",
    "f8": "double",
}
MEANT = ("intensity", "red green blue", "nx ny nz", "gps_time", "scan_angle", "user_data", "point_source_id",
         "return_number number_of_returns", "Reflectance", "withheld")  # fmt: skip
FREE = st.text("abcdeXYßé_.-", min_size=3, max_size=40)
SEPARATORS = (" ", "\t", ",", ";", " ; ", "  ")


@st.composite
def columns(draw, least=1):
    """Coordinates with three decimals, and further columns of any types by names that mean something or nothing."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(least, 30))
    origin = draw(st.sampled_from([0.0, -300.0, 5_000_000.0]))
    table = {axis: np.round(origin + rng.integers(0, 50_000, count) / 1000, 3) for axis in "xyz"}
    words = draw(st.lists(st.sampled_from(MEANT), unique=True, max_size=3))
    names = [name for word in words for name in word.split()] + draw(st.lists(FREE, unique=True, max_size=3))
    kinds = {word: draw(st.sampled_from(list(TYPES))) for word in (*words, *names)}
    kinds |= {name: kinds[word] for word in words for name in word.split()}
    for name in dict.fromkeys(names):
        kind = np.dtype(kinds[name])
        if kind.kind == "f":
            values = rng.normal(size=count) * 10.0 ** rng.integers(-3, 6)
            table[name] = (np.abs(values) % 1 if draw(st.booleans()) else values).astype(kind)
        else:
            low, high = (1, 7) if draw(st.booleans()) else (np.iinfo(kind).min, np.iinfo(kind).max)
            table[name] = rng.integers(low, high, count, dtype=kind, endpoint=True)
    return table


def write_text(path, table, separator):
    names = [name.replace(".", "_") for name in table]
    rows = zip(*(
        [f"{v:.3f}" for v in values] if name in "xyz" else [str(v) for v in values.tolist()]
        for name, values in table.items()
    ), strict=True)  # fmt: skip
    lines = [separator.join(row) for row in [names, *rows]]
    path.write_bytes(("\n".join(lines) + "\n").encode())


def write_ply(path, table, kind):
    lines = ["ply", f"format {kind} 1.0", "comment  two  blanks", f"element vertex {len(table['x'])}"]
    lines += [f"property {TYPES[values.dtype.str[1:]]} {name}" for name, values in table.items()]
    lines += ["element face 1", "property list uchar int vertex_indices", "end_header"]
    if kind == "ascii":
        rows = zip(*(values.tolist() for values in table.values()), strict=True)
        content = "".join(" ".join(map(str, row)) + "\n" for row in rows).encode() + b"3 0 0 0\n"
    else:
        order = ">" if "big" in kind else "<"
        record = np.empty(len(table["x"]), [(name, order + v.dtype.str[1:]) for name, v in table.items()])
        for name, values in table.items():
            record[name] = values
        content = record.tobytes() + b"\3" + np.zeros(3, order + "i4").tobytes()
    path.write_bytes("".join(line + "\n" for line in lines).encode() + content)


def write_pcd(path, table, kind):
    record = [(name, values.dtype.str[1:], 1) for name, values in table.items()]
    head = pcd_head(record, kind, len(table["x"]), viewpoint="1 2 3 1 0 0 0")
    path.write_bytes(head + pcd_body(list(table.values()), kind))


WRITERS = {f"text {s!r}": (".txt", write_text, s) for s in SEPARATORS}
WRITERS |= {f"ply {kind}": (".ply", write_ply, kind) for kind in PLY_KINDS}
WRITERS |= {f"pcd {kind}": (".pcd", write_pcd, kind) for kind in PCD_KINDS}
ACROSS = [("ply binary_little_endian", ".laz"), ("ply ascii", ".pcd"), ("ply binary_big_endian", ".txt"),
          ("ply binary_little_endian", ".copc.laz"), ("text ' '", ".laz"), ("text ','", ".ply"), ("text ';'", ".pcd"),
          ("pcd binary", ".ply"), ("pcd ascii", ".las"), ("pcd binary_compressed", ".txt.gz")]  # fmt: skip


def labelled(source, result, **options):
    """Read, label, write."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        cloud = read_cloud(source)
        order = np.arange(len(cloud))
        cannot_keep(cloud, result)
        labels = PointLabels((order % 5 + 1).astype(np.uint8), (order % 256).astype(np.uint8))
        write_cloud(cloud, labels, result, overwrite=True, **options)
    return result


def changed(table, name, at):
    """The table with another value in one place."""
    values = table[name].copy()
    if name in "xyz":
        values[at] = round(values[at] + 0.004, 3)
    elif values.dtype.kind == "f":
        values[at] = values[at] * 1.5 + 1
    else:
        values[at] ^= 1
    return table | {name: values}


def check(table, kind, result_suffix, place):
    suffix, write, option = WRITERS[kind]
    with tempfile.TemporaryDirectory() as folder:
        source, other = Path(folder) / f"a{suffix}", Path(folder) / f"b{suffix}"
        write(source, table, option)
        result = labelled(source, Path(folder) / f"out{result_suffix}")
        assert compare(source, result) is None
        name = list(table)[place[0] % len(table)]
        write(other, changed(table, name, place[1] % len(table["x"])), option)
        assert compare(other, result) is not None, f"a change of {name} is not found"


PLACES = st.tuples(st.integers(0, 99), st.integers(0, 99))


@pytest.mark.parametrize("family", ["text", "ply", "pcd"])
@FEW
@given(data=st.data(), table=columns(), place=PLACES)
def test_a_result_of_the_same_format_is_proven_and_a_changed_value_is_found(family, data, table, place):
    kind = data.draw(st.sampled_from([kind for kind in WRITERS if kind.startswith(family)]))
    check(table, kind, WRITERS[kind][0], place)


@MORE
@given(pair=st.sampled_from(ACROSS), table=columns(), place=PLACES)
def test_a_result_of_another_format_is_proven_and_a_changed_value_is_found(pair, table, place):
    check(table, *pair, place)


@pytest.mark.parametrize("kind", ["text ','", "ply ascii", "pcd binary"])
@FEW
@given(table=columns(least=8), place=PLACES)
def test_points_of_another_format_in_a_new_octree_are_proven(kind, table, place):
    table = {name: np.concatenate([values, values[::-1]]) for name, values in table.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_octree, "MOST_POINTS", 3)
        check(table, kind, ".copc.laz", place)


@FEW
@given(
    content=st.one_of(ply_clouds().map(lambda c: (".ply", c[2])), pcd_clouds().map(lambda c: (".pcd", c[3])))
)
def test_whatever_a_ply_or_pcd_holds_is_proven(content):
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"a{content[0]}"
        source.write_bytes(content[1])
        assert compare(source, labelled(source, Path(folder) / f"out{content[0]}")) is None


@pytest.mark.parametrize("suffix", [".las", ".laz", ".copc.laz", ".ply", ".pcd", ".txt"])
@FEW
@given(file=las_files(), inside=st.sampled_from([".las", ".laz"]), upgrade=st.booleans(), place=PLACES)
def test_whatever_a_las_holds_is_proven_and_a_changed_byte_is_found(suffix, file, inside, upgrade, place):
    point_format, rows, options = file
    if suffix == ".copc.laz" and (point_format in (4, 5, 9, 10) or options["minor"] == 5 or options["user"]):
        return  # refused
    with tempfile.TemporaryDirectory() as folder:
        source, other = Path(folder) / f"a{inside}", Path(folder) / f"b{inside}"
        assembled.write(source, point_format, rows, **options)
        upgrades = {"upgrade": True} if upgrade and suffix in (".las", ".laz") else {}
        result = labelled(source, Path(folder) / f"out{suffix}", **upgrades)
        assert compare(source, result) is None
        byte = place[0] % 14  # of X, Y, Z and intensity, which every format keeps
        rows = rows.copy()
        rows[place[1] % len(rows), byte] ^= 1
        assembled.write(other, point_format, rows, **options)
        assert compare(other, result) is not None


@FEW
@given(seed=st.integers(0, 99), extra=st.integers(0, 3), suffix=st.sampled_from([".ply", ".pcd"]))
def test_las_to_another_format_and_back_is_proven_at_each_step(seed, extra, suffix):
    with tempfile.TemporaryDirectory() as folder:
        source = assembled.write(Path(folder) / "a.las", 7, assembled.points(7, 20, extra, seed))
        middle = labelled(source, Path(folder) / f"b{suffix}")
        back = labelled(middle, Path(folder) / "c.las")
        assert compare(source, middle) is None
        assert compare(middle, back) is None
        one, other = (read_cloud(path) for path in (source, back))
        np.testing.assert_allclose(other.xyz, one.xyz, rtol=0, atol=1e-9)
        for name, values in one.source.fields().items():
            found = other.source.fields()
            assert any(
                np.array_equal(values, each, equal_nan=each.dtype.kind == "f") for each in found.values()
            ), name
