"""Clouds that are laid down -> surveys, and what is to be done for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bevseg.core.blocks import Block
from bevseg.core.pointcloud import Crs
from bevseg.ground.find_ground import blocks_of, square_of
from bevseg.runner.work import SurveyWork, Work
from bevseg.survey.block_task import BlockTask
from bevseg.survey.plan import group, plan
from bevseg.survey.point_file import PointFile
from bevseg.survey.reading import Labelling, key_of
from bevseg.survey.survey import Survey, SurveyPoints


def plan_surveys(
    clouds: Mapping[str, Path],
    done: Mapping[str, str | None],
    kept: frozenset[str],
    work: Work,
    labelling: Labelling,
    *,
    apart: bool,
) -> list[SurveyWork]:
    """Plan the work on clouds that are laid down.

    Parameters
    ----------
    clouds
        Name of a cloud -> file of its points.
    done
        Name of a cloud that is labelled already -> what its labels depended on. It is labelled anew if that is
        another thing now.
    kept
        Names of clouds that are part of their surveys and are not labelled.
    work
        What the tasks of the run share.
    labelling
        What labels depend on beside the points.
    apart
        Whether each cloud is a survey of its own.
    """
    files = {}
    for name, path in clouds.items():
        file = PointFile.open(path)
        assert file is not None, "the cloud is laid down"
        files[name] = file
    found = []
    for names in group(files, apart=apart):
        members = [files[name] for name in names]
        survey, far = plan(members, work.reading.layout, labelling)
        keys = [list(survey.ground_keys.values()), list(survey.label_keys.values())]
        key = key_of("survey", [str(each.path) for each in members], keys)
        path = work.scratch.survey(key)
        if not path.exists():  # another part of the run may read it
            survey.write(path)
        found.append(
            _work(survey, path, dict(zip(names, members, strict=True)), set(far), done, kept, labelling)
        )
    return found


def _work(
    survey: Survey,
    path: Path,
    members: Mapping[str, PointFile],
    far: set[Block],
    done: Mapping[str, str | None],
    kept: frozenset[str],
    labelling: Labelling,
) -> SurveyWork:
    points = SurveyPoints(survey)
    blocks_by_cloud: list[dict[Block, None]] = [{} for _ in members]
    for col, row, cloud, *_ in survey.table.tolist():
        blocks_by_cloud[cloud][Block(col, row)] = None
    blocks = {name: list(held) for name, held in zip(members, blocks_by_cloud, strict=True)}
    labels = {
        name: key_of("cloud", sorted(survey.label_keys[block] for block in held))
        for name, held in blocks.items()
    }
    to_write = {
        name: held
        for name, held in blocks.items()
        if name not in kept and (name not in done or done[name] != labels[name])
    }
    # Rasters of the survey show all blocks.
    shown = blocks if labelling.whole_dem else to_write
    wanted = {block for held in shown.values() for block in held}
    needs = {
        block: sorted(
            {square_of(each) for each in survey.layout.within(block, labelling.reach) if each in survey.rows}
        )
        for block in wanted
    }
    squares = set().union(*needs.values()) if needs else set()
    return SurveyWork(
        path,
        {name: file.facts["sha256"] for name, file in members.items()},
        labels,
        {name: [_plain(block) for block in held] for name, held in to_write.items()},
        [
            BlockTask(_plain(square), path, sum(points.count(block) for block in blocks_of(square)))
            for square in survey.ground_keys
            if square in squares
        ],
        [
            BlockTask(_plain(block), path, points.count(block))
            for block in survey.label_keys
            if block in wanted
        ],
        {_plain(block): [_plain(square) for square in each] for block, each in needs.items()},
        {
            name: (count, file.facts["points"])
            for name, file in members.items()
            if (count := _points_in(file, far))
        },
        sum(file.facts["points"] for file in members.values()),
        _system(survey.crs),
        _overlapping(members) if survey.crs is None else [],
    )


def _points_in(file: PointFile, blocks: set[Block]) -> int:
    """Return the number of points of a cloud in some blocks."""
    if not blocks:
        return 0
    return sum(size for _, col, row, _, size in file.table.tolist() if Block(col, row) in blocks)


def _system(crs: Crs | None) -> str:
    """Return a reference system for people."""
    if crs is None:
        return "without a reference system"
    if not crs.wkt:
        return "without a reference system, in units of its own"
    return crs.wkt.split('"')[1] if '"' in crs.wkt else "one reference system"


def _overlapping(members: Mapping[str, PointFile]) -> list[str]:
    """Return the clouds whose extents share an area with that of another cloud."""
    bounds = {
        name: file.facts["bounds"] for name, file in members.items() if file.facts["bounds"] is not None
    }
    ends = np.array(list(bounds.values()), np.float64).reshape(-1, 3, 2)
    found = set[str]()
    names = list(bounds)
    for i, own in enumerate(ends):
        beside = np.all(
            np.minimum(ends[:, :2, 1], own[:2, 1]) > np.maximum(ends[:, :2, 0], own[:2, 0]), axis=1
        )
        beside[i] = False
        found |= {names[i]} if beside.any() else set()
    return [name for name in names if name in found]


def _plain(block: Block) -> tuple[int, int]:
    """Return a block as a process that does not import the blocks can take it."""
    return block.col, block.row
