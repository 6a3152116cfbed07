"""Kill `bevseg run` at random moments, go on, and compare all outputs with those of a run that nobody disturbed.

    python benchmarks/kills.py
    python benchmarks/kills.py CLOUD ... --kills 500 --jobs 2 --json kills.json
    python benchmarks/kills.py --forked -m small.safetensors

The clouds are thinned, cut into strips and written as text and as LAZ: one survey. A run of it is killed (SIGKILL,
all processes at once) at a seeded moment of its expected duration, and started again into the same folder until it
is complete, after ten kills at the latest. Then a new series begins. After each kill and each run:

- each file under a final name is whole, and equal to that of the undisturbed run; scratch files are whole;
- no scratch file that was complete before a run is written again by it;
- a complete run leaves no other file, and its report has the same scores.

One line of the table for each state in which a kill found the run. The exit code is 1 if anything differed.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import importlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from safetensors import SafetensorError, safe_open

import bevseg
from bevseg.config import RunConfig
from bevseg.runner.request import RunRequest
from bevseg.runner.run import run as label_clouds
from bevseg.survey.point_file import PointFile

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("BEVSEG_DATA", ROOT.parent / "shared")) / "data"
STREET = DATA / "oakland3d" / "oakland_part2_ag.xyz_label_conf.gz"

POINTS = 12_000
"""Points of a survey."""

REPORT, UNFINISHED, SCRATCH = "report.json", "report.unfinished.jsonl", ".bevseg-scratch"
HIDDEN = ".bevseg-"
PAGES, REVIEW = {"report.html", "view.html"}, ".bevseg-review"
DONE_ONCE = (".points", ".ground", ".labels")
"""Suffixes of the scratch files that no later run writes again."""

LOOK_EVERY = 0.02
"""Seconds between two looks at the scratch folder."""

LONGEST = 900
"""Seconds that a run may take which is not to be killed."""

MOST_IN_A_ROW = 10
"""Kills after which a run may complete."""

STATES = ("nothing yet", "points", "ground", "labels", "clouds", "report")
"""What a run has made so far, the first of each kind."""

LOADED_LATE = ("bevseg.pipeline", "bevseg.runner.workers", "matplotlib.pyplot")
"""Modules that a run imports at its first task."""

Run = Callable[[Path, "float | None"], bool]
"""Folder of the results, seconds until the run is killed or None -> whether it was killed."""


class RunFailedError(Exception):
    """A run ended by itself with an error; the text is what it wrote to stderr."""


@dataclass(frozen=True)
class Reference:
    """The run that nobody disturbed: name of each output -> SHA-256, its scores, and the seconds it took."""

    outputs: dict[str, str]
    scores: object
    seconds: float


@dataclass
class Found:
    """What the kills have shown."""

    kills: Counter[str] = field(default_factory=Counter)
    """State in which a run was killed -> how often."""
    runs: int = 0
    complete: int = 0
    most_in_a_row: int = 0
    """Kills until a run was complete, at most."""
    kept: int = 0
    """Scratch files that were complete before a run and stayed as they were."""
    faults: list[str] = field(default_factory=list)


# The survey.


def survey(folder: Path, clouds: Sequence[Path], strips: int, points: int, classes: str | None) -> list[Path]:
    """Thin clouds, cut each into strips of equal numbers of points, and write these, by turns, as text and as LAZ."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, path in enumerate(clouds):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # codes that the scheme does not have
            cloud = bevseg.read(path, classes=classes)
        kept = np.random.default_rng(0).permutation(len(cloud))[: points // len(clouds)]
        xyz, labels = cloud.xyz[kept], None if cloud.labels is None else cloud.labels[kept]
        longest = int(np.ptp(xyz[:, :2], axis=0).argmax())
        for strip, rows in enumerate(np.array_split(np.argsort(xyz[:, longest], kind="stable"), strips)):
            suffix = ".laz" if strip % 2 else ".txt"
            target = folder / f"street_{number}_{strip}{suffix}"
            _write(target, xyz[rows], None if labels is None else labels[rows])
            written.append(target)
    return written


def _write(path: Path, xyz: np.ndarray, labels: np.ndarray | None) -> None:
    if path.suffix == ".laz":
        cloud = bevseg.PointCloud.from_xyz(xyz)
        bevseg.write(cloud, np.zeros(len(xyz), np.uint8) if labels is None else labels, path)
    else:
        columns = xyz if labels is None else np.column_stack([xyz, labels])
        np.savetxt(path, columns, fmt=["%.3f"] * 3 + ["%d"] * (columns.shape[1] - 3))


# Runs. Each takes the folder of the results and the seconds until it is killed, and says whether it was.


def by_command(clouds: Sequence[Path], options: Sequence[str] = ()) -> Run:
    """Return runs of the command, as a user starts it: a process that talks, and workers."""

    def run(out: Path, seconds: float | None) -> bool:
        command = [sys.executable, "-m", "bevseg", "run", *map(str, clouds), "-o", str(out), "-q", *options]
        # A file, not a pipe: workers that outlive a kill by a moment would hold a pipe open.
        with tempfile.TemporaryFile() as words:
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=words, start_new_session=True
            )
            status = _wait_or_kill(process.pid, seconds, process.poll)
            process.wait()
            words.seek(0)
            _ensure_good(status, words.read().decode(errors="replace"))
        return status is None

    return run


