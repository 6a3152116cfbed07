"""Studies of pictures and masks: train networks with any losses, score them, and get the trained networks back."""

from bevseg.study.tasks.images.trained_network import ImageNetwork, load_network

__all__ = ["ImageNetwork", "load_network"]
