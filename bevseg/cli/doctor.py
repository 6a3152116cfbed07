"""`bevseg doctor`."""

from __future__ import annotations

import click

from bevseg.errors import DependencyError

from . import options
from .console import Console


@click.command(cls=options.Stage)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(context: click.Context, console: Console, as_json: bool) -> None:
    """Check this machine and this installation.

    One line for each part: ok and what was found, or the fault and what to do. Parts marked - are optional. The exit
    code is 0 if all parts that bevseg needs are ok, and 5 if not.

    \b
    Examples:
      bevseg doctor
      bevseg doctor --json
    """
    from bevseg.stages.doctor import examine, serves, text, to_json

    findings = examine()
    console.result(to_json(findings) if as_json else text(findings))
    if not serves(findings):
        context.exit(DependencyError.exit_code)
