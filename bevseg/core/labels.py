"""Class table: code in the file -> train id, name, colour, ignored.

A class *code* is what a file holds; a *train id* is what bevseg works with. A scheme is a TOML file that maps
one to the other, both ways.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray

from bevseg.config.domains import Fault, Flag, Number, OutsideError, Text, did_you_mean, refusal, shown
from bevseg.config.files import parse_toml, read_toml
from bevseg.config.names import SCHEMES
from bevseg.config.tables import pydantic_faults
from bevseg.errors import CloudNotFoundError, LabelError

UNDEFINED, BUILDING, CAR, GROUND, POLE, VEGETATION = range(6)
CLASS_NAMES = ("undefined", "building", "car", "ground", "pole", "vegetation")
"""Name of each train id; they are the codes of SHREC'20. Id 0 is ignored in training and in scores."""

PROBABILITY_BANDS = tuple(f"probability_{name}" for name in CLASS_NAMES[1:])
"""Band of the probability of each class, in rasters that have the probabilities of all classes."""

COLOURS = ("#7f7f7f", "#c0504d", "#f2b134", "#b8a888", "#7b3fa0", "#4f9d3a")
"""Display colour of each train id."""


_CODE = Number(least=-(2**31), most=2**32 - 1, whole=True)
_NAME = Text("a text of 1 to 1,000 characters", most=1000)
_COLOUR = Text("a colour such as #4f9d3a", pattern="#[0-9a-fA-F]{6}", optional=True)


@dataclass(frozen=True)
class ClassEntry:
    """One line of a scheme: a code of the file, its name there, and its train id."""

    code: int
    name: str
    train: int
    colour: str
    ignored: bool = False


@dataclass(frozen=True)
class Scheme:
    """A class scheme.

    Attributes
    ----------
    name
        Its name on the command line and in results.
    entries
        One per code. The first entry of a train id is the code that is written for it.
    strict
        Whether an unknown code is an error in `train` and `evaluate`; elsewhere it becomes undefined with one
        warning.
    """

    name: str
    entries: tuple[ClassEntry, ...]
    strict: bool = False

    @classmethod
    def of_table(cls, table: Mapping[str, Any]) -> Self:
        """Return the scheme that `dataclasses.asdict` has made a table of."""
        return cls(table["name"], tuple(ClassEntry(**entry) for entry in table["entries"]), table["strict"])

    def decode(self, codes: NDArray[np.integer], *, where: str, strict: bool = False) -> NDArray[np.uint8]:
        """Return the train id of each code; ignored and unknown codes become undefined.

        Parameters
        ----------
        codes
            (N,) class codes as the file holds them.
        where
            The file, for the warning.
        strict
            Whether the caller needs to know every code (`train`, `evaluate`).

        Raises
        ------
        LabelError
            For unknown codes when both the caller and the scheme are strict.
        """
        known = np.array(sorted(entry.code for entry in self.entries))
        ids = {entry.code: UNDEFINED if entry.ignored else entry.train for entry in self.entries}
        table = np.array([ids[code] for code in known], np.uint8)
        found, slots, slot_of = _distinct(codes)
        place = np.minimum(np.searchsorted(known, found), len(known) - 1)
        is_known = known[place] == found
        if not is_known.all():
            listed = ", ".join(str(code) for code in found[~is_known][:10])
            if strict and self.strict:
                raise LabelError(
                    "Unknown class codes",
                    where=where,
                    why=f"codes {listed} are not in scheme {self.name!r}",
                    hint="name the right scheme with --classes, or add the codes to your scheme file",
                )
            warnings.warn(
                f"{where}: codes {listed} are not in scheme {self.name!r} and become undefined", stacklevel=2
            )
        ids_by_slot = np.full(slots.max(initial=-1) + 1, UNDEFINED, np.uint8)
        ids_by_slot[slots[is_known]] = table[place[is_known]]
        return ids_by_slot[slot_of]

    def encode(self, train_ids: NDArray[np.uint8], *, where: str = "") -> NDArray[np.int64]:
        """Return the code that this scheme writes for each train id.

        Raises
        ------
        LabelError
            If the scheme has no code for an id that occurs.
        """
        codes = np.full(len(CLASS_NAMES), -1, np.int64)
        for entry in reversed(self.entries):
            codes[entry.train] = entry.code
        encoded = codes[train_ids]
        if encoded.size and encoded.min() < 0:
            missing = CLASS_NAMES[int(train_ids[np.argmin(encoded)])]
            raise LabelError(
                f"Scheme {self.name!r} has no code for class {missing!r}",
                where=where or None,
                hint="choose another --out-classes, or add an entry for it to your scheme file",
            )
        return encoded

    def written(self) -> dict[int, ClassEntry]:
        """Return train id -> the entry whose code is written for it."""
        table: dict[int, ClassEntry] = {}
        for entry in self.entries:
            table.setdefault(entry.train, entry)
        return table


