"""What a user asks of `bevseg run`: one value, made by the command and passed on whole."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from bevseg.config import NO_TTA, PredictConfig, RunConfig, Settings
from bevseg.config.names import ALL, NO_CONFIDENCE, SCHEMES, TOP
from bevseg.io import SAME
from bevseg.io.find import CloudFile

TASK = "label"
"""Name of what a run does with its clouds, for people."""

MERGED, APART = "merged", "apart"
"""Words of `scans`."""

RASTERS = "dem", "classes"
"""Names of the rasters of a survey."""


@dataclass(frozen=True)
class RunRequest:
    """What to label, with which model, and where the results go.

    Attributes
    ----------
    paths
        Clouds, or directories of clouds.
    files
        Clouds whose names are known already, in place of those that `paths` leads to.
    out
        Directory of the results; or, for a single cloud, the labelled file, whose suffix picks the format.
    model
        File of a trained model. None: the model that ships with bevseg, or the one that the run trains.
    train_on
        A labelled cloud, or a directory of them, to train a model on. None: no training.
    init
        Model that the training starts from.
    settings
        Settings of the training; None: the defaults. A model that is given brings its own.
    classes, out_classes
        Class schemes of the input and of the output; None: those of the format.
    columns
        Columns of text clouds, such as `x,y,z,-,label`; None: those that the files show.
    format
        Ending of the labelled clouds, of `bevseg.io.formats.written()`; `SAME`: that of the input.
    keep
        Class codes of the input whose points keep them.
    upgrade_las
        Whether LAS point formats 0 to 5 become 6 to 10, which hold all class codes.
    probabilities
        What is written beside the class: no confidence (`none`), that of the class (`top`), or that and the
        probabilities of all classes (`all`).
    scans
        `merged`: the scans of an E57 file are one cloud. `apart`: each is a cloud of its own.
    apart
        Whether each cloud lies in a place of its own and is labelled without the others.
    recursive
        Whether directories are searched below.
    scratch
        Folder for scratch files; None: one in `out`.
    max_memory
        Bytes that all processes together may use; None: half of what is free.
    part
        `(i, n)`: only part i of n of the blocks is labelled, into the scratch folder, and no cloud is written.
    pictures
        Whether a picture of each cloud is drawn, the maps of the report, and its view; None: if there is not much.
    maps
        Whether the maps are kept also where no pictures are drawn.
    pages
        Whether the report is written as a page.
    rasters
        Whether the DEM and the classes of each survey are written as GeoTIFFs.
    cluster
        Address of the scheduler of a cluster that does the work; None: this machine.
    val
        Stems of the clouds held out for early stopping; None: a seeded choice.
    val_blocks
        Share of the labelled points held out in blocks, in place of whole clouds.
    work
        Work directory that keeps the files of all stages; None keeps nothing.
    tta
        Test-time augmentation, and whether a CRF follows.
    overwrite
        Whether outputs may be replaced.
    run_config
        Seed, device, processes, and what an error does.
    command
        The command line, for the report.
    """

    paths: tuple[Path, ...]
    out: Path
    files: tuple[CloudFile, ...] = ()
    model: Path | None = None
    train_on: Path | None = None
    init: Path | None = None
    settings: Settings | None = None
    classes: str | None = None
    out_classes: str | None = None
    columns: str | None = None
    format: str = SAME
    keep: tuple[int, ...] = ()
    upgrade_las: bool = False
    probabilities: str = TOP
    scans: str = MERGED
    apart: bool = False
    recursive: bool = False
    scratch: Path | None = None
    max_memory: int | None = None
    part: tuple[int, int] | None = None
    pictures: bool | None = None
    maps: bool = False
    pages: bool = True
    rasters: bool = False
    cluster: str | None = None
    val: tuple[str, ...] | None = None
    val_blocks: float | None = None
    work: Path | None = None
    tta: PredictConfig = NO_TTA
    overwrite: bool = False
    run_config: RunConfig = field(default_factory=RunConfig)
    command: tuple[str, ...] = ()

    @property
    def of_all(self) -> bool:
        """Whether the probabilities of all classes are asked for."""
        return self.probabilities == ALL

    @property
    def has_confidence_field(self) -> bool:
        """Whether the confidence is written."""
        return self.probabilities != NO_CONFIDENCE

    def with_absolute_paths(self) -> Self:
        """Return the request for processes with other working directories."""
        return replace(
            self,
            paths=tuple(path.absolute() for path in self.paths),
            files=tuple(replace(file, path=file.path.absolute()) for file in self.files),
            out=self.out.absolute(),
            model=_absolute(self.model),
            train_on=_absolute(self.train_on),
            init=_absolute(self.init),
            work=_absolute(self.work),
            scratch=_absolute(self.scratch),
            classes=absolute_scheme(self.classes),
            out_classes=absolute_scheme(self.out_classes),
        )


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.absolute()


def absolute_scheme(scheme: str | None) -> str | None:
    """Return a class scheme for processes with other working directories: its name, or its file."""
    return scheme if scheme is None or scheme in SCHEMES else str(Path(scheme).absolute())
