"""What the server of processes loads before it forks, with one thread for each library.

Only importing it has an effect: many children run side by side, and loading the libraries takes longer than they do.
"""

import importlib
import os

for variable in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before the libraries are loaded

# Not polars: it starts threads, which a child would lack.
for module in (
    "bevseg.seg.checkpoint",
    "laspy",
    "numba",
    "pyproj",
    "rasterio",
    "scipy.ndimage",
    "tests.fuzz.readers",
):
    importlib.import_module(module)
