"""The page that is handed over: small, complete, and closed to whatever a name may try."""

import base64
import gzip
import json
import re
from importlib import resources

import numpy as np
import pytest

from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.io.write import write_cloud
from bevseg.review.run_outputs import RunOutputs
from bevseg.viewer import static_view
from bevseg.viewer.sources import tile_source
from bevseg.viewer.static_view import write_static_view
from bevseg.viewer.tile_file import RECORD
from bevseg.viewer.tiles import build_tiles
from bevseg.viewer.view_page import write_view_page

PAGE = resources.files("bevseg.viewer") / "page"


def data_of(path):
    """The scene of a page, and its records."""
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text())[1]
    data = json.loads(text)
    columns = np.frombuffer(gzip.decompress(base64.b64decode(data["points"])), np.uint8)
    records = columns.reshape(RECORD.itemsize, -1).T.copy().view(RECORD)[:, 0]
    return data["scene"], records


@pytest.fixture
def outputs(out):
    return RunOutputs.open(out)


def test_all_points_of_small_clouds_are_in_the_page_with_class_and_index(outputs, clouds, tmp_path):
    write_static_view(outputs, tmp_path / "view.html")
    scene, records = data_of(tmp_path / "view.html")
    assert not scene["editable"]
    for number, cloud in enumerate(clouds):
        own = records[records["source"] == number]
        order = np.argsort(own["index"])
        np.testing.assert_array_equal(own["index"][order], np.arange(len(cloud)))
        np.testing.assert_array_equal(own["label"][order], cloud.labels)


def test_a_page_that_would_be_too_large_has_fewer_points(outputs, tmp_path, monkeypatch):
    write_static_view(outputs, tmp_path / "all.html")
    size = (tmp_path / "all.html").stat().st_size
    monkeypatch.setattr(static_view, "MOST_BYTES", size - 200_000)
    write_static_view(outputs, tmp_path / "fewer.html")
    assert (tmp_path / "fewer.html").stat().st_size <= size - 200_000
    scene, records = data_of(tmp_path / "fewer.html")
    assert 0 < len(records) < len(data_of(tmp_path / "all.html")[1])
    assert sum(tile["points"] for tile in scene["tiles"]) == len(records)


def test_of_many_points_few_are_looked_at_and_all_are_counted(outputs, clouds, tmp_path):
    sources = [tile_source(cloud, is_hashed=False) for cloud in outputs.clouds]
    tiles = build_tiles(sources, tmp_path / "tiles", every=10)
    total = sum(len(cloud) for cloud in clouds)
    assert total / 11 < tiles.table["points"].sum() < total / 9
    labels = np.concatenate([cloud.labels for cloud in clouds])
    np.testing.assert_array_equal(tiles.facts["counts"], np.bincount(labels, minlength=6))


def test_the_page_asks_for_nothing_and_its_policy_allows_its_own_scripts_alone(outputs, tmp_path):
    write_static_view(outputs, tmp_path / "view.html")
    text = (tmp_path / "view.html").read_text()
    assert not re.findall(r"""(?:src|href)=["'](?!data:)""", text)
    assert "https://" not in text and "http://" not in text
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy and "connect-src" not in policy
    scripts = re.findall(r"<script type=\"module\">(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == 1
    assert not re.findall(r"^(?:import|export) ", scripts[0], re.MULTILINE)


def test_a_name_cannot_end_the_data(outputs, tmp_path, monkeypatch):
    monkeypatch.setattr(
        static_view, "scene_table", lambda *_, **__: {"name": "</script><script>", "tiles": []}
    )
    monkeypatch.setattr(static_view, "sample", lambda *_: {})
    monkeypatch.setattr(static_view, "_base64", lambda *_: "")
    write_static_view(outputs, tmp_path / "view.html")
    text = (tmp_path / "view.html").read_text()
    assert "</script><script>" not in text
    assert text.count("</script>") == 2


@pytest.mark.parametrize(
    "file", sorted(PAGE.iterdir(), key=lambda file: file.name), ids=lambda file: file.name
)
def test_the_page_writes_no_markup_from_texts_and_has_no_styles_or_handlers_inline(file):
    text = file.read_text(encoding="utf-8")
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "srcdoc",
    ):
        assert word not in text
    if file.name.endswith(".html"):
        assert not re.findall(r"\s(?:style|on\w+)=", text)


def test_results_without_a_point_have_no_page_and_an_old_one_goes(tmp_path, caplog):
    empty = PointCloud.from_xyz(np.empty((0, 3)), name="empty")
    nothing = np.empty(0, np.uint8)
    write_cloud(empty, PointLabels(nothing, nothing), tmp_path / "empty.ply")
    facts = {"outputs": {"cloud": "empty.ply"}, "points": 0, "source": "gone"}
    (tmp_path / "report.json").write_text(json.dumps({"schema": 2, "clouds": {"empty": facts}}))
    old = tmp_path / "view.html"
    old.write_text("old")
    assert write_view_page(tmp_path, old) == []
    assert not old.exists()
    assert "view.html is not written: The cloud has no points" in caplog.text
