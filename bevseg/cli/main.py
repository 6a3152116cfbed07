"""The group of commands. It imports a command when it is called, and turns errors into exit codes in one place."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from bevseg.errors import BevsegError, OutOfMemoryError
from bevseg.printable import printable

COMMANDS = {
    "run": "Run all stages: label clouds and write a report.",
    "report": "Write the report of a run again.",
    "view": "Look at labelled clouds in the browser, and correct them.",
    "apply": "Write the labelled clouds with the corrections of a person.",
    "learn": "Learn from corrections, and label the clouds again.",
    "objects": "Find cars, poles, trees and buildings in labelled clouds.",
    "ingest": "Read clouds into a work directory.",
    "ground": "Find the ground of each cloud and write a DEM.",
    "rasterize": "Turn the points into rasters seen from above.",
    "train": "Train the networks on labelled clouds.",
    "predict": "Classify the cells of the rasters with a model.",
    "backproject": "Give each point the class of its cell.",
    "export": "Write the original files with the new labels.",
    "evaluate": "Score labelled clouds against the truth.",
    "verify": "Prove that a labelled file is its source.",
    "inspect": "Show the contents of a model or a cloud.",
    "export-model": "Write the networks of a model as ONNX files.",
    "simulate": "Make labelled street clouds from a seed.",
    "study": "Train a grid of losses and seeds, and tabulate the results.",
    "doctor": "Check this machine and this installation.",
    "completion": "Print the script that completes commands in your shell.",
}
"""Command -> short help: a run and what follows it, the stages, tools. Each command is a file of its name,
with `_` for `-`."""

WORKERS = {
    "run": "bevseg.runner.workers",
    "report": "bevseg.stages.report",
    "apply": "bevseg.stages.apply",
    "learn": "bevseg.runner.learn",
    "ingest": "bevseg.stages.ingest",
    "ground": "bevseg.stages.ground",
    "rasterize": "bevseg.stages.rasterize",
    "train": "bevseg.workdir.folder",
    "predict": "bevseg.stages.predict",
    "backproject": "bevseg.stages.backproject",
    "export": "bevseg.stages.export",
    "objects": "bevseg.stages.objects",
    "evaluate": "bevseg.stages.evaluate",
    "inspect": "bevseg.stages.inspect",
    "simulate": "bevseg.runner.compare_statistics",
}
"""Command -> module that the process which reads files for it imports first."""

TRACEBACK = 10
"""Below this logging level (-vv) errors are printed with their traceback."""

BUG, USAGE, INTERRUPTED, HUNG_UP, TERMINATED = 1, 2, 130, 129, 143


class Bevseg(click.Group):
    """A group that imports a command when it is called, so that help is fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the file of a command, and return the command."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f".{name}", __package__), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest the nearest one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from bevseg.config.domains import did_you_mean

            near = did_you_mean(args[0], COMMANDS) or f"; the commands are {', '.join(COMMANDS)}"
            raise click.UsageError(f"No command {args[0]!r}{near}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command, and exit with the code of its outcome."""
        kwargs["standalone_mode"] = False
        try:
            code = super().main(*args, **kwargs)
        except click.ClickException as error:
            error.show()
            code = error.exit_code
        except BevsegError as error:
            code = _print_error(f"bevseg: error: {error}", error, error.exit_code)
        except (click.Abort, KeyboardInterrupt) as error:
            code = _print_error("bevseg: interrupted; no incomplete file is left behind", error, INTERRUPTED)
        except Exception as error:
            code = _print_unexpected(error)
        sys.exit(code if isinstance(code, int) else 0)


def _print_error(text: str, error: BaseException, code: int) -> int:
    """Print the error on stderr, with its traceback under -vv, and return the exit code."""
    if logging.getLogger("bevseg").getEffectiveLevel() < TRACEBACK:
        import traceback

        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    click.echo(text, err=True)
    return code


def _print_unexpected(error: Exception) -> int:
    """Print an error of memory or of the operating system, or say that this is a bug; return the exit code."""
    from bevseg.runtime.memory import is_shortage

    if is_shortage(error):
        why = " ".join(str(error).split())[:300]
        lines = ["bevseg: error: Memory ran out", *([f"  why:   {why}"] if why else [])]
        lines.append(
            "  do:    free some memory, raise the limits of this shell (ulimit -v), or split the cloud"
        )
        return _print_error("\n".join(lines), error, OutOfMemoryError.exit_code)
    if isinstance(error, OSError):
        from bevseg.runtime.atomic import system_error

        refused = system_error(error, Path())
        if refused is not None:
            return _print_error(f"bevseg: error: {refused}", error, refused.exit_code)
    text = printable(f"bevseg: {type(error).__name__}: {error}; this is a bug", keep="\n")
    return _print_error(f"{text} (run it again with -vv and report the output)", error, BUG)


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        import bevseg

        click.echo(f"bevseg {bevseg.__version__}")
        ctx.exit()


@click.group(
    cls=Bevseg,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="All stages in one command: bevseg run CLOUDS -o OUT",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """Label every point of a street-scene laser scan: building, car, ground, pole, vegetation.

    Results go to stdout. Progress and messages go to stderr.
    """


def main() -> None:
    """Run the command line, after the settings that must be made before libraries load."""
    from bevseg.runtime.streams import guard_streams

    # Threads of torch that spin while they wait are 2 to 40 times slower on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    guard_streams()
    signal.signal(signal.SIGTERM, _terminate)
    # `nohup` has it ignored, and then it stays so.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _hang_up)
    cli(prog_name="bevseg", obj=WORKERS)


def _terminate(signum: int, frame: object) -> None:
    """Leave by an exception, so that temporary files are removed."""
    sys.exit(TERMINATED)


def _hang_up(signum: int, frame: object) -> None:
    """Leave by an exception: the terminal is gone."""
    sys.exit(HUNG_UP)
