"""Points -> ground points and DEM. NumPy, SciPy and numba; no torch."""
