"""Points <-> cells: ground, height slices, rasters, and the way back. NumPy, SciPy and numba, never torch."""
