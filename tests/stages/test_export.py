"""`bevseg export`: the original files with the labels in them."""

import laspy
import numpy as np

from bevseg.workdir.folder import Folder
from tests.cli.invoke import bevseg, left_behind
from tests.stages.conftest import commands


def test_the_labels_exported_are_those_of_the_run(worked, tmp_path):
    assert bevseg("export", worked / "work", "-o", tmp_path / "out").exit_code == 0
    for stem in "abc":
        one, other = tmp_path / "out" / f"{stem}.txt", worked / "out" / f"{stem}.txt"
        assert one.read_bytes() == other.read_bytes()


def test_export_needs_the_original_as_it_was(streets, tiny_model, tmp_path):
    source = tmp_path / "a.txt"
    source.write_bytes((streets / "a.txt").read_bytes())
    for arguments in commands(source, tmp_path / "work", tiny_model):
        assert bevseg(*arguments).exit_code == 0
    source.write_text("1 2 3 1\n")
    result = bevseg("export", tmp_path / "work", "-o", tmp_path / "out")
    assert result.exit_code == 4
    assert "changed" in result.stderr
    source.unlink()
    assert bevseg("export", tmp_path / "work", "-o", tmp_path / "out").exit_code == 4
    assert left_behind(tmp_path / "out") == []


def test_export_in_several_formats_and_codes(worked, streets, tmp_path):
    arguments = ["-o", tmp_path, "--format", "txt,las,ply", "--out-classes", "shrec20"]
    result = bevseg("export", worked / "work", *arguments)
    assert result.exit_code == 0, result.stderr
    assert len(left_behind(tmp_path)) == 9
    labels = Folder(worked / "work" / "a").read_labels().classes
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "a.txt", usecols=3, skiprows=1), labels)
    np.testing.assert_array_equal(laspy.read(tmp_path / "a.las").classification, labels)
