"""Simulated street scans with true labels: `bevseg.sim.simulate.simulate` is the one function to call."""
