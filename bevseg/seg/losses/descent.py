"""The Lovász extension of the Jaccard loss down a list of errors: float32 on a CPU, one sort of numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.kernels import compiled


def descend(errors: NDArray[np.float32], truth: NDArray[np.bool_], slopes: NDArray[np.float32]) -> float:
    """Return the extension, and write its slope by the score of each pixel: minus the step of J where it is true.

    The bits of floats >= 0 are ordered like the floats. One 64-bit key of (falling error, place, truth) needs one
    sort of numbers, which NumPy does with vector instructions, and no gather afterwards. Among equal errors the
    first pixel goes first. Pixels without an error come last, add nothing and are left out.

    Parameters
    ----------
    errors
        (N,), at least 0, fewer than 2^32.
    truth
        (N,) whether the pixel is of the class.
    slopes
        (N,), written; 0 where there is no error.
    """
    keys = np.empty(len(errors), np.uint64)
    count, total = _pack(errors.view(np.uint32), truth, keys)
    keys = keys[:count]
    keys.sort()
    slopes.fill(0)
    return float(_descend(keys, errors, total, slopes))


@compiled
def _pack(bits, truth, keys):  # type: ignore[no-untyped-def]
    """Write the keys of the pixels with an error; return how many these are, and how many pixels are of the class."""
    count, total = 0, 0
    for i in range(len(bits)):
        falling = np.uint64(np.uint32(0x7FFFFFFF) - bits[i])
        keys[count] = (falling << np.uint64(33)) | (np.uint64(i) << np.uint64(1)) | np.uint64(truth[i])
        count += bits[i] > 0
        total += truth[i]
    return count, total


@compiled
def _descend(keys, errors, total, slopes):  # type: ignore[no-untyped-def]
    """Take 1/U for a pixel of the class and I/(U(U-1)) for any other: J is never differenced."""
    extension, inter, union = 0.0, float(total), float(total)
    for key in keys:
        place = (key >> np.uint64(1)) & np.uint64(0xFFFFFFFF)
        if key & np.uint64(1):
            inter -= 1
            step = 1 / union
            slopes[place] = -step
        else:
            union += 1
            # A union of 1 without a hit: the class is absent, and the first false alarm costs everything.
            step = inter / (union * (union - 1)) if union > 1 else 1.0
            slopes[place] = step
        extension += step * errors[place]
    return extension
