"""`bevseg study`."""

from __future__ import annotations

from pathlib import Path

import click

from bevseg.config import RunConfig
from bevseg.config.names import DEVICES

from . import options
from .console import Console


@click.command(cls=options.Stage)
@click.argument("study_file", metavar="STUDY.toml", type=click.Path(path_type=Path))
@options.output("OUT", "Directory of tables, plots and runs.")
@options.jobs
@click.option(
    "--device",
    type=options.Setting(RunConfig, "device"),
    default="cpu",
    show_default=True,
    metavar="|".join((*DEVICES, "cuda:N")),
    help="Device of the trainings. Only on a CPU does a seed give the same numbers again.",
)
def study(console: Console, study_file: Path, output: Path, jobs: int, device: str) -> None:
    """Train over a grid of losses, seeds and other settings, and tabulate the results beside those of a paper.

    The tables are printed. OUT gets the tables, their plots, the records of all runs (`runs.jsonl`), the history of
    each run, and the exact settings. To continue a study, call the same command again: finished runs are not
    repeated. The data are read from the path in STUDY.toml, or from the directory in the environment variable
    BEVSEG_DATA.

    \b
    Examples:
      bevseg study benchmarks/studies/loss_curves.toml -o curves/
      bevseg study benchmarks/studies/mnist_binary.toml -o mnist/ --jobs 2
    """
    from bevseg.runtime.batch import BatchResult
    from bevseg.study.run_study import run_study

    result = run_study(study_file, output, jobs=jobs, device=device, progress=console.progress)
    console.result(result.text.rstrip())
    console.finish(BatchResult(written=result.written))
