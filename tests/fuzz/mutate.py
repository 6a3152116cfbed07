"""Bytes and a random generator -> the bytes of a damaged or hostile file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

EDGES = (
    0,
    1,
    2,
    3,
    7,
    127,
    128,
    255,
    256,
    32767,
    65535,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**53,
    2**63 - 1,
    2**64 - 1,
)
"""Numbers at which counts, offsets and sizes go wrong."""

NUMBERS = (
    "0", "-1", "1", "2", "65536", "2147483648", "4294967295", "18446744073709551616", "1000000000000", "1e308",
    "1e-320", "-0.0", "nan", "inf", "-nan(ind)", "1,5", "0x10", "1_000", "²", "9" * 400, "", "1D+03", "--1", "1e",
)  # fmt: skip
"""Tokens that stand where a text has a number."""

HEAD = 600
"""Most counts and offsets of the formats stand within so many bytes."""


def mutated(seeds: Sequence[bytes], rng: np.random.Generator) -> bytes:
    """Return one of the seeds after one to four random changes."""
    data = seeds[rng.integers(len(seeds))]
    for _ in range(1 + min(int(rng.geometric(0.6)), 4) - 1):
        change = CHANGES[rng.integers(len(CHANGES))]
        data = change(data, rng, seeds) if data else bytes(rng.bytes(8))
    return data


def _place(data: bytes, rng: np.random.Generator) -> int:
    """Return a random position; half of them in the header."""
    size = min(len(data), HEAD) if rng.random() < 0.5 else len(data)
    return int(rng.integers(size))


def _flip(data: bytes, rng: np.random.Generator, seeds: Sequence[bytes]) -> bytes:
    """Change single bits."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        changed[_place(data, rng)] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _number(data: bytes, rng: np.random.Generator, seeds: Sequence[bytes]) -> bytes:
    """Write a number of 1, 2, 4 or 8 bytes, or a float, somewhere."""
    width = int(rng.choice([1, 2, 4, 8]))
    at = _place(data, rng)
    edge = EDGES[rng.integers(len(EDGES))]
    if rng.random() < 0.3:  # near what stands there: counts that are off by a little
        edge = int.from_bytes(data[at : at + width], "little") + int(rng.integers(-2, 3))
    if rng.random() < 0.1:
        value = np.array([rng.choice([np.nan, np.inf, -1e300, 5e-324, 1e300, -0.0])]).tobytes()
    else:
        value = (edge % (1 << 8 * width)).to_bytes(width, "little" if rng.random() < 0.9 else "big")
    return data[:at] + value + data[at + len(value) :]


def _cut(data: bytes, rng: np.random.Generator, seeds: Sequence[bytes]) -> bytes:
    """Leave out the end, or a piece."""
    at = _place(data, rng)
    return data[:at] if rng.random() < 0.5 else data[:at] + data[at + int(rng.integers(1, 65)) :]


def _insert(data: bytes, rng: np.random.Generator, seeds: Sequence[bytes]) -> bytes:
    """Put random bytes, or a piece of the file, in between."""
    at, size = _place(data, rng), int(rng.integers(1, 65))
    start = _place(data, rng)
    piece = rng.bytes(size) if rng.random() < 0.5 else data[start : start + size]
    return data[:at] + piece + data[at:]


def _splice(data: bytes, rng: np.random.Generator, seeds: Sequence[bytes]) -> bytes:
    """Go on with the rest of another seed."""
    other = seeds[rng.integers(len(seeds))]
    return data[: _place(data, rng)] + other[_place(other, rng) :]


def _token(data: bytes, rng: np.random.Generator, seeds: Sequence[bytes]) -> bytes:
    """Put another number, or a word of the file, in the place of a word among the first ones."""
    words = list(re.finditer(rb"[^\s,;:{}\[\]\"=]+", data[: 4 * HEAD]))
    if not words:
        return _flip(data, rng, seeds)
    word = words[rng.integers(len(words))]
    if rng.random() < 0.6:
        new = NUMBERS[rng.integers(len(NUMBERS))].encode()
    else:
        new = words[rng.integers(len(words))].group()
    return data[: word.start()] + new + data[word.end() :]


def _lines(data: bytes, rng: np.random.Generator, seeds: Sequence[bytes]) -> bytes:
    """Leave out, double, exchange or join lines, or end them in another way."""
    lines = data.split(b"\n")
    at = int(rng.integers(min(len(lines), 40)))
    kind = int(rng.integers(5))
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, lines[at])
    elif kind == 2:
        other = int(rng.integers(min(len(lines), 40)))
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == 3:
        lines[at] += rng.choice([b"\r", b"\t", b"\x00", b" ", b",", b";", "\u00a0".encode(), b"\xff", b'"'])
    else:
        return data.replace(b"\n", b"\r" if rng.random() < 0.5 else b"\r\n")
    return b"\n".join(lines)


Change = Callable[[bytes, np.random.Generator, Sequence[bytes]], bytes]
CHANGES: tuple[Change, ...] = (_flip, _number, _number, _cut, _insert, _splice, _token, _token, _lines)
"""What is done to a file; numbers and words are what breaks readers most often."""
