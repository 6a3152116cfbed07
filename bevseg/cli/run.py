"""`bevseg run`."""

from __future__ import annotations

from pathlib import Path

import click

from bevseg.config import PredictConfig, RunConfig

from . import options
from .console import Console


@click.command(cls=options.Stage)
@options.clouds
@options.output("OUT", "Directory of the results.")
@options.model("A trained model.", shipped=True)
@options.train_on
@options.init
@options.config
@options.classes("the input labels, for training and scores")
@options.out_classes()
@options.val
@options.max_minutes
@options.tta
@options.jobs
@options.on_error
@options.overwrite
@options.seed
@options.device
@options.work_kept
def run(
    console: Console,
    clouds: tuple[Path, ...],
    output: Path,
    model: Path | None,
    train_on: Path | None,
    init: Path | None,
    config: str | None,
    classes: str | None,
    out_classes: str | None,
    val: tuple[str, ...] | None,
    max_minutes: float | None,
    tta: PredictConfig,
    jobs: int,
    on_error: str,
    overwrite: bool,
    seed: int,
    device: str,
    work: Path | None,
) -> None:
    """Label CLOUDS (files, or directories of files) from end to end.

    OUT gets the labelled clouds, a picture of each, report.json and, after a training, the model. Labels in CLOUDS
    do not change the result. They are used to print scores.

    \b
    Examples:
      bevseg run scans/ -o labelled/
      bevseg run scans/ -o labelled/ -m model.safetensors
      bevseg run scans/ -o labelled/ --train-on hand_labelled/ --classes shrec20
      bevseg run scans/ -o labelled/ --train-on hand_labelled/ --classes shrec20 --init default
    """
    from bevseg.runner import report
    from bevseg.runner.request import RunRequest
    from bevseg.runner.run import run
    from bevseg.training.fine_tuning import training_settings

    settings = None
    if config is not None or init is not None or max_minutes is not None:
        settings = training_settings(config, init=init, max_minutes=max_minutes)
    result = run(
        RunRequest(
            clouds,
            output,
            model=model,
            train_on=train_on,
            init=init,
            settings=settings,
            classes=classes,
            out_classes=out_classes,
            val=val,
            work=work,
            tta=tta,
            overwrite=overwrite,
            run_config=RunConfig(seed=seed, device=device, jobs=jobs, on_error=on_error),
        ),
        progress=console.progress,
    )
    console.result(report.text(result.facts))
    console.finish(result)
