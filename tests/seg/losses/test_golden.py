"""`golden.py` on the reference values, and on folders it must not accept."""

import json
import shutil

import numpy as np
import pytest
import torch

from tests.seg.losses import golden as runner
from tests.seg.losses import goldens

QUICK = ("lovasz_hinge", "metric_iou")
"""Two small sets: a loss, and arrays."""


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def folder(golden, tmp_path):
    """A copy of two sets, to be falsified."""
    manifest = json.loads((golden / "manifest.json").read_text())
    manifest["losses"] = {name: manifest["losses"][name] for name in QUICK}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    for name in QUICK:
        shutil.copyfile(golden / f"{name}.npz", tmp_path / f"{name}.npz")
    return tmp_path


def falsify(folder, name, key, change):
    with np.load(folder / f"{name}.npz") as stored:
        arrays = dict(stored.items())
    array = np.array(arrays[key])
    array.flat[array.size // 2] = change(array.flat[array.size // 2])
    np.savez(folder / f"{name}.npz", **{**arrays, key: array})


def case_with(folder, name, array):
    """A case whose array holds a number that is not 0."""
    with np.load(folder / f"{name}.npz") as stored:
        keys = [key for key in stored if key.endswith(f"/{array}")]
        return next(key for key in keys if stored[key].flat[stored[key].size // 2] != 0)


def test_every_case_of_every_set_agrees(golden, capsys):
    assert runner.check(golden) == 0, capsys.readouterr().out


def test_an_untouched_copy_passes(folder):
    assert runner.check(folder) == 0


@pytest.mark.parametrize(
    ("name", "array", "change"),
    [
        ("lovasz_hinge", "value", lambda number: number * (1 + 1e-6)),
        ("lovasz_hinge", "grad_logits", lambda number: number * 1.01),
        ("metric_iou", "iou", lambda number: number + 1e-3),
    ],
)
def test_one_falsified_number_fails(folder, capsys, name, array, change):
    falsify(folder, name, case_with(folder, name, array), change)
    assert runner.check(folder) == 1
    assert "1 failures" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted({name for rule in goldens.departures() for name in rule.sets}))
def test_a_wrong_number_is_no_departure(golden, name):
    rules, entry = goldens.departures(), json.loads((golden / "manifest.json").read_text())["losses"][name]
    with np.load(golden / f"{name}.npz") as stored:
        arrays = dict(stored.items())
    for number in entry["cases"]:
        case = runner._read(name, number, arrays, torch.float64)
        if any(name in rule.sets and rule.applies(case) for rule in rules):
            case.arrays["value"] = case.arrays["value"] + 1e-6
            faults, _ = runner._case(case, goldens.adapters()[name], rules, runner.TOLERANCES[torch.float64])
            assert faults, number


def test_a_falsified_number_of_the_manifest_fails(folder, capsys):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["losses"]["lovasz_hinge"]["cases"][0]["value"] *= 1 + 1e-6
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert runner.check(folder) == 1
    assert "in the manifest" in capsys.readouterr().out


def test_a_set_that_nobody_covers_fails(folder, capsys):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["losses"]["unheard_of"] = manifest["losses"]["metric_iou"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert runner.check(folder) == 1
    assert "unheard_of: 0 of" in capsys.readouterr().out


def test_the_departures_are_few_rules_each_with_its_reason():
    rules = goldens.departures()
    assert len(rules) <= runner.MOST_DEPARTURES
    assert len({rule.reason for rule in rules}) == len(rules)
    assert {name for rule in rules for name in rule.sets} <= set(goldens.adapters())
