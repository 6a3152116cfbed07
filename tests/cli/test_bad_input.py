"""Bad input gives one clear error, no partial output, and spoils only its own file."""

import gzip
import json
import re
import resource
import struct

import laspy
import numpy as np
import pytest

from bevseg.errors import BevsegError
from bevseg.report.page_names import PAGE, VIEWER
from bevseg.review.run_outputs import REVIEW
from tests import tiny
from tests.cli.invoke import bevseg, left_behind, process


def las(path, count=1000):
    """A LAS or LAZ file of so many points."""
    cloud = laspy.LasData(laspy.LasHeader(version="1.4", point_format=6))
    cloud.xyz = np.random.default_rng(0).uniform(0, 30, (count, 3))
    cloud.write(str(path))
    return path


def cut(path, share=0.6):
    """Cut a file short."""
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


def empty(folder):
    (folder / "bad.txt").write_bytes(b"")
    return folder / "bad.txt"


def no_points(folder):
    (folder / "bad.txt").write_text("# x y z label\n")
    return folder / "bad.txt"


def las_without_points(folder):
    return las(folder / "bad.las", 0)


def short_las(folder):
    return cut(las(folder / "bad.las"))


def short_laz(folder):
    return cut(las(folder / "bad.laz"))


def short_gz(folder):
    path = folder / "bad.txt.gz"
    rows = "".join(f"{i} {i * 7 % 13} {i * 3 % 5} 1\n" for i in range(3000))
    path.write_bytes(gzip.compress(rows.encode()))
    return cut(path)


PLY = b"ply\nformat binary_little_endian 1.0\nelement vertex 100\n" + b"".join(
    b"property float %s\n" % axis for axis in (b"x", b"y", b"z")
)


def ply_that_claims_more(folder):
    (folder / "bad.ply").write_bytes(PLY + b"end_header\n" + struct.pack("<30f", *range(30)))
    return folder / "bad.ply"


def short_ascii_ply(folder):
    header = PLY.replace(b"binary_little_endian", b"ascii")
    (folder / "bad.ply").write_bytes(header + b"end_header\n1 2 3\n4 5\n")
    return folder / "bad.ply"


def ragged_text(folder):
    (folder / "bad.txt").write_text("1 2 3 1\n4 5 6 1\n7 8\n9 1 2 1\n")
    return folder / "bad.txt"


def text_with_letters(folder):
    (folder / "bad.txt").write_text("1 2 3 1\n4 five 6 1\n7 8 9 1\n")
    return folder / "bad.txt"


def degrees(folder):
    cloud = laspy.read(las(folder / "bad.las"))
    import pyproj

    cloud.header.add_crs(pyproj.CRS.from_epsg(4326))
    cloud.write(str(folder / "bad.las"))
    return folder / "bad.las"


BAD = [
    empty,
    no_points,
    las_without_points,
    short_las,
    short_laz,
    short_gz,
    ply_that_claims_more,
    short_ascii_ply,
    ragged_text,
    text_with_letters,
    degrees,
]


def assert_one_clear_error(result, *words):
    """What went wrong, where, why, what to do; no traceback."""
    assert result.stderr.count("bevseg: error:") == 1
    assert "Traceback" not in result.stderr
    assert "is a bug" not in result.stderr
    for word in ("where:", "do:", *words):
        assert word in result.stderr


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_a_bad_cloud_gives_one_clear_error_and_no_output(make, tiny_model, tmp_path):
    path = make(tmp_path)
    before = path.read_bytes()
    result = bevseg("run", path, "-o", tmp_path / "out", "-m", tiny_model)
    assert result.exit_code == 4, result.stderr
    assert_one_clear_error(result, str(path))
    assert left_behind(tmp_path / "out") == []
    assert path.read_bytes() == before


