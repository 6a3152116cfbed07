"""Variable-length records of a LAS file: the 54 (extended: 60) bytes of their head, and their content."""

from __future__ import annotations

import struct
from dataclasses import dataclass

LONGEST = 65_535
"""Bytes that a record before the points can hold (LAS 1.4 R15, table 6); extended ones hold any number."""
_HEAD, _EXTENDED_HEAD = 54, 60


@dataclass(frozen=True)
class Record:
    """A variable-length record: its head as it stands in the file, and its content."""

    head: bytes
    data: bytes

    @classmethod
    def new(cls, user: str, number: int, data: bytes, description: str = "") -> Record:
        """Build a record that was not in the file; an extended one if the content is longer than `LONGEST`."""
        length = "H" if len(data) <= LONGEST else "Q"
        head = struct.pack(f"<2x16sH{length}32s", user.encode(), number, len(data), description.encode())
        return cls(head, data)

    @property
    def key(self) -> tuple[str, int]:
        """User id and record id. Latin-1 gives every byte a character, so different ids stay different."""
        user = self.head[2:18].split(b"\0")[0].decode("latin-1")
        return user, int.from_bytes(self.head[18:20], "little")

    @property
    def extended(self) -> bool:
        """Whether the record stands behind the points."""
        return len(self.head) == _EXTENDED_HEAD

    def with_data(self, data: bytes) -> Record:
        """Return the record with other content; content longer than `LONGEST` makes it an extended one."""
        extended = self.extended or len(data) > LONGEST
        width = 8 if extended else 2
        text = self.head[-32:]
        return Record(self.head[:20] + len(data).to_bytes(width, "little") + text, data)


def cut_records(data: bytes, at: int, count: int, *, extended: bool) -> tuple[list[Record], int]:
    """Cut records out of bytes.

    Parameters
    ----------
    data, at
        The bytes, and where the first record begins.
    count
        Number of records. Work ends with the bytes, whatever the number is.
    extended
        Whether they are extended ones.

    Returns
    -------
    tuple
        The records, and where the last one ends.

    Raises
    ------
    ValueError
        If a record is longer than the bytes that are there.
    """
    size = _EXTENDED_HEAD if extended else _HEAD
    records: list[Record] = []
    while len(records) < count:
        head = data[at : at + size]
        end = at + size + int.from_bytes(head[20 : size - 32], "little")
        if len(head) < size or end > len(data):
            raise ValueError(f"record {len(records) + 1:,} of {count:,} runs over its end")
        records.append(Record(head, data[at + size : end]))
        at = end
    return records, at
