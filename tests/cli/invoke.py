"""Calling the command line from tests."""

import subprocess
import sys

from click.testing import CliRunner

from bevseg.cli.main import cli


def bevseg(*arguments):
    """Run a command in this process; the result has exit_code, stdout and stderr."""
    return CliRunner().invoke(cli, [str(a) for a in arguments], prog_name="bevseg")


def process(*arguments, **kwargs):
    """Start a command in a process of its own."""
    code = "from bevseg.cli.main import main; main()"
    command = [sys.executable, "-c", code, *(str(a) for a in arguments)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)


def left_behind(folder):
    """Names of all that is in a folder, hidden files included."""
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
