"""A short form of the fuzzers; `python -m tests.fuzz all --count N` is the long one."""

import os
import re
import signal
import time

import pytest

from bevseg.errors import CloudFormatError
from tests.fuzz.harness import fuzz, fuzz_together, mutated_file
from tests.fuzz.readers import READERS, Reader

COUNT, FEW = 75, 20
"""Files per reader, and of the readers that do more with a file, or with the same one packed."""

SLOW = ("-written", "-described", ".gz", "ground", "model")
CLOUDS = [name for name in READERS if re.split("[-.]", name)[0] + "-written" in READERS or name == "zip"]
TOGETHER = {"clouds": CLOUDS, "others": [name for name in READERS if name not in CLOUDS]}
"""Readers that share a process: to load their libraries takes longer than to read a hundred files."""


@pytest.mark.slow
@pytest.mark.parametrize("group", TOGETHER)
def test_no_damaged_file_is_more_than_an_error(tmp_path, group):
    counts = {name: FEW if name.endswith(SLOW) else COUNT for name in TOGETHER[group]}
    faults = fuzz_together(counts, tmp_path, READERS)
    assert {name: found.examples for name, found in faults.items() if found.examples} == {}
    assert {name: found.count for name, found in faults.items()} == counts


@pytest.mark.parametrize("name", READERS)
def test_every_sound_file_is_read(tmp_path, name):
    reader = READERS[name]
    for number, sound in enumerate(reader.seeds(tmp_path)):
        path = tmp_path / f"sound{number}{reader.suffix}"
        path.write_bytes(reader.pack(sound) if reader.pack else sound)
        assert reader.read(path) == ""


def test_a_number_always_gives_the_same_file(tmp_path):
    reader = READERS["text"]
    seeds = reader.seeds(tmp_path)
    files = [mutated_file(reader, seeds, 3, number) for number in range(50)]
    assert files == [mutated_file(reader, seeds, 3, number) for number in range(50)]
    assert len(set(files)) > 40


def misbehaving(path):
    """A reader with every fault, chosen by the first byte of the file."""
    first = path.read_bytes()[:1]
    if first == b"a":
        os.kill(os.getpid(), signal.SIGKILL)
    if first == b"b":
        raise KeyError("b")
    if first == b"c":
        bytearray(1 << 32)
    if first == b"d":
        return "absurd"
    if first == b"e":
        raise CloudFormatError("It is wrong")
    if first == b"f":
        time.sleep(60)
    return ""


def sound(folder):
    """The seeds of that reader."""
    return [b"z"]


def one_letter(reader, seeds, seed, number):
    """The file of a number: each asks for another fault."""
    return b"abcdefgh"[number : number + 1]


@pytest.mark.slow
def test_the_harness_sees_every_kind_of_fault(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.fuzz.harness.LONGEST", 0.5)
    reader = Reader("bad", ".bad", sound, misbehaving)
    found = fuzz(reader, tmp_path, count=8, make=one_letter)
    kinds = {kind for kind, _ in found.examples}
    assert kinds == {"death by SIGKILL", "KeyError", "memory", "absurd", "no help in the error", "hang"}
    assert found.count == 8 and found.outcomes["read"] == 2
