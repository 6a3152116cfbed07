"""Clouds that belong together -> one DEM, block by block: `bevseg ground SURVEY -o dem.tif`."""

from __future__ import annotations

import contextlib
import functools
import logging
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bevseg.config import Settings
from bevseg.core.blocks import Block
from bevseg.errors import InputError
from bevseg.io.find import CloudFile, find_clouds, log_skipped
from bevseg.io.mosaic.paths import ensure_no_mosaic
from bevseg.runtime.atomic import ensure_writable
from bevseg.runtime.batch import BatchResult, CloudResult, Failure, each_outcome, for_each_cloud
from bevseg.runtime.progress import Progress, silent
from bevseg.survey.block_task import BlockTask
from bevseg.survey.find_ground import find_ground
from bevseg.survey.ground_file import read_facts
from bevseg.survey.lay_down import lay_down
from bevseg.survey.plan import group, plan
from bevseg.survey.point_file import PointFile
from bevseg.survey.reading import Labelling, Reading, key_of
from bevseg.survey.scratch import Scratch
from bevseg.survey.survey import Survey
from bevseg.survey.write_rasters import write_dem
from bevseg.workdir.facts import sha256

log = logging.getLogger(__name__)


def ground_survey(
    paths: Sequence[Path],
    dem: Path,
    settings: Settings,
    *,
    recursive: bool = False,
    scratch: Path | None = None,
    jobs: int = 1,
    overwrite: bool = False,
    progress: Progress = silent,
) -> BatchResult:
    """Write the DEM of a survey.

    Parameters
    ----------
    paths
        Clouds of one reference system, or directories of them.
    dem
        `NAME.tif`. A large survey becomes tiles and a virtual raster, as `io.mosaic.write.write_mosaic` says.
    settings
        Groups `ground` and `raster` (the cell) are used.
    recursive
        Whether directories are searched below.
    scratch
        Folder for scratch files; None: that of the system.
    jobs
        Number of processes.
    overwrite
        Whether outputs may be replaced.
    progress
        Progress callback.

    Returns
    -------
    BatchResult
        The facts of the clouds are empty.

    Raises
    ------
    InputError
        If the clouds have several reference systems, or the ground of a block cannot be found.
    """
    ensure_no_mosaic(dem, overwrite=overwrite)
    ensure_writable(dem.parent)
    found = find_clouds(list(paths), recursive=recursive)
    log_skipped(found)
    with tempfile.TemporaryDirectory(prefix="bevseg-", dir=scratch) as folder:
        place, reading = Scratch(Path(folder)), Reading(settings.raster.cell)
        lay = functools.partial(_lay, reading=reading, scratch=place)
        laid = for_each_cloud("read", lay, found.clouds, jobs=jobs, progress=progress)
        files = {stem: _opened(done.written[0]) for stem, done in laid.done.items()}
        _ensure_one_system(files)
        labelling = Labelling(settings, "", {}, 0.0, whole_dem=True)
        survey, far = plan(list(files.values()), reading.layout, labelling)
        if far:
            log.warning("the points of %s blocks lie far away from all others and are left out", len(far))
        path = place.survey(key_of("ground survey"))
        survey.write(path)
        search = functools.partial(_search, scratch=place, settings=settings)
        squares = [BlockTask((square.col, square.row), path, 0) for square in survey.ground_keys]
        _for_each_square(search, squares, jobs, progress)
        written = write_dem(path, place, dem)
        methods = _methods(survey, place)
    done = {stem: CloudResult((), result.points, methods) for stem, result in laid.done.items()}
    return BatchResult(written, laid.failures, done, methods)


def _lay(file: CloudFile, reading: Reading, scratch: Scratch) -> CloudResult:
    content = sha256(file.path)
    path = scratch.points(reading.key(file, content))
    facts = {"key": path.stem, "sha256": content}
    lay_down(file, reading, path, facts=facts, whole=False, check=lambda *_: None)
    return CloudResult((path,), _opened(path).facts["points"])


def _opened(path: Path) -> PointFile:
    file = PointFile.open(path)
    assert file is not None, "the cloud is laid down"
    return file


def _ensure_one_system(files: dict[str, PointFile]) -> None:
    groups = group(files, apart=False)
    if len(groups) > 1:
        raise InputError(
            "The clouds have different reference systems",
            where=" and ".join(names[0] for names in groups[:2]),
            why=f"there are {len(groups)} among {len(files)} clouds, and a raster has one",
            hint="name the clouds of each system in a command of its own",
        )


def _search(square: BlockTask, scratch: Scratch, settings: Settings) -> None:
    find_ground(Block(*square.block), square.survey, scratch, settings.ground)


def _for_each_square(
    search: Callable[[BlockTask], None], squares: Sequence[BlockTask], jobs: int, progress: Progress
) -> None:
    with contextlib.closing(each_outcome(search, squares, jobs=jobs, progress=progress)) as outcomes:
        for _, result in outcomes:
            if isinstance(result, Failure):
                raise result.error


def _methods(survey: Survey, scratch: Scratch) -> dict[str, str]:
    """Return the methods that found the ground, and of how many blocks."""
    counts: dict[str, int] = {}
    for block in survey.rows:
        path = scratch.ground(survey.ground_key(block))
        method = read_facts(path, block)["method"]
        counts[method] = counts.get(method, 0) + 1
    most = max(counts, key=lambda method: (counts[method], method), default="")
    why = ", ".join(f"{count:,} blocks by {method}" for method, count in sorted(counts.items()))
    return {"method": most, "why": why}
