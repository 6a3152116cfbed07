"""Clouds of a run whose ground is found -> in what they are unlike the clouds that the model was trained on."""

from __future__ import annotations

from bevseg import pipeline
from bevseg.core.blocks import Block
from bevseg.core.scan_ranges import CloudScan, unlike
from bevseg.runner.work import SurveyWork, Work
from bevseg.survey.cloud_scans import cloud_scans
from bevseg.survey.survey import read_once


def compare_scans(survey: SurveyWork, work: Work) -> dict[str, CloudScan]:
    """Return what kind of scans the clouds of a survey are that are to be written, by name.

    Parameters
    ----------
    survey
        The survey; the ground of the blocks of these clouds is found.
    work
        What the tasks of the run share.
    """
    blocks_of = {name: [Block(*block) for block in blocks] for name, blocks in survey.blocks_of.items()}
    scans = pipeline.load_model(work.model).scans
    found = cloud_scans(read_once(survey.survey), work.scratch, blocks_of)
    return {name: CloudScan(statistics, unlike(statistics, scans)) for name, statistics in found.items()}
