"""report.html: what stands on it, what it is made of, and that nothing from outside can do harm on it."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from bevseg.report import write_report as module
from bevseg.report.findings import Findings
from bevseg.report.page_names import PAGE
from bevseg.report.write_report import write_report
from tests.report.results import results

STRANGE = "<script>alert(1)</script>&é"
"""Name of a cloud that would do harm on a page that does not escape it; a folder is a part of it."""


class Reader(HTMLParser):
    """All tags with their attributes, and all text outside of style and script."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.texts, self._inside = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._inside.append(tag)

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"style", "script"} & set(self._inside[-1:]):
            self.texts.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.texts))


def page_of(run):
    """Write the report of results without objects and places, and return the page."""
    write_report(run, lambda cloud: Findings())
    return (run.folder / PAGE).read_text(encoding="utf-8")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def test_a_page_says_what_was_asked_and_what_came_of_it(out):
    text = Reader(page_of(results(out, ("north", "south")))).text
    for expected in (
        "bevseg run 'in put' -o out",
        "Simulated streets alone (3 clouds)",
        "mean IoU of 50.0 %",
        "raster.cell = 0.4",
        "--turns 4",
        "abab",
        "12 s",
        "Confusion matrix",
        "ground labelled vegetation",
        "new stage",
    ):
        assert expected in text, expected
    assert "raster.features" not in text  # a default


def test_a_page_shows_a_map_with_all_layers_for_each_cloud_with_truth(out):
    tags = Reader(page_of(results(out, ("north", "south")))).tags
    images = [attributes for tag, attributes in tags if tag == "image"]
    assert len(images) == 2 * 5
    assert all(each["href"].startswith("data:image/png;base64,") for each in images)
    names = {attributes["id"] for tag, attributes in tags if "id" in attributes}
    used = [attributes["href"] for tag, attributes in tags if tag == "use"]
    assert {each.removeprefix("#") for each in used} <= names
    assert len(re.findall("pick-", " ".join(names))) == 2 * 4


def test_without_truth_there_are_no_errors_and_no_scores(out):
    text = Reader(page_of(results(out, has_truth=False))).text
    assert "Confusion matrix" not in text and "Errors" not in text and "Confidence" in text


def test_names_and_texts_from_files_are_escaped(out):
    changes = {
        STRANGE: {"warnings": [f"{STRANGE}: <img src=x onerror=alert(2)>"], "crs": 'PROJCS["<b>x</b>"]'}
    }
    failures = [{"cloud": "x", "source": "<i>x</i>", "what": "bad", "why": "<u>", "hint": "\" onload='x"}]
    page = page_of(results(out, (STRANGE,), changes=changes, failures=failures))
    reader = Reader(page)
    assert [tag for tag, _ in reader.tags].count("script") == 1
    assert not {"img", "i", "u"} & {tag for tag, _ in reader.tags}
    assert not [name for _, attributes in reader.tags for name in attributes if name.startswith("on")]
    assert (
        STRANGE in reader.text and "<img src=x onerror=alert(2)>" in reader.text and "<b>x</b>" in reader.text
    )


def test_a_page_names_no_address_outside_of_itself(out):
    page = page_of(results(out, tuple(f"c{number}" for number in range(3))))
    without_pictures = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+|sha256-[A-Za-z0-9+/=]+", "", page)
    assert not re.findall(r"https?:|//|@import|url\(", without_pictures)


