"""Number of a crop -> where it is drawn: the classes in turn, every other crop with one class, or piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.bev.crops import RARE_SHARE, Crop, CropSampler
from bevseg.config.domains import did_you_mean
from bevseg.core.connected import connected
from bevseg.core.labels import CLASS_NAMES, GROUND
from bevseg.errors import LabelError, UsageError

TRIES = 10
"""Most crops drawn until one shows its class: thinning, a hole or other points of the cell may hide it."""


@dataclass(frozen=True)
class EvenClasses:
    """Half of the crops around a point of a class drawn evenly, the others around any point."""

    crops: CropSampler

    def __call__(self, number: int, rng: np.random.Generator) -> Crop:
        """Draw a crop; its number plays no part."""
        return self.crops(rng)


class Equibatch:
    """Crop j shows class j mod |C|, so that |C| crops in a row show every class (Berman et al. 2018, section 3.1).

    C are the object classes that have a point in the slice. The points of a class become centres in a shuffled order,
    which is shuffled again when all have been used. If a crop does not show its class, another point of the class is
    tried, TRIES times in all.

    Parameters
    ----------
    crops
        Draws them.
    seed
        Of the orders.
    """

    def __init__(self, crops: CropSampler, seed: int) -> None:
        self.crops = crops
        self.classes = tuple(crops.places)
        self._cycles = {label: Cycle(len(places), (seed, label)) for label, places in crops.places.items()}

    def __call__(self, number: int, rng: np.random.Generator) -> Crop:
        """Draw the crop of that number."""
        turn, which = divmod(number, len(self.classes))
        label = self.classes[which]
        places = self.crops.places[label]
        crop = self.crops.around(places[self._cycles[label].place(turn)], rng)
        for _ in range(TRIES - 1):
            if (crop[1] == label).any():
                break
            crop = self.crops.around(places[int(rng.integers(len(places)))], rng)
        return crop


class HalfPositive:
    """Crops of even number show one class, those of odd number do not (Berman et al. 2018, section 4.2).

    Up to TRIES crops are drawn until one fits: around a point of the class for one half, around any point for the
    other half. Some clouds have hardly a crop without a building.

    Parameters
    ----------
    crops
        Draws them.
    label
        Train id of the class.
    """

    def __init__(self, crops: CropSampler, label: int) -> None:
        self.crops, self.label = crops, label

    def __call__(self, number: int, rng: np.random.Generator) -> Crop:
        """Draw the crop of that number."""
        places, wanted = self.crops.places[self.label], number % 2 == 0
        for _ in range(TRIES):
            place = places[int(rng.integers(len(places)))] if wanted else self.crops.anywhere(rng)
            crop = self.crops.around(place, rng)
            if (crop[1] == self.label).any() == wanted:
                break
        return crop


JOINED = 2
"""Side of the squares of cells that are connected to pieces: scan lines on one wall lie up to two cells apart."""


class EvenPieces:
    """Half of the crops around a piece of a class, each class and each piece of it as often; others of the rest.

    A piece is a connected region of cells whose points have the class. Where labels are sparse, as corrections are, a
    large piece says hardly more than a small one.

    Parameters
    ----------
    crops
        Draws those around pieces.
    rest
        Draws the others: around all classes evenly, or around any point.
    """

    def __init__(self, crops: CropSampler, rest: CropSampler) -> None:
        self.crops, self._rest = crops, EvenClasses(rest)
        self._pieces = [_pieces(crops, places) for places in crops.places.values()]

    def __call__(self, number: int, rng: np.random.Generator) -> Crop:
        """Draw a crop; its number plays no part."""
        if rng.random() >= RARE_SHARE:
            return self._rest(number, rng)
        pieces = self._pieces[int(rng.integers(len(self._pieces)))]
        places = pieces[int(rng.integers(len(pieces)))]
        return self.crops.around(places[int(rng.integers(len(places)))], rng)

    @property
    def count(self) -> int:
        """Number of pieces of all classes."""
        return sum(map(len, self._pieces))


def _pieces(crops: CropSampler, places: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return places (N, 2) of one class in pieces, cloud by cloud."""
    found = []
    for which in np.unique(places[:, 0]):
        of_cloud = places[places[:, 0] == which]
        numbers = connected(*(crops.cells(of_cloud) // JOINED).T)
        order = np.argsort(numbers, kind="stable")
        found += np.split(of_cloud[order], np.flatnonzero(np.diff(numbers[order])) + 1)
    return found


class Cycle:
    """The numbers below `count` in a shuffled order, then in another one, without end.

    Parameters
    ----------
    count
        How many.
    seed
        Of the orders; that of each round depends on nothing else.
    """

    def __init__(self, count: int, seed: tuple[int, ...]) -> None:
        self.count, self.seed = count, seed
        self._shuffled = -1, np.empty(0, np.int64)

    def place(self, turn: int) -> int:
        """Return the number at a turn, counted from 0."""
        round_, turn = divmod(turn, self.count)
        # Read and set in one piece: several threads draw crops.
        shuffled_in, order = self._shuffled
        if shuffled_in != round_:
            order = np.random.default_rng((*self.seed, round_)).permutation(self.count)
            self._shuffled = round_, order
        return int(order[turn])


Sampler = EvenClasses | Equibatch | HalfPositive


def _half_positive(crops: CropSampler, seed: int, name: str) -> Sampler:
    return HalfPositive(crops, _label(name, crops.places))


SAMPLINGS: dict[str, Callable[[CropSampler, int, str], Sampler]] = {
    "classes": lambda crops, seed, name: EvenClasses(crops),
    "equibatch": lambda crops, seed, name: Equibatch(crops, seed),
    "half_positive": _half_positive,
}
"""Name -> how the crops of a training are chosen."""


def sampling(text: str, crops: CropSampler, seed: int) -> Sampler:
    """Return the choice of crops that a text names.

    Parameters
    ----------
    text
        `classes`, `equibatch`, `half_positive` (of the class with the fewest points) or `half_positive:car`.
    crops
        Draws them.
    seed
        Of what is chosen beforehand.

    Raises
    ------
    UsageError
        For a text that names none.
    LabelError
        If the class has no point in the slice.
    """
    check_sampling(text)
    name, _, of_class = text.partition(":")
    return SAMPLINGS[name](crops, seed, of_class)


def check_sampling(text: str) -> None:
    """Raise UsageError unless the text names a choice of crops."""
    name, colon, of_class = text.partition(":")
    if name not in SAMPLINGS:
        near = did_you_mean(name, SAMPLINGS)
        raise UsageError(
            f"No sampling {name!r}", where="train.sampling", hint=f"name one of: {', '.join(SAMPLINGS)}{near}"
        )
    objects = [CLASS_NAMES[label] for label in range(1, len(CLASS_NAMES)) if label != GROUND]
    if colon and (name != "half_positive" or of_class not in objects):
        raise UsageError(
            f"Sampling {text!r} names no class",
            where="train.sampling",
            hint=f"half_positive needs one of: {', '.join(objects)}; other samplings take no class"
            f"{did_you_mean(of_class, objects)}",
        )


def _label(name: str, places: Mapping[int, NDArray[np.int64]]) -> int:
    """Return the train id of a class; without a name, of the one with the fewest points."""
    if not name:
        return min(places, key=lambda label: len(places[label]))
    label = CLASS_NAMES.index(name)
    if label in places:
        return label
    raise LabelError(
        f"No point of class {name!r} to centre a crop on",
        where="train.sampling",
        why=f"the slice holds {', '.join(CLASS_NAMES[label] for label in places)}",
        hint="name one of these, or train the other slice alone with --slice",
    )
