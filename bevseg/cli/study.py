"""`bevseg study`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command(cls=options.Stage)
@click.argument("study_file", metavar="STUDY.toml", type=click.Path(path_type=Path))
@options.output("OUT", "Folder for tables, plots and the runs.")
@options.jobs
def study(console: Console, study_file: Path, output: Path, jobs: int) -> None:
    """Train a grid of loss, seed and any setting, and tabulate it beside a paper's numbers.

    Runs that are done are not done again: call it as before to go on. The tables are printed; OUT has them with
    their plots, every run's record and history, and the exact settings. Data are looked for where the study says,
    or in the folder that the environment variable BEVSEG_DATA names.

    \b
    Examples:
      bevseg study benchmarks/studies/loss_curves.toml -o curves/
      bevseg study benchmarks/studies/mnist_binary.toml -o mnist/ --jobs 2
    """
    from bevseg.runtime.batch import BatchResult
    from bevseg.study.conduct import conduct

    conducted = conduct(study_file, output, jobs=jobs, progress=console.progress)
    console.result(conducted.text.rstrip())
    console.finish(BatchResult(written=conducted.written))
