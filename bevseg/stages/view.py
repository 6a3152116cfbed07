"""Labelled clouds -> a page on this machine that shows them and takes corrections: `bevseg view`."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bevseg.errors import BevsegError, OutputInUseError, UsageError
from bevseg.review.edits import EditList
from bevseg.review.run_outputs import REVIEW, RunCloud, RunOutputs
from bevseg.runtime.lock import locked
from bevseg.runtime.progress import Progress, silent
from bevseg.viewer.server import ViewServer
from bevseg.viewer.session import Session
from bevseg.viewer.sources import tile_source
from bevseg.viewer.tile_file import VERSION, Tiles
from bevseg.viewer.tiles import build_tiles

TILES = "tiles"
"""Folder of the tiles, in that of files derived from the results."""


def view(
    paths: Sequence[Path],
    ready: Callable[[str, str], None],
    *,
    port: int = 0,
    classes: str | None = None,
    progress: Progress = silent,
) -> None:
    """Serve the page until an interrupt (Ctrl-C).

    Parameters
    ----------
    paths
        The directory that a run wrote its results to, or labelled clouds. The latter cannot be corrected.
    ready
        Called when the page can be opened, with its address, and with one that leads there once: a browser is
        opened with the latter.
    port
        To listen on, on the loopback address; 0 for any that is free.
    classes
        Class scheme of labelled clouds; results of a run name their own.
    progress
        Progress callback of the tiles.

    Raises
    ------
    InputError, CloudNotFoundError, LabelError
        If the clouds cannot be read.
    OutputInUseError
        If another viewer is open on the results.
    UsageError
        If the port cannot be used, or classes are named for the results of a run.
    """
    with (
        opened(paths, classes=classes, progress=progress) as session,
        contextlib.suppress(KeyboardInterrupt),
        ViewServer(session, port) as server,
    ):
        ready(server.url, server.ticket_url)
        server.serve_forever()


@contextlib.contextmanager
def opened(
    paths: Sequence[Path], *, classes: str | None = None, progress: Progress = silent
) -> Iterator[Session]:
    """Open labelled clouds for a view: their tiles, built if need be, and the list of edits.

    The tiles of a run are kept in its directory, and its lock is held. Those of other clouds are in a temporary
    directory, which is removed at the end.
    """
    outputs = RunOutputs.of(paths)
    if classes is not None:
        outputs = _read_in(outputs, classes)
    if outputs.folder is None:
        name = outputs.clouds[0].name if len(outputs.clouds) == 1 else f"{len(outputs.clouds)} clouds"
        with tempfile.TemporaryDirectory(prefix="bevseg-view-") as folder:
            yield Session(_tiles(outputs, Path(folder) / TILES, progress), name, None)
        return
    with _held(outputs.folder / REVIEW) as folder:
        tiles = _tiles(outputs, folder / TILES, progress)
        hashes = {facts["name"]: facts["sha256"] for facts in tiles.facts["clouds"]}
        yield Session(tiles, outputs.folder.resolve().name, EditList.open(outputs.folder, hashes))


def _read_in(outputs: RunOutputs, classes: str) -> RunOutputs:
    """Return clouds whose class codes are understood by a scheme."""
    if outputs.folder is not None:
        raise UsageError(
            "--classes is for clouds", where=outputs.folder, why="results of a run name their scheme"
        )
    clouds = tuple(dataclasses.replace(cloud, facts={"written_in": classes}) for cloud in outputs.clouds)
    return dataclasses.replace(outputs, clouds=clouds)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[Path]:
    """Hold the lock of a folder, with an error that says what holds it."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(folder))
        except OutputInUseError as error:
            raise OutputInUseError(
                "Another viewer is open on these results",
                where=folder.parent,
                why=error.why,
                hint="close it (Ctrl-C where it was started), or go on in its page",
            ) from error
        yield folder


def _tiles(outputs: RunOutputs, folder: Path, progress: Progress) -> Tiles:
    """Return the tiles of the clouds: those on disk if they still belong to the files, new ones otherwise."""
    key = _key(outputs.clouds)
    with contextlib.suppress(BevsegError, OSError, KeyError, ValueError, TypeError):
        tiles = Tiles.open(folder)
        if tiles.facts["version"] == VERSION and tiles.facts["key"] == key:
            return tiles
    is_hashed = outputs.folder is not None
    sources = [tile_source(cloud, is_hashed=is_hashed) for cloud in outputs.clouds]
    return build_tiles(sources, folder, key, progress)


def _key(clouds: Sequence[RunCloud]) -> str:
    """Return what changes with the labelled files: their names, sizes and times."""
    parts: list[object] = [VERSION]
    for cloud in clouds:
        stat = cloud.path.stat()
        parts.append([cloud.name, stat.st_size, stat.st_mtime_ns, bool(cloud.facts.get("scores"))])
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
