"""Labelled clouds -> a trained model."""

from bevseg.training.examples import NO_EXTRA, Example, ExtraSupervision, prepare_example
from bevseg.training.fit import train

__all__ = ["NO_EXTRA", "Example", "ExtraSupervision", "prepare_example", "train"]
