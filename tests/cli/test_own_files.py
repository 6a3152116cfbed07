"""Files as people have them, from end to end: formats, names, and what else lies in a directory."""

import gzip
import json
import os
import shutil
from pathlib import Path

import laspy
import numpy as np
import pytest

from bevseg.core.pointcloud import PointLabels
from bevseg.io.e57.structure import read_structure
from bevseg.io.write import write_cloud
from tests import tiny
from tests.cli.invoke import bevseg, left_behind, process


@pytest.fixture(scope="module")
def laz(tmp_path_factory):
    """A labelled LAZ of a small street."""
    path, cloud = tmp_path_factory.mktemp("laz") / "street.laz", tiny.thin_street("street")
    write_cloud(cloud, PointLabels(cloud.labels, np.full(len(cloud), 255, np.uint8)), path)
    return path


def xyz_of_street():
    return tiny.thin_street("street").xyz


def run(path, out, tiny_model, *options):
    result = bevseg("run", path, "-o", out, "-m", tiny_model, *options)
    assert result.exit_code == 0, result.stderr
    return result


def test_gzipped_clouds_of_a_directory_are_labelled(tiny_model, tmp_path):
    (tmp_path / "in").mkdir()
    text = tiny.write_street(tmp_path / "street.txt").read_bytes()
    (tmp_path / "in" / "a.1.txt.gz").write_bytes(gzip.compress(text))
    (tmp_path / "in" / "raw.rcp").write_bytes(b"1 2 3\n")
    result = run(tmp_path / "in", tmp_path / "out", tiny_model)
    assert len(laspy.read(tmp_path / "out" / "a.1.laz")) == len(xyz_of_street())
    assert "raw.rcp: an Autodesk ReCap project" in result.stderr


def test_e57_npz_and_kitti_come_back_as_laz(tiny_model, tmp_path):
    from tests.io.e57.e57files import cartesian, write

    xyz = xyz_of_street()
    (tmp_path / "in").mkdir()
    half = len(xyz) // 2
    grey = np.arange(half) % 256
    points = cartesian(xyz[:half], colorRed=grey.astype(np.uint8), intensity=(grey * 2).astype(np.uint16))
    write(tmp_path / "in" / "site.e57", {"points": points}, {"points": cartesian(xyz[half:])})
    np.savez(tmp_path / "in" / "array.npz", points=xyz, labels=tiny.thin_street("street").labels)
    local = xyz - xyz.mean(axis=0)
    np.column_stack([local, np.full(len(xyz), 0.5)]).astype("<f4").tofile(tmp_path / "in" / "spin.bin")
    run(tmp_path / "in", tmp_path / "out", tiny_model)
    site = laspy.read(tmp_path / "out" / "site.laz")
    np.testing.assert_allclose(site.xyz, xyz, atol=1e-4)
    assert np.bincount(site.classification).sum() == len(xyz) and (site.classification != 0).any()
    np.testing.assert_allclose(laspy.read(tmp_path / "out" / "spin.laz").xyz, local, atol=1e-3)
    assert len(laspy.read(tmp_path / "out" / "array.laz")) == len(xyz)


def test_a_damaged_e57_is_told_and_the_others_are_done(tiny_model, tmp_path):
    (tmp_path / "in").mkdir()
    tiny.write_street(tmp_path / "in" / "a.txt")
    (tmp_path / "in" / "scan.e57").write_bytes(b"ASTM-E57" + bytes(range(256)) * 8)
    result = bevseg("run", tmp_path / "in", "-o", tmp_path / "out", "-m", tiny_model)
    assert result.exit_code == 3 and "The E57 file is damaged" in result.stderr
    assert any(name.startswith("a.") for name in left_behind(tmp_path / "out"))


NAMES = [
    b"tile_1.5_2.0",
    b"tile_1.5_3.0",
    b"2026.05.03",
    b"Scan.01",
    b"stra\xdfe",
    b"new\nline",
    b"\x1b[31mred",
    b"$\\frac{",
    b"[red] %s",
    b"x" * 251,
    "Straße 日本".encode(),
]


def named(folder, name, suffix=b".laz"):
    """The path of a name in bytes."""
    return Path(os.fsdecode(os.fsencode(folder) + b"/" + name + suffix))


@pytest.fixture
def odd_names(laz, tmp_path):
    """A directory of LAZ files with all kinds of names."""
    (tmp_path / "in").mkdir()
    for name in NAMES:
        shutil.copy(laz, named(tmp_path / "in", name))
    return tmp_path


@pytest.mark.slow
def test_any_name_that_the_system_allows_is_kept_in_all_results(odd_names, tiny_model):
    out, work = odd_names / "out", odd_names / "work"
    result = run(odd_names / "in", out, tiny_model, "--work", work)
    for name in NAMES:
        assert named(out, name).exists() and named(out, name, b".png").exists()
    assert "\x1b" not in result.stderr and r"stra\xdfe" in result.stderr
    report = (out / "report.json").read_bytes().decode("utf-8")
    assert len(json.loads(report)["clouds"]) == len(NAMES) and r"\ud" not in report
    assert bevseg("export", work, "-o", odd_names / "again").exit_code == 0
    for name in NAMES:
        assert named(odd_names / "again", name).read_bytes() == named(out, name).read_bytes()
    scored = bevseg("evaluate", out, odd_names / "in")
    assert scored.exit_code == 0 and f"{len(NAMES)} clouds" in scored.stdout


