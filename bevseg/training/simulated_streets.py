"""Simulated streets -> crops among those of labelled clouds: a training goes on seeing what these do not show.

Networks forget what they no longer see. Showing it to them again is rehearsal (Robins, Catastrophic forgetting,
rehearsal and pseudorehearsal, Connection Science 1995).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from bevseg.config import Settings
from bevseg.runtime.progress import Progress, Step
from bevseg.seg.training.batches import Crop, Sampler
from bevseg.training.examples import Example, prepare_example

PRESET = "mixed"
"""Of the streets: all kinds of instruments."""

SEEDS = range(11_000, 11_008)
"""Of the streets. The model that ships has learned from these; test streets begin at 9100."""

POINTS = 60_000
"""Of a street, which then takes two or three seconds."""


def simulated_examples(settings: Settings, progress: Progress) -> list[Example]:
    """Return simulated streets with all classes and their DEMs, always the same ones.

    Raises
    ------
    DependencyError
        If Open3D cannot be loaded.
    """
    from bevseg.sim.simulate import simulate_scan  # only here: it imports Open3D

    found = []
    for done, seed in enumerate(SEEDS, 1):
        cloud = simulate_scan(seed, POINTS, preset=PRESET).cloud
        found.append(prepare_example(dataclasses.replace(cloud, name=f"{PRESET}_{seed}"), settings))
        progress(Step("simulate streets for the training", done, len(SEEDS)))
    return found


@dataclass(frozen=True)
class Interleaved:
    """Crops of labelled clouds, and evenly spread among them crops of simulated streets.

    Attributes
    ----------
    labelled, simulated
        Draw them. Each counts its own crops: some samplers take the classes in turn.
    share
        Of the simulated ones, 0 to 1.
    """

    labelled: Sampler
    simulated: Sampler
    share: float

    def __call__(self, number: int, rng: np.random.Generator) -> Crop:
        """Draw the crop of that number."""
        before = math.floor(number * self.share)
        if math.floor((number + 1) * self.share) > before:
            return self.simulated(before, rng)
        return self.labelled(number - before, rng)
