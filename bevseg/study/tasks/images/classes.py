"""Mask values -> class ids: the names of the classes, and the ids of each mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.config.domains import did_you_mean
from bevseg.errors import InputError, UsageError
from bevseg.seg.inputs import IGNORE
from bevseg.study.tasks.images.settings import ImagesSettings

BACKGROUND = "background"
"""Name of the class of all pixels whose class is not among those to learn."""

MOST_CLASSES = IGNORE
"""Class ids are bytes, and one value means: not counted."""


class Classes:
    """Which mask value is which class.

    Parameters
    ----------
    settings
        `ids`, `ignore`, `class_names` and `classes` are read.
    class_names
        Names that came with the data.
    largest
        Largest mask value that is not ignored.

    Attributes
    ----------
    names
        Name of each class id. With chosen classes, id 0 is the background.
    has_background
        Whether id 0 stands for the classes that were not chosen.

    Raises
    ------
    UsageError
        For names that no class has, or numbers of names and ids that do not fit.
    InputError
        For more than MOST_CLASSES classes, or a single one.
    """

    def __init__(self, settings: ImagesSettings, class_names: Sequence[str], largest: int) -> None:
        names = list(settings.class_names or class_names)
        count = len(settings.ids) or len(names) or largest + 1
        if not 2 <= count <= MOST_CLASSES:
            raise InputError(
                f"{count} {'class' if count == 1 else 'classes'} in the masks",
                where=settings.train,
                why=f"2 to {MOST_CLASSES} can be learned; the value {settings.ignore} is ignored",
                hint="for masks of 0 and 255 set ids = [0, 255]",
            )
        names = names or [f"class {number}" for number in range(count)]
        if len(names) != count:
            raise UsageError(
                f"{len(names)} names for {count} ids", where="ids, class_names", hint="give each id a name"
            )
        if len(set(names)) < count or len(set(settings.ids)) < len(settings.ids):
            raise UsageError("A class stands twice", where="ids, class_names", hint="remove one of the two")
        for name in settings.classes:
            if name not in names:
                raise UsageError(
                    f"No class {name!r}",
                    where="classes",
                    hint=f"name one of: {', '.join(names)}{did_you_mean(name, names)}",
                )
        chosen = list(dict.fromkeys(settings.classes)) or names
        self.has_background = len(chosen) < count
        self.names = [BACKGROUND, *chosen] if self.has_background else chosen
        values = settings.ids or list(range(count))
        self._id_of = {
            value: self.names.index(name) if name in self.names else 0
            for value, name in zip(values, names, strict=True)
        }
        if settings.ignore not in settings.ids:
            self._id_of[settings.ignore] = IGNORE

    def ids(self, mask: NDArray[Any], where: str) -> NDArray[np.uint8]:
        """Return the class ids of a mask, IGNORE where it is not counted.

        Raises
        ------
        InputError
            For mask values that are no class.
        """
        values, place = np.unique(mask, return_inverse=True)
        strange = [int(value) for value in values if int(value) not in self._id_of]
        if strange:
            known = sorted(value for value, number in self._id_of.items() if number != IGNORE)
            raise InputError(
                "Mask values are out of range",
                where=where,
                why=f"found {', '.join(map(str, strange[:10]))}; the {len(known)} classes have the values "
                f"{known[0]} to {known[-1]}",
                hint="set `ignore` to a value that is not counted, or `ids` to the values of the classes",
            )
        return np.array([self._id_of[int(value)] for value in values], np.uint8)[place].reshape(mask.shape)
