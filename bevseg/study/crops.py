"""Labelled rasters -> random windows of them to train on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from bevseg.study.scenes import Scene

BALANCED = 0.5
"""Share of the crops that are centred on a cell of a class drawn evenly; the others on any cell with a label."""


class Crops:
    """Batches of windows of the scenes, around labelled cells, turned and mirrored at random.

    Parameters
    ----------
    scenes
        With at least one label between them.
    side
        Of a window, cells; a smaller scene is continued with empty cells.
    seed
        Of all choices.
    """

    def __init__(self, scenes: Sequence[Scene], side: int, seed: int) -> None:
        self.side, self.rng = side, np.random.default_rng(seed)
        self.scenes = [_at_least(scene, side) for scene in scenes]
        places = [
            np.column_stack([np.full(int(known.sum()), number), *known.nonzero()])
            for number, known in enumerate(scene.labels.numpy() > 0 for scene in self.scenes)
        ]
        self.places = np.concatenate(places)
        labels = np.concatenate([scene.labels.numpy()[scene.labels.numpy() > 0] for scene in self.scenes])
        self.of_class = [np.flatnonzero(labels == c) for c in np.unique(labels)]

    def batch(self, size: int) -> tuple[Tensor, Tensor]:
        """Return bands (size, bands, side, side) and train ids (size, side, side)."""
        crops = [self._crop() for _ in range(size)]
        return torch.stack([bands for bands, _ in crops]), torch.stack([labels for _, labels in crops])

    def _crop(self) -> tuple[Tensor, Tensor]:
        rng, side = self.rng, self.side
        among = self.of_class[rng.integers(len(self.of_class))] if rng.random() < BALANCED else None
        chosen = rng.integers(len(self.places)) if among is None else rng.choice(among)
        number, *centre = self.places[chosen]
        scene = self.scenes[number]
        corner = np.array(centre) - rng.integers(side // 4, side - side // 4, 2)
        row, col = np.clip(corner, 0, np.array(scene.labels.shape) - side)
        turns, mirrored = int(rng.integers(4)), bool(rng.integers(2))

        def seen(values: Tensor) -> Tensor:
            window = values[..., row : row + side, col : col + side].rot90(turns, (-2, -1))
            return window.flip(-1) if mirrored else window

        return seen(scene.bands), seen(scene.labels)


def _at_least(scene: Scene, side: int) -> Scene:
    rows, cols = scene.labels.shape
    more = (0, max(side - cols, 0), 0, max(side - rows, 0))
    return Scene(nn.functional.pad(scene.bands, more), nn.functional.pad(scene.labels, more))
