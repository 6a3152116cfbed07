"""Simulated street scans with true labels: a town of objects, and an instrument that scans it."""
