"""`bevseg completion`: scripts that the shells take, and answers that import nothing heavy."""

import os
import shutil
import subprocess
import sys

import pytest

from bevseg.cli import completion
from bevseg.cli.main import COMMANDS
from tests.cli.invoke import bevseg
from tests.cli.test_help import HEAVY

CODE = "from bevseg.cli.main import main; main()"


@pytest.mark.parametrize("shell", completion.INSTALL)
def test_the_script_says_first_how_to_install_it(shell):
    result = bevseg("completion", shell)
    assert result.exit_code == 0
    first, *script = result.stdout.splitlines()
    assert first == f"# {completion.INSTALL[shell]}" and f"bevseg completion {shell}" in first
    assert completion.VARIABLE in "\n".join(script)


def test_a_shell_that_is_not_known_is_a_usage_error():
    result = bevseg("completion", "tcsh")
    assert result.exit_code == 2 and "powershell" in result.stderr


def test_an_old_click_without_powershell_is_told(monkeypatch):
    monkeypatch.setattr(completion, "get_completion_class", lambda shell: None)
    result = bevseg("completion", "powershell")
    assert result.exit_code == 5 and "pip install --upgrade click" in result.stderr


def complete(words, code=CODE):
    """What bash is answered for the last of some words."""
    environment = {
        **os.environ,
        completion.VARIABLE: "bash_complete",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout.splitlines()


def test_commands_and_options_are_completed():
    assert complete(["bevseg", "ins"]) == ["plain,inspect"]
    assert complete(["bevseg", "inspect", "--js"]) == ["plain,--json"]
    assert complete(["bevseg", "completion", "p"]) == ["plain,powershell"]


def test_completing_imports_nothing_heavy():
    code = f"import atexit, sys\natexit.register(lambda: print(*(m for m in {HEAVY!r} if m in sys.modules)))\n{CODE}"
    *commands, heavy = complete(["bevseg", ""], code)
    assert {line.partition(",")[2] for line in commands} == set(COMMANDS)
    assert heavy == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_can_parse_the_script(shell, tmp_path):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    script.write_text(bevseg("completion", shell).stdout, encoding="utf-8")
    subprocess.run([program, "-n", str(script)], check=True)
