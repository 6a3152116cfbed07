"""Options that several commands share. Defaults are taken from `bevseg.config`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click

from bevseg.config import (
    NAMED,
    VAL_BLOCKS,
    GroundConfig,
    Group,
    PredictConfig,
    RasterConfig,
    RunConfig,
    TrainConfig,
)
from bevseg.config.domains import Domain, OutsideError, did_you_mean, shown
from bevseg.config.names import (
    DEFAULT_MODEL,
    DEVICES,
    GROUND_METHODS,
    NO_MODEL,
    PROBABILITIES,
    PRODUCTS,
    SCHEMES,
    TOP,
)
from bevseg.io import SAME, WRITTEN, formats
from bevseg.weights import default_model

from .console import Console

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Stage(click.Command):
    """A command with -v and -q, whose function gets the console as its first argument."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += [
            click.Option(["-v", "--verbose"], count=True, help="Print more; -vv adds tracebacks to errors."),
            click.Option(
                ["-q", "--quiet"], count=True, help="Print warnings and errors only; -qq: errors only."
            ),
        ]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; an option that takes one value and is given twice is refused, not half forgotten."""
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        for param in order:
            takes_one = isinstance(param, click.Option) and not (
                param.multiple or param.count or param.is_flag
            )
            if takes_one and order.count(param) > 1:
                raise click.UsageError(
                    f"Option {param.opts[-1]!r} is given {order.count(param)} times; it takes one value", ctx
                )
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Call the function between opening and closing the console.

        The object of the context says which commands have their files read in workers; see `main.WORKERS`.
        """
        verbose, quiet = ctx.params.pop("verbose"), ctx.params.pop("quiet")
        with Console.opened(verbose - quiet) as console, _workers((ctx.obj or {}).get(self.name)):
            ctx.params["console"] = console
            return super().invoke(ctx)


def _workers(module: str | None) -> AbstractContextManager[None]:
    """Return the context in which files are read in workers, which import the module first; None: in this process."""
    if module is None:
        return nullcontext()
    from bevseg.runtime.processes import kept_workers

    return kept_workers(module)


class Names(click.ParamType):
    """Several names separated by commas, none of them twice; `choices` limits them."""

    name = "names"

    def __init__(self, choices: tuple[str, ...] | None = None) -> None:
        self.choices = choices

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Split at commas and check each name."""
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in value.split(",") if name.strip())
        if not names:
            self.fail(f"{shown(value)}: expected {self._expected()}", param, ctx)
        for name in names:
            if self.choices and name not in self.choices:
                near = did_you_mean(name, self.choices)
                self.fail(f"{shown(name)}: expected {self._expected()}{near}", param, ctx)
            if names.count(name) > 1:
                self.fail(f"{shown(name)} is given {names.count(name)} times; give it once", param, ctx)
        return names

    def _expected(self) -> str:
        if self.choices:
            return f"one of {', '.join(self.choices)}, or several separated by commas"
        return "one name, or several separated by commas"


class Value(click.ParamType):
    """The values of a domain."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.name = domain.kind

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return what stands for a value in the help: the words, or the kind of the number."""
        return f"[{self.name}]" if "|" in self.name else self.name.upper()

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read a text of the command line, or check a default."""
        try:
            return self.domain.parse(value) if isinstance(value, str) else self.domain.read(value)
        except OutsideError as error:
            self.fail(f"{shown(value)}: expected {error}", param, ctx)


class Setting(Value):
    """The values of a setting: its group says which."""

    def __init__(self, group: type[Group], name: str) -> None:
        super().__init__(group.domains()[name])


def _setting(group: type[Group], name: str, **kwargs: Any) -> Decorator:
    """Return the option of a setting; its default stands in the group."""
    default, kind = getattr(group, name), Setting(group, name)
    return click.option(
        f"--{name.replace('_', '-')}", type=kind, default=default, show_default=True, **kwargs
    )


def path_option(*names: str, **kwargs: Any) -> Decorator:
    """Return an option that takes a path."""
    return click.option(*names, type=click.Path(path_type=Path), **kwargs)


def _path_argument(name: str, **kwargs: Any) -> Decorator:
    return click.argument(name, type=click.Path(path_type=Path), **kwargs)


_SHORT = {"copc.laz": "copc"}
"""Ending of a file -> the shorter word of `--format`."""


