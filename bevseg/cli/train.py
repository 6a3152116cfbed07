"""`bevseg train`."""

from __future__ import annotations

from pathlib import Path

import click

from bevseg.config import NetConfig, TrainConfig
from bevseg.config.names import DEFAULT_MODEL, SLICES
from bevseg.seg.losses.registry import LOSSES
from bevseg.seg.models.registry import NETWORKS

from . import options
from .console import Console

LEARNED = [name for name, entry in LOSSES.items() if entry.learned]
READY = [name for name in LOSSES if name not in LEARNED]


@click.command(cls=options.Stage)
@options.work
@options.output("MODEL", "The model to write, .safetensors; history.csv is written beside it.")
@click.option(
    "--slice",
    "slices",
    type=options.Names(SLICES),
    default=",".join(SLICES),
    show_default=True,
    metavar=",".join(SLICES),
    help="Slices whose networks are trained.",
)
@click.option(
    "--net",
    type=options.Setting(NetConfig, "kind"),
    metavar="NAME",
    help=f"Kind of the networks: {', '.join(NETWORKS)}; or a class of your own, as package.module:Class. Another "
    "kind than that of the model that ships starts from nothing; than that of --init MODEL, it is refused.  "
    f"[default: from the settings, else {NetConfig.kind}]",
)
@click.option(
    "--loss",
    metavar="NAME",
    help=f"A loss, or a sum as 'ce+0.5*power_jaccard(p=1.5, smooth=10)': {', '.join(READY)}; or one that is learned "
    f"from the maps of --init: {', '.join(LEARNED)} (no_init=true starts the networks anew); or a function of "
    f"your own, as package.module:function.  [default: from the settings, else {TrainConfig.loss}]",
)
@options.init
@click.option(
    "--teacher",
    type=options.Model(),
    metavar=f"MODEL|{DEFAULT_MODEL}",
    help="Model whose predictions the networks learn from, in addition to the labels.",
)
@click.option(
    "--unlabelled",
    type=click.Path(path_type=Path),
    metavar="WORK2",
    help="Work directory of clouds without labels. The networks learn from the predictions of the teacher on them; "
    "without a teacher, from their own.",
)
@click.option(
    "--smooth-boundary",
    type=options.Setting(TrainConfig, "smooth_boundary"),
    metavar="SHARE",
    help="Label smoothing at class boundaries: the share spread over all classes. For sums of ce and jml.  "
    f"[default: from the settings, else {TrainConfig.smooth_boundary:g}]",
)
@options.config_of_work
@options.val
@options.val_blocks
@options.max_minutes
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with an interrupted training of MODEL from MODEL.state, which is written at each validation step; "
    "begin it if there is none. Options, settings and clouds must be the same.",
)
@options.overwrite
@options.seed
@options.device
def train(
    console: Console,
    work: Path,
    output: Path,
    slices: tuple[str, ...],
    net: str | None,
    loss: str | None,
    init: Path | str | None,
    teacher: Path | None,
    unlabelled: Path | None,
    smooth_boundary: float | None,
    config: str | None,
    val: tuple[str, ...] | None,
    val_blocks: float | None,
    max_minutes: float | None,
    resume: bool,
    overwrite: bool,
    seed: int,
    device: str,
) -> None:
    """Train one network per slice on the labelled clouds of WORK.

    The training starts from the model that ships, unless --init names another one or none.

    From nothing, whole clouds, or blocks (--val-blocks), are held out for early stopping; in fine-tuning only those
    that you ask for. Their scores are printed and stored in MODEL.

    \b
    Examples:
      bevseg train work/ -o model.safetensors
      bevseg train work/ -o model.safetensors --val-blocks 0.2
      bevseg train work/ -o model.safetensors --init none
      bevseg train work/ -o high/model.safetensors --slice high --init model.safetensors --loss lovasz_softmax
      bevseg train work/ -o fast/model.safetensors --net fast_scnn
      bevseg train work/ -o neuro/model.safetensors --loss neuro-iou --init model.safetensors
      bevseg train work/ -o small/model.safetensors --config small.toml --teacher model.safetensors --unlabelled more/
      bevseg train work/ -o model.safetensors --resume
    """
    from bevseg.core.scores import score_table
    from bevseg.runtime.lock import locked
    from bevseg.stages.train import train_work
    from bevseg.training.fine_tuning import starting_point

    settings, start = starting_point(
        config,
        init,
        work=work,
        net=net,
        loss=loss,
        smooth_boundary=smooth_boundary,
        max_minutes=max_minutes,
    )
    with locked(output.parent) as lock:
        outcome = train_work(
            work,
            output,
            settings,
            slices=slices,
            init=Path(start.source) if start and start.source else None,
            teacher=teacher,
            unlabelled=unlabelled,
            val=val,
            val_blocks=val_blocks,
            seed=seed,
            device=device,
            overwrite=overwrite,
            resume=resume,
            progress=lock.guarding(console.progress),
        )
    if "validation" in outcome.facts:
        found = outcome.facts["validation"]
        console.result(f"held out: {', '.join(found['clouds'])}; percent of points")
        console.result(score_table(found["scores"], found["oracle"]))
    console.finish(outcome)
