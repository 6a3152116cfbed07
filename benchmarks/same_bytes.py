"""Outputs of the command line -> one JSON file of hashes and values, and what differs between two such files.

    python benchmarks/same_bytes.py -o build/old [--bevseg "python -m bevseg"] [--data DIR] [--only GROUP ...]
    python benchmarks/same_bytes.py --compare build/old.json build/new.json [--renamed old.key=new.key ...]

A change of the code that is to leave the results alone is measured before and after. The first form runs bevseg as a
user would (it knows the commands and their options, no module), keeps the outputs in DIR and writes DIR.json. The
second form prints every difference and ends with 1 if there is any.

Points, rasters, arrays, tensors and texts are hashed. JSON files, histories and the metadata of models and rasters
are kept as flat tables, `settings.train.steps` -> 60, so that a difference can be read. What changes from one run to
the next, or from one folder to another, is left out:

- seconds and points per second, in JSON files and in histories;
- dates and the version of bevseg in LAS headers, the version in GeoTIFFs, the versions of libraries in JSON;
- the folders of paths: their last part is compared;
- the hash of the model in `report.json`: a model holds versions, and its tensors and metadata are compared anyway.

Everything runs on the CPU with one thread. Compare results of one machine only: on another the order of sums, and so
the last digits, may differ. `--renamed` names keys that have a new name with the same value; they and keys that are
new are listed apart and count as no difference. `--only` measures some groups, and only these are compared then.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import platform
import re
import shlex
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import laspy
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from safetensors import safe_open

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("BEVSEG_DATA", ROOT.parent / "shared")) / "data"

Table = dict[str, Any]
"""Key -> hash (it begins with `HASH`), or value that JSON can hold."""

Command = Sequence[str | Path]
"""Arguments of bevseg."""

HASH = "sha256:"

VOLATILE = {
    *("seconds", "points_per_second", "versions", "date", "command", "labelled"),
    *("conditions", "output_sha256"),
}
"""Keys of JSON, and columns of histories, that differ between equal results; all below them is left out."""

OF_A_MODEL = ("model", "sha256")
"""Last keys of the hash of a model file."""

VERSION = re.compile(rb"bevseg \d[\w.+]*\0*")
"""The version of bevseg in a LAS header, with the zeros that fill the field, or in a TIFF."""

CREATION_DATE = slice(90, 94)
"""Bytes of the LAS header: day and year."""

CPU = ("--device", "cpu")
SHREC20 = ("--classes", "shrec20")
"""Scheme of the sample data."""


class Places(NamedTuple):
    """Where things lie; all absolute."""

    out: Path
    """Directory of the outputs of one group."""
    samples: Path
    """`sample_data` of the repository."""
    data: Path
    """The shared data folder."""


class AbsentError(Exception):
    """The data of a group are not there."""


# The commands, group by group.


def label(at: Places) -> Iterator[Command]:
    """Label the samples with the model that ships, plainly and with all that prediction can do."""
    test = at.samples / "test"
    yield "run", test, "-o", at.out / "plain", "--work", at.out / "work", *SHREC20, *CPU
    everything = ("--scales", "1,0.5", "--turns", "2", "--crf")
    yield "run", test / "street_09.laz", "-o", at.out / "averaged", *everything, *SHREC20, *CPU


def stages(at: Places) -> Iterator[Command]:
    """Label the samples stage by stage."""
    test, work = at.samples / "test", at.out / "work"
    yield "ingest", test, "-o", work, *SHREC20
    yield "ground", work, "--products", "dem,dsm,ndsm", "--hillshade"
    yield "rasterize", work
    yield "predict", work, *CPU
    yield "backproject", work
    yield "export", work, "-o", at.out / "laz"
    yield "export", work, "-o", at.out / "others", "--format", "las,ply,txt"
    yield "evaluate", at.out / "laz", test, *SHREC20, "--json", at.out / "scores.json"


REAL: dict[str, tuple[str, tuple[str, ...]]] = {
    "oakland": ("oakland3d/oakland_part2_ac.xyz_label_conf.gz", ("--classes", "oakland")),
    "ign": ("ign_lidarhd/test_data_77050_627755_LA93_IGN69.laz", ()),
    "ahn3": ("ahn3_delft/ahn3_cropped_2.laz", ()),
    "lille": ("lille_street_unlabelled/Lille_street_small.ply", ()),
}
"""Group -> a real cloud below the shared data folder, and the options to read its labels."""


def real(name: str) -> Callable[[Places], Iterator[Command]]:
    """Return the commands that label a real cloud and find its ground."""
    file, classes = REAL[name]

    def commands(at: Places) -> Iterator[Command]:
        cloud = at.data / file
        if not cloud.is_file():
            raise AbsentError(f"no {file} in the shared data folder")
        yield "run", cloud, "-o", at.out / "labelled", *classes, *CPU
        points = ("--points", at.out / "ground.laz")
        yield "ground", cloud, "-o", at.out / "dem.tif", "--products", "dem,dsm,ndsm", "--hillshade", *points

    return commands


SHORT = """
steps = 10
batch = 2
crop = 96
validate_every = 5
"""
"""Settings of a training of a few seconds that looks at the clouds held out twice."""

PAPER = """
[slices]
reference = "mode"
[raster]
features = "paper"
[net]
filters = 8
depth = 3
dropout = 0.0
"""

ALL_LOSSES = (
    "ce+weighted_ce+balanced_ce+distance_ce+focal+hinge+kl+power_jaccard:1.5+jml:1+soft_jaccard+dice+power_dice"
    "+log_cosh_dice+tversky:0.7+focal_tversky+sensitivity_specificity+lovasz_softmax+lovasz_hinge+hausdorff_dt"
    "+hausdorff_one_sided+hausdorff_erosion+hausdorff_cv+shape_aware+boundary+combo+exp_log+ssl"
)

TRAININGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "long": ("[train]\nsteps = 60\nvalidate_every = 30\n", ("--init", "none")),
    "lovasz": ("[train]" + SHORT, ("--loss", "lovasz_softmax", "--init", "none")),
    "init": ("[train]" + SHORT, ("--init", "default")),
    "teacher": ("[train]" + SHORT, ("--teacher", "default", "--unlabelled", "UNLABELLED", "--init", "none")),
    "neuro_iou": ("[train]" + SHORT, ("--loss", "neuro_iou", "--init", "default", "--slice", "low")),
    "losses": (
        "[train]" + SHORT + 'optimiser = "adam"\nschedule = "plateau"\nsampling = "half_positive:car"\n',
        ("--loss", ALL_LOSSES, "--slice", "low", "--init", "none"),
    ),
    "soft": (
        "[train]" + SHORT + 'optimiser = "sgd"\nschedule = "poly"\nsampling = "equibatch"\n',
        ("--loss", "0.25*ce+0.75*jml:1", "--smooth-boundary", "0.5", "--init", "none"),
    ),
}
"""Name -> settings (TOML) and options; UNLABELLED stands for a work directory of further clouds."""


def train(at: Places) -> Iterator[Command]:
    """Train on the samples in all ways that have code of their own."""
    work, unlabelled = at.out / "work", at.out / "unlabelled"
    for clouds, directory in ((at.samples / "train", work), (at.samples / "test", unlabelled)):
        yield "ingest", clouds, "-o", directory, *SHREC20
        yield "ground", directory
    for name, (settings, options) in TRAININGS.items():
        known = [unlabelled if option == "UNLABELLED" else option for option in options]
        config = _written(settings, at.out / name / "settings.toml")
        model = at.out / name / "model.safetensors"
        yield "train", work, "-o", model, "--config", config, "--seed", "0", *known, *CPU


def train_on(at: Places) -> Iterator[Command]:
    """Label the samples with models that the same run trains: anew, from the one that ships, as in the paper."""
    ways: dict[str, tuple[str, tuple[str, ...]]] = {
        "new": ("[train]" + SHORT.replace("10", "20"), ("--init", "none")),
        "init": ("[train]" + SHORT, ("--init", "default", "--val", "street_03")),
        "paper": (PAPER + "[train]" + SHORT, ("--init", "none")),
    }
    for name, (settings, options) in ways.items():
        config = _written(settings, at.out / name / "settings.toml")
        out = ("-o", at.out / name, "--config", config, "--train-on", at.samples / "train")
        yield "run", at.samples / "test", *out, *options, *SHREC20, "--seed", "0", *CPU


PRESETS = ("shrec20", "oakland", "terrestrial", "mixed")


def simulate(at: Places) -> Iterator[Command]:
    """Simulate a street of every preset, with all that is known of it, and compare streets in numbers."""
    for preset in PRESETS:
        size = ("--preset", preset, "--points", "20000", "--seed", "0")
        yield "simulate", "-o", at.out / preset, *size, "--truth", "--mesh"
    every = ("--clouds", "3", "--format", "las,txt,txt.gz", "--points", "20000", "--seed", "1")
    yield "simulate", "-o", at.out / "formats", *every
    compared = ("--compare", at.samples / "test", "--json", at.out / "compared.json")
    yield "simulate", "-o", at.out / "formats", "--clouds", "0", *compared


GROUPS: dict[str, Callable[[Places], Iterator[Command]]] = {
    "run": label,
    "stages": stages,
    **{name: real(name) for name in REAL},
    "train": train,
    "train_on": train_on,
    "simulate": simulate,
}
"""Name -> commands. An output is called by its path, which begins with the name of its group."""


def _written(text: str, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# What is kept of a file: suffix -> table.


def _digest(data: bytes | bytearray) -> str:
    return HASH + hashlib.sha256(data).hexdigest()


def _array(values: NDArray[Any]) -> str:
    """Return the hash of an array, of its type and of its shape."""
    head = f"{values.dtype.str} {values.shape}".encode()
    return _digest(head + np.ascontiguousarray(values).tobytes())


def _file(path: Path) -> Table:
    return {"bytes": _digest(VERSION.sub(b"bevseg", path.read_bytes()))}


def _las(path: Path) -> Table:
    """Return the hash of the file without date and version, and one of each dimension."""
    data = bytearray(path.read_bytes())
    data[CREATION_DATE] = bytes(4)
    header_size = int.from_bytes(data[94:96], "little")
    data[:header_size] = VERSION.sub(b"bevseg", data[:header_size])
    points = laspy.read(path).points
    dimensions = {f"points {name}": _array(np.asarray(points[name])) for name in points.array.dtype.names}
    return {"bytes": _digest(data), **dimensions}


def _raster(path: Path) -> Table:
    """Return the hash of the file and one of each band, and what the file says of them."""
    table = _file(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as file:
            for number, name in enumerate(file.descriptions, 1):
                table[f"band {name or number}"] = _array(file.read(number))
            table |= {f"tags.{key}": value for key, value in file.tags().items()}
            table |= {"nodata": str(file.nodata), "units": list(file.units)}
            table["transform"] = list(file.transform)[:6]
            table["crs"] = file.crs.to_wkt() if file.crs else None
    table.pop("tags.TIFFTAG_SOFTWARE", None)
    return table


def _npz(path: Path) -> Table:
    """Return a hash per array: the ZIP around them may hold times."""
    with np.load(path, allow_pickle=False) as arrays:
        return {f"array {name}": _array(arrays[name]) for name in arrays.files}


def _safetensors(path: Path) -> Table:
    """Return a hash per tensor, and the metadata, which are JSON."""
    with safe_open(path, "np") as file:
        tensors = {f"tensor {name}": _array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
        described = file.metadata() or {}
    return tensors | dict(_flat({key: json.loads(value) for key, value in described.items()}))


def _json(path: Path) -> Table:
    return dict(_flat(json.loads(path.read_text(encoding="utf-8"))))


def _history(path: Path) -> Table:
    """Return the values of a CSV file as they are written there, by line and column."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    return dict(_flat({str(number): line for number, line in enumerate(lines, 1)}))


