"""Results of a run as tests of the report need them: report.json, labelled clouds and maps, without a run."""

import json
import shutil

import numpy as np

from bevseg.core.labels import CLASS_NAMES
from bevseg.core.metrics import confusion
from bevseg.core.scores import scores_of
from bevseg.report.maps_file import maps_path, write_maps
from bevseg.review.run_outputs import REPORT, RunOutputs
from tests.report.clouds import maps

STRANGE = "<script>alert(1)<!-- &\u00e9\u2028'\"x.laz"
"""Name of a cloud that does harm on a page that does not escape it."""


def street(seed=1, shape=(60, 90)):
    """Classes and true classes of a street: a road, a wall, a car, a pole, a bush, and a few errors."""
    rng = np.random.default_rng(seed)
    truth = np.zeros(shape, np.uint8)
    truth[20:40] = 3
    truth[10:14, 5:80] = 1
    truth[25:30, 30:52] = 2
    truth[42, 60] = 4
    truth[44:52, 10:25] = 5
    classes = truth.copy()
    wrong = (rng.random(shape) < 0.03) & (truth > 0)
    classes[wrong] = 5
    return classes, truth


def facts(name, classes, truth=None, **more):
    """What a report says about a cloud with one point for each cell."""
    counts = np.bincount(classes.ravel(), minlength=6).tolist()
    scores = None
    if truth is not None:
        scores = scores_of(confusion(truth[truth > 0], classes[truth > 0], 6))
    return {
        "source": f"in/{name}.txt",
        "sha256": "0" * 64,
        "points": sum(counts),
        "outputs": {"cloud": f"out/{name.split('/')[-1]}.txt"},
        "crs": None,
        "metres_per_unit": [1.0, 1.0],
        "bounds_m": {"x": [100, 145], "y": [170, 200], "z": [29, 41]},
        "area_m2": 300.0,
        "points_per_m2": 12.5,
        "not_finite": 0,
        "far": 0,
        "classes": dict(zip(CLASS_NAMES, counts, strict=True)),
        "ground": {"method": "smrf", "why": "a sparse scan"},
        "scores": scores,
        "oracle": scores,
        "warnings": [],
        "seconds": {"read": 0.1},
        "role": "unseen",
        **more,
    }


def table(clouds, **more):
    """Return a report about clouds."""
    scored = [name for name, each in clouds.items() if each["scores"]]
    scores = clouds[scored[0]]["scores"] if scored else None
    return {
        "schema": 2,
        "date": "2026-12-01T10:00:00+00:00",
        "command": ["bevseg", "run", "in put", "-o", "out"],
        "settings": {"raster": {"cell": 0.4, "features": "shape"}},
        "looks": {"scales": [1.0], "turns": 4, "crf": False},
        "device": "cpu",
        "model": {
            "name": "default",
            "sha256": "ab" * 32,
            "trained_on": ["a_1", "a_2", "b_1"],
            "held_out_miou": 0.5,
        },
        "versions": {"bevseg": "9.9", "python": "3.11"},
        "scored": scored,
        "scored_unseen": True,
        "scores": scores,
        "oracle": scores,
        "speed": {"seconds": {"read": 1.5, "new stage": 2.0}, "points_per_second": {"read": 100}},
        "wall_seconds": 12.0,
        "clouds": clouds,
        "failures": [],
        **more,
    }


def results(out, names=("north",), *, has_truth=True, has_maps=True, changes=None, **more):
    """Write the results of a run into a directory, and return them."""
    shutil.rmtree(out, ignore_errors=True)
    clouds = {}
    for number, name in enumerate(names):
        classes, truth = street(number)
        own = (changes or {}).get(name, {})
        clouds[name] = facts(name, classes, truth if has_truth else None, **own)
        path = (out / name).parent / f"{name.split('/')[-1]}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("labelled")
        if has_maps:
            path = maps_path(out, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_maps(maps(classes, truth=truth if has_truth else None), path)
    (out / REPORT).write_text(json.dumps(table(clouds, **more)))
    return RunOutputs.open(out)
