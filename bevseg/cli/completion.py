"""`bevseg completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from bevseg.errors import DependencyError

from . import options
from .console import Console

INSTALL = {
    "bash": "add to ~/.bashrc: source <(bevseg completion bash)",
    "zsh": "add to ~/.zshrc, behind compinit: source <(bevseg completion zsh)",
    "fish": "run once: bevseg completion fish > ~/.config/fish/completions/bevseg.fish",
    "powershell": "add to $PROFILE: bevseg completion powershell | Out-String | Invoke-Expression",
}
"""Shell -> how its script is installed. It is the first line of the script, a comment in all four languages."""

VARIABLE = "_BEVSEG_COMPLETE"
"""Set by the script when it asks bevseg for completions; click derives the name from that of the program."""


@click.command(cls=options.Stage)
@click.argument("shell", type=click.Choice(list(INSTALL)))
def completion(console: Console, shell: str) -> None:
    """Print the script that completes commands and options in SHELL.

    Its first line says how to install it.

    \b
    Examples:
      bevseg completion bash
      bevseg completion powershell
    """
    from .main import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise DependencyError(
            f"This release of click has no completion for {shell}",
            where="import click",
            why="the first that has one for PowerShell is 8.5",
            hint="pip install --upgrade click",
        )
    console.result(f"# {INSTALL[shell]}\n{kind(cli, {}, 'bevseg', VARIABLE).source().strip()}")
