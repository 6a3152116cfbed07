"""`bevseg learn`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bevseg.config import RunConfig

from . import options
from .console import Console


@click.command(cls=options.Stage)
@click.argument("out", type=click.Path(path_type=Path))
@options.output("LEARNED", "Directory of the new model and results.")
@click.option(
    "--corrected",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="A labelled cloud of OUT that was edited in other software. Its points whose class differs are corrections. "
    "Repeat the option for more files.",
)
@options.model("The model of OUT, if it was moved.  [default: as report.json says]", shipped=False)
@options.max_minutes
@options.jobs_of_run
@options.overwrite
@options.seed
@options.device
def learn(
    console: Console,
    out: Path,
    output: Path,
    corrected: tuple[Path, ...],
    model: Path | None,
    max_minutes: float | None,
    jobs: int | None,
    overwrite: bool,
    seed: int,
    device: str,
) -> None:
    """Learn from the corrections in OUT, and label its clouds again.

    OUT is the output directory of `bevseg run`, with the corrections made in `bevseg view`. It stays as it is. The
    training starts from the model of OUT. LEARNED gets the new model, the clouds labelled with it, report.json and
    the corrections. So it can be viewed, corrected and learned from in turn.

    Points that were corrected or confirmed keep the class that was said. The options of the first run hold: class
    schemes, columns, format, codes that are kept, test-time augmentation.

    \b
    Examples:
      bevseg learn labelled/ -o learned/
      bevseg learn labelled/ -o learned/ --corrected street_edited.laz
    """
    from bevseg.runner.learn import LearnRequest
    from bevseg.runner.learn import learn as learn_from
    from bevseg.runner.learned import summary

    request = LearnRequest(
        out,
        output,
        corrected=corrected,
        model=model,
        max_minutes=max_minutes,
        overwrite=overwrite,
        run_config=RunConfig(seed=seed, device=device, jobs=jobs),
        command=("bevseg", *sys.argv[1:]),
    )
    result = learn_from(request, progress=console.progress)
    console.result(summary(result.facts))
    console.finish(result)
