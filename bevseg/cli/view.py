"""`bevseg view`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command(cls=options.Stage)
@click.argument("paths", metavar="OUT|CLOUD...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--port",
    type=click.IntRange(0, 65535, clamp=False),
    default=0,
    metavar="PORT",
    show_default=False,
    help="Port on the loopback address.  [default: any that is free]",
)
@click.option("--no-browser", is_flag=True, help="Print the address of the page, and open no browser.")
@options.classes("the clouds", "as bevseg wrote them, else that of the format")
def view(console: Console, paths: tuple[Path, ...], port: int, no_browser: bool, classes: str | None) -> None:
    """Show labelled clouds in the browser, and correct them.

    OUT is the directory of a run. Corrections are saved at once in OUT/edits.jsonl; the labelled files stay as they
    are. Other labelled clouds can be looked at, and not corrected.

    The page is served to this machine alone, until Ctrl-C. Its address holds a secret: keep it to yourself.

    \b
    Examples:
      bevseg view labelled/
      bevseg view labelled/ --no-browser --port 8000
      bevseg view scan.laz other.laz
      bevseg view hand_labelled/ --classes shrec20
    """
    import webbrowser

    from bevseg.stages.view import view as serve

    def ready(url: str, url_once: str) -> None:
        console.result(url)
        click.echo("press Ctrl-C to end", err=True)
        if not no_browser:
            webbrowser.open(url_once)

    serve(paths, ready, port=port, classes=classes, progress=console.progress)
