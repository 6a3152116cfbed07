"""Labelled clouds -> their objects, in a file for a GIS: `bevseg objects`."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bevseg.core.labels import Scheme, load_scheme
from bevseg.io import vector
from bevseg.io.read_labelled import read_labelled
from bevseg.objects.find_objects import objects_of
from bevseg.objects.layers import layers_of
from bevseg.objects.tabulate import Table, join, tabulate
from bevseg.review.run_outputs import RunCloud, RunOutputs
from bevseg.runtime.atomic import ensure_absent, ensure_different
from bevseg.runtime.batch import BatchResult, CloudResult, for_each_cloud
from bevseg.runtime.progress import Progress, silent

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Item:
    """A labelled cloud, under the names that a batch has for them."""

    stem: str
    path: Path
    cloud: RunCloud


def write_objects(
    paths: Sequence[Path],
    output: Path,
    *,
    classes: str | None = None,
    jobs: int = 1,
    overwrite: bool = False,
    progress: Progress = silent,
) -> BatchResult:
    """Find the objects of labelled clouds and write them to a file.

    Parameters
    ----------
    paths
        The directory of the results of a run, or labelled clouds and directories of them.
    output
        `.gpkg` or `.geojson`.
    classes
        Scheme of the class codes; None: that in which bevseg wrote them, else that of the format.
    jobs
        Number of processes that read clouds.
    overwrite
        Whether the output may be replaced.
    progress
        Progress callback, called after each cloud.

    Returns
    -------
    BatchResult
        Its facts are the number of objects of each kind. Clouds of another reference system than the first have
        layers of their own.

    Raises
    ------
    UsageError
        If the output has another suffix, or is an input.
    DependencyError
        If pyogrio is missing.
    OutputExistsError
        If the output exists, and `overwrite` is not set.
    LabelError
        If a cloud has no labels.
    CrsError
        If the output is GeoJSON, and the clouds are in several reference systems.
    """
    vector.ensure_writable_vector(output)
    ensure_absent(output, overwrite=overwrite)
    scheme = load_scheme(classes) if classes else None
    outputs = RunOutputs.of(paths)
    outputs.warn_of_corrections()
    clouds = outputs.clouds
    for cloud in clouds:
        ensure_different(cloud.path, output)
    items = [_Item(cloud.name, cloud.path, cloud) for cloud in clouds]
    count = functools.partial(_tabulate, scheme=scheme)
    result = for_each_cloud("objects", count, items, jobs=jobs, on_error="stop", progress=progress)
    systems: dict[str, list[Table]] = {}
    for done in result.done.values():
        table = done.facts.pop("table")
        systems.setdefault("" if table.crs is None else table.crs.wkt, []).append(table)
    layers: list[vector.Layer] = []
    counts: Counter[str] = Counter()
    for number, tables in enumerate(systems.values(), 1):
        ending = "" if number == 1 else f"_{number}"
        if ending:
            log.warning("%s: another reference system: its layers are cars%s ...", tables[0].first, ending)
        objects = objects_of(join(tables))
        layers += layers_of(objects, ending)
        counts.update(objects.counts())
    vector.write(layers, output, overwrite=overwrite)
    return dataclasses.replace(result, written=[output], facts=dict(counts))


def _tabulate(item: _Item, *, scheme: Scheme | None) -> CloudResult:
    cloud = item.cloud.read() if scheme is None else read_labelled(item.path, scheme=scheme)
    return CloudResult((), len(cloud), {"table": tabulate(cloud)})


def text(counts: dict[str, int]) -> str:
    """Return the numbers of objects for people."""
    return "\n".join(f"{kind:<10} {count:>8,}" for kind, count in counts.items())