def occurring(codes: NDArray[np.integer]) -> set[int]:
    """Return the codes that occur."""
    return set(_distinct(codes)[0].tolist())


def _distinct(
    codes: NDArray[np.integer],
) -> tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.integer]]:
    """Return the codes that occur, a slot for each of them, and the slot of each element.

    Codes lie close together in all real files: a table of the codes themselves is 20 times faster than sorting.
    """
    codes = np.ascontiguousarray(codes)  # often a column of packed records: read them only once
    low, high = int(codes.min(initial=0)), int(codes.max(initial=0))
    if high - low >= 1 << 16:
        found, inverse = np.unique(codes, return_inverse=True)
        return found, np.arange(len(found)), inverse.reshape(codes.shape)
    slot_of = codes - low if low else codes
    occurs = np.zeros(high - low + 1, bool)
    occurs[slot_of] = True
    slots = np.flatnonzero(occurs)
    return slots + low, slots, slot_of


def load_scheme(name_or_path: str) -> Scheme:
    """Return a built-in scheme, or the one in a user's TOML file.

    The file holds `name`, optionally `strict`, and one `[[classes]]` table per code with `code`, `name`,
    `train` (a name or id from `CLASS_NAMES`), and optionally `colour` and `ignored`.

    Raises
    ------
    CloudNotFoundError
        For a path that does not exist.
    UsageError
        For a file that is no scheme.
    """
    if name_or_path in SCHEMES:
        text = resources.files("bevseg.schemes").joinpath(f"{name_or_path}.toml").read_text(encoding="utf-8")
        return _checked(parse_toml(text, name_or_path), name_or_path)
    path = Path(name_or_path)
    if not path.is_file():
        near = did_you_mean(name_or_path, SCHEMES)
        raise CloudNotFoundError(
            f"No class scheme {name_or_path!r}",
            why=f"it is not a file; the built-in schemes are {', '.join(SCHEMES)}{near}",
            hint="name one of these or a TOML file",
        )
    return _checked(read_toml(path), str(path))


def _codes_given_twice(table: dict[str, object]) -> list[Fault]:
    """Return a fault for each entry of a scheme whose code an entry before it has; `table` need not be a scheme."""
    entries = table.get("classes")
    first: dict[int, int] = {}
    faults = []
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        code = entry.get("code") if isinstance(entry, dict) else None
        if type(code) is int and first.setdefault(code, number) != number:
            text = f" = {shown(code)}: classes.{first[code]} has this code already"
            faults.append(Fault(f"classes.{number}.code", text))
    return faults


def _checked(table: dict[str, object], where: str) -> Scheme:
    """Build a Scheme from a parsed TOML table, or say everything that is wrong with it."""
    import pydantic

    class Line(pydantic.BaseModel, extra="forbid"):
        code: Annotated[Any, pydantic.AfterValidator(_CODE.read)]
        name: Annotated[Any, pydantic.AfterValidator(_NAME.read)]
        train: Any
        colour: Annotated[Any, pydantic.AfterValidator(_COLOUR.read)] = None
        ignored: Annotated[Any, pydantic.AfterValidator(Flag().read)] = False

        @pydantic.field_validator("train")
        @classmethod
        def known_class(cls, value: Any) -> int:
            if isinstance(value, str) and value in CLASS_NAMES:
                return CLASS_NAMES.index(value)
            if type(value) is int and 0 <= value < len(CLASS_NAMES):
                return value
            known = f"one of {', '.join(CLASS_NAMES)}, or 0 to {len(CLASS_NAMES) - 1}"
            raise OutsideError(known + did_you_mean(value, CLASS_NAMES))

    class File(pydantic.BaseModel, extra="forbid"):
        name: Annotated[Any, pydantic.AfterValidator(_NAME.read)]
        strict: Annotated[Any, pydantic.AfterValidator(Flag().read)] = False
        classes: list[Line] = pydantic.Field(min_length=1)

    try:
        file = File.model_validate(table)
    except pydantic.ValidationError as error:
        known = {"": tuple(File.model_fields), "classes": tuple(Line.model_fields)}
        faults = pydantic_faults(error, known) + _codes_given_twice(table)
        raise refusal(faults, where, what="Not a class scheme") from error
    faults = _codes_given_twice(table)
    if faults:
        raise refusal(faults, where, hint="give each code one entry", what="Not a class scheme")
    entries = tuple(
        ClassEntry(
            line.code, line.name, int(line.train), line.colour or COLOURS[int(line.train)], line.ignored
        )
        for line in file.classes
    )
    return Scheme(file.name, entries, file.strict)
