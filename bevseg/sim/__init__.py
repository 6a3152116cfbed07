"""Simulated street scans with true labels."""

from bevseg.sim.simulate import SimulatedScan, simulate, simulate_scan

__all__ = ["SimulatedScan", "simulate", "simulate_scan"]
