"""Machine and installation -> one finding per part, and what to do about each fault: `bevseg doctor`."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from bevseg import __version__
from bevseg.errors import BevsegError, DependencyError

GIB = 2**30
_LEAST_MEMORY, _LEAST_DISK = 2 * GIB, 1 * GIB
_EXTRAS = {"e57": "pye57", "cluster": "distributed", "gis": "pyogrio", "onnx": "onnxscript"}
"""Extra of bevseg -> the library that it brings."""


@dataclass(frozen=True)
class Finding:
    """What was found of one part.

    Attributes
    ----------
    part
        Its name.
    ok
        Whether it serves.
    found
        Versions, sizes, places; or what is wrong.
    do
        What the user can do; empty if there is nothing.
    needed
        Whether bevseg needs the part.
    """

    part: str
    ok: bool
    found: str
    do: str = ""
    needed: bool = True


def examine() -> list[Finding]:
    """Try every part that bevseg stands on, one after the other."""
    return [_tried(part, check) for part, check in _CHECKS.items()]


def serves(findings: Iterable[Finding]) -> bool:
    """Return whether all is there that bevseg needs."""
    return all(finding.ok for finding in findings if finding.needed)


def text(findings: Iterable[Finding]) -> str:
    """Format the findings for people: one line each."""
    return "\n".join(_line(finding) for finding in findings)


def to_json(findings: list[Finding]) -> str:
    """Format the findings as JSON."""
    return json.dumps({"ok": serves(findings), "findings": [asdict(each) for each in findings]}, indent=2)


def _line(finding: Finding) -> str:
    mark = "ok   " if finding.ok else "FAULT" if finding.needed else "-    "
    advice = f"; do: {finding.do}" if finding.do else ""
    return f"{mark} {finding.part:<9} {finding.found}{advice}"


def _tried(part: str, check: Callable[[], Finding]) -> Finding:
    """Return the finding of a check; whatever a broken library raises is a fault of that part."""
    try:
        return check()
    except BevsegError as error:
        return Finding(part, False, f"{error.what}: {_in_one_line(error.why)}", error.hint or "")
    except Exception as error:
        found = f"{type(error).__name__}: {_in_one_line(str(error))}"
        return Finding(part, False, found, "install bevseg again: pip install --force-reinstall bevseg")


def _in_one_line(words: str | None) -> str:
    return " ".join((words or "").split())


def _python() -> Finding:
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return Finding("python", True, f"{platform.python_version()}, bevseg {__version__}, {system}")


def _libraries() -> Finding:
    """Find the libraries that bevseg names as its dependencies."""
    versions, missing = [], []
    for name in _required():
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding(
            "libraries", False, f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}"
        )
    return Finding("libraries", True, ", ".join(versions))


def _required() -> list[str]:
    """Return the dependencies of this installation; those for other systems and extras are left out."""
    try:
        lines = importlib.metadata.requires("bevseg") or []
    except importlib.metadata.PackageNotFoundError as error:
        raise DependencyError(
            "bevseg is not installed",
            why="it runs from a folder of its source, and its dependencies are not recorded",
            hint="run pip install . in that folder",
        ) from error
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines if ";" not in line]
    return sorted(names, key=str.lower)


def _device() -> Finding:
    from bevseg.seg import device

    found, fault = device.describe()
    return Finding("device", not fault, found, fault, needed=False)


def _threads() -> Finding:
    from bevseg.runtime import kernels
    from bevseg.runtime.cores import cores

    limit = os.environ.get("OMP_NUM_THREADS")
    of_torch = f"OMP_NUM_THREADS={limit}" if limit else "OMP_NUM_THREADS is not set"
    return Finding(
        "threads", True, f"{cores()} cores, {kernels.threads()} threads for each stage, {of_torch}"
    )


def _pyproj() -> Finding:
    from bevseg.io.crs import databases

    return Finding("pyproj", True, databases.of_pyproj() + _unused(databases.foreign()))


def _rasterio() -> Finding:
    from bevseg.io.crs import databases

    return Finding("rasterio", True, databases.of_rasterio() + _unused(databases.foreign()))


def _unused(foreign: list[str]) -> str:
    return f"; {' and '.join(foreign)} is not used" if foreign else ""


def _open3d() -> Finding:
    from bevseg.runtime import open3d

    try:
        return Finding("open3d", True, f"{open3d.load().__version__} can be loaded", needed=False)
    except DependencyError as error:
        found = f"{error.what}; only the simulator and some PLY and PCD files need it"
        return Finding("open3d", False, found, error.hint or "", needed=False)


def _laz() -> Finding:
    from bevseg.io.las.round_trip import laz_round_trip

    return Finding("laz", True, laz_round_trip())


def _extras() -> Finding:
    missing = {extra: name for extra, name in _EXTRAS.items() if importlib.util.find_spec(name) is None}
    there = [
        f"{name} {importlib.metadata.version(name)}"
        for name in _EXTRAS.values()
        if name not in missing.values()
    ]
    if missing:
        hint = f"only if you need them: pip install 'bevseg[{','.join(missing)}]'"
        return Finding("extras", False, f"{', '.join(missing)} not installed", hint, needed=False)
    return Finding("extras", True, ", ".join(there), needed=False)


def _memory() -> Finding:
    from bevseg.runtime import memory

    machine, free = memory.available(Path(os.devnull)), memory.available()
    limit = f", limited by a control group ({machine / GIB:.1f} GiB on the machine)" if free < machine else ""
    enough = free >= _LEAST_MEMORY
    return Finding(
        "memory",
        enough,
        f"{free / GIB:.1f} GiB available{limit}",
        "" if enough else f"free memory, or raise the limit, to {_LEAST_MEMORY / GIB:.0f} GiB at least",
    )


def _cache() -> Finding:
    from bevseg.runtime import kernels

    place = kernels.cache_folder()
    if place is None:
        hint = "set NUMBA_CACHE_DIR to a folder that can be written, or each start takes some seconds more"
        return Finding("cache", False, "no place for compiled kernels can be written", hint, needed=False)
    return Finding("cache", True, f"compiled kernels in {place}", needed=False)


def _disk() -> Finding:
    with tempfile.NamedTemporaryFile() as file:
        folder = Path(file.name).parent
        file.write(b"bevseg")
    free = {place: shutil.disk_usage(place).free for place in dict.fromkeys([folder, Path.cwd()])}
    small = [str(place) for place, size in free.items() if size < _LEAST_DISK]
    found = ", ".join(f"{size / GIB:.1f} GiB free in {place}" for place, size in free.items())
    return Finding("disk", not small, found, f"free space in {' and '.join(small)}" if small else "")


def _model() -> Finding:
    from bevseg.weights import default_model

    return Finding("model", True, f"default: {default_model()}")


_CHECKS: dict[str, Callable[[], Finding]] = {
    "python": _python,
    "libraries": _libraries,
    "device": _device,
    "threads": _threads,
    "memory": _memory,
    "disk": _disk,
    "cache": _cache,
    "pyproj": _pyproj,
    "rasterio": _rasterio,
    "open3d": _open3d,
    "laz": _laz,
    "extras": _extras,
    "model": _model,
}
