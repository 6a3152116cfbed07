"""The one loader of Open3D, which casts the rays of the simulator.

Open3D links system libraries that slim servers lack. One of them, libusb, comes from a wheel; for the others
the error names what is missing and the package that brings it.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import re
import sys
from types import ModuleType

from bevseg.errors import DependencyError

PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libgomp.so.1": "libgomp1",
    "libudev.so.1": "libudev1",
    "libusb-1.0.so.0": "libusb-1.0-0",
}
"""Debian package of each system library that Open3D links."""

_MISSING = re.compile(r"(\S+\.so[.\d]*): cannot open shared object file")


@functools.cache
def load() -> ModuleType:
    """Return the `open3d` module.

    Raises
    ------
    DependencyError
        If it, or a system library under it, cannot be loaded.
    """
    _load_libusb()
    try:
        return importlib.import_module("open3d")
    except (ImportError, OSError) as error:
        raise _explained(error) from error


def _load_libusb() -> None:
    """Make the libusb of the wheel `libusb-package` known to the linker; a system one serves as well."""
    if sys.platform != "linux":
        return
    try:
        package = importlib.import_module("libusb_package")
        ctypes.CDLL(str(package.get_library_path()), mode=ctypes.RTLD_GLOBAL)
    except (ImportError, OSError):
        return  # if it is needed and absent, Open3D's own error names it


def _explained(error: Exception) -> DependencyError:
    found = _MISSING.search(str(error))
    if found is None:
        return DependencyError(
            "Open3D cannot be loaded",
            where="import open3d",
            why=str(error),
            hint="pip install open3d-cpu (Linux x86-64) or open3d",
        )
    library = found.group(1)
    package = PACKAGES.get(library)
    return DependencyError(
        f"Open3D cannot be loaded: the system library {library} is missing",
        where="import open3d",
        why=str(error),
        hint=f"install it, on Debian and Ubuntu: apt install {package}"
        if package
        else f"install the system package that contains {library}",
    )
