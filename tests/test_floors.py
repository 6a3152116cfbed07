"""The floor plan, held by the imports: a file imports downward only.

A register names modules by text (losses, networks, formats, presets). So a plug-in may stand above the folder that
calls it: the folder knows its contract alone.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FLOORS = (
    ("printable",),
    ("errors",),
    ("runtime",),
    ("config", "weights"),
    ("core",),
    ("io", "ground"),
    ("bev", "seg", "sim"),
    ("workdir", "objects"),
    ("pipeline",),
    ("training", "survey", "review"),
    ("viewer", "report"),
    ("stages", "study", "arguments"),
    ("runner", "api"),
    ("cli",),
    ("__main__",),
)
"""From the ground up; what stands on one floor does not know its neighbours."""

INSIDE = {
    "config": (("names", "domains", "files"), ("groups", "plugins"), ("tables",)),
    "runtime": (
        (
            "progress",
            "kernels",
            "cores",
            "identity",
            "memory",
            "open3d",
            "streams",
            "executor",
            "cluster_client",
        ),
        ("temporary",),
        ("atomic", "lock_file"),
        ("serve",),
        ("worker", "lock"),
        ("processes",),
        ("batch", "cluster"),
    ),
    "core": (
        ("labels", "metrics", "grid", "tiles", "distance", "scan_ranges", "union_find"),
        ("pointcloud", "raster", "reasons", "scores"),
        ("cells", "density", "connected"),
        ("heights", "height_counts", "far_points", "sort_by_block", "scan_counts"),
        ("blocks",),
    ),
    "io": (
        (
            "formats",
            "fields",
            "raw",
            "format_errors",
            "coordinates",
            "class_codes",
            "crs",
            "palette_png",
            "png",
            "qgis",
            "vector",
            "aux_xml",
            "foreign",
            "raster_codes",
        ),
        ("unit_comment", "cog"),
        ("vertices", "ascii_records", "colours", "geotiff", "packed", "columns", "missing_heights"),
        ("text", "ply", "pcd", "las", "e57", "arrays", "kitti"),
        ("copc", "mosaic"),
        ("find", "write", "simulated", "describe"),
        ("read",),
        ("keep", "compare", "read_batches", "read_labelled"),
        ("read_shown", "correct"),
    ),
    "io.crs": (
        ("proj_database",),
        ("units", "kept_by_geotiff"),
        ("degrees", "area"),
        ("system",),
        ("wkt", "databases", "parameters"),
        ("geokeys",),
        ("names",),
    ),
    "io.las": (
        ("point_formats", "records"),
        ("header",),
        ("extra_bytes", "read_header", "version_4", "left_out"),
        ("codes", "dimensions"),
        ("source", "block_writer", "new_header", "other_fields", "plausible", "label_fields"),
        ("laz", "reference_system"),
        ("decode", "upgrade", "claims"),
        ("las_file",),
        ("layout",),
        ("record",),
        ("reader", "writer", "simulated", "gps_time", "round_trip"),
        ("batches", "working_copy", "describe"),
    ),
    "io.mosaic": (
        ("vrt",),
        ("paths", "pieces"),
        ("write",),
    ),
    "io.copc": (
        ("info", "hierarchy", "morton"),
        ("build_octree", "octree"),
        ("extents", "node_writer"),
        ("reader", "writer"),
    ),
    "io.compare": (
        ("difference",),
        ("las_header", "fields", "properties", "text", "pairs"),
        ("las_records", "las_loose", "order"),
        ("las_octree", "las_points"),
        ("las", "clouds", "kept"),
        ("files",),
    ),
    "ground": (
        (
            "morphology",
            "zones",
            "fill_holes",
            "fill_with_minimum",
            "limit_slope",
            "slope_filter",
            "hillshade",
            "search_grids",
            "resample",
            "height_sums",
        ),
        ("surface", "attached", "low_outliers", "bounds"),
        ("smrf", "flat_zones", "choose_method", "ground_returns", "label_points", "dem", "lowest_cells"),
        ("window", "dsm"),
        ("search",),
        ("find_ground",),
    ),
    "bev": (
        ("slices", "highest_points", "view"),
        ("cell_statistics",),
        ("bands",),
        ("rasterize", "backproject", "consistency", "doubt"),
        ("crops",),
        ("sampling",),
    ),
    "objects": (
        ("objects", "boxes", "cells"),
        ("ground_heights", "pieces", "tabulate", "windows", "layers"),
        ("outlines",),
        ("cars", "poles", "crowns", "buildings", "facades"),
        ("find_objects",),
    ),
    "workdir": (
        ("facts", "ground_products", "settings", "checks", "labels_file"),
        ("folder",),
        ("for_each",),
    ),
    "training": (
        ("examples", "holdout", "requirements", "squares"),
        ("asked", "block_split", "corrections", "fine_tuning", "scans", "simulated_streets", "touching"),
        ("split",),
        ("fit",),
    ),
    "survey": (
        ("area", "block_task", "decoded", "ground_file", "labels_file", "point_file", "reading", "scratch"),
        ("survey", "lay_down"),
        ("plan", "find_ground", "label_block", "cloud_labels", "cloud_scans", "write_rasters"),
    ),
    "review": (
        ("edits", "places"),
        ("run_outputs",),
        ("apply", "corrected_file"),
    ),
    "viewer": (
        ("tile_file", "shapes", "sources"),
        ("ground_heights", "layout", "point_records", "overlay", "scene", "sample"),
        ("count_points", "select", "doubtful"),
        ("place_points", "shuffle_tiles"),
        ("tiles", "session"),
        ("server", "static_view"),
        ("view_page",),
    ),
    "report": (
        ("frame", "numbers", "page_names", "texts"),
        ("maps_file",),
        (
            "findings",
            "histogram",
            "layers",
            "maps_of_points",
            "marks",
            "places_shown",
            "corrected_maps",
        ),
        ("cloud_section",),
        ("summary",),
        ("write_report",),
        ("pages",),
    ),
    "runner": (
        ("request", "jobs", "compare_statistics", "noted_warnings", "maps", "labels_written"),
        ("outputs", "conditions", "work", "preview", "keep_work"),
        ("finished", "lay_cloud", "plan_surveys", "compare_scans"),
        ("write_cloud", "train_first", "report", "parts"),
        ("workers", "label_clouds"),
        ("passes",),
        ("dry_run",),
        ("run", "relabel"),
        ("learned",),
        ("learn",),
    ),
    "study": (
        (
            "plan",
            "task",
            "data_folder",
            "early_stopping",
            "plot",
            "tile_scores",
            "surrogate_facts",
            "weights_file",
            "own_code",
        ),
        ("grid",),
        ("records",),
        ("reliability",),
        ("tasks",),
        ("result_tables", "task_registry"),
        ("run_study",),
    ),
    "study.tasks": (("bias", "curves", "mnist", "street", "images"), ("approximation",)),
    "study.tasks.mnist": (("digits",), ("examples",), ("mnist_task",)),
    "study.tasks.street": (("scenes", "heads"), ("random_crops",), ("street_task",)),
    "study.tasks.images": (
        ("settings", "read_pictures"),
        ("classes",),
        ("dataset",),
        ("heads", "sampling"),
        ("objective", "evaluate", "draw_pictures"),
        ("train",),
        ("trained_network",),
        ("images_task",),
    ),
    "sim": (
        ("materials", "distributions"),
        ("mesh",),
        ("scene",),
        ("objects",),
        ("town", "instrument"),
        ("setup",),
        ("presets", "routes"),
        ("traffic",),
        ("tour",),
        ("point_count",),
        ("simulate",),
        ("exact_ground", "lines_and_planes"),
        ("statistics",),
    ),
    "sim.objects": (
        (
            "facades",
            "walls",
            "huts",
            "vehicles",
            "poles",
            "wires",
            "trees",
            "shrubs",
            "people",
            "furniture",
            "bins",
            "cafes",
            "works",
            "fences",
            "barriers",
            "low_walls",
        ),
        ("roofs", "stairs", "yards", "pleached"),
        ("blocks",),
        ("houses", "public", "fronts"),
    ),
    "sim.objects.poles": (
        ("masts", "signs", "boards", "attachments"),
        ("lamp_posts", "posts", "traffic_lights", "utility_poles"),
    ),
    "sim.objects.vehicles": (
        ("bodies", "trams", "two_wheelers", "trucks"),
        ("shell", "special"),
        ("cars",),
    ),
    "sim.town": (
        ("style", "centreline", "layout"),
        ("terrain", "lots", "styles"),
        ("builder",),
        (
            "bridges",
            "gardens",
            "kerbside",
            "depots",
            "carriageway",
            "street_plants",
            "street_poles",
            "pavement",
            "crossings",
            "arterial",
        ),
        ("parking",),
        ("sites", "land", "roadside"),
        ("street",),
    ),
    "sim.town.styles": (
        ("shrec20",),
        ("boulevard", "centre", "oakland", "road", "suburb", "terrestrial"),
    ),
    "sim.instrument": (
        ("drums", "faults"),
        ("sensors",),
        ("returns", "drive"),
        ("scanner",),
    ),
    "seg": (
        ("device", "inputs"),
        ("losses", "models"),
        ("description", "neuro_iou"),
        ("checkpoint",),
        ("inference",),
        ("training", "to_onnx"),
    ),
}
"""The floors within a folder: slices under rasterize, networks under inference, inference under training."""

ROOMS = {
    "laspy": ("io",),
    "lazrs": ("io",),
    "polars": ("io",),
    "pyproj": ("io",),
    "rasterio": ("io",),
    "pyogrio": ("io",),
    "open3d": ("runtime",),
    "dask": ("runtime",),
    "distributed": ("runtime",),
    "torch": ("seg", "study"),
    "safetensors": ("seg", "study", "survey", "report"),
    "onnx": ("seg",),
    "onnxscript": ("seg",),
    "jinja2": ("report",),
    "matplotlib": ("runner", "study"),
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
    """(name, file) of every module."""
    for path in sorted((ROOT / "bevseg").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(p for p in parts if p != "__init__"), path


def room(module):
    """The name on the floor plan: `bevseg.io.las` -> io."""
    return [*module.split("."), ""][1]


def floor(name):
    return next((n for n, names in enumerate(FLOORS) if name in names), None)


def faults(module, source, package):
    """What a file imports that it must not."""
    mine = room(module)
    for name in imports(source, package):
        top = name.split(".")[0]
        if top in ROOMS and mine not in ROOMS[top]:
            yield f"{module} imports {name}: only {ROOMS[top]} may"
        if top != "bevseg" or name in ("bevseg", "bevseg.__version__"):
            continue
        if module == "bevseg":  # the public names, imported on demand
            continue
        other = room(name)
        if other != mine and (floor(other) is None or floor(other) >= floor(mine)):
            yield f"{module} (floor {floor(mine)}) imports {name} (floor {floor(other)})"
        if mine == "bev" and other == "ground":
            yield f"{module} imports {name}: rasters take a DEM, however it was found"
        if mine == other == "stages" and module.split(".")[2:3] != name.split(".")[2:3]:
            yield f"stage {module} imports stage {name}"
        for folder in INSIDE:
            mine_there, other_there = (part_of(folder, m) for m in (module, name))
            here, there = (inner_floor(folder, part) for part in (mine_there, other_there))
            if mine_there != other_there and None not in (here, there) and there >= here:
                yield f"{module} imports {name}, which stands beside or above it"


def part_of(folder, module):
    """The file or folder of `folder` that a module is or lies in: `bevseg.sim.town.lots` lies in town of sim."""
    inside = f"bevseg.{folder}."
    return module.removeprefix(inside).split(".")[0] if module.startswith(inside) else None


def inner_floor(folder, part):
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
    found = {part_of(folder, m) for m, _ in modules()} - {None}
    assert found == {name for names in INSIDE[folder] for name in names}


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("bevseg.core.grid", "from bevseg.core.raster import Raster"),
        ("bevseg.ground.find_ground", "from bevseg.io import las"),
        ("bevseg.ground.find_ground", "import torch"),
        ("bevseg.seg.training.loop", "from bevseg import workdir"),
        ("bevseg.seg.training.loop", "from bevseg.pipeline import label"),
        ("bevseg.stages.ingest", "from bevseg.stages.export import export"),
        ("bevseg.core.cells", "from bevseg.ground.find_ground import find_ground"),
        ("bevseg.bev.crops", "from bevseg.ground.find_ground import find_ground"),
        ("bevseg.ground.find_ground", "def f():\n    from bevseg.bev.rasterize import rasterize"),
        ("bevseg.pipeline", "import laspy"),
        ("bevseg.pipeline", "import click"),
        ("bevseg.runner.run", "from bevseg.cli import main"),
        ("bevseg.sim.objects.vehicles.cars", "from bevseg.sim.town.style import Style"),
        ("bevseg.sim.town.lots", "from bevseg.sim.town import sites"),
        ("bevseg.sim.instrument.drive", "from bevseg.sim.town.street import Street"),
        ("bevseg.workdir.folder", "import importlib\nimportlib.import_module('open3d')"),
    ],
)
def test_the_rule_sees_a_wrong_import(module, line):
    assert list(faults(module, line, module.rpartition(".")[0]))
