"""`bevseg backproject`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command(cls=options.Stage)
@options.work
@options.jobs
@options.on_error
@options.overwrite
def backproject(console: Console, work: Path, jobs: int, on_error: str, overwrite: bool) -> None:
    """Give each point of the clouds in WORK the class of its cell, and write labels.npz.

    \b
    Example:
      bevseg backproject work/
    """
    from bevseg.stages.backproject import backproject_work
    from bevseg.workdir.for_each import StageOptions

    stage_options = StageOptions(overwrite, jobs, on_error, console.progress)
    console.finish(backproject_work(work, options=stage_options))
