"""The benchmark of labelled clouds on top of a model: what it trains on, what it takes as done, what it prints."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from bevseg.core.labels import CAR, POLE, load_scheme
from bevseg.io.read import read_cloud
from bevseg.seg import checkpoint
from tests import tiny

CODES = np.array([1001, 1400, 1501, 1200, 1103, 1300])
"""Of Oakland, for each train id."""


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Three labelled clouds to train on and one to test on."""
    folder = tmp_path_factory.mktemp("oakland")
    for seed, name in enumerate(("aa", "bb", "cc", "tt")):
        cloud = tiny.thin_street(name, seed)
        tiny.write_text(folder / f"part_{name}.xyz", cloud.xyz, CODES[cloud.labels])
    (folder / "own.toml").write_text(tiny.TOML)
    return folder


def call(monkeypatch, data, out, model, *options):
    import fine_tuning

    arguments = [out, "--model", model, "--data", data, "--test", "tt", "--train", "aa", "bb", "cc"]
    arguments += ["--config", data / "own.toml", "--device", "cpu", "--json", out / "all.json", *options]
    monkeypatch.setattr("sys.argv", ["fine_tuning.py", *map(str, arguments)])
    fine_tuning.main()
    return json.loads((out / "all.json").read_text())


@pytest.fixture(scope="module")
def done(tmp_path_factory, data, tiny_model):
    """All runs of one seed."""
    out = tmp_path_factory.mktemp("done")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
        return out, call(patch, data, out, tiny_model, "--counts", "1", "2", "--seeds", "0", "--alone")


@pytest.mark.slow
def test_every_start_is_trained_on_the_clouds_of_the_seed(done, tiny_model):
    out, found = done
    alone = [f"model_{name}" for name in ("aa", "bb", "cc")]
    assert list(found) == ["model0", "model1_s0", "model2_s0", "nothing1_s0", "nothing2_s0", *alone]
    assert [found[name]["clouds"] for name in alone] == [["aa"], ["bb"], ["cc"]]
    assert found["model_aa"]["chosen"]["settings"]["steps"] == 4  # as the settings have it
    assert found["model1_s0"]["clouds"] == found["nothing1_s0"]["clouds"]
    assert set(found["model1_s0"]["clouds"]) < set(found["model2_s0"]["clouds"])
    for name, of in found.items():
        if of["clouds"]:
            scores = checkpoint.load(out / name / "model.safetensors").scores
            assert scores.get("init") == (str(tiny_model) if name.startswith("model") else None)
        report = json.loads((out / name / "report.json").read_text())
        assert of["scores"]["miou"] == report["scores"]["miou"]
        assert list(report["clouds"]) == ["part_tt"]


@pytest.mark.slow
def test_what_is_there_is_not_run_again(done, monkeypatch, data, tiny_model, capsys):
    import fine_tuning

    out, found = done
    monkeypatch.setattr(fine_tuning, "run", None)
    assert call(monkeypatch, data, out, tiny_model, "--counts", "1", "2", "--seeds", "0", "--alone") == found
    printed = capsys.readouterr().out
    gain = 100 * (found["model1_s0"]["scores"]["miou"] - found["nothing2_s0"]["scores"]["miou"])
    (row,) = [line for line in printed.splitlines() if line.startswith("| model + 1 | nothing + 2 |")]
    assert f"{gain:+.1f}" in row
    alone = 100 * (found["model_bb"]["scores"]["miou"] - found["model0"]["scores"]["miou"])
    (row,) = [line for line in printed.splitlines() if line.startswith("| bb |")]
    assert f"{alone:+.1f}" in row


@pytest.mark.slow
def test_a_run_on_other_clouds_is_refused(done, tmp_path, monkeypatch, data, tiny_model):
    shutil.copytree(done[0] / "nothing2_s0", tmp_path / "nothing3_s0")
    with pytest.raises(SystemExit, match="another one than its name says"):
        call(monkeypatch, data, tmp_path, tiny_model, "--counts", "3", "--seeds", "0", "--tables")


def test_a_class_is_taken_out_of_a_training_cloud(data, tmp_path):
    import fine_tuning

    scheme = load_scheme("oakland")
    whole = read_cloud(data / "part_aa.xyz", scheme=scheme)
    fine_tuning.lay(data / "part_aa.xyz", tmp_path, ("car", "pole"), "oakland")
    cut = read_cloud(tmp_path / "part_aa.txt", scheme=scheme)
    kept = ~np.isin(whole.labels, (CAR, POLE))
    assert np.array_equal(cut.labels, whole.labels[kept])
    assert np.allclose(cut.xyz, whole.xyz[kept])


def test_the_first_three_of_a_seed_show_every_class():
    import fine_tuning

    counts = {name: np.array([0, 900, 900, 900, 900]) for name in "abcdef"} | {
        "g": np.array([900, 0, 0, 0, 0])
    }
    orders = [fine_tuning.order(counts, seed) for seed in range(20)]
    assert all("g" in order[:3] for order in orders)
    assert len({tuple(order) for order in orders}) > 10
    assert fine_tuning.order(counts, 3) == orders[3]
    assert all(sorted(order) == sorted(counts) for order in orders)


def test_several_seeds_have_a_mean_and_a_spread():
    import fine_tuning

    assert fine_tuning.spread([0.5, 0.6, 0.7]) == "60.0 ± 10.0"
    assert fine_tuning.spread([0.5, -0.1], sign=True) == "+20.0 ± 42.4"
    assert fine_tuning.spread([0.25]) == "25.0"
