"""Hostile TOML and JSON: whatever the text, one clear error that says what, where, why and what to do."""

import difflib
import json
import tomllib
import tracemalloc
from pathlib import Path

import pytest

from bevseg.config import load
from bevseg.config.domains import MOST_FAULTS
from bevseg.config.files import MOST_BYTES, MOST_LEVELS, read_json, read_toml
from bevseg.core.labels import load_scheme
from bevseg.errors import BevsegError, InputError, UsageError
from bevseg.study import plan
from bevseg.workdir.folder import Folder
from bevseg.workdir.settings import settings_of

DIGITS = "9" * 5000

TOML = {
    "nested lists": "a = " + "[" * 10_000 + "]" * 10_000,
    "nested tables": "a = " + "{a=" * 10_000 + "1" + "}" * 10_000,
    "a long key": "a." * 10_000 + "a = 1",
    "a long key that fills the file": "a." * (MOST_BYTES // 2 - 10) + "a = 1",
    "a long header": "[" + "a . " * 10_000 + "a]",
    "a long key of quoted parts": ".".join(['"a b"'] * 40_000) + " = 1",
    "a long key of literal parts": ".".join(["'a.b'"] * 40_000) + " = 1",
    "a long key with escapes": ".".join(['"a\\" b"'] * 40_000) + " = 1",
    "escapes without a quote before them": '\\"' * 490_000,
    "a quote that does not end": '"' + '\\"' * 490_000,
    "many unknown keys": "".join(f"k{number} = 1\n" for number in range(2000)),
    "many unknown tables": "[[classes]]\nx = 1\n" * 2000,
    "many digits": f"[raster]\ncell = {DIGITS}",
    "many hexadecimal digits": f"[raster]\ncell = 0x{DIGITS}",
    "not UTF-8": b"a = '\xff'",
    "cut short": "[raster",
    "binary": bytes(range(256)),
}
JSON = {
    "nested lists": "[" * 10_000 + "]" * 10_000,
    "nested tables": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "levels": '{"a":' * (MOST_LEVELS + 1) + "1" + "}" * (MOST_LEVELS + 1),
    "many digits": f'{{"raster": {{"cell": {DIGITS}}}}}',
    "infinite": '{"raster": {"cell": Infinity}}',
    "not UTF-8": b'{"a": "\xff"}',
    "a list": "[1]",
    "empty": "",
}


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def assert_helpful(error, path, code):
    assert error.what and str(path) in str(error.where) and error.why and error.hint
    assert error.exit_code == code
    assert len(str(error)) < 2500


@pytest.mark.parametrize(
    "read", [load, load_scheme, lambda path: plan.read_study(path)], ids=["settings", "scheme", "study"]
)
@pytest.mark.parametrize("name", TOML)
def test_hostile_toml_is_refused_without_much_work(tmp_path, monkeypatch, read, name):
    path = write(tmp_path / "own.toml", TOML[name])
    parsed = counted(monkeypatch, tomllib, "loads")
    compared = counted(monkeypatch, difflib, "get_close_matches")
    with pytest.raises(BevsegError) as caught:
        read(path if read not in (load, load_scheme) else str(path))
    assert_helpful(caught.value, path, 2)
    # Python's reader takes quadratic time for a long key: it must not see one.
    assert not (parsed and name.startswith("a long"))
    assert len(compared) <= MOST_FAULTS


def counted(monkeypatch, module, name):
    """Return a list that grows by one with every call of a function."""
    calls, function = [], getattr(module, name)
    monkeypatch.setattr(module, name, lambda *given, **named: calls.append(name) or function(*given, **named))
    return calls


@pytest.mark.parametrize("name", JSON)
def test_hostile_json_in_a_work_directory_is_refused(tmp_path, name):
    path = write(tmp_path / "settings.json", JSON[name])
    with pytest.raises(InputError) as caught:
        settings_of(tmp_path)
    assert_helpful(caught.value, path, 4)
    path = write(tmp_path / "cloud.json", JSON[name])
    with pytest.raises(InputError) as caught:
        Folder(tmp_path).read_facts()
    assert_helpful(caught.value, path, 4)


@pytest.mark.parametrize("change", [{"sha256": "0"}, {"source": None}, {"columns": 3}, {"scheme": []}])
def test_facts_of_a_cloud_that_cannot_be_are_refused_by_their_key(tmp_path, change):
    facts = {"source": "/a.laz", "sha256": "0" * 64, "scheme": None, "columns": None} | change
    path = write(tmp_path / "cloud.json", json.dumps(facts))
    with pytest.raises(InputError, match=next(iter(change))) as caught:
        Folder(tmp_path).read_facts()
    assert_helpful(caught.value, path, 4)


def test_of_a_huge_file_no_more_than_the_limit_is_read(tmp_path):
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(100_000_000_000)  # a hole: takes no disk
    for read, error in ((read_toml, UsageError), (lambda p: read_json(p, hint="no"), InputError)):
        with pytest.raises(error, match="larger than 1,000,000 bytes"):
            read(path)


def test_a_directory_is_no_file_of_settings(tmp_path):
    with pytest.raises(UsageError, match="Not a TOML file"):
        load(str(tmp_path))


def test_a_file_at_the_limits_is_read(tmp_path):
    levels = MOST_LEVELS - 1
    path = write(tmp_path / "a.toml", "a = " + "[" * levels + "]" * levels + f"\n#{'x' * 900_000}")
    assert "a" in read_toml(path)
    text = '{"a":' * MOST_LEVELS + "1" + "}" * MOST_LEVELS
    assert "a" in read_json(write(tmp_path / "a.json", text), hint="")


def test_a_title_may_hold_dots(tmp_path):
    path = write(tmp_path / "a.toml", f'title = "a. b. c. {"... " * 100} 1.2.3"')
    assert read_toml(path)["title"].startswith("a. b.")
    text = f'a = """\nx{".y" * 100}"""\nb = 1 # {".c" * 100}'
    assert read_toml(write(path, text))["b"] == 1


def test_a_mark_before_the_text_is_passed_over(tmp_path):
    assert read_toml(write(tmp_path / "a.toml", b"\xef\xbb\xbfa = 1")) == {"a": 1}
    assert read_json(write(tmp_path / "a.json", b'\xef\xbb\xbf{"a": 1}'), hint="") == {"a": 1}


@pytest.mark.parametrize("read", [load, load_scheme, lambda path: plan.read_study(Path(path))])
def test_keys_that_need_quotes_are_shown_in_quotes(tmp_path, read):
    path = write(tmp_path / "own.toml", '"\\u001b[31mred\\nline" = 1\n"a b" = 2\n')
    with pytest.raises(UsageError) as caught:
        read(str(path))
    assert r"'\x1b[31mred\nline': no such key" in caught.value.why and "'a b': no such" in caught.value.why
    assert "\x1b" not in str(caught.value)


def test_all_faults_of_a_scheme_come_in_one_message(tmp_path):
    path = write(
        tmp_path / "own.toml",
        'name = "own"\nstrikt = true\n[[classes]]\ncode = 1.5\nname = "a"\ntrain = "biulding"\n'
        '[[classes]]\ncode = 2\nnmae = "b"\ntrain = 9\ncolour = "red"\nignored = 1\n'
        '[[classes]]\ncode = 2\nname = "c"\ntrain = 1\n',
    )
    with pytest.raises(UsageError, match="Not a class scheme") as caught:
        load_scheme(str(path))
    for said in (
        "strikt: no such key; expected one of name, strict, classes; did you mean 'strict'?",
        "classes.0.code = 1.5",
        "did you mean 'building'?",
        "classes.1.nmae: no such key",
        "classes.1.name is missing",
        "classes.1.train = 9",
        "classes.1.colour = 'red': expected a colour such as #4f9d3a",
        "classes.1.ignored = 1: expected true or false",
        "classes.2.code = 2: classes.1 has this code already",
    ):
        assert said in caught.value.why


def test_a_small_file_takes_no_more_memory_than_it_has_bytes_however_large_one_may_be(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a": 1}')
    tracemalloc.start()
    try:
        assert read_json(path, hint="", most_bytes=1 << 28) == {"a": 1}
        assert tracemalloc.get_traced_memory()[1] < 1 << 22
    finally:
        tracemalloc.stop()