def by_fork(request: RunRequest) -> Run:
    """Return runs in forks of this process, which has loaded all libraries: seconds instead of tens of them."""
    for module in LOADED_LATE:
        importlib.import_module(module)

    def run(out: Path, seconds: float | None) -> bool:
        with tempfile.TemporaryFile() as words:
            child = os.fork()
            if child == 0:
                os.setsid()
                os.dup2(words.fileno(), 2)
                try:
                    label_clouds(dataclasses.replace(request, out=out))
                    os._exit(0)
                except BaseException:
                    traceback.print_exc()
                finally:
                    os._exit(1)
            status = _wait_or_kill(child, seconds, lambda: _status_of(child))
            words.seek(0)
            _ensure_good(status, words.read().decode(errors="replace"))
        return status is None

    return run


def _status_of(child: int) -> int | None:
    ended, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _wait_or_kill(group: int, seconds: float | None, poll: Callable[[], int | None]) -> int | None:
    """Return the exit status of a group of processes; None if it was killed after some seconds."""
    end = time.monotonic() + (LONGEST if seconds is None else seconds)
    try:
        while (status := poll()) is None and time.monotonic() < end:
            time.sleep(0.002)
    except BaseException:
        os.killpg(group, signal.SIGKILL)
        raise
    if status is not None:
        return status
    os.killpg(group, signal.SIGKILL)
    while poll() is None:
        time.sleep(0.001)
    _wait_for_end(group)
    if seconds is None:
        raise RunFailedError(f"it did not end within {LONGEST} s")
    return None


def _ensure_good(status: int | None, words: str) -> None:
    if status:
        raise RunFailedError(words)


