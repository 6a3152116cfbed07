"""Simulated street scans with true labels."""

from bevseg.sim.simulate import Survey, simulate, survey

__all__ = ["Survey", "simulate", "survey"]