def test_style_and_script_are_those_that_the_policy_names(out):
    page = page_of(results(out))
    policy = next(
        attributes["content"]
        for tag, attributes in Reader(page).tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    for tag in ("style", "script"):
        content = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert 'style="' not in page


def test_ten_clouds_with_large_maps_fit_into_five_megabytes(out, monkeypatch):
    monkeypatch.setattr("tests.report.results.street", _noise)
    page = page_of(results(out, tuple(f"c{number}" for number in range(10))))
    assert len(page.encode()) < 5_000_000
    assert page.count("<image ") == 50


def _noise(seed, side=500):
    """Classes and truth that no picture format makes small."""
    rng = np.random.default_rng(seed)
    return (rng.integers(1, 6, (side, side)).astype(np.uint8) for _ in range(2))


def test_of_many_clouds_each_has_a_page_of_its_own(out):
    names = (STRANGE, *(f"c{number}" for number in range(10)))
    page = Reader(page_of(results(out, names)))
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links[0] == "report/%3Cscript%3Ealert%281%29%3C/script%3E%26%C3%A9.html"
    assert not [tag for tag, _ in page.tags if tag == "image"]
    for name, up in ((STRANGE, "../../report.html"), ("c1", "../report.html")):
        own = Reader((out / "report" / f"{name}.html").read_text(encoding="utf-8"))
        assert [each["href"] for tag, each in own.tags if tag == "a"] == [up]
        assert len([tag for tag, _ in own.tags if tag == "image"]) == 5
        assert name in own.text


def test_what_a_reader_must_know_first_stands_first(out):
    changes = {
        "north": {
            "metres_per_unit": [0.3048, 0.3048],
            "far": 3,
            "not_finite": 2,
            "warnings": ["codes are not known"],
        },
        "south": {"unlike": {"height_m": [1, 2]}, "warnings": ["south: unlike the clouds of the training"]},
    }
    text = Reader(page_of(results(out, ("north", "south"), changes=changes))).text
    first = text.split("Look at this first")[1].split("Clouds")[0]
    assert first.strip().startswith("south: unlike")
    for expected in (
        "codes are not known",
        "units of 0.3048 m",
        "3 points lie far away",
        "2 points have no finite",
    ):
        assert expected in first


def test_clouds_that_failed_are_listed_with_cause_and_remedy(out):
    failures = [
        {"source": "in/x.laz", "what": "The file is damaged", "why": "it ends early", "hint": "copy it again"}
    ]
    text = Reader(page_of(results(out, failures=failures))).text
    assert "in/x.laz" in text and "The file is damaged: it ends early" in text and "copy it again" in text
    assert "1 failed" in text


def test_what_was_learned_is_shown(out):
    learned = {
        "before": {"car": 10, "building": 5},
        "after": {"car": 7, "building": 8},
        "changed": {"car->building": 3, "nonsense": 1},
        "clouds": {},
        "said": 40,
        "edits": 2,
    }
    text = Reader(page_of(results(out, learned=learned))).text
    assert "What was learned" in text and "\u22123" in text and "+3" in text
    assert "40 points were corrected or confirmed, in 2 steps." in text


def test_without_maps_the_page_is_numbers_and_says_how_to_get_maps(out):
    page = Reader(page_of(results(out, ("north", "south"), has_maps=False)))
    assert "bevseg report draws them" in page.text and not [tag for tag, _ in page.tags if tag == "image"]
    assert "Confusion matrix" in page.text


def test_a_damaged_file_of_maps_costs_its_maps_alone(out):
    run = results(out, ("north", "south"))
    module.maps_path(out, "north").write_bytes(b"damaged")
    page = Reader(page_of(run))
    assert "north: there is no map of it" in page.text
    assert len([tag for tag, _ in page.tags if tag == "image"]) == 5


def test_a_report_of_an_older_version_is_shown(out):
    run = results(out)
    older = json.loads((out / "report.json").read_text())
    del older["wall_seconds"], older["model"]["trained_on"], older["model"]["held_out_miou"]
    facts = older["clouds"]["north"]
    for key in ("scores", "oracle", "far", "warnings", "ground", "crs", "metres_per_unit"):
        facts.pop(key, None)
    (out / "report.json").write_text(json.dumps(older))
    text = Reader(page_of(type(run).open(out))).text
    assert "Its file does not say." in text and "3.5 s" in text


def test_the_three_d_view_is_linked_where_it_exists(out):
    run = results(out)
    assert "view.html" not in page_of(run)
    (out / "view.html").write_text("")
    assert ("a", "view.html") in {(tag, each.get("href")) for tag, each in Reader(page_of(run)).tags}
    assert f"bevseg view {out}" in Reader(page_of(run)).text


def test_equal_results_become_equal_pages(out):
    run = results(out)
    assert page_of(run) == page_of(run)
