"""bevseg: street-scene laser scans in, the same scans with every point labelled out."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("bevseg")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