def test_a_process_of_its_own_takes_a_name_that_is_not_utf8(laz, tiny_model, tmp_path):
    path = named(tmp_path, b"stra\xdfe\x1b[2J")
    shutil.copy(laz, path)
    with process("inspect", path) as running:
        out, err = running.communicate(timeout=300)
    assert running.returncode == 0, err
    assert r"stra\xdfe\x1b[2J" in out and "\x1b" not in out + err
    with process("inspect", "--json", path) as running:
        out, err = running.communicate(timeout=300)
    assert json.loads(out)["source_uri"].endswith("stra%DFe%1B%5B2J.laz")


def test_pipes_and_dangling_links_of_a_directory_are_listed_and_passed_over(tiny_model, tmp_path):
    (tmp_path / "in").mkdir()
    tiny.write_street(tmp_path / "in" / "a.txt")
    os.mkfifo(tmp_path / "in" / "pipe.laz")
    (tmp_path / "in" / "gone.laz").symlink_to("nowhere")
    with process("ingest", tmp_path / "in", "-o", tmp_path / "work") as running:
        _, err = running.communicate(timeout=300)
    assert running.returncode == 0, err
    assert left_behind(tmp_path / "work") == ["a"]
    assert "pipe.laz: a pipe (FIFO)" in err and "gone.laz: it is a link that leads nowhere" in err


def test_a_pipe_that_is_named_is_refused_and_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.laz")
    for command in (
        ("inspect", tmp_path / "pipe.laz"),
        ("ingest", tmp_path / "pipe.laz", "-o", tmp_path / "work"),
    ):
        with process(*command) as running:
            _, err = running.communicate(timeout=300)
        assert running.returncode in (2, 4) and "pipe" in err


@pytest.mark.parametrize("key", ["source", "source_uri"])
def test_a_source_that_is_no_regular_file_is_refused_by_export(tiny_model, tmp_path, key):
    tiny.write_street(tmp_path / "a.txt")
    run(tmp_path / "a.txt", tmp_path / "out", tiny_model, "--work", tmp_path / "work")
    path = tmp_path / "work" / "a" / "cloud.json"
    facts = json.loads(path.read_text())
    os.mkfifo(tmp_path / "pipe")
    facts[key] = str(tmp_path / "pipe") if key == "source" else (tmp_path / "pipe").as_uri()
    path.write_text(json.dumps(facts))
    result = bevseg("export", tmp_path / "work", "-o", tmp_path / "exported")
    assert result.exit_code == 4 and "a pipe (FIFO)" in result.stderr


def test_a_source_uri_that_is_none_is_an_input_error(tiny_model, tmp_path):
    tiny.write_street(tmp_path / "a.txt")
    run(tmp_path / "a.txt", tmp_path / "out", tiny_model, "--work", tmp_path / "work")
    path = tmp_path / "work" / "a" / "cloud.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"source_uri": ["http://x"]}))
    result = bevseg("export", tmp_path / "work", "-o", tmp_path / "exported")
    assert result.exit_code == 4 and "source_uri" in result.stderr


def test_one_point_far_away_gets_no_class_and_the_others_do(tiny_model, tmp_path):
    xyz = xyz_of_street()
    tiny.write_text(tmp_path / "a.txt", np.vstack([xyz, xyz[0] + (10_000, 10_000, 0)]))
    result = run(tmp_path / "a.txt", tmp_path / "out", tiny_model, "--work", tmp_path / "work")
    assert f"1 of {len(xyz) + 1:,} points are far away from all others" in result.stderr
    assert bevseg("export", tmp_path / "work", "-o", tmp_path / "exported", "--format", "laz").exit_code == 0
    las = laspy.read(tmp_path / "exported" / "a.laz")
    np.testing.assert_allclose(las.xyz[-1], xyz[0] + (10_000, 10_000, 0), atol=0.001)
    assert las.classification[-1] == 0 and las.bevseg_confidence[-1] == 0
    assert (np.asarray(las.classification)[:-1] != 0).mean() > 0.9


def test_millimetres_are_refused_with_a_hint_at_the_units(tiny_model, tmp_path):
    tiny.write_text(tmp_path / "a.txt", xyz_of_street() * 1000)
    result = bevseg("run", tmp_path / "a.txt", "-o", tmp_path / "out", "-m", tiny_model)
    assert result.exit_code == 4
    assert left_behind(tmp_path / "out") == []
    assert "points lie over" in result.stderr and "millimetres" in result.stderr


def test_a_few_points_each_alone_in_its_block_are_refused_as_well(tiny_model, tmp_path):
    apart = np.stack([*np.meshgrid(np.arange(12) * 300.0, np.arange(12) * 300.0), np.zeros((12, 12))], -1)
    tiny.write_text(tmp_path / "a.txt", apart.reshape(-1, 3))
    result = bevseg("run", tmp_path / "a.txt", "-o", tmp_path / "out", "-m", tiny_model)
    assert result.exit_code == 4
    assert "144 points lie over" in result.stderr and "millimetres" in result.stderr


def test_the_structure_of_an_e57_needs_no_library(tmp_path):
    from tests.io.e57.e57files import cartesian, write

    path = write(tmp_path / "a.e57", {"points": cartesian(np.eye(3))})
    assert [scan.count for scan in read_structure(path).scans] == [3]