class OutputFormats(Names):
    """`same`, or formats that can be written, joined by commas; with `single` one of them."""

    def __init__(self, *, single: bool = False) -> None:
        super().__init__()
        self.single = single

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Split at commas and check each name. --help needs only those of bevseg; here the user's count as well."""
        self.choices = (SAME, *(_SHORT.get(word, word) for word in formats.written()))
        names = super().convert(value, param, ctx)
        if self.single and len(names) > 1:
            self.fail(f"{shown(value)}: expected one format", param, ctx)
        endings = {word: ending for ending, word in _SHORT.items()}
        return tuple(endings.get(name, name) for name in names)

    def _expected(self) -> str:
        return f"one of {', '.join(self.choices or ())}" if self.single else super()._expected()


class Codes(click.ParamType):
    """Class codes, separated by commas."""

    name = "codes"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Split at commas and read each code."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(dict.fromkeys(int(part) for part in value.split(",")))
        except ValueError:
            self.fail(f"{shown(value)}: expected class codes separated by commas, such as 2,9", param, ctx)


# A missing file is bad input (exit 4), reported by the function that reads it: no `exists=True` here.
class Model(click.ParamType):
    """The file of a trained model, or the name of the one that ships.

    If a file has the name of the one that ships, the choice is ambiguous, and the name is rejected.
    """

    name = "model"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path; the file is checked when it is read."""
        if value != DEFAULT_MODEL:
            return Path(value)
        if Path(value).is_file():
            self.fail(
                f"{value!r} is the model that ships with bevseg, but a file here has this name, too: "
                f"write ./{value} for the file, or rename it",
                param,
                ctx,
            )
        return default_model()


class InitialModel(Model):
    """The file of a trained model, the name of the one that ships, or the word for no model at all."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or NO_MODEL."""
        if value != NO_MODEL:
            return super().convert(value, param, ctx)
        if Path(value).is_file():
            self.fail(
                f"{value!r} means a training from nothing, but a file here has this name, too: "
                f"write ./{value} for the file, or rename it",
                param,
                ctx,
            )
        return NO_MODEL


clouds = _path_argument("clouds", nargs=-1, required=True, metavar="CLOUDS...")
work = _path_argument("work")


def _config(default: str) -> Decorator:
    return click.option(
        "--config",
        metavar="NAME|TOML",
        help=f"Settings: {', '.join(NAMED)}, or a TOML file.  [default: {default}]",
    )


config = _config("default")
config_of_work = _config("the settings recorded in WORK, else default")
device = _setting(RunConfig, "device", metavar="|".join((*DEVICES, "cuda:N")), help="Device of the networks.")
seed = _setting(RunConfig, "seed", help="Random seed.")
_JOBS = "Number of processes; they share the cores."
jobs = click.option("--jobs", type=Setting(RunConfig, "jobs"), default=1, show_default=True, help=_JOBS)
jobs_of_run = _setting(
    RunConfig,
    "jobs",
    help=f"{_JOBS}  [default: as many as cores, memory and the size of the input allow]",
)
cluster = click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Do the tasks on the Dask cluster with this scheduler, such as tcp://host:8786. Its machines share a disk.",
)
on_error = _setting(RunConfig, "on_error", help="If a cloud fails: skip it, or stop.")
overwrite = click.option("--overwrite", is_flag=True, help="Replace existing outputs.")
columns = click.option(
    "--columns",
    metavar="x,y,z,label",
    help="Columns of text clouds, in order; - is a column to ignore.",
)
keep = click.option(
    "--keep",
    type=Codes(),
    default=(),
    metavar="2,9",
    help="Class codes of the input that are right already: their points keep them.",
)
train_on = path_option(
    "--train-on", metavar="LABELLED_DIR", help="First train a model on these labelled clouds."
)
work_kept = path_option("--work", metavar="DIR", help="Keep the files of all stages in this work directory.")
points = path_option(
    "--points",
    metavar="OUT.laz",
    help="Write the points of a CLOUD as ground (2) or not (1), with their height above ground.",
)
products = click.option(
    "--products",
    type=Names(PRODUCTS),
    default=PRODUCTS[0],
    show_default=True,
    metavar=",".join(PRODUCTS),
    help="Rasters to write: ground (always), highest return, highest return above ground (at least 0).",
)
hillshade = click.option(
    "--hillshade", is_flag=True, help="Draw the ground as a PNG with a world file for GIS."
)
ground_method = click.option(
    "--method",
    type=Setting(GroundConfig, "method"),
    help="Ground filter; auto chooses one for each cloud and prints why.  "
    f"[default: from the settings, else {GROUND_METHODS[0]}]",
)


