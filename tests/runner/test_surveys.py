"""Clouds of a run are one survey: labels do not depend on the cut, on memory, or on what was held."""

import functools
import json

import laspy
import numpy as np
import pytest

import bevseg as api
from bevseg import pipeline
from bevseg.core.labels import load_scheme
from bevseg.errors import InputError
from bevseg.report.page_names import PAGE, VIEWER
from bevseg.review.run_outputs import REVIEW
from bevseg.runner import preview, write_cloud
from bevseg.survey import find_ground, lay_down
from tests import tiny
from tests.cli.invoke import bevseg, left_behind
from tests.runner.cut_clouds import (
    assert_labelled_like_the_whole,
    at_random,
    by_lines,
    label,
    little_memory,
    write_las,
)

AT = np.array([204.8 - 10, -10.0, 100.0])
"""Where the streets lie: over the corner of four blocks."""


def street(seed=0, at=AT):
    """Points of a street, whole millimetres, and their classes."""
    cloud = tiny.thin_street("s", seed, every=20)
    return np.rint((cloud.xyz + at) * 1000) / 1000, cloud.labels


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path


@pytest.fixture(scope="module")
def whole(tiny_model):
    """A street, and the labels that `bevseg.label` gives its points."""
    xyz, _ = street()
    found = api.label(api.PointCloud.from_xyz(xyz, name="s"), model=tiny_model)
    assert len(np.unique(found.classes)) > 2
    assert len(np.unique(found.reasons)) > 2
    return xyz, np.stack([found.classes, found.confidence, found.reasons])


@pytest.mark.parametrize(
    ("cut", "parts", "ending", "jobs", "little"),
    [
        (by_lines, 1, "las", 1, False),
        (by_lines, 2, "txt", 1, False),
        (at_random, 7, "las", 1, False),
        (by_lines, 1, "laz", 1, True),
        (at_random, 2, "las", 1, True),
        pytest.param(by_lines, 7, "laz", 2, True, marks=pytest.mark.slow),
    ],
)
def test_labels_are_those_of_the_whole_however_it_is_cut(
    cut, parts, ending, jobs, little, whole, tiny_model, folder, monkeypatch
):
    pieces = cut(len(whole[0]), parts)
    patch = monkeypatch if little else None
    assert_labelled_like_the_whole(folder, tiny_model, *whole, pieces, ending, jobs, patch)


def counting(monkeypatch, module, name):
    """Count the calls of a function."""
    calls, honest = [], getattr(module, name)

    def counted(*rest, **more):
        calls.append(rest[0])
        return honest(*rest, **more)

    monkeypatch.setattr(module, name, counted)
    return calls


def test_a_cloud_is_decoded_once_if_there_is_room(folder, tiny_model, monkeypatch):
    for seed in (0, 1):
        write_las(folder / "in" / f"{seed}.laz", street(seed)[0])
    first = counting(monkeypatch, lay_down, "read_with_codes")
    second = counting(monkeypatch, write_cloud, "read_with_codes")
    batches = counting(monkeypatch, lay_down, "read_batches")
    copied = counting(monkeypatch, write_cloud, "relabel_file")
    label(folder, tiny_model, "--max-memory", "64GiB")
    assert (len(first), second, batches, copied) == (2, [], [], [])


def test_without_room_it_is_read_by_batches_and_the_output_is_the_same(folder, tiny_model, monkeypatch):
    xyz, classes = street()
    codes = load_scheme("asprs").encode(classes, where="here")
    codes[::7] = 9
    write_las(folder / "in" / "a.laz", xyz, classes=codes)
    label(folder, tiny_model, "--keep", "9", "--max-memory", "64GiB")
    roomy = (folder / "out" / "a.laz").read_bytes()
    facts = json.loads((folder / "out" / "report.json").read_text())["clouds"]["a"]
    whole = counting(monkeypatch, lay_down, "read_with_codes")
    again = counting(monkeypatch, write_cloud, "read_with_codes")
    batches = counting(monkeypatch, lay_down, "read_batches")
    label(folder, tiny_model, "--keep", "9", "--overwrite", *little_memory(monkeypatch))
    assert (whole, again, len(batches)) == ([], [], 1)
    assert (folder / "out" / "a.laz").read_bytes() == roomy
    other = json.loads((folder / "out" / "report.json").read_text())["clouds"]["a"]
    told = ("classes", "scores", "oracle", "kept", "points", "area_m2", "bounds_m", "ground", "output_sha256")
    assert [other[key] for key in told] == [facts[key] for key in told]
    assert facts["kept"]["9"]["points"] == (codes == 9).sum()


@pytest.mark.parametrize("little", [False, True])
def test_points_that_take_no_part_get_code_0(little, folder, tiny_model, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        preview, "draw", lambda name, counts, panels, path: drawn.append((panels.cell, panels.factor))
    )
    xyz = np.concatenate([street()[0], [[9000.0, 7000.0, 100.0]]])
    write_las(folder / "in" / "a.las", xyz)
    result = label(folder, tiny_model, *(little_memory(monkeypatch) if little else ()))
    assert f"a: 1 of {len(xyz):,} points are far away from all others and get no class" in result.stderr
    las = laspy.read(folder / "out" / "a.las")
    assert (las.classification[-1], las.bevseg_confidence[-1]) == (0, 0)
    assert np.all(np.asarray(las.classification)[:-1] != 0)
    ((cell, factor),) = drawn
    assert (cell, factor) == (0.4, 1)
    assert json.loads((folder / "out" / "report.json").read_text())["clouds"]["a"]["far"] == 1


