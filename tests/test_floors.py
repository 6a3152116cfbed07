"""The floor plan, held by the imports: a file imports downward only."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FLOORS = (
    ("errors", "metrics", "progress", "kernels"),
    ("config",),
    ("atomic", "memory", "open3d", "labels", "pointcloud", "grid", "distance", "weights"),
    ("raster",),
    ("bev", "io", "tiles", "evaluate", "holdout", "hillshade"),
    ("seg", "sim", "ingest", "export"),
    ("preview", "statistics", "training"),
    ("pipeline",),
    ("jobs",),
    ("study",),
    ("cli",),
)
"""From the ground up; what stands on one floor does not know its neighbours."""

INSIDE = {
    "config": (("names", "domains", "files"), ("groups",), ("tables",)),
    "jobs": (
        ("processes",),
        ("batch",),
        ("report", "products"),
        ("workdir",),
        ("workflow",),
        ("labeller", "stages", "learning", "comparison", "contents", "samples"),
        ("run", "likeness"),
    ),
    "bev": (
        ("binning", "slices"),
        ("terrain", "records"),
        ("bands",),
        ("ground", "rasterize", "backproject", "consistency", "surfaces"),
        ("crops",),
        ("sampling",),
    ),
    "study": (
        ("plan", "task", "data", "fit", "plot", "outputs", "tiles"),
        ("records", "scenes"),
        ("crops", "reliability"),
        ("neuro",),
        ("bias", "curves", "mnist", "street"),
        ("approximation",),
        ("report", "tasks"),
        ("conduct",),
    ),
    "sim": (
        ("materials", "style", "sensors", "bend"),
        ("mesh",),
        ("layout", "facades", "walls", "cars", "clutter", "poles", "trees", "shrubs", "scene"),
        ("terrain", "lots", "roofs", "stairs", "yards", "echoes"),
        ("builder",),
        ("blocks", "bridges", "gardens", "roadside"),
        ("houses", "public", "fronts"),
        ("sites",),
        ("street",),
        ("drive",),
        ("presets", "scanner"),
        ("simulate",),
        ("reference",),
    ),
    "seg": (
        ("device", "inputs", "losses", "models", "optimise", "soft_labels", "ensemble", "crf"),
        ("batches", "checkpoint", "surrogate", "distill"),
        ("predict", "learned_loss", "lesson"),
        ("validate",),
        ("train",),
    ),
}
"""The floors within a folder: binning under slices under rasterize, lots under sites, losses under train."""

STAGES = {
    "bevseg.ingest",
    "bevseg.bev.ground",
    "bevseg.bev.rasterize",
    "bevseg.seg.train",
    "bevseg.seg.predict",
    "bevseg.bev.backproject",
    "bevseg.evaluate",
    "bevseg.export",
}

ROOMS = {
    "laspy": ("io",),
    "lazrs": ("io",),
    "polars": ("io",),
    "pyproj": ("io",),
    "rasterio": ("io",),
    "open3d": ("open3d",),
    "torch": ("seg", "study"),
    "safetensors": ("seg",),
    "matplotlib": ("preview", "study"),
    "click": ("cli",),
    "rich": ("cli",),
}
"""Library -> the only rooms that may import it."""


def imports(source, package):
    """Full names of all that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            up = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*up, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            yield from (a.value for a in node.args if isinstance(a, ast.Constant) and a.value[0] != ".")


def modules():
    """(name, file) of every module, cli/ under the name it is installed as."""
    for folder, package in (("bevseg", "bevseg"), ("cli", "bevseg_cli")):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            yield ".".join([package, *(p for p in parts if p != "__init__")]), path


def room(module):
    """The name on the floor plan: `bevseg.io.las` -> io."""
    return "cli" if module.startswith("bevseg_cli") else [*module.split("."), ""][1]


def floor(name):
    return next((n for n, names in enumerate(FLOORS) if name in names), None)


def faults(module, source, package):
    """What a file imports that it must not."""
    mine = room(module)
    for name in imports(source, package):
        top = name.split(".")[0]
        if top in ROOMS and mine not in ROOMS[top]:
            yield f"{module} imports {name}: only {ROOMS[top]} may"
        if top not in ("bevseg", "bevseg_cli") or name in ("bevseg", "bevseg.__version__"):
            continue
        other = room(name)
        if other != mine and (floor(other) is None or floor(other) >= floor(mine)):
            yield f"{module} (floor {floor(mine)}) imports {name} (floor {floor(other)})"
        if module in STAGES and any(name == s or name.startswith(f"{s}.") for s in STAGES - {module}):
            yield f"stage {module} imports stage {name}"
        if other == mine and mine in INSIDE:
            here, there = (inner_floor(mine, m) for m in (module, name))
            same_file = module.split(".")[2:3] == name.split(".")[2:3]
            if not same_file and None not in (here, there) and there >= here:
                yield f"{module} imports {name}, which stands beside or above it"


def inner_floor(folder, module):
    part = [*module.split("."), "", ""][2]
    return next((n for n, names in enumerate(INSIDE[folder]) if part in names), None)


@pytest.mark.parametrize(("module", "path"), list(modules()), ids=lambda v: v if isinstance(v, str) else "")
def test_a_file_imports_downward_only(module, path):
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    assert list(faults(module, path.read_text(), package)) == []


def test_every_file_has_its_floor():
    rooms = {room(module) for module, _ in modules()} - {"", "schemes"}
    assert rooms == {name for names in FLOORS for name in names}


@pytest.mark.parametrize("folder", INSIDE)
def test_every_file_of_a_folder_has_its_inner_floor(folder):
    found = {m.split(".")[2] for m, _ in modules() if m.startswith(f"bevseg.{folder}.")}
    assert found == {name for names in INSIDE[folder] for name in names}


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("bevseg.grid", "from bevseg.raster import Raster"),
        ("bevseg.bev.ground", "from bevseg.io import las"),
        ("bevseg.bev.ground", "import torch"),
        ("bevseg.seg.train", "from bevseg import workdir"),
        ("bevseg.seg.train", "from bevseg.pipeline import label"),
        ("bevseg.ingest", "from bevseg.export import export"),
        ("bevseg.bev.binning", "from bevseg.bev.ground import ground"),
        ("bevseg.bev.rasterize", "def f():\n    from bevseg.bev.ground import ground"),
        ("bevseg.pipeline", "import laspy"),
        ("bevseg.pipeline", "import click"),
        ("bevseg.jobs.run", "from bevseg_cli import main"),
        ("bevseg.jobs.workdir", "import importlib\nimportlib.import_module('open3d')"),
    ],
)
def test_the_rule_sees_a_wrong_import(module, line):
    assert list(faults(module, line, module.rpartition(".")[0]))
