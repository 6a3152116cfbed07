"""Clouds of a run whose ground is found -> in what they are unlike the clouds that the model was trained on."""

from __future__ import annotations

from collections.abc import Sequence

from bevseg import pipeline
from bevseg.core.blocks import Block
from bevseg.core.scan_ranges import CloudScan, show_ranges, unlike
from bevseg.runner.work import SurveyWork, Work
from bevseg.survey.cloud_scans import cloud_scans
from bevseg.survey.survey import read_once


def compare_scans(surveys: Sequence[SurveyWork], work: Work) -> dict[str, CloudScan]:
    """Return what kind of scans the clouds are that are to be written, by name.

    Parameters
    ----------
    surveys
        All surveys of a run; the ground of the blocks of these clouds is found.
    work
        What the tasks of the run share.
    """
    scans, found = pipeline.load_model(work.model).scans, dict[str, CloudScan]()
    for survey in surveys:
        blocks_of = {name: [Block(*block) for block in blocks] for name, blocks in survey.blocks_of.items()}
        for name, statistics in cloud_scans(read_once(survey.survey), work.scratch, blocks_of).items():
            found[name] = CloudScan(statistics, unlike(statistics, scans) if show_ranges(scans) else None)
    return found
