"""Which result is of which source."""

import json

import pytest

from bevseg.errors import InputError
from bevseg.io.compare.pairs import pairs


def folder(path, *names):
    path.mkdir()
    for name in names:
        (path / name).write_text("x y z\n1.5 2.5 3.5\n")
    return path


def report(path, **sources):
    clouds = {
        result.replace("_", "."): {
            "outputs": {"cloud": f"old/{result.replace('_', '.')}"},
            "source": f"/old/{source}",
        }
        for result, source in sources.items()
    }
    (path / "report.json").write_text(json.dumps({"clouds": clouds}))


def found(source, result):
    made, lone = pairs(source, result)
    return {p.path.name: [file.path.name for file in p.sources] for p in made}, [path.name for path in lone]


def test_unrelated_sources_may_share_a_stem(tmp_path):
    sources = folder(tmp_path / "in", "a.csv", "a.xyz", "b.csv")
    made, lone = pairs(sources, folder(tmp_path / "out", "b.txt"))
    assert [(p.stem, p.source.path.name) for p in made] == [("b", "b.csv")]
    assert [path.name for path in lone] == ["a.csv", "a.xyz"]


def test_a_result_of_a_shared_stem_names_the_sources_that_it_may_be_of(tmp_path):
    sources = folder(tmp_path / "in", "a.csv", "a.xyz", "b.csv")
    made, _ = pairs(sources, folder(tmp_path / "out", "a.txt", "b.txt"))
    with pytest.raises(InputError, match="several sources") as error:
        made[0].source  # noqa: B018
    assert "a.csv, a.xyz" in str(error.value.why)


def test_the_report_of_the_run_decides(tmp_path):
    sources = folder(tmp_path / "in", "a.csv", "a.xyz", "b.csv")
    results = folder(tmp_path / "out", "a.txt", "b.txt")
    report(results, a_txt="a.xyz")
    assert found(sources, results) == ({"a.txt": ["a.xyz"], "b.txt": ["b.csv"]}, ["a.csv"])
    assert found(sources, results / "a.txt")[0] == {"a.txt": ["a.xyz"]}
    (results / "report.json").write_text("[]")
    assert found(sources, results)[0]["a.txt"] == ["a.csv", "a.xyz"]


def test_a_result_without_a_source_is_listed(tmp_path):
    sources = folder(tmp_path / "in", "b.csv")
    made, _ = pairs(sources, folder(tmp_path / "out", "a.txt", "b.txt"))
    assert [bool(p.sources) for p in made] == [False, True]
    with pytest.raises(InputError, match="has no source"):
        made[0].source  # noqa: B018
    with pytest.raises(InputError, match="No result has a source"):
        pairs(sources, tmp_path / "out" / "a.txt")


def test_results_of_one_stem_have_names_of_their_own(tmp_path):
    sources = folder(tmp_path / "in", "a.csv")
    made, _ = pairs(sources, folder(tmp_path / "out", "a.txt", "a.xyz"))
    assert [(p.stem, p.source.path.name) for p in made] == [("a.txt", "a.csv"), ("a.xyz", "a.csv")]


def test_scans_of_a_file_are_found_by_their_number(tmp_path):
    sources = folder(tmp_path / "in", "a.e57", "b_scan2.csv", "b.csv")
    results = folder(tmp_path / "out", "a_scan02.txt", "a.txt", "b_scan2.txt")
    made, _ = pairs(sources, results)
    assert {p.stem: (p.source.path.name, p.source.scan) for p in made} == {
        "a": ("a.e57", None),
        "a_scan02": ("a.e57", 2),
        "b_scan2": ("b_scan2.csv", None),
    }
    report(results, a_scan02_txt="a.e57")
    assert found(sources, results)[0]["a.txt"] == ["a.e57"]