cell = click.option(
    "--cell",
    type=Setting(RasterConfig, "cell"),
    metavar="M",
    help=f"Cell size, in metres (in any CRS).  [default: from the settings, else {RasterConfig.cell}]",
)
cell_of_training = click.option(
    "--cell",
    type=Setting(RasterConfig, "cell"),
    metavar="M",
    help=f"Cell size of a training (--train-on), metres.  [default: from the settings, else {RasterConfig.cell}]",
)
init = click.option(
    "--init",
    type=InitialModel(),
    metavar=f"MODEL|{DEFAULT_MODEL}|{NO_MODEL}",
    help="Model that the training starts from: few steps, on all labelled clouds, and a part of the model stays. "
    f"{NO_MODEL}: from nothing.  [default: the one that ships with bevseg, if its rasters and networks are those of "
    "the settings; else none]",
)
json_file = path_option("--json", "json_file", metavar="FILE", help="Write the scores to this file.")
val = click.option(
    "--val",
    type=Names(),
    metavar="STEM,...",
    help="Clouds held out for early stopping.  [default: a seeded choice; none in fine-tuning]",
)
val_blocks = click.option(
    "--val-blocks",
    type=Value(VAL_BLOCKS),
    metavar="SHARE",
    help="Hold out blocks with this share of the labelled points in place of whole clouds, such as 0.2.",
)
max_minutes = click.option(
    "--max-minutes", type=Setting(TrainConfig, "max_minutes"), help="Time limit of the training, minutes."
)


def tta(command: Callable[..., Any]) -> Callable[..., Any]:
    """--scales, --turns and --crf, handed to the command as one PredictConfig called `tta`."""

    @click.option(
        "--scales",
        type=Setting(PredictConfig, "scales"),
        default=",".join(f"{scale:g}" for scale in PredictConfig.scales),
        show_default=True,
        metavar="1,0.75,0.5",
        help="Scales for test-time augmentation; the predictions are averaged.",
    )
    @_setting(
        PredictConfig,
        "turns",
        help="Symmetries for test-time augmentation: rotations; 8 adds mirroring. Time grows with both.",
    )
    @click.option("--crf", is_flag=True, help="Smooth the classes with a dense CRF over the rasters.")
    @functools.wraps(command)
    def wrapped(*args: Any, scales: tuple[float, ...], turns: int, crf: bool, **kwargs: Any) -> Any:
        return command(*args, tta=PredictConfig(scales, turns, crf), **kwargs)

    return wrapped


def classes(what: str, default: str | None = None) -> Decorator:
    """--classes, the class scheme of the input; the default is that of its format if nothing else is said."""
    default = default or formats.default_schemes()
    return click.option(
        "--classes",
        metavar="SCHEME",
        help=f"Class scheme of {what}: {', '.join(SCHEMES)}, or a TOML file. [default: {default}]",
    )


def out_classes() -> Decorator:
    """--out-classes, the class scheme of the output."""
    return click.option(
        "--out-classes",
        metavar="SCHEME",
        help=f"Class scheme of the output: {', '.join(SCHEMES)}, or a TOML file. "
        f"[default: {formats.default_schemes()}]",
    )


def output_format(*, single: bool) -> Decorator:
    """--format of the labelled clouds: one, or several."""
    words = (SAME, *(_SHORT.get(word, word) for word in WRITTEN))
    return click.option(
        "--format",
        "format_" if single else "formats",
        type=OutputFormats(single=single),
        default=SAME,
        show_default=True,
        metavar="|".join(words) if single else ",".join(words),
        help=f"{'Format' if single else 'Formats'} of the labelled clouds. {SAME}: that of the input; formats that "
        f"are not written, and gzipped files, become {WRITTEN[0]}.",
    )


upgrade_las = click.option(
    "--upgrade-las",
    is_flag=True,
    help="Write LAS point formats 0 to 5 as 6 to 10, so that the classification holds all codes.",
)
scans = click.option(
    "--scans",
    type=click.Choice(("merged", "apart")),
    default="merged",
    show_default=True,
    help="Scans of an E57 file: one cloud, or a cloud each.",
)


probabilities = click.option(
    "--probabilities",
    type=click.Choice(PROBABILITIES),
    default=TOP,
    show_default=True,
    help="Beside the class: no confidence, that of the class, or also the probabilities of all classes.",
)


raster_classes = click.option(
    "--out-classes",
    metavar="SCHEME",
    help=f"Class scheme of the codes in the rasters: {', '.join(SCHEMES)}, or a TOML file.  [default: ids of bevseg]",
)


def output(metavar: str, text: str, *, required: bool = True) -> Decorator:
    """-o, the one output of a command."""
    return path_option("-o", "--output", metavar=metavar, required=required, help=text)


def model(text: str, *, shipped: bool) -> Decorator:
    """-m, a trained model; with `shipped`, the default is the one that ships."""
    return click.option(
        "-m",
        "--model",
        type=Model(),
        metavar=f"MODEL|{DEFAULT_MODEL}",
        help=f"{text}  [default: the one that ships with bevseg]" if shipped else text,
    )
