"""Help is instant: no heavy library is imported for it, and it tells what there is."""

import subprocess
import sys

import click
import pytest

import bevseg
from bevseg.cli.main import COMMANDS, cli
from bevseg.config import RunConfig, TrainConfig
from tests.cli.invoke import bevseg as call

HEAVY = (
    "torch",
    "numpy",
    "scipy",
    "skimage",
    "laspy",
    "lazrs",
    "pydantic",
    "open3d",
    "numba",
    "rasterio",
    "pyproj",
    "polars",
    "pyarrow",
    "matplotlib",
    "rich",
    "safetensors",
    "psutil",
    "importlib.metadata",
    "logging.handlers",
    "multiprocessing",
    "concurrent.futures",
    "tomllib",
    "json",
)


def imported_by(code):
    """Which of the heavy libraries are there after some code has run in a fresh interpreter."""
    program = f"{code}\nimport sys; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return result.stdout.split()


def test_the_group_and_every_command_import_nothing_heavy():
    names = ["main", *(name.replace("-", "_") for name in COMMANDS)]
    assert imported_by("\n".join(f"import bevseg.cli.{name}" for name in names)) == []


def test_the_check_sees_a_heavy_import():
    assert "numpy" in imported_by("import bevseg.core.labels")


def test_modules_below_the_commands_are_light():
    assert (
        imported_by(
            "import bevseg, bevseg.errors, bevseg.config.names, bevseg.config, bevseg.runtime.progress\n"
            "import bevseg.io, bevseg.io.formats"
        )
        == []
    )


def test_help_lists_every_command_without_importing_any():
    code = "from bevseg.cli.main import cli\ntry: cli(['--help'])\nexcept SystemExit: pass\nimport sys"
    program = f"{code}\nprint([m for m in sys.modules if m.startswith('bevseg.cli.')])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "['bevseg.cli.main']"
    for name, text in COMMANDS.items():
        assert name in result.stdout
        assert text in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name):
    result = call(name, "--help")
    assert result.exit_code == 0
    assert f"bevseg {name} " in result.stdout.replace("Usage: bevseg", "")
    assert "-v, --verbose" in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_help_text(name):
    command = cli.get_command(None, name)
    assert command.name == name
    missing = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert missing == []


def test_defaults_are_shown_from_where_they_live():
    shown = " ".join(call("run", "--help").stdout.split())
    assert f"[default: {RunConfig.device}]" in shown
    assert f"[default: {RunConfig.on_error}]" in shown
    assert TrainConfig.loss in call("train", "--help").stdout


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("run", "1"),
        ("train", "low,high"),
        ("export", "same"),
        ("train", f"from the settings, else {TrainConfig.loss}"),
    ],
)
def test_defaults_are_shown_as_they_are_typed(name, default):
    shown = " ".join(call(name, "--help").stdout.split())
    assert f"[default: {default}]" in shown
    assert "[default: (" not in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_numbers_are_shown_in_the_words_of_all_others(name):
    assert "RANGE" not in call(name, "--help").stdout


def test_version():
    result = call("--version")
    assert result.exit_code == 0
    assert result.stdout == f"bevseg {bevseg.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["evalute"], "evaluate"),
        (["run"], "CLOUDS"),
        (["run", "x", "-o", "y", "--on-error", "weep"], "skip"),
        (["run", "x", "-o", "y", "--jobs", "0"], "jobs"),
        (["run", "x", "-o", "y", "--nonsense"], "nonsense"),
        (["export", "x", "-o", "y", "--format", "e57"], "laz, las, copc, ply, pcd, txt"),
        (["run", "x", "-o", "y", "--val", "z"], "--train-on"),
        (["run", "x", "-o", "y", "--max-minutes", "1"], "--train-on"),
        (["run", "x", "-o", "y", "-m", "m", "--train-on", "z"], "both"),
        (["run", "x", "-o", "y", "-m", "m", "--val", "z"], "has its own"),
        (["run", "x", "-o", "y", "-m", "m", "--config", "paper"], "has its own"),
        (["ground", "x", "--config", "paper", "-m", "m"], "one of the two"),
        (["run", "x", "-o", "y", "-m", "m", "--device", "tpu"], "cuda"),
        (["run", "x", "-o", "y", "--train-on", "a", "--train-on", "b"], "'--train-on' is given 2 times"),
        (["train", "x", "-o", "y", "--slice", "lo"], "'lo': expected one of low, high"),
        (["train", "x", "-o", "y", "--slice", "lo"], "did you mean 'low'?"),
        (["train", "x", "-o", "y", "--slice", "low,low"], "'low' is given 2 times"),
        (["run", "x", "-o", "y", "--val-blocks", "0.2"], "--train-on"),
        (["train", "x", "-o", "y", "--val-blocks", "1"], "expected a number above 0 and below 1"),
        (["train", "x", "-o", "y", "--val-blocks", "0.2", "--val", "z"], "give one of the two"),
        (["run", "x", "-o", "y", "--train-on", "t", "--val-blocks", "0"], "expected a number above 0"),
        (["train", "x", "-o", "y", "--val", ","], "',': expected one name"),
        (["simulate", "-o", "y", "--clouds", "-1"], "expected a whole number from 0 to"),
        (["export-model", "x"], "--onnx"),
        (["RUNN"], "did you mean 'run'?"),
    ],
)
def test_usage_errors_name_the_choices_and_exit_with_2(arguments, word, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call(*arguments)
    assert result.exit_code == 2
    assert word in result.stderr
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_stand_on_lines_of_their_own(name):
    lines = [line.strip() for line in call(name, "--help").stdout.splitlines()]
    assert not any("\\b" in line for line in lines)
    examples = lines[lines.index("Examples:") + 1 :] if "Examples:" in lines else []
    until = examples.index("") if "" in examples else len(examples)
    assert all(line.startswith("bevseg ") for line in examples[:until])