def test_each_cloud_is_told_of_once_and_by_its_own_name(folder, tiny_model, monkeypatch):
    xyz, _ = street()
    for name in "ab":
        tiny.write_text(folder / "in" / f"{name}.txt", xyz, np.full(len(xyz), 7, np.uint8))
    result = label(folder, tiny_model, *little_memory(monkeypatch))
    clouds = json.loads((folder / "out" / "report.json").read_text())["clouds"]
    for name in "ab":
        (text,) = clouds[name]["warnings"]
        assert text.startswith(str(folder / "in" / f"{name}.txt"))
        assert result.stderr.count(text) == 1


def test_what_an_ended_run_left_is_checked_with_the_options_of_now(folder, tiny_model):
    xyz, _ = street()
    write_las(folder / "in" / "a.las", xyz, classes=np.full(len(xyz), 9))
    label(folder, tiny_model, "--part", "1/1")
    result = label(folder, tiny_model, "--keep", "9", "--out-classes", "oakland", code=2)
    assert "Code 9 cannot be kept" in result.stderr


def test_clouds_of_two_reference_systems_are_two_surveys(folder, tiny_model):
    clouds = {"a": (0, 32632), "b": (1, 32633), "c": (2, 32632), "d": (3, 32633)}
    for name, (seed, epsg) in clouds.items():
        write_las(folder / "in" / f"{name}.las", street(seed)[0], epsg=epsg)
    result = label(folder, tiny_model)
    assert "2 clouds are labelled together: a, c (WGS 84 / UTM zone 32N)" in result.stderr
    assert "2 clouds are labelled together: b, d (WGS 84 / UTM zone 33N)" in result.stderr
    report = json.loads((folder / "out" / "report.json").read_text())["clouds"]
    assert list(report) == ["a", "b", "c", "d"]
    assert report["a"]["survey"] == report["c"]["survey"] != report["b"]["survey"] == report["d"]["survey"]
    alone = bevseg(
        "run", folder / "in" / "b.las", folder / "in" / "d.las", "-o", folder / "two", "-m", tiny_model
    )
    assert alone.exit_code == 0, alone.stderr
    for name in "bd":
        assert (folder / "two" / f"{name}.las").read_bytes() == (folder / "out" / f"{name}.las").read_bytes()


def failing_at(block, monkeypatch, module, name):
    """Let the work on a block fail."""
    honest = getattr(module, name)

    def failing(points, own, *rest, **more):
        if tuple(own) == block:
            raise InputError("Broken", where=None, why="by a test")
        return honest(points, own, *rest, **more)

    monkeypatch.setattr(module, name, failing)


def far_streets(folder):
    """Write two streets, one in block (0, 0) and one in block (20, 0)."""
    for number, col in enumerate((0, 20)):
        write_las(folder / "in" / f"{'ab'[number]}.las", street(number, (col * 204.8 + 50, 50, 0))[0])


@pytest.mark.parametrize(
    ("module", "name"),
    [(find_ground, "find_ground_of_square"), (pipeline, "label_block")],
    ids=["ground", "label"],
)
def test_a_block_that_fails_costs_the_clouds_in_it_alone(module, name, folder, tiny_model, monkeypatch):
    far_streets(folder)
    failing_at((20, 0), monkeypatch, module, name)
    result = label(folder, tiny_model, code=3)
    assert f"where: {folder / 'in' / 'b.las'}" in result.stderr
    assert "by a test" in result.stderr
    report = json.loads((folder / "out" / "report.json").read_text())
    assert [failure["cloud"] for failure in report["failures"]] == ["b"]
    assert list(report["clouds"]) == ["a"]
    stopped = label(folder, tiny_model, "--overwrite", "--on-error", "stop", code=4)
    assert f"where: {folder / 'in' / 'b.las'}" in stopped.stderr
    single = bevseg("run", folder / "in" / "b.las", "-o", folder / "single", "-m", tiny_model)
    assert single.exit_code == 4
    assert f"where: {folder / 'in' / 'b.las'}" in single.stderr


def test_clouds_apart_go_through_the_passes_together(folder, tiny_model, monkeypatch):
    far_streets(folder)
    stages = []

    def noted(stage, honest, *rest, **more):
        stages.append(stage)
        return honest(*rest, **more)

    for stage, module, name in (
        ("ground", find_ground, "find_ground_of_square"),
        ("label", pipeline, "label_block"),
        ("write", write_cloud, "write_cloud"),
    ):
        monkeypatch.setattr(module, name, functools.partial(noted, stage, getattr(module, name)))
    label(folder, tiny_model, "--apart", "--max-memory", "64GiB")
    assert stages == ["ground", "ground", "label", "label", "write", "write"]


def test_parts_label_all_blocks_and_tell_of_those_that_fail(folder, tiny_model, monkeypatch):
    far_streets(folder)
    with monkeypatch.context() as patch:
        failing_at((20, 0), patch, pipeline, "label_block")
        for part, code in (("1/2", 0), ("2/2", 3)):
            label(folder, tiny_model, "--part", part, code=code)
    assert left_behind(folder / "out") == [".bevseg-scratch"]
    label(folder, tiny_model, "--part", "2/2")
    for module, name in ((find_ground, "find_ground_of_square"), (pipeline, "label_block")):
        monkeypatch.setattr(module, name, lambda *rest, **more: pytest.fail("worked again"))
    label(folder, tiny_model)
    assert left_behind(folder / "out") == [
        REVIEW,
        "a.las",
        "a.png",
        "a.qml",
        "b.las",
        "b.png",
        "b.qml",
        PAGE,
        "report.json",
        VIEWER,
    ]
