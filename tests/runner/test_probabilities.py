"""`bevseg run --probabilities`: those of the whole however a survey is cut, and a setting that a run compares."""

import laspy
import numpy as np
import pytest

import bevseg as api
from bevseg.io.fields import PROBABILITIES
from bevseg.io.read import read_cloud
from bevseg.runner.request import RunRequest
from bevseg.survey.scratch import bytes_per_point
from tests.cli.invoke import bevseg
from tests.runner.cut_clouds import at_random, label, little_memory, write_las
from tests.runner.test_surveys import street


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path


def shares_of(path):
    las = laspy.read(path)
    return np.rint(np.array([las[name] for name in PROBABILITIES]) * 255)


@pytest.mark.parametrize("little", [False, True])
def test_they_are_those_of_the_whole_however_it_is_cut(folder, tiny_model, monkeypatch, little):
    xyz, _ = street()
    whole = api.label(api.PointCloud.from_xyz(xyz, name="s"), model=tiny_model, probabilities="all")
    pieces = at_random(len(xyz), 2)
    for number, piece in enumerate(pieces):
        write_las(folder / "in" / f"{number}.las", xyz[piece])
    options = little_memory(monkeypatch) if little else ()
    label(folder, tiny_model, "--jobs", 1, "--probabilities", "all", *options)
    for number, piece in enumerate(pieces):
        path = folder / "out" / f"{number}.las"
        np.testing.assert_array_equal(shares_of(path), whole.probabilities[:, piece])
        np.testing.assert_array_equal(shares_of(path).max(0), whole.confidence[piece])


def test_another_word_is_another_option_and_the_labels_are_the_same(folder, tiny_model):
    write_las(folder / "in" / "a.las", street()[0])
    found = {}
    for word in ("all", "none", "top"):
        label(folder, tiny_model, "--probabilities", word, "--overwrite")
        found[word] = laspy.read(folder / "out" / "a.las")
        names = set(found[word].point_format.extra_dimension_names)
        assert ("bevseg_confidence" in names) == (word != "none")
        assert bool(set(PROBABILITIES) & names) == (word == "all")
    for word in ("all", "none"):
        np.testing.assert_array_equal(found[word].classification, found["top"].classification)
        np.testing.assert_array_equal(found[word].bevseg_reason, found["top"].bevseg_reason)
    result = label(folder, tiny_model, "--probabilities", "all", code=6)
    assert "--probabilities top, now all" in result.stderr


def test_a_work_directory_keeps_them_for_export(folder, tiny_model):
    write_las(folder / "in" / "a.las", street()[0])
    label(folder, tiny_model, "--probabilities", "all", "--work", folder / "work")
    result = bevseg("export", folder / "work", "-o", folder / "exported", "--format", "ply")
    assert result.exit_code == 0, result.stderr
    source = read_cloud(folder / "exported" / "a.ply").source
    np.testing.assert_array_equal(
        [source.ours(name) for name in PROBABILITIES], shares_of(folder / "out" / "a.las")
    )


def test_points_take_more_room_with_them_alone(tmp_path):
    requests = [RunRequest((), tmp_path, probabilities=word) for word in ("none", "top", "all")]
    assert [bytes_per_point(probabilities=each.of_all) for each in requests] == [21, 21, 26]
