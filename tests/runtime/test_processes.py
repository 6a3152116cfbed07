"""Work in processes: Ctrl-C ends all of them, quietly and after they have cleaned up."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest

from bevseg.errors import BevsegError, InputError, OutOfMemoryError
from bevseg.runtime.processes import call, death, in_processes, kept_workers


def doubled(number):
    """Warn of odd numbers."""
    if number % 2:
        warnings.warn(f"{number} is odd", stacklevel=1)
    return 2 * number, os.getpid()


def slow(place):
    """Hold a file for a minute, as a writer does.

    It naps instead of one long sleep: a signal that comes just before a sleep does not end it.
    """
    try:
        Path(place).write_text("half")
        for _ in range(600):
            time.sleep(0.1)
    finally:
        Path(place).unlink()


def test_every_item_is_done_in_another_process(caplog):
    found = dict(in_processes(doubled, [1, 2, 3, 4], 2))
    assert {number: result[0] for number, result in found.items()} == {1: 2, 2: 4, 3: 6, 4: 8}
    assert os.getpid() not in {result[1] for result in found.values()}
    assert sorted(record.getMessage() for record in caplog.records) == ["1 is odd", "3 is odd"]


def refuse_to_start():
    """End the process before any item is begun."""
    os._exit(3)


def lock_of(number):
    """Return what cannot be sent."""
    return threading.Lock()


def fail(number):
    """Raise."""
    raise KeyError(number)


def test_a_call_is_made_here_or_in_a_kept_worker():
    assert call(doubled, 2)[1] == os.getpid()
    with kept_workers():
        twice, process = call(doubled, 2)
    assert twice == 4
    assert process != os.getpid()


def test_workers_that_do_not_start_are_no_fault_of_an_item():
    with pytest.raises(OutOfMemoryError, match="could not start"):
        list(in_processes(doubled, [1, 2, 3], 2, refuse_to_start))


def test_an_error_of_the_work_is_raised_with_its_traceback():
    with pytest.raises(KeyError) as caught:
        list(in_processes(fail, [1], 1))
    assert "in fail" in str(caught.value.__cause__)


def test_what_does_not_pickle_is_an_error_and_no_hang():
    with pytest.raises(RuntimeError, match="pickle"):
        list(in_processes(lock_of, [1], 1))


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (-6, InputError, "SIGABRT"),
        (-11, InputError, "SIGSEGV"),
        (-9, OutOfMemoryError, "memory"),
        (9, InputError, "exit code 9"),
        (143, BevsegError, "from outside"),
        (-63, BevsegError, "signal 63"),
    ],
)
def test_the_cause_of_a_death_is_told_as_far_as_it_is_known(code, kind, text):
    error = death(code)
    assert type(error) is kind
    assert text in str(error)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups of this kind")
def test_ctrl_c_in_a_terminal_ends_all_processes_quietly(tmp_path):
    places = [str(tmp_path / name) for name in "abcdef"]
    program = (
        "import signal\n"
        "from bevseg.runtime.processes import in_processes\n"
        "from tests.runtime.test_processes import slow\n"
        # Background jobs of a shell ignore Ctrl-C; here it has to arrive, as in a terminal.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"if __name__ == '__main__': list(in_processes(slow, {places!r}, 2))\n"
    )
    script = tmp_path / "script.py"
    script.write_text(program)
    root = Path(__file__).parents[2]
    running = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(root)},
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while sum(Path(place).exists() for place in places) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sum(Path(place).exists() for place in places) == 2
    os.killpg(running.pid, signal.SIGINT)
    _, stderr = running.communicate(timeout=30)
    assert running.returncode != 0
    assert "SpawnProcess" not in stderr  # no traceback of a process that only waited
    assert [place for place in places if Path(place).exists()] == []
