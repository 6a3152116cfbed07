"""Cells with a few colours -> a small PNG with a palette, for pages."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PALETTE = 3
"""Colour type of PNG for pictures with a palette."""


def encode(numbers: NDArray[np.uint8], colours: Sequence[str]) -> bytes:
    """Return a picture as the bytes of a PNG; equal pictures become equal bytes.

    Parameters
    ----------
    numbers
        (rows, cols), number of the colour of each cell.
    colours
        Such as `#4f9d3a`, or `#4f9d3a80` with an opacity; at most 256.
    """
    rows, cols = numbers.shape
    depth = next(bits for bits in (1, 2, 4, 8) if len(colours) <= 1 << bits)
    lines = np.zeros((rows, 1 + -(-cols * depth // 8)), np.uint8)  # each begins with its filter: none
    lines[:, 1:] = _packed(numbers, depth)
    values = [bytes.fromhex(colour[1:].ljust(8, "f")) for colour in colours]
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", cols, rows, depth, _PALETTE, 0, 0, 0)),
        (b"PLTE", b"".join(value[:3] for value in values)),
        (b"tRNS", bytes(value[3] for value in values)),
        (b"IDAT", zlib.compress(lines.tobytes(), 6)),
        (b"IEND", b""),
    ]
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in parts)


def _packed(numbers: NDArray[np.uint8], depth: int) -> NDArray[np.uint8]:
    """Return rows of numbers of `depth` bits as rows of bytes, the first number in the highest bits."""
    if depth == 8:
        return numbers
    bits = np.unpackbits(numbers[..., None], axis=2)[..., 8 - depth :]
    return np.packbits(bits.reshape(len(numbers), -1), axis=1)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))
