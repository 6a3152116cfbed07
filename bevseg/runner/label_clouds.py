"""Clouds -> labelled clouds, in four passes: points by block, ground of blocks, labels of blocks, clouds.

Each pass is a list of tasks that processes, here or on a cluster, do in any order. What a task makes appears in the
scratch folder, or in the directory of the results, when it is complete. So a run that was ended goes on where it
stopped. This module imports no torch and no numba: the process that talks to the user starts in a moment.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from bevseg.core.scan_ranges import CloudScan, warning
from bevseg.errors import BevsegError, NoRoomError, OutputWriteError
from bevseg.io.find import CloudFile
from bevseg.runner.finished import Record, survey_key, unchanged
from bevseg.runner.jobs import Jobs
from bevseg.runner.parts import parted, rotated
from bevseg.runner.request import RASTERS, TASK
from bevseg.runner.work import CloudTask, SurveyWork, Work
from bevseg.runtime.batch import BatchResult, CloudResult, Failure, Item, each_outcome, size_of
from bevseg.runtime.executor import Executor
from bevseg.runtime.processes import call
from bevseg.runtime.progress import Progress, Step
from bevseg.survey.block_task import BlockTask, Place
from bevseg.survey.reading import Labelling

log = logging.getLogger(__name__)

T = TypeVar("T", bound=Item)

RASTER_CLASSES = "asprs"
"""Class scheme of `classes.tif` unless another is asked for: that of LAS."""

TRAINING = "--train-on FOLDER"
"""What trains on, for the warning about clouds that are unlike those of the training."""

SECONDS = {"read": 0.02, "find the ground": 0.1, "label": 0.3, "write": 0.1}
"""Pass -> seconds of a core that an item takes in any case, more or less."""

RATES = {"read": 10e6, "find the ground": 4e6, "label": 4e6, "write": 6e6}
"""Pass -> what a core does in a second beside: bytes of LAZ, or points of blocks."""

SHARES = {"read": 0.3, "find the ground": 0.1, "label": 0.3, "write": 0.3}
"""Pass -> share of the time of a run that it takes, more or less: for the time that is left."""


@dataclasses.dataclass
class Passes:
    """The passes of a run.

    Attributes
    ----------
    work
        What the tasks share.
    labelling
        What labels depend on beside the points.
    jobs
        Processes that a pass may take.
    start, executor
        What each process does first, given their number, and what runs the tasks elsewhere; as for `each_outcome`.
    stop
        Whether the first failure ends the run.
    progress
        Progress callback.
    """

    work: Work
    labelling: Labelling
    jobs: Jobs
    start: Callable[[int], None]
    executor: Executor | None
    stop: bool
    progress: Progress
    points: int = 0
    started: int = 1
    rasters: list[Path] = dataclasses.field(default_factory=list)
    failures: dict[str, Failure] = dataclasses.field(default_factory=dict)
    scans: dict[str, CloudScan] = dataclasses.field(default_factory=dict)

    def label(
        self, clouds: Sequence[CloudFile], ours: Mapping[str, Record], kept: frozenset[str]
    ) -> BatchResult:
        """Label the clouds of a run.

        Parameters
        ----------
        clouds
            All clouds.
        ours
            Name of a cloud that is labelled already -> its record.
        kept
            Names of the clouds that exist and may not be replaced; they are part of the survey.

        Returns
        -------
        BatchResult
            Of all clouds but those in `kept`.
        """
        same, whole = unchanged(clouds, ours)
        unchanged_names = {file.stem for file in same}
        new = [file for file in clouds if file.stem not in unchanged_names]
        laid = self._lay(new, alone=not same)
        done: dict[str, CloudResult] = {}
        if not laid and whole and not self.work.request.rasters:
            done = {file.stem: _result(ours[file.stem].facts) for file in same}
        else:
            laid |= self._lay(same, alone=False)
            surveys = self._plan([file for file in clouds if file.stem in laid], laid, ours, kept)
            done = self._label_surveys(surveys, clouds, ours)
        for stem in done:
            if stem in ours and done[stem].written == ():
                log.info("already done: %s (%s)", stem, done[stem].facts["outputs"]["cloud"])
        names = [file.stem for file in clouds]
        return BatchResult(
            [*(path for name in names if name in done for path in done[name].written), *self.rasters],
            [self.failures[name] for name in names if name in self.failures],
            {name: done[name] for name in names if name in done},
        )

    def _lay(self, clouds: Sequence[CloudFile], *, alone: bool) -> dict[str, Path]:
        """Lay down the points of some clouds; return the file of each that can be read."""
        laid: dict[str, Path] = {}
        lay, ordered = functools.partial(_lay_cloud, work=self.work), rotated(clouds, self.work.request.part)
        for file, path in self._each("read", lay, ordered, _bytes, alone=alone):
            laid[file.stem] = path
        return laid

    def _plan(
        self,
        clouds: Sequence[CloudFile],
        laid: Mapping[str, Path],
        ours: Mapping[str, Record],
        kept: frozenset[str],
    ) -> list[SurveyWork]:
        """Return the surveys that some clouds make up, and say what is noteworthy about them."""
        found: list[SurveyWork] = call(
            _plan_surveys,
            {file.stem: laid[file.stem] for file in clouds},
            {stem: record.facts.get("labels") for stem, record in ours.items()},
            kept,
            self.work,
            self.labelling,
        )
        self.points = sum(survey.points for survey in found)
        for survey in found:
            _tell_of(survey, len(found))
        return found if self.work.request.part is None else parted(found, self.work.request.part)

    def _label_surveys(
        self, surveys: Sequence[SurveyWork], clouds: Sequence[CloudFile], ours: Mapping[str, Record]
    ) -> dict[str, CloudResult]:
        """Label the clouds of all surveys: each pass is one over all of them, so that small ones share the jobs."""
        bad = self._label_blocks(surveys)
        files = {file.stem: file for file in clouds}
        done: dict[str, CloudResult] = {}
        tasks: list[CloudTask] = []
        for survey in surveys:
            key = survey_key(survey.members)
            done |= {
                stem: _result(ours[stem].facts | {"survey": key})
                for stem in survey.members
                if stem in ours and stem not in survey.blocks_of
            }
            tasks += self._to_write(survey, key, bad, files, ours)
        if bad and self.stop:  # in no cloud that is to be written
            raise next(iter(bad.values())).error
        if self.work.request.part is not None:
            return {}
        write = functools.partial(_write_labelled, work=self.work)
        for task, result in self._each("write", write, tasks, _bytes, alone=len(clouds) == 1):
            done[task.stem] = result
        if self.work.request.rasters:
            for number, survey in enumerate(surveys, 1):
                ending = f"-{number}" if len(surveys) > 1 else ""
                missing = frozenset(task.block for task in survey.blocks if task.place in bad)
                if len(missing) < len(survey.blocks):
                    self.rasters += call(_write_rasters, survey, self.work, missing, ending)
        return done

    def _to_write(
        self,
        survey: SurveyWork,
        key: str,
        bad: Mapping[Place, Failure],
        files: Mapping[str, CloudFile],
        ours: Mapping[str, Record],
    ) -> list[CloudTask]:
        """Return the clouds of a survey whose blocks are labelled; list the others as failures."""
        tasks = []
        for number, stem in enumerate(survey.members):
            if stem not in survey.blocks_of:
                continue
            places = ((survey.survey, block) for block in survey.blocks_of[stem])
            failed = next((bad[place] for place in places if place in bad), None)
            if failed is not None:
                self._fail(_of_cloud(failed, files[stem]), alone=len(files) == 1)
                continue
            far = survey.far.get(stem, (0, 0))[0]
            facts = {"survey": key, "labels": survey.labels[stem], "far": far}
            texts: tuple[str, ...] = ()
            if stem in self.scans:
                statistics, unlike = self.scans[stem]
                facts["scan"] = {name: float(f"{value:.4g}") for name, value in statistics.items()}
                if unlike is not None:
                    facts["unlike"] = {each.name: [each.least, each.most] for each in unlike}
                texts = (warning(stem, unlike, TRAINING),) if unlike else ()
            replace = stem in ours
            tasks.append(CloudTask(files[stem], survey.survey, number, facts, replace, texts))
        return tasks

    def _label_blocks(self, surveys: Sequence[SurveyWork]) -> dict[Place, Failure]:
        """Find the ground and the labels of the blocks of all surveys; return the blocks that have none."""
        bad = dict[Place, Failure]()
        ground = functools.partial(_find_ground, work=self.work, labelling=self.labelling)
        failed = self._blocks("find the ground", ground, [task for each in surveys for task in each.squares])
        tasks = []
        for survey in surveys:
            for task in survey.blocks:
                squares = ((survey.survey, square) for square in survey.needs[task.block])
                missing = next((failed[square] for square in squares if square in failed), None)
                if missing is None:
                    tasks.append(task)
                else:
                    bad[task.place] = missing
        if bad and self.stop:
            return bad
        if self.work.request.part is None:  # else others find the ground of the rest
            self._compare(surveys)
        return bad | self._blocks("label", functools.partial(_label_block, work=self.work), tasks)

    def _compare(self, surveys: Sequence[SurveyWork]) -> None:
        """Say which clouds are unlike those that the model was trained on: before they are labelled."""
        alike: dict[tuple[str, ...], list[str]] = {}
        self.scans = call(_compare_scans, surveys, self.work)
        unlike = {stem: scan.unlike for stem, scan in self.scans.items() if scan.unlike}
        for stem, found in unlike.items():
            alike.setdefault(tuple(each.name for each in found), []).append(stem)
        for stems in alike.values():
            found = [each for stem in stems for each in unlike[stem]]
            log.warning("%s", warning(_some(stems), found, TRAINING))

    def _blocks(
        self, stage: str, function: Callable[[BlockTask], None], tasks: Sequence[BlockTask]
    ) -> dict[Place, Failure]:
        """Call a function on blocks; return those that fail."""
        outcomes = self._outcomes(stage, function, tasks, lambda task: task.points)
        return {task.place: result for task, result in outcomes if isinstance(result, Failure)}

    def _each(
        self,
        stage: str,
        function: Callable[[T], Any],
        items: Sequence[T],
        size: Callable[[T], int],
        *,
        alone: bool,
    ) -> list[tuple[T, Any]]:
        """Call a function on clouds; return the results of those that do not fail, and list the failures."""
        found = []
        for item, result in self._outcomes(stage, function, items, size):
            if isinstance(result, Failure):
                self._fail(result, alone=alone and len(items) == 1)
            else:
                found.append((item, result))
        return found

    def _outcomes(
        self, stage: str, function: Callable[[T], Any], items: Sequence[T], size: Callable[[T], int]
    ) -> list[tuple[T, Any]]:
        """Call a function on items, and tell the progress, which is measured by their size."""
        found: list[tuple[T, Any]] = []
        if not items:
            return found
        total, done = max(sum(map(size, items)), 1), 0
        before = sum(list(SHARES.values())[: list(SHARES).index(stage)])
        # Processes that an earlier pass has started are there.
        self.started = max(self.started, min(self.jobs.for_work(_seconds(stage, items, size)), len(items)))
        jobs = min(self.started, len(items))
        outcomes = each_outcome(
            function,
            items,
            jobs=jobs,
            start=functools.partial(self.start, jobs),
            executor=self.executor,
            progress=self.progress,
        )
        with contextlib.closing(outcomes) as results:
            for item, result in results:
                if isinstance(result, Failure) and _hits_all(result.error):
                    raise result.error
                found.append((item, result))
                done += size(item)
                share = before + SHARES[stage] * done / total
                self.progress(
                    Step(TASK, share, 1.0, 0, f"{stage}: {len(found)} of {len(items)}, {item.stem}")
                )
                if isinstance(result, Failure) and self.stop:
                    break
        return found

    def _fail(self, failure: Failure, *, alone: bool) -> None:
        """Note that a cloud has failed; raise its error if it is the only one, or if failures stop the run."""
        if alone or self.stop:
            raise failure.error
        log.warning("%s: skipped: %s", failure.stem, failure.error)
        self.failures[failure.stem] = failure


def _hits_all(error: BevsegError) -> bool:
    """Whether all other tasks would fail likewise: the disk is full, or its folder can no longer be written to."""
    if isinstance(error, NoRoomError):
        return True
    if not isinstance(error, OutputWriteError) or error.where is None:
        return False
    return not os.access(Path(error.where).parent, os.W_OK)


def jobs_to_write(clouds: Sequence[CloudFile], jobs: Jobs) -> int:
    """Return how many processes write the clouds of a run; it is read by no more than these."""
    return min(jobs.for_work(_seconds("write", clouds, _bytes)), len(clouds))


def _seconds(stage: str, items: Sequence[T], size: Callable[[T], int]) -> float:
    return len(items) * SECONDS[stage] + sum(map(size, items)) / RATES[stage]


def _bytes(item: Item) -> int:
    return size_of(item.path)


def _result(facts: dict[str, Any]) -> CloudResult:
    return CloudResult((), facts["points"], facts)


def _of_cloud(failure: Failure, file: CloudFile) -> Failure:
    """Return the failure of a block as one of a cloud that has points in it."""
    error = copy.copy(failure.error)
    error.__cause__ = failure.error.__cause__
    if str(error.where) == str(failure.path):
        error.where = file.path
    return Failure(file.stem, file.path, error, failure.trace)


def _tell_of(survey: SurveyWork, count: int) -> None:
    """Log what is noteworthy about a survey, one of `count`."""
    if count > 1 and len(survey.members) > 1:
        names = _some(list(survey.members))
        log.info("%s clouds are labelled together: %s (%s)", len(survey.members), names, survey.system)
    if survey.overlap:
        log.warning(
            "%s clouds without a reference system lie in one place (%s): they are labelled together; "
            "if they show different places, give --apart",
            len(survey.overlap),
            _some(survey.overlap),
        )
    twins = [names for names in _by_content(survey.members).values() if len(names) > 1]
    if twins:
        log.warning("%s are copies of one cloud: its points count once for each", _some(twins[0]))
    for name, (far, points) in survey.far.items():
        log.warning(
            "%s: %s are far away from all others and get no class", name, f"{far:,} of {points:,} points"
        )


def _by_content(members: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the names of the clouds by the SHA-256 of their files."""
    found: dict[str, list[str]] = {}
    for name, content in members.items():
        found.setdefault(content, []).append(name)
    return found


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


