"""`--val-blocks` of `bevseg train` and `bevseg run`, and `bevseg.train(val_blocks=...)`."""

import json

import pytest

import bevseg as api
from bevseg.errors import UsageError
from bevseg.seg import checkpoint
from tests import tiny
from tests.cli.invoke import bevseg, left_behind

TOML = tiny.TOML.replace("cell = 0.4", "cell = 0.2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A labelled street of several blocks, and its work directory."""
    folder = tmp_path_factory.mktemp("blocks")
    (folder / "tiny.toml").write_text(TOML)
    cloud = tiny.long_street("long")
    tiny.write_text(folder / "long.txt", cloud.xyz, cloud.labels)
    assert bevseg("ingest", folder / "long.txt", "-o", folder / "work").exit_code == 0
    assert bevseg("ground", folder / "work", "--config", folder / "tiny.toml").exit_code == 0
    return folder


def train(folder, output, *options):
    common = ("--config", folder / "tiny.toml", "--device", "cpu")
    return bevseg("train", folder / "work", "-o", output / "m.safetensors", *common, *options)


def test_every_way_to_train_holds_out_the_same_blocks(folder, tmp_path):
    result = train(folder, tmp_path / "train", "--val-blocks", "0.3")
    assert result.exit_code == 0, result.stderr
    assert "held out: long; percent of points" in result.stdout
    model = checkpoint.load(tmp_path / "train" / "m.safetensors")
    options = ("--config", folder / "tiny.toml", "--device", "cpu", "--val-blocks", "0.3")
    again = ("run", folder / "long.txt", "-o", tmp_path / "run", "--train-on", folder / "long.txt", *options)
    assert bevseg(*again).exit_code == 0
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == (
        tmp_path / "train" / "m.safetensors"
    ).read_bytes()
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["training"]["split"] == model.scores["split"]
    assert report["clouds"]["long"]["role"] == "training"
    config = folder / "tiny.toml"
    in_python = api.train(folder / "long.txt", config=config, val_blocks=0.3, device="cpu")
    assert in_python.scores["split"] == model.scores["split"]
    result = bevseg(*again[:-1], "0.4")
    assert result.exit_code == 6
    assert "trained with other settings" in result.stderr


def test_a_training_with_another_share_does_not_go_on(folder, tmp_path, monkeypatch):
    from bevseg.stages import train as stage

    honest = stage.write

    def write(state, path):
        honest(state, path)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stage, "write", write)
        assert train(folder, tmp_path, "--val-blocks", "0.3").exit_code == 130
    for options, said in ((("--val-blocks", "0.5"), "val.share: 0.3 then, 0.5 now"), ((), "not there now")):
        result = train(folder, tmp_path, *options, "--resume")
        assert (result.exit_code, said in result.stderr) == (6, True), result.stderr
    assert train(folder, tmp_path, "--val-blocks", "0.3", "--resume").exit_code == 0


def test_blocks_and_clouds_exclude_each_other_before_anything_is_read(folder, tmp_path):
    both = ("--val-blocks", "0.3", "--val", "long")
    for result in (
        train(folder, tmp_path, *both),
        bevseg("run", folder / "long.txt", "-o", tmp_path, "--train-on", folder / "long.txt", *both),
    ):
        assert result.exit_code == 2
        assert "give one of the two" in result.stderr and "read the training clouds" not in result.stderr
    assert left_behind(tmp_path) == []
    with pytest.raises(UsageError, match="Either"):
        api.train(folder / "long.txt", val_blocks=0.3, val="long")


def test_a_copy_of_a_cloud_on_the_other_side_is_refused(streets, tmp_path):
    for name, source in (("a", "a"), ("b", "b"), ("copy", "a")):
        (tmp_path / f"{name}.txt").write_bytes((streets / f"{source}.txt").read_bytes())
    (tmp_path / "tiny.toml").write_text(tiny.TOML)
    command = (
        "run",
        tmp_path / "b.txt",
        "--train-on",
        tmp_path,
        "--config",
        tmp_path / "tiny.toml",
        "--device",
        "cpu",
    )
    result = bevseg(*command, "-o", tmp_path / "out", "--val", "copy")
    assert result.exit_code == 2
    assert "copy is held out, and a shows the same place" in result.stderr
    assert bevseg(*command, "-o", tmp_path / "out").exit_code == 0  # the choice takes both, or none
    scores = checkpoint.load(tmp_path / "out" / "model.safetensors").scores
    assert ("a" in scores["trained_on"]) == ("copy" in scores["trained_on"])
