"""Any cloud -> COPC: all its points, in an octree that other software reads."""

import laspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bevseg.core.pointcloud import PointCloud
from bevseg.errors import UsageError
from bevseg.io.copc import build_octree, writer
from bevseg.io.copc.build_octree import build
from bevseg.io.copc.morton import BITS, add_axis, cells_of
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from tests.io.copc.copcfiles import ensure_valid, labelled, labels, nodes
from tests.io.las.lasfiles import make as make_las

ORDER = "the order of the points changes: COPC sorts them into an octree"


@pytest.fixture
def small_nodes(monkeypatch):
    """Nodes of 60 points at most, so that small clouds have several levels."""
    monkeypatch.setattr(build_octree, "MOST_POINTS", 60)


def numbered(las):
    las.add_extra_dim(laspy.ExtraBytesParams("number", np.uint32))


def number(las):
    las["number"] = np.arange(len(las), dtype=np.uint32)


@pytest.mark.parametrize("point_format", [0, 1, 2, 3, 6, 7, 8])
def test_all_points_of_a_las_file_are_in_the_octree(tmp_path, small_nodes, point_format):
    source, target = tmp_path / "a.las", tmp_path / "b.copc.laz"
    make_las(source, point_format, edit=numbered, last=number)
    labelled(source, target)
    ensure_valid(target)
    assert len({key[0] for key in nodes(target)}) > 1
    before, after = laspy.read(source), laspy.read(target)
    order = np.argsort(after["number"])
    for name in set(before.point_format.dimension_names) & set(after.point_format.dimension_names):
        if name != "classification":
            np.testing.assert_array_equal(before[name], after[name][order], err_msg=name)
    given = labels(len(before))
    np.testing.assert_array_equal(after.points.array["bevseg_confidence"][order], given.confidence)


def test_points_of_a_node_keep_their_order(tmp_path, small_nodes):
    source, target = make_las(tmp_path / "a.laz", 6, edit=numbered, last=number), tmp_path / "b.copc.laz"
    labelled(source, target)
    with laspy.CopcReader.open(str(target)) as copc:
        root = copc.query(level=0)["number"]
    assert len(root) > 1 and (np.diff(root.astype(np.int64)) > 0).all()


def test_equal_clouds_give_equal_bytes(tmp_path, small_nodes):
    source = make_las(tmp_path / "a.laz", 6)
    targets = [tmp_path / name for name in ("b.copc.laz", "c.copc.laz")]
    for target in targets:
        labelled(source, target)
    assert targets[0].read_bytes() == targets[1].read_bytes()


def cloud_of(steps, finite=None):
    x, y, z = np.array(steps, np.int32).reshape(-1, 3).T
    return PointCloud(x, y, z, (0.001,) * 3, (1000.0, 2000.0, 3.0), finite=finite, name="own")


@pytest.mark.parametrize(
    "steps",
    [[[5, 6, 7]], [[5, 6, 7]] * 200, [[i, 0, 0] for i in range(200)]],
    ids=["one", "one place", "a line"],
)
def test_clouds_without_volume_have_an_octree(tmp_path, small_nodes, steps):
    target = tmp_path / "b.copc.laz"
    write_cloud(cloud_of(steps), labels(len(steps)), target)
    ensure_valid(target)


def test_points_that_are_not_finite_are_in_the_octree_too(tmp_path):
    finite = np.array([True, False, True])
    target = tmp_path / "b.copc.laz"
    write_cloud(cloud_of([[5, 6, 7], [900000, 0, 0], [9, 9, 9]], finite), labels(3), target)
    ensure_valid(target)
    assert np.asarray(laspy.read(target).withheld).sum() == 1


@pytest.mark.parametrize("point_format", [4, 5, 9, 10])
def test_waveforms_are_refused_before_the_work(tmp_path, point_format):
    cloud = read_cloud(make_las(tmp_path / "a.las", point_format))
    for refused in (
        lambda: writer.cannot_keep(cloud),
        lambda: write_cloud(cloud, labels(len(cloud)), tmp_path / "b.copc.laz"),
    ):
        with pytest.raises(UsageError, match="cannot be COPC") as caught:
            refused()
        assert "waveforms" in caught.value.why
    assert [path.name for path in tmp_path.iterdir()] == ["a.las"]


def test_what_changes_is_said(tmp_path):
    assert writer.cannot_keep(read_cloud(make_las(tmp_path / "a.las", 6))) == [ORDER]
    assert writer.cannot_keep(read_cloud(make_las(tmp_path / "b.las", 3))) == [
        "point format 3 becomes 7: COPC has no older ones",
        ORDER,
    ]
    assert ORDER in writer.cannot_keep(cloud_of([[1, 2, 3]]))


def codes_of(cells):
    codes = np.zeros(len(cells), np.uint64)
    for axis in range(3):
        add_axis(codes, cells[:, axis].astype(np.uint64), axis)
    return codes


cells = st.lists(
    st.tuples(*[st.integers(0, 2**BITS - 1) | st.integers(0, 3)] * 3), min_size=1, max_size=300
).map(lambda rows: np.array(rows, np.int64))


@given(cells)
def test_morton_codes_are_undone(cells):
    np.testing.assert_array_equal(cells_of(codes_of(cells)), cells)


@given(cells, st.integers(1, 50))
@settings(max_examples=50)
def test_each_point_is_in_one_node_and_each_node_in_its_parent(cells, most):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_octree, "MOST_POINTS", most)
        entries, order = build(codes_of(cells))
    np.testing.assert_array_equal(np.sort(order), np.arange(len(cells)))
    keys = {tuple(key) for key in entries["key"].tolist()}
    assert len(keys) == len(entries) and entries["points"].sum() == len(cells) and entries["points"].min() > 0
    assert all(level == 0 or (level - 1, x // 2, y // 2, z // 2) in keys for level, x, y, z in keys)
    node = np.repeat(entries["key"], entries["points"], axis=0)
    np.testing.assert_array_equal(cells[order] >> (BITS - node[:, :1]), node[:, 1:])
    deepest = BITS - 7
    assert (entries["points"][entries["key"][:, 0] < deepest] <= most).all()


def test_a_coarse_node_has_one_point_of_each_of_its_cells():
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 2**BITS, (150_000, 3))
    cells[:, 2] = 0
    entries, order = build(codes_of(cells))
    root = cells[order[: entries["points"][0]]] >> (BITS - 7)
    assert len(np.unique(root, axis=0)) == len(root) == len(np.unique(cells >> (BITS - 7), axis=0))
