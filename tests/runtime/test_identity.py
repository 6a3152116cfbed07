"""A process is known by its number and its beginning."""

import os
import subprocess
import sys

import pytest

from bevseg.runtime import identity


@pytest.mark.skipif(os.name == "nt", reason="Windows has no zombies")
def test_a_process_that_nobody_has_waited_for_is_gone():
    running = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert identity.beginning(running.pid)
    running.kill()
    os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT)
    assert identity.beginning(running.pid) is None
    running.wait()
    assert identity.beginning(running.pid) is None


@pytest.mark.skipif(os.name == "nt", reason="Windows hides no processes")
def test_a_process_that_the_system_hides_is_not_gone(monkeypatch):
    def no_permission(process, number):
        raise PermissionError

    monkeypatch.setattr(os, "kill", no_permission)
    assert identity.beginning(2**30) == identity.UNKNOWN


def test_a_number_that_no_process_can_have_is_that_of_none():
    assert identity.beginning(10**30) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on Windows")
def test_a_fork_has_a_beginning_of_its_own():
    program = (
        "import os, time\nfrom bevseg.runtime.identity import beginning, own_beginning\n"
        "own_beginning()\ntime.sleep(0.05)\n"  # ticks are of a hundredth of a second
        "if os.fork() == 0:\n    os._exit(own_beginning() != beginning(os.getpid()))\n"
        "os._exit(os.waitstatus_to_exitcode(os.wait()[1]))\n"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
