"""Ctrl-C and its kin end a run at once, with their exit code and nothing half-written."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.cli.invoke import bevseg, left_behind, process

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}

# Stands still inside the writing of the output, the temporary file begun, and says so. The worker imports this script
# as well, under another name. A shell starts its background jobs with SIGINT ignored, and children inherit that. Here
# Ctrl-C has to arrive, as in a terminal.
WRITING = """
import signal, sys, time
import bevseg.{module}

def slowly(cloud, labels_or_path, path=None, **rest):
    from bevseg.runtime.atomic import replacing
    with replacing(path or labels_or_path) as temporary:
        temporary.write_text("half")
        print("writing", flush=True)
        # Naps, not one long sleep: a signal that comes just before a sleep does not end it.
        for _ in range(600):
            time.sleep(0.1)

bevseg.{function} = slowly

if __name__ == "__main__":
    from bevseg.cli.main import main
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
"""


def writing(script, module, function, *arguments):
    """Start a command that will stand still while it writes, and wait until it does."""
    script.write_text(WRITING.format(module=module, function=function))
    command = [sys.executable, str(script), *(str(argument) for argument in arguments)]
    running = subprocess.Popen(
        command, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert running.stdout.readline() == "writing\n", running.communicate()
    return running


def files_below(folder):
    """All files below a folder, hidden ones included."""
    return [path for path in folder.rglob("*") if path.is_file()]


def assert_nothing_left_behind(running, number, code, out, but=()):
    """Send a signal to a command that writes, and look at what it leaves beside files of some endings."""
    assert files_below(out)
    running.send_signal(number)
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == code
    assert "Traceback" not in stderr
    assert [path for path in files_below(out) if path.suffix not in but] == []


SCRATCH = (".points", ".survey", ".ground", ".labels")
"""Endings of the scratch files, which the next run takes."""


@pytest.mark.slow
def test_ctrl_c_leaves_nothing_half_written(streets, tiny_model, tmp_path):
    out = tmp_path / "out"
    options = ("-o", out, "-m", tiny_model, "--work", out / "work")
    running = writing(
        tmp_path / "script.py",
        "runner.write_cloud",
        "runner.write_cloud.write_cloud",
        "run",
        streets / "a.txt",
        *options,
    )
    (out / "work" / "settings.json").rename(tmp_path / "settings.json")
    assert_nothing_left_behind(running, signal.SIGINT, 130, out, SCRATCH)
    assert {path.parent.name for path in files_below(out)} == {".bevseg-scratch"}
    assert {path.suffix for path in files_below(out)} == set(SCRATCH)


def ingesting(streets, tmp_path, out):
    """Start `ingest`, which stands still while it writes."""
    arguments = ("stages.ingest", "io.las.working_copy.write", "ingest", streets / "a.txt", "-o", out)
    return writing(tmp_path / "script.py", *arguments)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_an_end_from_outside_leaves_nothing_half_written(streets, tmp_path, number, code):
    out = tmp_path / "work"
    running = ingesting(streets, tmp_path, out)
    assert_nothing_left_behind(running, getattr(signal, number), code, out)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_worker_ends_and_cleans_up_when_its_parent_is_gone(streets, tmp_path):
    out = tmp_path / "work"
    running = ingesting(streets, tmp_path, out)
    assert files_below(out)
    running.kill()
    running.wait()
    deadline = time.monotonic() + 60
    while files_below(out) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert files_below(out) == []
    assert running.stdout.read() == ""  # the end of the pipe: nobody is left who could write into it


@pytest.mark.slow
def test_whoever_reads_our_results_may_leave(streets, tiny_model):
    with process("inspect", tiny_model) as running:
        running.stdout.close()
        stderr = running.stderr.read()
    assert "Traceback" not in stderr
    assert "is a bug" not in stderr


def test_an_unexpected_error_is_called_a_bug(monkeypatch, streets, tmp_path):
    from bevseg.stages import ingest

    def broken(*rest, **more):
        raise KeyError("z")

    monkeypatch.setattr(ingest, "read_cloud", broken)
    monkeypatch.setattr(ingest, "find_clouds", broken)
    result = bevseg("ingest", streets, "-o", tmp_path)
    assert result.exit_code == 1
    assert "KeyError: 'z'" in result.stderr
    assert "this is a bug" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_bug_in_one_cloud_spoils_only_that_cloud(monkeypatch, streets, tmp_path):
    from bevseg.stages import ingest

    honest = ingest.read_cloud

    def broken(path, **rest):
        if path.stem == "b":
            raise KeyError("z")
        return honest(path, **rest)

    monkeypatch.setattr(ingest, "read_cloud", broken)
    result = bevseg("ingest", streets, "-o", tmp_path / "work")
    assert result.exit_code == 3
    assert "b: Unexpected error: this is a bug (KeyError: 'z')" in result.stderr
    assert left_behind(tmp_path / "work") == ["a", "c"]


@pytest.mark.parametrize(("option", "shown"), [("-v", False), ("-vv", True)])
def test_tracebacks_only_when_asked_for(option, shown, streets, monkeypatch, tmp_path):
    from bevseg.stages import ingest

    def broken(*rest, **more):
        raise KeyError("z")

    monkeypatch.setattr(ingest, "read_cloud", broken)
    result = bevseg("ingest", streets / "a.txt", "-o", tmp_path, option)
    assert result.exit_code == 1
    assert ("Traceback" in result.stderr) == shown
    assert ("in broken" in result.stderr) == shown
