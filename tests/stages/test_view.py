"""`bevseg view` opens what is there, once at a time, and leaves no trace where it should leave none."""

import os
import re
import shutil
import signal
import tempfile
import urllib.request

import pytest

from bevseg.errors import CloudNotFoundError, InputError, OutputInUseError, UsageError
from bevseg.stages.view import opened
from bevseg.viewer import tiles as building
from tests.cli.invoke import bevseg, process
from tests.viewer.results import write_results


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    write_results(folder)
    return folder


@pytest.fixture
def out(written, tmp_path):
    return shutil.copytree(written, tmp_path / "out")


def test_tiles_are_built_once(out, monkeypatch):
    with opened([out]) as session:
        before = session.scene()
    monkeypatch.setattr("bevseg.stages.view.build_tiles", None)
    with opened([out]) as session:
        assert session.scene() == before


def test_tiles_are_built_anew_when_a_cloud_has_changed(out):
    with opened([out]) as session:
        key = session.tiles.facts["key"]
    os.utime(out / "street_0.laz", (1, 1))
    with opened([out]) as session:
        assert session.tiles.facts["key"] != key


def test_tiles_that_are_not_complete_are_built_anew(out):
    with opened([out]) as session:
        before = session.records(0, 0, None)
    (out / ".bevseg-review" / "tiles" / "index.json").write_text("{")
    with opened([out]) as session:
        assert session.records(0, 0, None) == before


def test_a_second_viewer_on_the_same_results_is_refused(out):
    with opened([out]), pytest.raises(OutputInUseError, match="Another viewer"), opened([out]):
        pass
    with opened([out]):
        pass  # the lock was given back


def test_clouds_without_a_run_are_shown_and_not_corrected(out, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (out / "report.json").unlink()
    before = sorted(out.iterdir())
    with opened([out / "street_0.laz", out / "street_1.ply"]) as session:
        assert not session.scene()["editable"]
        assert [cloud.name for cloud in session.tiles.clouds] == ["street_0", "street_1"]
    assert sorted(out.iterdir()) == before and list((tmp_path / "temporary").iterdir()) == []


def test_the_scheme_of_clouds_can_be_named(tmp_path):
    (tmp_path / "a.txt").write_text("1 2 3 6\n2 2 3 2\n")
    with opened([tmp_path / "a.txt"], classes="asprs") as session:
        counts = session.scene()["counts"]
    assert (counts["building"], counts["ground"]) == (1, 1)


def test_results_of_a_run_know_their_scheme(out):
    with pytest.raises(UsageError, match="--classes"), opened([out], classes="asprs"):
        pass


def test_an_interrupt_while_tiles_are_built_leaves_nothing(out, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(building, "shuffle_tiles", interrupt)
    with pytest.raises(KeyboardInterrupt), opened([out]):
        pass
    assert not (out / ".bevseg-review").exists()


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises((InputError, CloudNotFoundError)), opened([tmp_path / "nothing"]):
        pass


def test_a_port_in_use_is_said(out):
    result = bevseg("view", out, "--no-browser", "--port", "70000")
    assert result.exit_code == 2 and "70000" in result.output


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_ends_the_viewer_cleanly(out):
    running = process(
        "view",
        out,
        "--no-browser",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    url = running.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}", url), running.communicate()
    assert urllib.request.urlopen(url, timeout=20).status == 200
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=30)
    assert running.returncode == 0, stderr
    assert stdout == "" and "Traceback" not in stderr
    assert sorted(path.name for path in (out / ".bevseg-review").iterdir()) == ["tiles"]