# What the workers do. They have imported the modules already; this process need not.


def _lay_cloud(file: CloudFile, work: Work) -> Path:
    from bevseg.runner.lay_cloud import lay_cloud

    return lay_cloud(file, work)


def _plan_surveys(
    clouds: Mapping[str, Path],
    done: Mapping[str, str | None],
    kept: frozenset[str],
    work: Work,
    labelling: Labelling,
) -> list[SurveyWork]:
    from bevseg.runner.plan_surveys import plan_surveys

    request = work.request
    return plan_surveys(clouds, done, kept, work, labelling, apart=request.apart or request.work is not None)


def _find_ground(task: BlockTask, work: Work, labelling: Labelling) -> None:
    from bevseg.core.blocks import Block
    from bevseg.survey.find_ground import find_ground

    find_ground(Block(*task.block), task.survey, work.scratch, labelling.settings.ground)


def _compare_scans(surveys: Sequence[SurveyWork], work: Work) -> dict[str, CloudScan]:
    from bevseg.runner.compare_scans import compare_scans

    return compare_scans(surveys, work)


def _label_block(task: BlockTask, work: Work) -> None:
    from bevseg.core.blocks import Block
    from bevseg.survey.label_block import label_block

    request = work.request
    label_block(
        Block(*task.block),
        task.survey,
        work.scratch,
        work.model,
        device=request.run_config.device,
        tta=request.tta,
        probabilities=request.of_all,
    )


def _write_rasters(
    survey: SurveyWork, work: Work, missing: frozenset[tuple[int, int]], ending: str
) -> list[Path]:
    from bevseg.core.blocks import Block
    from bevseg.core.labels import load_scheme
    from bevseg.survey.write_rasters import write_classes, write_dem

    request, blocks = work.request, frozenset(Block(*block) for block in missing)
    scheme = load_scheme(request.out_classes or RASTER_CLASSES)
    dem, classes = (request.out / f"{name}{ending}.tif" for name in RASTERS)
    return [
        *write_dem(survey.survey, work.scratch, dem, blocks),
        *write_classes(survey.survey, work.scratch, classes, scheme, blocks),
    ]


def _write_labelled(task: CloudTask, work: Work) -> CloudResult:
    from bevseg.runner.write_cloud import write_labelled

    return write_labelled(task, work)