@pytest.mark.parametrize("command", ["run", "ingest"])
def test_in_a_directory_bad_clouds_spoil_only_themselves(command, streets, tiny_model, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for make in BAD:
        path = make(folder)
        path.rename(folder / path.name.replace("bad", make.__name__))
    tiny.write_street(folder / "good.txt")
    options = ["-m", tiny_model] if command == "run" else []
    result = bevseg(command, folder, "-o", tmp_path / "out", *options)
    assert result.exit_code == 3
    assert f"of {len(left_behind(folder))} clouds failed" in result.stderr
    end = result.stderr[result.stderr.index("bevseg: error:") :]
    taken = [make.__name__ for make in BAD if f"{make.__name__}:" in end]
    # An empty file with no row to sniff is no cloud to a directory; whatever is taken for one is listed.
    assert {"short_las", "short_laz", "short_gz", "ply_that_claims_more", "degrees"} <= set(taken)
    expected = {"run": [REVIEW, "good.png", "good.txt", PAGE, "report.json", VIEWER], "ingest": ["good"]}[
        command
    ]
    assert [n for n in left_behind(tmp_path / "out") if n != "settings.json"] == expected


def test_the_report_lists_the_failures(streets, tiny_model, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    short_las(folder)
    tiny.write_street(folder / "good.txt")
    assert bevseg("run", folder, "-o", tmp_path / "out", "-m", tiny_model).exit_code == 3
    failures = json.loads((tmp_path / "out" / "report.json").read_text())["failures"]
    assert [failure["cloud"] for failure in failures] == ["bad"]
    assert failures[0]["why"]


def test_on_error_stop_ends_at_the_first(tiny_model, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    short_las(folder)
    tiny.write_street(folder / "good.txt")
    result = bevseg("run", folder, "-o", tmp_path / "out", "-m", tiny_model, "--on-error", "stop")
    assert result.exit_code == 4
    assert "good" not in result.stderr
    assert left_behind(tmp_path / "out") == []


@pytest.mark.slow
def test_several_processes_give_the_same_as_one(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    short_las(folder)
    (folder / "odd.txt").write_text("x y z class\n1 2 3 99\n4 5 6 1\n")
    tiny.write_street(folder / "good.txt")
    for jobs in (1, 2):
        result = bevseg("ingest", folder, "-o", tmp_path / f"{jobs}", "--jobs", jobs)
        assert result.exit_code == 3
        assert "bad: " in result.stderr
        assert result.stderr.count("codes 99 are not in scheme") == 1
    for name in ("good", "odd"):
        one, other = (tmp_path / which / name / "cloud.las" for which in ("1", "2"))
        assert one.read_bytes() == other.read_bytes()
    assert left_behind(tmp_path / "1") == left_behind(tmp_path / "2") == ["good", "odd"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "{nothing}", "-o", "{out}", "-m", "{model}"),
        ("ingest", "{nothing}", "-o", "{out}"),
        ("ground", "{nothing}", "-o", "{out}/dem.tif"),
        ("ground", "{nothing}"),
        ("rasterize", "{nothing}"),
        ("train", "{nothing}", "-o", "{out}/m.safetensors"),
        ("predict", "{nothing}", "-m", "{model}"),
        ("backproject", "{nothing}"),
        ("export", "{nothing}", "-o", "{out}"),
        ("evaluate", "{nothing}", "{nothing}"),
        ("inspect", "{nothing}"),
        ("inspect", "{nothing}.safetensors"),
        ("run", "{street}", "-o", "{out}", "-m", "{nothing}"),
        ("run", "{street}", "-o", "{out}", "--train-on", "{nothing}"),
        ("run", "{street}", "-o", "{out}", "--train-on", "{street}", "--classes", "{nothing}"),
        ("run", "{street}", "-o", "{out}", "--train-on", "{street}", "--config", "{nothing}"),
    ],
    ids=" ".join,
)
def test_a_path_that_is_not_there_is_bad_input(arguments, streets, tiny_model, tmp_path):
    names = {
        "nothing": tmp_path / "nothing",
        "out": tmp_path / "out",
        "model": tiny_model,
        "street": streets / "a.txt",
    }
    result = bevseg(*(argument.format(**names) for argument in arguments))
    assert result.exit_code == 4
    assert "nothing" in result.stderr
    assert left_behind(tmp_path) == []


def test_two_clouds_of_one_stem_are_a_usage_error(streets, tiny_model, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.txt", "a.xyz"):
        (folder / name).write_bytes((streets / "a.txt").read_bytes())
    result = bevseg("run", folder, "-o", tmp_path / "out", "-m", tiny_model)
    assert result.exit_code == 2
    assert "a.xyz" in result.stderr
    assert left_behind(tmp_path / "out") == []


def test_a_model_file_that_is_not_ours(streets, tmp_path):
    from safetensors.numpy import save_file

    save_file({"weight": np.zeros(3, np.float32)}, str(tmp_path / "foreign.safetensors"))
    (tmp_path / "noise.safetensors").write_bytes(b"\x80noise" * 99)
    for name in ("foreign", "noise"):
        result = bevseg(
            "run", streets / "a.txt", "-o", tmp_path / "out", "-m", tmp_path / f"{name}.safetensors"
        )
        assert result.exit_code == 4
        assert_one_clear_error(result, name)
    assert left_behind(tmp_path / "out") == []


def test_a_model_for_other_bands(streets, tiny_model, tmp_path):
    work = tmp_path / "work"
    (tmp_path / "paper.toml").write_text(tiny.TOML + "[slices]\nreference = 'dem'\n")
    (tmp_path / "paper.toml").write_text(tiny.TOML.replace("cell = 0.4", "cell = 0.4\nfeatures = 'paper'"))
    assert bevseg("ingest", streets / "a.txt", "-o", work).exit_code == 0
    assert bevseg("ground", work, "--config", tmp_path / "paper.toml").exit_code == 0
    assert bevseg("rasterize", work, "--config", tmp_path / "paper.toml").exit_code == 0
    (work / "settings.json").unlink()
    (work / "settings.json").write_text("{}")
    result = bevseg("predict", work, "-m", tiny_model)
    assert result.exit_code == 4
    assert "bands" in result.stderr
    assert not (work / "a" / "low_classes.tif").exists()


@pytest.mark.parametrize(
    "text",
    [
        "[raster]\ncell = 0.0",
        "[raster]\ncell = -1.0",
        "[slices]\nreference = 'mdoe'",
        "[slices]\nground_band = -5",
        "[slices]\nsplit = 0.1",
        "[net]\ndepth = -1",
        "[net]\ndropout = 7",
        "[ground]\nwindow = " + "[" * 5000 + "]" * 5000,
        "[ground]\nwindow = " + "9" * 5000,
    ],
    ids=lambda text: text[:30],
)
def test_settings_that_cannot_be_are_refused_before_any_work(text, streets, tmp_path):
    (tmp_path / "own.toml").write_text(text)
    result = bevseg("ground", streets / "a.txt", "-o", tmp_path / "d.tif", "--config", tmp_path / "own.toml")
    assert result.exit_code == 2
    assert_one_clear_error(result, "own.toml", "why:")
    assert left_behind(tmp_path) == ["own.toml"]


def test_a_damaged_record_of_settings_says_what_mends_it(streets, tmp_path):
    work = tmp_path / "work"
    assert bevseg("ingest", streets / "a.txt", "-o", work).exit_code == 0
    assert bevseg("ground", work).exit_code == 0
    (work / "settings.json").write_text("{")
    result = bevseg("ground", work, "--overwrite")
    assert result.exit_code == 4
    assert_one_clear_error(result, "settings.json", "bevseg ground WORK --overwrite --config default")
    result = bevseg("ground", work, "--overwrite", "--config", "default")
    assert result.exit_code == 0, result.stderr
    assert bevseg("ground", work, "--overwrite").exit_code == 0


def test_a_misspelt_name_of_the_model_that_ships_is_answered_with_it(streets, tmp_path):
    result = bevseg("run", streets / "a.txt", "-o", tmp_path / "out", "-m", "defualt")
    assert result.exit_code == 4
    assert_one_clear_error(result, "No such model file", "did you mean 'default'?")


def test_a_model_with_settings_that_cannot_be_is_bad_input(streets, tiny_model, tmp_path):
    content = tiny_model.read_bytes()
    assert content.count(b'\\"cell\\": 0.4') == 1
    (tmp_path / "m.safetensors").write_bytes(content.replace(b'\\"cell\\": 0.4', b'\\"cell\\": 0.0'))
    result = bevseg("run", streets / "a.txt", "-o", tmp_path / "out", "-m", tmp_path / "m.safetensors")
    assert result.exit_code == 4
    assert_one_clear_error(result, "m.safetensors", "raster.cell = 0.0")
    assert left_behind(tmp_path / "out") == []


@pytest.mark.parametrize("existing", ["report.json", "a.txt"])
def test_an_output_that_exists_is_refused_before_work(existing, streets, tiny_model, tmp_path):
    (tmp_path / existing).write_text("mine")
    result = bevseg("run", streets / "a.txt", "-o", tmp_path, "-m", tiny_model)
    assert result.exit_code == 6
    assert_one_clear_error(result, "--overwrite", existing)
    assert left_behind(tmp_path) == [existing]
    assert (tmp_path / existing).read_text() == "mine"


def test_what_would_fail_after_the_training_is_refused_before_it(streets, tmp_path, monkeypatch):
    from bevseg.stages import train

    monkeypatch.setattr(train, "train", lambda *rest, **more: pytest.fail("trained before it refused"))
    (tmp_path / "file").write_text("")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "settings.json").write_text('{"raster": {"cell": 7.0, "features": "heights"}}')
    for options, code in (
        (["-o", tmp_path / "file" / "out"], 6),
        (["-o", tmp_path / "out", "--work", tmp_path / "work"], 2),
        (["-o", tmp_path / "out", "--val", "nobody"], 2),
        (["-o", tmp_path / "out", "--out-classes", "nothing"], 4),
    ):
        result = bevseg("run", streets / "a.txt", "--train-on", streets, *options)
        assert result.exit_code == code, result.stderr
    assert not (tmp_path / "out").exists()


def test_no_training_cloud_that_can_be_used_is_bad_input(streets, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    short_las(folder)
    tiny.write_text(folder / "bare.txt", tiny.thin_street("bare").xyz)
    result = bevseg("run", streets / "a.txt", "-o", tmp_path / "out", "--train-on", folder)
    assert result.exit_code == 4
    assert "None of the training clouds can be used" in result.stderr
    assert not (tmp_path / "out").exists()


def test_overwrite_replaces(streets, tiny_model, tmp_path):
    (tmp_path / "a.txt").write_text("mine")
    result = bevseg("run", streets / "a.txt", "-o", tmp_path, "-m", tiny_model, "--overwrite")
    assert result.exit_code == 0, result.stderr
    assert "mine" not in (tmp_path / "a.txt").read_text()


@pytest.mark.slow
def test_one_output_that_exists_spoils_only_itself(streets, tiny_model, tmp_path):
    (tmp_path / "b.txt").write_text("mine")
    result = bevseg("run", streets, "-o", tmp_path, "-m", tiny_model)
    assert result.exit_code == 3
    assert (tmp_path / "b.txt").read_text() == "mine"
    assert {"a.txt", "c.txt"} <= set(left_behind(tmp_path))
    assert "b.png" not in left_behind(tmp_path)


def test_the_input_is_never_the_output(tiny_model, tmp_path):
    path = las(tmp_path / "a.laz")
    before = path.read_bytes()
    result = bevseg("run", path, "-o", tmp_path, "-m", tiny_model, "--overwrite")
    assert result.exit_code == 2
    assert path.read_bytes() == before
    assert left_behind(tmp_path) == ["a.laz"]


@pytest.mark.slow
def test_a_full_disk_leaves_nothing_half_written(tiny_model, tmp_path):
    path = las(tmp_path / "a.las", 20_000)
    arguments = ["run", path, "-o", tmp_path / "out", "-m", tiny_model]
    # Once without a limit: compiled code is on disk then, and need not be written.
    assert bevseg("run", path, "-o", tmp_path / "before", "-m", tiny_model).exit_code == 0

    def small_files_only():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    with process(*arguments, preexec_fn=small_files_only) as running:
        _, stderr = running.communicate(timeout=120)
    assert running.returncode == 6, stderr
    assert stderr.count("bevseg: error:") == 1
    assert "free some space" in stderr
    assert left_behind(tmp_path / "out") == []


def test_a_cloud_that_will_not_fit_in_memory_is_refused_with_the_figure(tiny_model, tmp_path, monkeypatch):
    from bevseg.runtime import memory

    monkeypatch.setattr(memory, "available", lambda: 10_000)
    result = bevseg("run", las(tmp_path / "a.las", 5000), "-o", tmp_path / "out", "-m", tiny_model)
    assert result.exit_code == 5
    assert re.search(r"\d+ [MKG]iB", result.stderr)
    assert left_behind(tmp_path / "out") == []


def test_one_stray_point_far_away_does_not_eat_the_memory(tiny_model, tmp_path):
    cloud = tiny.thin_street("a")
    xyz = np.concatenate([cloud.xyz, [[400_000.0, 900_000.0, 0.0]]])
    path = tiny.write_text(tmp_path / "a.txt", xyz)
    result = bevseg("run", path, "-o", tmp_path / "out", "-m", tiny_model)
    assert result.exit_code == 0, result.stderr
    assert "1 of 10,959 points are far away from all others" in result.stderr
    lines = (tmp_path / "out" / "a.txt").read_text().splitlines()
    assert len(lines) == 10_960 and lines[-1].endswith(" 0 0")


def test_a_device_that_is_not_there(streets, tiny_model, tmp_path):
    import torch

    number = torch.cuda.device_count() if torch.cuda.is_available() else 0
    arguments = ["-o", tmp_path / "out", "-m", tiny_model, "--device", f"cuda:{number}"]
    result = bevseg("run", streets / "a.txt", *arguments)
    assert result.exit_code == 5
    assert left_behind(tmp_path) == []


def test_a_library_that_is_not_there(streets, tiny_model, tmp_path, monkeypatch):
    from bevseg import errors
    from bevseg.stages import ingest

    def missing(*rest, **more):
        raise errors.DependencyError(
            "Open3D cannot be loaded", where="a.pcd", hint="apt-get install libusb-1.0-0"
        )

    monkeypatch.setattr(ingest, "read_cloud", missing)
    result = bevseg("ingest", streets / "a.txt", "-o", tmp_path)
    assert result.exit_code == 5
    assert_one_clear_error(result, "libusb")


def test_every_error_has_an_exit_code_of_the_table():
    def kinds(kind):
        yield kind
        for below in kind.__subclasses__():
            yield from kinds(below)

    assert {kind.exit_code for kind in kinds(BevsegError)} <= {1, 2, 3, 4, 5, 6, 7}
