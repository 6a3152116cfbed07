"""`bevseg backproject`: class, confidence and reason of every point."""

import numpy as np


def test_labels_are_arrays_without_pickle(worked):
    with np.load(worked / "work" / "a" / "labels.npz", allow_pickle=False) as arrays:
        assert {name: arrays[name].dtype.name for name in arrays} == {
            "classes": "uint8",
            "confidence": "uint8",
            "reasons": "uint8",
        }
