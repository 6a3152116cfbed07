"""The cloud of a work directory comes back exactly as it was."""

import laspy
import numpy as np
import pytest

from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.errors import CloudFormatError
from bevseg.io.las import working_copy
from tests.io.las import lasfiles

FOOT = 1200 / 3937


@pytest.mark.parametrize(
    "cloud",
    [
        PointCloud.from_xyz(np.random.default_rng(1).random((9, 3)), np.arange(9, dtype=np.uint8) % 6),
        PointCloud.from_xyz(np.random.default_rng(1).random((9, 3))),
        PointCloud.from_xyz(np.array([[1, 2, 3], [np.nan, 2, 3.0]]), np.array([3, 0], np.uint8)),
        PointCloud.from_xyz(
            np.random.default_rng(1).random((9, 3)) * 1e6,
            unit=(FOOT, 0.3048),
            crs=Crs('LOCAL_CS["site"]', FOOT, 0.3048),
        ),
        PointCloud.from_xyz(np.array([[np.inf, 0, 0]])),
    ],
    ids=["labelled", "unlabelled", "with a hole", "feet", "nothing finite"],
)
def test_a_work_directory_gives_the_very_same_cloud_back(tmp_path, cloud):
    working_copy.write(cloud, tmp_path / "cloud.las")
    back = working_copy.read(tmp_path / "cloud.las")
    assert (back.scale, back.offset, back.crs) == (cloud.scale, cloud.offset, cloud.crs)
    kept = slice(None) if cloud.finite is None else cloud.finite
    for axis in "xyz":
        np.testing.assert_array_equal(getattr(back, axis)[kept], getattr(cloud, axis)[kept])
    for name in ("labels", "finite"):
        np.testing.assert_array_equal(getattr(back, name), getattr(cloud, name))
    assert str(laspy.read(tmp_path / "cloud.las").header.version) == "1.4"


def test_another_las_file_is_no_cloud_of_a_work_directory(tmp_path):
    with pytest.raises(CloudFormatError, match="work directory"):
        working_copy.read(lasfiles.make(tmp_path / "in.las"))


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"scale"', b'"scala"'), (b"[0.001", b'["a01"'), (b"[0.001, ", b"[" + b" " * 7), (b'"labelled"', b'"lab"     '),
     (b'{"scale"', b'["scale"'), (b"[0.001", b"[1e999"), (b'"crs"', b'"srs"')],
)  # fmt: skip
def test_a_record_that_was_changed_is_told(tmp_path, old, new):
    path = tmp_path / "cloud.las"
    working_copy.write(PointCloud.from_xyz(np.ones((3, 3))), path)
    content = path.read_bytes()
    assert content.count(old) == 1 and len(old) == len(new)
    path.write_bytes(content.replace(old, new))
    with pytest.raises(CloudFormatError) as caught:
        working_copy.read(path)
    assert caught.value.where == path and "bevseg ingest" in caught.value.hint
