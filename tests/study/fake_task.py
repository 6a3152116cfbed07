"""A task that trains nothing."""

import pydantic

from bevseg.study.plan import STRICT


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class FakeSettings:
    loss: str
    seed: int
    rate: float = 1e-3
    data: str = ""


STUDY = """
title = "fake"
task = "fake_task"

[settings]
data = "somewhere"

[axes]
loss = [{losses}]
seed = [0, 1]

[[table]]
by = ["loss"]
clear = 0.25
{extra}
"""
