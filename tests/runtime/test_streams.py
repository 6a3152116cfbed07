"""Standard streams that are closed, or whose reader has left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
from bevseg.runtime.streams import guard_streams
guard_streams()
with Path(sys.argv[1]).open("w") as file:
    number = file.fileno()
    print("a message", file=sys.stderr)
    print("a result" * 100_000, flush=True)
Path(sys.argv[1]).write_text(f"done {number > 2}")
"""


def run(tmp_path, shell):
    """Run the program by a shell line, and return the exit code of the program and what it wrote."""
    script = tmp_path / "script.py"
    script.write_text(PROGRAM)
    line = shell.format(program=f"{sys.executable} {script} {tmp_path / 'out'}; echo $? >&3")
    done = subprocess.run(["bash", "-c", f"exec 3>{tmp_path / 'code'}; {line}"], capture_output=True)
    return (tmp_path / "code").read_text().strip(), (tmp_path / "out").read_text(), done


@pytest.mark.skipif(os.name == "nt", reason="the lines are for a POSIX shell")
@pytest.mark.parametrize(
    "shell",
    ["( {program} ) 2>&-", "( {program} ) >&-", "( {program} ) >&- 2>&- <&-", "( {program} ) 2>&1 | true"],
)
def test_the_work_is_done_and_no_file_gets_the_number_of_a_closed_stream(tmp_path, shell):
    code, text, _ = run(tmp_path, shell)
    assert (code, text) == ("0", "done True")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_loses_messages_but_no_result_in_silence(tmp_path):
    assert run(tmp_path, "( {program} ) 2>/dev/full")[0] == "0"
    assert run(tmp_path, "( {program} ) >/dev/full")[0] == "1"
