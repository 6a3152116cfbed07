"""The readers that are fuzzed: small sound files of each kind, and how each is read."""

from __future__ import annotations

import dataclasses
import functools
import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bevseg.workdir.folder import Folder
from tests.fuzz import clouds, run_files, setting_files, work_files
from tests.fuzz.cloud_reading import read_and_describe, read_and_write, read_and_write_all, read_cloud


@dataclass(frozen=True)
class Reader:
    """A kind of file.

    Attributes
    ----------
    name, suffix
        Of the kind, and of its files.
    make
        Writes sound files into a folder and returns their bytes.
    load
        Reads a file; returns a sentence if what it gives is absurd, else an empty text.
    pack
        Packs the bytes of a file, for readers of packed files. Half of the changes are then made inside.
    packed
        How the file is compressed: `gzip`, `zip` or nothing.
    warm
        Loads what `load` loads for some files only.
    """

    name: str
    suffix: str
    make: Callable[[Path], list[bytes]]
    load: Callable[[Path], str]
    pack: Callable[[bytes], bytes] | None = None
    packed: str = ""
    warm: Callable[[Path], str] | None = None

    def seeds(self, folder: Path) -> list[bytes]:
        """Return the bytes of sound files."""
        return self.make(folder)

    def read(self, path: Path) -> str:
        """Read a file; see `load`."""
        return self.load(path)

    def unpacked_size(self, data: bytes) -> int:
        """Return the bytes of the content, as far as the packing says; never more than 64 MiB count."""
        size = len(data)
        try:
            if self.packed == "gzip":
                with gzip.open(io.BytesIO(data)) as file:
                    size = max(size, len(file.read(64 << 20)))
            elif self.packed == "zip":
                size = max(size, sum(i.file_size for i in zipfile.ZipFile(io.BytesIO(data)).infolist()))
        except Exception:  # a damaged file has no size
            pass
        return min(size, 64 << 20)


def _clouds() -> list[Reader]:
    """Return the readers of clouds, in all formats: read, then also written, and some packed or described."""
    made = [
        Reader("las", ".las", clouds.las, read_cloud),
        Reader("laz", ".laz", clouds.laz, read_cloud),
        Reader("copc", ".copc.laz", clouds.copc, read_cloud),
        Reader("ply", ".ply", clouds.ply, read_cloud),
        Reader("pcd", ".pcd", clouds.pcd, read_cloud),
        Reader("text", ".txt", clouds.text, read_cloud),
        Reader("pts", ".pts", clouds.pts, read_cloud),
        Reader("npy", ".npy", clouds.npy, read_cloud),
        Reader("npz", ".npz", clouds.npy, read_cloud, clouds.in_archive, "zip"),
        Reader("bin", ".bin", clouds.kitti, read_cloud),
    ]
    if find_spec("pye57"):
        made.append(Reader("e57", ".e57", clouds.e57, read_cloud, clouds.with_checksums))
    by_name = {reader.name: reader for reader in made}
    for one in made[:]:
        written = dataclasses.replace(one, name=f"{one.name}-written", load=read_and_write)
        made.append(dataclasses.replace(written, warm=read_and_write_all))
    for name in ("las", "ply", "pcd", "text"):
        made.append(dataclasses.replace(by_name[name], name=f"{name}-described", load=read_and_describe))
    for name in ("las", "ply", "text"):
        one = by_name[name]
        packed = dataclasses.replace(one, name=f"{name}.gz", suffix=f"{one.suffix}.gz")
        made.append(dataclasses.replace(packed, pack=gzip.compress, packed="gzip"))
    return [*made, Reader("zip", ".zip", clouds.zipped, read_cloud, packed="zip")]


def _others() -> list[Reader]:
    """Return the readers of everything else."""

    def in_work(name: str, read: Callable[[Folder], Any]) -> Callable[[Path], str]:
        return functools.partial(work_files.read_in_work, name=name, read=read)

    def in_output(name: str) -> Callable[[Path], str]:
        return functools.partial(run_files.read_in_output, name=name)

    classes, confidence = (
        in_work(f"low_{name}.tif", work_files.read_classes) for name in ("classes", "confidence")
    )
    ground = in_work("cloud.las", work_files.read_cloud)
    return [
        Reader("settings", ".toml", setting_files.settings, setting_files.read_settings),
        Reader("scheme", ".toml", setting_files.schemes, setting_files.read_scheme),
        Reader("study", ".toml", setting_files.studies, setting_files.read_study),
        Reader("model", ".safetensors", setting_files.model, setting_files.read_model),
        Reader("state", ".state", setting_files.state, setting_files.read_state),
        Reader("raster", ".tif", work_files.raster, work_files.read_raster),
        Reader("dem", ".tif", work_files.dem, in_work("dem.tif", Folder.read_dem)),
        Reader("classes", ".tif", work_files.class_rasters, classes),
        Reader("confidence", ".tif", work_files.confidence_rasters, confidence),
        Reader("facts", ".json", work_files.facts, in_work("cloud.json", work_files.read_facts)),
        Reader("labels", ".npz", work_files.labels, in_work("labels.npz", Folder.read_labels), packed="zip"),
        Reader("cloud", ".las", work_files.cloud, in_work("cloud.las", Folder.read_cloud)),
        Reader("ground", ".las", work_files.cloud, ground, warm=work_files.warm_ground),
        Reader("recorded", ".json", work_files.recorded, work_files.read_recorded),
        Reader("report", ".json", run_files.reports, in_output("report.json")),
        Reader("unfinished", ".jsonl", run_files.unfinished, in_output("report.unfinished.jsonl")),
    ]


READERS = {reader.name: reader for reader in (*_clouds(), *_others())}
"""Name -> reader."""
