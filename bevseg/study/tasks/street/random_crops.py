"""Random windows of labelled rasters, to train on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from bevseg.study.tasks.street.scenes import Scene

BALANCED = 0.5
"""Share of the crops that are placed around a cell of a class drawn with equal probability.

The others are placed around any labelled cell.
"""


class RandomCrops:
    """Batches of windows around labelled cells, rotated and mirrored at random.

    Parameters
    ----------
    scenes
        Rasters with at least one labelled cell in total.
    side
        Side of a window, cells. A smaller scene is padded with empty cells.
    seed
        Random seed.
    """

    def __init__(self, scenes: Sequence[Scene], side: int, seed: int) -> None:
        self.side, self.rng = side, np.random.default_rng(seed)
        self.scenes = [_padded(scene, side) for scene in scenes]
        cells = [
            np.column_stack([np.full(int(known.sum()), number), *known.nonzero()])
            for number, known in enumerate(scene.labels.numpy() > 0 for scene in self.scenes)
        ]
        self.labelled_cells = np.concatenate(cells)
        labels = np.concatenate([scene.labels.numpy()[scene.labels.numpy() > 0] for scene in self.scenes])
        self.cells_by_class = [np.flatnonzero(labels == c) for c in np.unique(labels)]

    def batch(self, size: int) -> tuple[Tensor, Tensor]:
        """Return bands (size, bands, side, side) and train ids (size, side, side)."""
        crops = [self._crop() for _ in range(size)]
        return torch.stack([bands for bands, _ in crops]), torch.stack([labels for _, labels in crops])

    def _crop(self) -> tuple[Tensor, Tensor]:
        rng, side = self.rng, self.side
        candidates = (
            self.cells_by_class[rng.integers(len(self.cells_by_class))] if rng.random() < BALANCED else None
        )
        chosen = rng.integers(len(self.labelled_cells)) if candidates is None else rng.choice(candidates)
        number, *centre = self.labelled_cells[chosen]
        scene = self.scenes[number]
        corner = np.array(centre) - rng.integers(side // 4, side - side // 4, 2)
        row, col = np.clip(corner, 0, np.array(scene.labels.shape) - side)
        turns, mirrored = int(rng.integers(4)), bool(rng.integers(2))

        def window(values: Tensor) -> Tensor:
            part = values[..., row : row + side, col : col + side].rot90(turns, (-2, -1))
            return part.flip(-1) if mirrored else part

        return window(scene.bands), window(scene.labels)


def _padded(scene: Scene, side: int) -> Scene:
    rows, cols = scene.labels.shape
    more = (0, max(side - cols, 0), 0, max(side - rows, 0))
    return Scene(nn.functional.pad(scene.bands, more), nn.functional.pad(scene.labels, more))


def single_crops(
    crops: RandomCrops, target: Callable[[Tensor], Tensor], count: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield bands (1, C, rows, cols) and target (1, rows, cols) of each of `count` crops."""
    for _ in range(count):
        bands, labels = crops.batch(1)
        yield bands, target(labels)