KINDS: dict[str, Callable[[Path], Table]] = {
    ".las": _las,
    ".laz": _las,
    ".tif": _raster,
    ".png": _raster,
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".json": _json,
    ".csv": _history,
}
"""Suffix -> what is kept of a file; of others, their hash."""


def _flat(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield `a.b.c` and value of all that tables and lists hold, lists of plain values in one piece."""
    if VOLATILE & set(at[-1:]) or at[-2:] == OF_A_MODEL:
        return
    nested = value and isinstance(value, list) and any(isinstance(item, list | dict) for item in value)
    if nested:
        value = {str(number): item for number, item in enumerate(value)}
    if value and isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, (*at, key))
    elif isinstance(value, list):
        yield ".".join(at), [_without_folder(item) for item in value]
    else:
        yield ".".join(at), _without_folder(value)


def _without_folder(value: Any) -> Any:
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


# Running.


def measure(
    bevseg: Sequence[str], out: Path, groups: Sequence[str], samples: Path, data: Path
) -> dict[str, Any]:
    """Run the commands of the groups and return what is kept of their outputs.

    Parameters
    ----------
    bevseg
        The command, before its arguments.
    out
        Directory of the outputs, a folder per group.
    groups
        Of `GROUPS`.
    samples, data
        `sample_data` of the repository, and the shared data folder.

    Raises
    ------
    subprocess.CalledProcessError
        If a command fails.
    """
    found: dict[str, Any] = {"machine": _machine(), "groups": list(groups), "skipped": {}, "seconds": {}}
    outputs: dict[str, Table] = {}
    for group in groups:
        start, folder = time.monotonic(), out / group
        try:
            for command in GROUPS[group](Places(folder, samples, data)):
                run(bevseg, command)
        except AbsentError as reason:
            found["skipped"][group] = str(reason)
            print(f"{group}: left out, {reason}", flush=True)
            continue
        kept = {
            path.relative_to(out).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
        }
        outputs |= {name: KINDS.get(path.suffix, _file)(path) for name, path in kept.items()}
        found["seconds"][group] = round(time.monotonic() - start, 1)
        print(f"{group}: {len(kept)} outputs, {found['seconds'][group]} s", flush=True)
    return found | {"outputs": outputs}


def run(bevseg: Sequence[str], command: Command) -> None:
    """Run one command with one thread per library; what it says is shown if it fails."""
    arguments = [*bevseg, *map(str, command), "--quiet"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise subprocess.CalledProcessError(done.returncode, arguments)


def _machine() -> dict[str, Any]:
    """Return what the last digits of results depend on."""
    versions = {library: metadata.version(library) for library in ("numpy", "torch", "numba")}
    return {"system": platform.machine(), "python": platform.python_version(), **versions}


# Comparing.


@dataclass
class Comparison:
    """What two measurements have in common, and what not."""

    same: int = 0
    """Hashes and values that are equal."""
    differences: list[str] = field(default_factory=list)
    renamed: Counter[str] = field(default_factory=Counter)
    """`old.key=new.key` -> how many equal values have the new key."""
    added: list[str] = field(default_factory=list)
    """Values, not hashes, that only the new measurement has."""


def compare(old: Mapping[str, Any], new: Mapping[str, Any], renamed: Sequence[str] = ()) -> Comparison:
    """Compare two measurements, in the groups that the new one has.

    Parameters
    ----------
    old, new
        What `measure` returned.
    renamed
        `old.key=new.key`: parts of the keys of JSON files and metadata, wherever they stand.
    """
    found = Comparison()
    before = {name: table for name, table in old["outputs"].items() if name.split("/")[0] in new["groups"]}
    after = new["outputs"]
    for name in sorted(before.keys() | after.keys()):
        if name in before and name in after:
            _compare_tables(name, before[name], after[name], renamed, found)
        else:
            found.differences.append(f"{name}: only in {'OLD' if name in before else 'NEW'}")
    return found


def _compare_tables(name: str, old: Table, new: Table, renamed: Sequence[str], found: Comparison) -> None:
    """Add to the comparison what two outputs of one name have in common, and what not."""
    rest = dict(new)
    for old_key, value in old.items():
        key, rules = _new_key(old_key, renamed)
        if key not in rest:
            found.differences.append(f"{name}: {key}: {_shown(value)} -> missing")
        elif (given := rest.pop(key)) != value:
            found.differences.append(f"{name}: {key}: {_shown(value)} -> {_shown(given)}")
        else:
            found.same += 1
            found.renamed.update(rules)
    for key, value in rest.items():
        kind = found.differences if str(value).startswith(HASH) else found.added
        kind.append(f"{name}: {key}: {_shown(value)}, new")


def _new_key(key: str, renamed: Sequence[str]) -> tuple[str, list[str]]:
    """Return what a key is called now, and the rules that say so."""
    now, rules = f".{key}.", []
    for rule in renamed:
        old, new = (f".{part}." for part in rule.split("=", 1))
        if old in now:
            now = now.replace(old, new)
            rules.append(rule)
    return now[1:-1], rules


def _shown(value: Any) -> str:
    text = json.dumps(value)
    if isinstance(value, str) and value.startswith(HASH):
        return value[len(HASH) :][:12]
    return text if len(text) <= 100 else f"{text[:97]}..."


def report(old: Mapping[str, Any], new: Mapping[str, Any], renamed: Sequence[str]) -> bool:
    """Print how two measurements differ; return whether they are equal but for renamed and added keys."""
    found = compare(old, new, renamed)
    machines = [(key, old["machine"][key], new["machine"][key]) for key in old["machine"]]
    for title, lines in (
        ("measured with other versions", [f"{k}: {was} -> {now}" for k, was, now in machines if was != now]),
        ("not measured in NEW", [group for group in old["groups"] if group not in new["groups"]]),
        ("no data in NEW", [f"{group}: {reason}" for group, reason in new["skipped"].items()]),
        ("renamed keys", [f"{rule}: {count} equal values" for rule, count in found.renamed.items()]),
        ("renamed keys that are not there", [rule for rule in renamed if rule not in found.renamed]),
        ("added keys", found.added),
        ("differences", found.differences),
    ):
        if lines:
            print(f"{title}:", *lines, sep="\n  ")
    print(f"{found.same} hashes and values are the same, {len(found.differences)} differ")
    return not found.differences


def main() -> None:
    """Parse the command line; measure and write, or compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="outputs; DIR.json has their hashes")
    parser.add_argument(
        "--bevseg",
        metavar="COMMAND",
        default=shlex.quote(str(Path(sys.executable).with_name("bevseg"))),
        help="the command to run [default: bevseg beside this Python]",
    )
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=list(GROUPS), help="some groups")
    parser.add_argument("--samples", type=Path, default=ROOT / "sample_data", help="[default: %(default)s]")
    parser.add_argument("--data", type=Path, default=DATA, help="real clouds [default: %(default)s]")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("OLD.json", "NEW.json"))
    parser.add_argument("--renamed", nargs="+", default=(), metavar="OLD=NEW", help="keys with other names")
    asked = parser.parse_args()
    if not all("=" in rule for rule in asked.renamed):
        parser.error("--renamed takes old.key=new.key")
    if asked.compare:
        old, new = (json.loads(path.read_text(encoding="utf-8")) for path in asked.compare)
        sys.exit(not report(old, new, asked.renamed))
    if asked.output is None:
        parser.error("name a directory with -o, or two files with --compare")
    if asked.output.exists() and any(asked.output.iterdir()):
        parser.error(f"{asked.output} is not empty")
    places = (path.resolve() for path in (asked.samples, asked.data))
    found = measure(shlex.split(asked.bevseg), asked.output.resolve(), asked.only, *places)
    written = asked.output.with_name(f"{asked.output.name}.json")
    written.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