def _wait_for_end(group: int) -> None:
    """Wait until no process of a group is left; one that nobody asks for its exit code has ended as well."""
    deadline = time.monotonic() + 30
    while any(_is_running(process, group) for process in psutil.process_iter()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes of group {group} outlive SIGKILL")
        time.sleep(0.01)


def _is_running(process: psutil.Process, group: int) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


def reference(run: Run, out: Path) -> Reference:
    """Label a survey twice, the first time to compile and cache what a machine compiles once."""
    run(out, None)
    shutil.rmtree(out)
    began = time.monotonic()
    run(out, None)
    seconds = time.monotonic() - began
    outputs = {name: _hash(out / name) for name in _names(out)}
    return Reference(outputs, _scores(out / REPORT), seconds)


def _names(out: Path) -> set[str]:
    """Return what lies in the folder of the results; of the folder of derived files, its files."""
    if not out.exists():
        return set()
    derived = {path.relative_to(out).as_posix() for path in (out / REVIEW).rglob("*") if path.is_file()}
    return {path.name for path in out.iterdir()} - {REVIEW} | derived


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _scores(report: Path) -> object:
    table = json.loads(report.read_text())
    return table["scores"], table["oracle"], {name: each["scores"] for name, each in table["clouds"].items()}


# What a kill leaves behind.


def faults_of(out: Path, known: Reference, *, complete: bool) -> list[str]:
    """Say what is wrong in the folder of the results after a kill, or after a complete run."""
    names, found = _names(out), []
    for name in sorted(names & set(known.outputs) - {REPORT} - PAGES):  # they hold times and names of folders
        if _hash(out / name) != known.outputs[name]:
            found.append(f"{name} differs from that of the undisturbed run")
    if REPORT in names:
        try:
            if _scores(out / REPORT) != known.scores:
                found.append("the report has other scores")
        except ValueError:
            found.append("the report is not whole")
    if complete:
        found += [f"{name} is missing" for name in sorted(set(known.outputs) - names)]
        found += [f"{name} is left over" for name in sorted(names - set(known.outputs))]
    else:
        strange = names - set(known.outputs) - {UNFINISHED}
        found += [f"{name} has no business here" for name in sorted(strange) if not name.startswith(HIDDEN)]
    scratch = out / SCRATCH
    for path in sorted(scratch.iterdir()) if scratch.exists() else []:
        if not path.name.startswith(HIDDEN) and not _is_whole(path):
            found.append(f"{path.name} is not whole")
    return found


def _is_whole(scratch: Path) -> bool:
    if scratch.suffix == ".points":
        return PointFile.open(scratch) is not None
    try:
        with safe_open(scratch, framework="numpy") as file:
            return all(file.get_tensor(name) is not None for name in file.keys())  # noqa: SIM118
    except SafetensorError:
        return False


def state_of(out: Path) -> str:
    """Return the last of `STATES` that a run has reached."""
    names = {path.name for path in out.rglob("*")} if out.exists() else set()
    seen = [any(name.endswith(suffix) for name in names) for suffix in DONE_ONCE]
    clouds = any(
        not name.startswith((HIDDEN, "report.")) for name in names if name.endswith((".txt", ".laz"))
    )
    reached = [True, *seen, clouds, REPORT in names]
    return [state for state, is_reached in zip(STATES, reached, strict=True) if is_reached][-1]


def _versions(scratch: Path) -> dict[str, tuple[int, int]]:
    """Return what tells the version of each scratch file that is complete: its inode and its time."""
    found = {}
    with contextlib.suppress(FileNotFoundError), os.scandir(scratch) as entries:
        for entry in entries:
            if entry.name.endswith(DONE_ONCE) and not entry.name.startswith(HIDDEN):
                with contextlib.suppress(FileNotFoundError):
                    about = entry.stat()
                    found[entry.name] = about.st_ino, about.st_mtime_ns
    return found


@contextlib.contextmanager
def watched(scratch: Path) -> Iterator[tuple[dict[str, tuple[int, int]], set[str]]]:
    """Yield the scratch files that are complete already, and the set of those that are written again meanwhile.

    A complete run removes them all at its end, so the folder is looked at again and again.
    """
    before, again, stop = _versions(scratch), set[str](), threading.Event()

    def look() -> None:
        while not stop.wait(LOOK_EVERY):
            now = _versions(scratch)
            again.update(name for name, version in before.items() if now.get(name, version) != version)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield before, again
    finally:
        stop.set()
        looking.join()


# The kills.


def kill_runs(run: Run, folder: Path, kills: int, *, seed: int = 0) -> tuple[Reference, Found]:
    """Kill runs of a survey at random moments until that many kills are done and the last series is complete.

    Parameters
    ----------
    run
        Labels the survey.
    folder
        Folder for the results.
    kills
        Number of kills.
    seed
        Random seed of their moments.
    """
    known = reference(run, folder / "undisturbed")
    out, rng, found, in_a_row = folder / "killed", random.Random(seed), Found(), 0
    longest = known.seconds
    while found.kills.total() < kills or in_a_row:
        if in_a_row == 0:  # some series are killed early again and again
            longest = known.seconds * rng.uniform(0.3, 1)
        goes_on = found.kills.total() < kills and in_a_row < MOST_IN_A_ROW
        moment = rng.uniform(0, longest) if goes_on else None
        with watched(out / SCRATCH) as (before, again):
            try:
                killed = run(out, moment)
            except RunFailedError as error:
                found.faults.append(f"after {in_a_row} kills the run failed: {error}")
                shutil.rmtree(out, ignore_errors=True)
                in_a_row = 0
                continue
        found.runs += 1
        found.kept += len(before) - len(again)
        in_a_row += killed
        where = f"kill {found.kills.total() + killed}" if killed else f"run {found.runs}, complete"
        wrong = [f"{name} is written again" for name in sorted(again)]
        wrong += faults_of(out, known, complete=not killed)
        found.faults += [f"{where}: {fault}" for fault in wrong]
        if killed:
            found.kills[state_of(out)] += 1
            found.most_in_a_row = max(found.most_in_a_row, in_a_row)
        else:
            found.complete, in_a_row = found.complete + 1, 0
            shutil.rmtree(out)
        _tell(found, kills, moment)
    return known, found


def _tell(found: Found, kills: int, moment: float | None) -> None:
    if sys.stderr.isatty() or found.kills.total() % 10 == 0:
        at = "" if moment is None else f", the last at {moment:.1f} s"
        print(f"{found.kills.total()} of {kills} kills{at}; {len(found.faults)} faults", file=sys.stderr)


def table(known: Reference, found: Found) -> str:
    """Return what was found, for people."""
    lines = [f"{'the run had made':<18}{'kills':>6}"]
    lines += [f"{state:<18}{found.kills[state]:>6}" for state in STATES]
    lines += [
        "",
        f"undisturbed run            {known.seconds:.1f} s, {len(known.outputs)} outputs",
        f"runs, of them complete     {found.runs}, {found.complete}",
        f"kills in a row, at most    {found.most_in_a_row}",
        f"scratch files taken over   {found.kept}",
        f"faults                     {len(found.faults)}",
        *(f"  {fault}" for fault in found.faults),
    ]
    return "\n".join(lines)


def main() -> None:
    """Parse the command line, kill, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clouds", nargs="*", type=Path, metavar="CLOUD", default=[STREET])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument(
        "--points", type=int, default=POINTS, help="points of the survey [default: %(default)s]"
    )
    parser.add_argument("--strips", type=int, default=5, help="files of each CLOUD [default: %(default)s]")
    parser.add_argument("--classes", default="oakland", help="class scheme of CLOUD [default: %(default)s]")
    parser.add_argument("-m", "--model", type=Path, help="[default: the model that ships with bevseg]")
    parser.add_argument("--rasters", action="store_true", help="write rasters of the survey as well")
    parser.add_argument(
        "--forked", action="store_true", help="fork this process instead of starting commands"
    )
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    options: list[str] = ["--jobs", str(asked.jobs), "--device", "cpu"]
    options += [] if asked.model is None else ["-m", str(asked.model)]
    options += ["--rasters"] if asked.rasters else []
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: a fork of one whose libraries have begun their threads can hang.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
            how = (asked.clouds, asked.strips, asked.points, asked.classes)
            clouds = other.submit(survey, Path(folder) / "survey", *how).result()
        run = by_command(clouds, options)
        if asked.forked:
            config = RunConfig(device="cpu", jobs=asked.jobs)
            how = {"model": asked.model, "rasters": asked.rasters, "run_config": config}
            run = by_fork(RunRequest(tuple(clouds), Path(folder), **how))
        known, found = kill_runs(run, Path(folder), asked.kills, seed=asked.seed)
    print(table(known, found))
    if asked.json:
        asked.json.write_text(json.dumps({"undisturbed": vars(known), "found": vars(found)}, indent=1) + "\n")
    sys.exit(bool(found.faults))


if __name__ == "__main__":
    main()
