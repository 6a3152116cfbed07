"""Work that will not fit is refused with the figures; a control group counts if it allows less."""

import errno

import numpy as np
import psutil
import pytest

from bevseg.config import GroundConfig
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import OutOfMemoryError
from bevseg.ground.find_ground import find_ground
from bevseg.io.read import read_cloud
from bevseg.runtime import memory
from bevseg.runtime.memory import is_shortage
from tests.io.las import lasfiles

ROWS = "1 2 3 1\n" * 100


def group(folder, limit, use, cached):
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{use}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\nactive_file 7\n")
    return folder


def test_a_group_that_allows_less_is_what_counts(tmp_path):
    assert memory.available(group(tmp_path, 10_000, 4_000, 1_000)) == 7_000
    assert memory.available(group(tmp_path, 10_000, 14_000, 0)) == 0


def test_an_old_style_group(tmp_path):
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("10000\n")
    (tmp_path / "memory" / "memory.usage_in_bytes").write_text("4000\n")
    (tmp_path / "memory" / "memory.stat").write_text("inactive_file 9\ntotal_inactive_file 500\n")
    assert memory.available(tmp_path) == 6_500


@pytest.mark.parametrize("limit", ["max", str(2**63 - 4096)])
def test_without_a_limit_the_machine_counts(tmp_path, limit):
    assert memory.available(group(tmp_path, limit, 1, 1)) > psutil.virtual_memory().available / 2
    assert memory.available(tmp_path / "nowhere") > psutil.virtual_memory().available / 2


@pytest.mark.parametrize("name", ["cloud.laz", "cloud.las", "cloud.txt", "cloud.ply", "cloud.pcd"])
def test_a_cloud_that_will_not_fit_is_refused_with_the_figures(tmp_path, monkeypatch, name):
    path = tmp_path / name
    if name.startswith("cloud.la"):
        lasfiles.make(path, count=100)
    else:
        plain = "".join(line[:5] + "\n" for line in ROWS.splitlines())
        fields = "property float x\nproperty float y\nproperty float z\n"
        path.write_text(
            {
                "cloud.txt": f"x y z class\n{ROWS}",
                "cloud.ply": f"ply\nformat ascii 1.0\nelement vertex 100\n{fields}end_header\n{plain}",
                "cloud.pcd": f"FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nPOINTS 100\nDATA ascii\n{plain}",
            }[name]
        )
    read_cloud(path)
    monkeypatch.setattr(memory, "available", lambda: 2000)
    with pytest.raises(OutOfMemoryError) as caught:
        read_cloud(path)
    assert caught.value.exit_code == 5 and caught.value.where == path
    assert "points need about" in caught.value.why and "MiB are available" in caught.value.why


def test_ground_in_cells_too_small_for_its_surroundings_is_refused(monkeypatch):
    cloud = PointCloud.from_xyz(np.random.default_rng(0).random((50, 3)), name="tiny")
    monkeypatch.setattr(memory, "available", lambda: 2**30)
    find_ground(cloud, 0.02, GroundConfig())
    with pytest.raises(OutOfMemoryError, match="rasters of this cloud"):
        find_ground(cloud, 0.001, GroundConfig())  # 1 MB of its own, and 10 m around it


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("could not create a primitive"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
        ImportError("libgomp.so.1: cannot allocate memory in static TLS block"),
        RuntimeError("can't start new thread"),
    ],
)
def test_a_shortage_of_memory_is_known_in_whatever_words(error):
    assert is_shortage(error)


@pytest.mark.parametrize(
    "error", [RuntimeError("size mismatch"), ValueError("out of memory"), OSError(22, "x")]
)
def test_other_errors_are_no_shortage(error):
    assert not is_shortage(error)
