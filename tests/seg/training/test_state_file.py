"""What is no state of a training is refused with one clear error."""

import json

import pytest
import torch

from bevseg.errors import InputError
from bevseg.seg.training import state_file
from bevseg.seg.training.network_state import NetworkState
from bevseg.seg.training.state_file import KEY, TrainingState, read, write


def state():
    of_low = NetworkState(
        7, 1.5, False, [{"step": 7, "miou": 0.25}], 0.25, 0.25, 0, {}, {"best": {"a/b": torch.ones(2)}}
    )
    return TrainingState({"seed": 3}, 0.5, 2.0, {"low": of_low})


def with_text(path, text, tensors=None):
    state_file._save(text, tensors or {}, path)
    return path


def table(path):
    """Return what the file of a state says of it."""
    from safetensors import safe_open

    write(state(), path)
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()[KEY])


def test_a_state_comes_back_from_its_file(tmp_path):
    write(state(), tmp_path / "s")
    found = read(tmp_path / "s")
    assert (found.asked, found.began, found.seconds) == ({"seed": 3}, 0.5, 2.0)
    assert found.source == str(tmp_path / "s")
    assert found.networks["low"].history == [{"step": 7, "miou": 0.25}]
    assert torch.equal(found.networks["low"].tensors["best"]["a/b"], torch.ones(2))


def test_the_file_appears_by_rename(tmp_path, monkeypatch):
    write(state(), tmp_path / "s")
    before = (tmp_path / "s").read_bytes()

    def half(tensors, path, metadata):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(state_file, "save_file", half)
    with pytest.raises(KeyboardInterrupt):
        write(state(), tmp_path / "s")
    assert [path.name for path in tmp_path.iterdir()] == ["s"]
    assert (tmp_path / "s").read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"format": None},
        {"asked": 3},
        {"began": "soon"},
        {"seconds": None},
        {"networks": []},
        {"networks": {}},
        {"networks": {"low": None}},
    ],
    ids=str,
)
def test_a_text_that_says_something_else_is_refused(tmp_path, change):
    path = with_text(tmp_path / "s", json.dumps(table(tmp_path / "s") | change))
    with pytest.raises(InputError, match="no state of a training") as caught:
        read(path)
    assert caught.value.where == path
    assert "--overwrite" in caught.value.hint


@pytest.mark.parametrize(
    "change",
    [{"step": "x"}, {"history": 3}, {"history": [{"miou": "high"}]}, {"stale": None}, {"schedule": []}],
    ids=str,
)
def test_a_network_that_says_something_else_is_refused(tmp_path, change):
    found = table(tmp_path / "s")
    found["networks"]["low"] |= change
    with pytest.raises(InputError, match="no state of a training"):
        read(with_text(tmp_path / "s", json.dumps(found)))


def test_every_byte_counts(tmp_path):
    write(state(), tmp_path / "s")
    whole = bytearray((tmp_path / "s").read_bytes())
    for place in range(0, len(whole), 7):
        damaged = whole.copy()
        damaged[place] ^= 1
        (tmp_path / "s").write_bytes(damaged)
        with pytest.raises(InputError, match="no state of a training"):
            read(tmp_path / "s")


def test_other_files_are_refused(tmp_path):
    from bevseg.seg import checkpoint
    from tests.seg import scenes

    checkpoint.save(scenes.model(), tmp_path / "model")
    write(state(), tmp_path / "cut")
    (tmp_path / "cut").write_bytes((tmp_path / "cut").read_bytes()[:-5])
    (tmp_path / "empty").touch()
    with_text(tmp_path / "tensors", json.dumps(table(tmp_path / "s")), {"no": torch.ones(1)})
    for name in ("model", "cut", "empty", "tensors", "."):
        with pytest.raises(InputError) as caught:
            read(tmp_path / name)
        assert "--overwrite" in caught.value.hint
    with pytest.raises(InputError, match="Not a JSON file"):
        read(with_text(tmp_path / "s", "{"))
