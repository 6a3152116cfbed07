"""A task that trains nothing."""

import pydantic

from bevseg.study.plan import STRICT


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class MadeUp:
    loss: str
    seed: int
    rate: float = 1e-3
    data: str = ""


STUDY = """
title = "made up"
task = "made_up"

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
