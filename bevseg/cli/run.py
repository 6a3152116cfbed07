"""`bevseg run`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bevseg.config import PredictConfig, RunConfig
from bevseg.config.names import NO_MODEL

from . import options, survey_options
from .console import Console


@click.command(cls=options.Stage)
@options.clouds
@options.output(
    "OUT", "Directory of the results; or, for one cloud, the labelled file alone, such as out.laz."
)
@options.output_format(single=True)
@options.model("A trained model.", shipped=True)
@options.train_on
@options.init
@options.config
@options.classes("the input labels, for training and scores")
@options.out_classes()
@options.columns
@options.keep
@options.upgrade_las
@options.probabilities
@options.scans
@survey_options.apart
@survey_options.recursive
@options.val
@options.val_blocks
@options.max_minutes
@options.cell_of_training
@options.tta
@options.jobs_of_run
@survey_options.max_memory
@survey_options.scratch
@survey_options.part
@options.cluster
@survey_options.pictures
@survey_options.rasters
@survey_options.dry_run
@options.on_error
@options.overwrite
@options.seed
@options.device
@options.work_kept
def run(
    console: Console,
    clouds: tuple[Path, ...],
    output: Path,
    format_: tuple[str, ...],
    model: Path | None,
    train_on: Path | None,
    init: Path | str | None,
    config: str | None,
    classes: str | None,
    out_classes: str | None,
    columns: str | None,
    keep: tuple[int, ...],
    upgrade_las: bool,
    probabilities: str,
    scans: str,
    apart: bool,
    recursive: bool,
    val: tuple[str, ...] | None,
    val_blocks: float | None,
    max_minutes: float | None,
    cell: float | None,
    tta: PredictConfig,
    jobs: int | None,
    max_memory: int | None,
    scratch: Path | None,
    part: tuple[int, int] | None,
    cluster: str | None,
    pictures: bool | None,
    rasters: bool,
    dry_run: bool,
    on_error: str,
    overwrite: bool,
    seed: int,
    device: str,
    work: Path | None,
) -> None:
    """Label CLOUDS (files, or directories of files) from end to end.

    OUT gets the labelled clouds in their own formats, a picture and a style for QGIS of each, report.html,
    report.json and, after a training, the model. Labels in CLOUDS do not change the result, unless --keep names them.
    They are used to print scores.

    --train-on trains a model first. It starts from the one that ships, unless --init names another one or none.

    All CLOUDS of one reference system are one survey: where they meet or overlap, each is labelled with the points of
    the others. --apart labels each by itself.

    A run that was ended goes on when the command is repeated. Finished clouds are not done again, unless they or
    those around them have changed.

    \b
    Examples:
      bevseg run scans/ -o labelled/
      bevseg run scan.ply -o labelled.laz
      bevseg run scans/ -o labelled/ --format laz --keep 9
      bevseg run survey/ -o labelled/ --recursive --max-memory 8GiB --rasters
      bevseg run scans/ -o labelled/ -m model.safetensors
      bevseg run scans/ -o labelled/ --train-on hand_labelled/ --classes shrec20
      bevseg run scans/ -o labelled/ --train-on hand_labelled/ --classes shrec20 --init none
    """
    from bevseg.runner import report
    from bevseg.runner.request import RunRequest
    from bevseg.runner.run import plan, run

    settings, start = None, None
    if train_on is not None or any(value is not None for value in (config, init, max_minutes, cell)):
        from bevseg.training.fine_tuning import starting_point  # only here: it imports torch

        if train_on is None and init is None:  # refused below: these options are for a training
            init = NO_MODEL
        settings, start = starting_point(config, init, cell=cell, max_minutes=max_minutes)
    request = RunRequest(
        clouds,
        output,
        model=model,
        train_on=train_on,
        init=Path(start.source) if start and start.source else None,
        settings=settings,
        classes=classes,
        out_classes=out_classes,
        columns=columns,
        format=format_[0],
        keep=keep,
        upgrade_las=upgrade_las,
        probabilities=probabilities,
        scans=scans,
        apart=apart,
        recursive=recursive,
        scratch=scratch,
        max_memory=max_memory,
        part=part,
        pictures=pictures,
        rasters=rasters,
        cluster=cluster,
        val=val,
        val_blocks=val_blocks,
        work=work,
        tta=tta,
        overwrite=overwrite,
        run_config=RunConfig(seed=seed, device=device, jobs=jobs, on_error=on_error),
        command=("bevseg", *sys.argv[1:]),
    )
    if dry_run:
        console.result(plan(request))
        return
    result = run(request, progress=console.progress)
    if part is None:
        console.result(report.text(result.facts))
    console.finish(result)
