"""A selection holds exactly the points that an independent calculation finds, drawn or not."""

import itertools

import numpy as np
import pytest

from bevseg.core.labels import CAR, CLASS_NAMES, GROUND, POLE, VEGETATION
from bevseg.errors import UsageError
from bevseg.viewer.overlay import Overlay
from bevseg.viewer.select import locate, parse_query, select
from tests.viewer.results import labels_of

LASSO = [[2.0, 1.0], [17.3, 3.1], [12.2, 9.9], [38.4, 15.0], [20.0, 19.2], [3.1, 14.2], [9.0, 7.0]]


def even_odd(x, y, polygon):
    """Whether points lie in a polygon, by the winding of its edges in NumPy."""
    inside = np.zeros(len(x), bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        crosses = (y0 > y) != (y1 > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= crosses & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    return inside


def chosen(tiles, **query):
    """Name of each cloud -> sorted indices of a query."""
    selection = select(tiles, Overlay(tiles), parse_query(query))
    return {name: np.sort(indices) for name, indices in selection.points.items()}


def expect(found, clouds, masks):
    for cloud, mask in zip(clouds, masks, strict=True):
        np.testing.assert_array_equal(found.get(cloud.name, []), np.flatnonzero(mask))
    assert any(mask.any() for mask in masks)


@pytest.fixture
def placed(tiles, clouds):
    """Coordinates of the clouds relative to the corner of the streets, as the page has them."""
    offset = np.array([500_040.0, 5_400_000.0, 120.0]) - tiles.origin
    return [cloud.xyz - np.array(tiles.origin) for cloud in clouds], offset


def polygon(points):
    return {"kind": "polygon", "points": np.asarray(points).tolist()}


def test_a_lasso_over_two_clouds_and_tiles(tiles, clouds, placed):
    relative, offset = placed
    vertices = np.array(LASSO) + offset[:2]
    expect(
        chosen(tiles, shape=polygon(vertices)),
        clouds,
        [even_odd(xyz[:, 0], xyz[:, 1], vertices) for xyz in relative],
    )


def test_the_filters_of_height_class_and_confidence(tiles, clouds, placed):
    relative, offset = placed
    vertices = np.array(LASSO) + offset[:2]
    found = chosen(
        tiles,
        shape=polygon(vertices),
        heights=[0.5003, 4.2003],
        classes=[POLE, VEGETATION, CAR],
        confidence=100,
    )
    masks = []
    for number, (xyz, cloud) in enumerate(zip(relative, clouds, strict=True)):
        above = cloud.xyz[:, 2] - 120  # level ground at 120 m
        inside = even_odd(xyz[:, 0], xyz[:, 1], vertices)
        confidence = labels_of(cloud, number).confidence
        wanted = np.isin(cloud.labels, [POLE, VEGETATION, CAR]) & (confidence >= 100)
        masks.append(inside & wanted & (above > 0.5003) & (above < 4.2003))
    expect(found, clouds, masks)


def test_a_brush_takes_what_is_near_its_path(tiles, clouds, placed):
    relative, offset = placed
    path = np.array([[1.03, 2.02], [14.01, 11.03], [30.07, 4.01]]) + offset[:2]
    masks = []
    for xyz in relative:
        near = np.zeros(len(xyz), bool)
        for start, end in itertools.pairwise(path):
            share = np.clip(((xyz[:, :2] - start) @ (end - start)) / ((end - start) @ (end - start)), 0, 1)
            near |= np.linalg.norm(xyz[:, :2] - start - share[:, None] * (end - start), axis=1) <= 1.37
        masks.append(near)
    expect(chosen(tiles, shape={"kind": "brush", "path": path.tolist(), "radius": 1.37}), clouds, masks)


def test_a_dot_of_the_brush_is_a_circle(tiles, clouds, placed):
    relative, offset = placed
    dot = np.array([15.0, 5.0]) + offset[:2]
    masks = [np.hypot(*(xyz[:, :2] - dot).T) <= 0.513 for xyz in relative]
    expect(chosen(tiles, shape={"kind": "brush", "path": [dot.tolist()], "radius": 0.513}), clouds, masks)


def test_a_polygon_in_a_section(tiles, clouds, placed):
    relative, offset = placed
    line = np.array([[3.0, 3.0], [33.0, 13.0]]) + offset[:2]
    drawn = np.array([[1.01, 0.52], [25.03, 0.51], [28.02, 6.03], [2.04, 6.51]]) + np.array([0, offset[2]])
    shape = {"kind": "section", "line": line.tolist(), "width": 3.0, "polygon": drawn.tolist()}
    east, north = (line[1] - line[0]) / np.linalg.norm(line[1] - line[0])
    masks = []
    for xyz in relative:
        along = (xyz[:, 0] - line[0, 0]) * east + (xyz[:, 1] - line[0, 1]) * north
        aside = (xyz[:, 1] - line[0, 1]) * east - (xyz[:, 0] - line[0, 0]) * north
        held = (np.abs(aside) <= 1.5) & (along >= 0) & (along <= np.linalg.norm(line[1] - line[0]))
        masks.append(held & even_odd(along, xyz[:, 2], drawn))
    expect(chosen(tiles, shape=shape), clouds, masks)


def test_a_brush_in_a_section(tiles, clouds, placed):
    relative, offset = placed
    line = np.array([[3.0, 3.0], [33.0, 13.0]]) + offset[:2]
    dot = np.array([12.5, 0.8])
    shape = {"kind": "section", "line": line.tolist(), "width": 3.0, "path": [dot.tolist()], "radius": 2.013}
    east, north = (line[1] - line[0]) / np.linalg.norm(line[1] - line[0])
    masks = []
    for xyz in relative:
        along = (xyz[:, 0] - line[0, 0]) * east + (xyz[:, 1] - line[0, 1]) * north
        aside = (xyz[:, 1] - line[0, 1]) * east - (xyz[:, 0] - line[0, 0]) * north
        masks.append((np.abs(aside) <= 1.5) & (np.hypot(along - dot[0], xyz[:, 2] - dot[1]) <= 2.013))
    expect(chosen(tiles, shape=shape), clouds, masks)


def test_the_piece_of_a_point_is_its_object_alone(tiles, clouds):
    pole = int(np.flatnonzero(clouds[1].labels == POLE)[0])
    found = chosen(tiles, shape={"kind": "piece", "cloud": "street_1", "index": pole})
    assert list(found) == ["street_1"]
    np.testing.assert_array_equal(found["street_1"], np.flatnonzero(clouds[1].labels == POLE))


def test_a_piece_goes_on_in_the_next_tile_and_the_next_cloud(tiles, clouds):
    ground = int(np.flatnonzero(clouds[0].labels == GROUND)[0])
    found = chosen(tiles, shape={"kind": "piece", "cloud": "street_0", "index": ground})
    for cloud in clouds:
        np.testing.assert_array_equal(found[cloud.name], np.flatnonzero(cloud.labels == GROUND))


def test_a_piece_ends_at_its_reach(tiles, clouds, monkeypatch):
    monkeypatch.setattr("bevseg.viewer.select.PIECE_REACH", 6.0)
    ground = int(np.flatnonzero(clouds[0].labels == GROUND)[0])
    found = chosen(tiles, shape={"kind": "piece", "cloud": "street_0", "index": ground})
    reach = np.abs(clouds[0].xyz[found["street_0"], :2] - clouds[0].xyz[ground, :2]).max()
    assert 5.5 < reach <= 6.4


def test_a_shape_beside_all_points_holds_none(tiles):
    assert chosen(tiles, shape=polygon([[-900, -900], [-800, -900], [-800, -800]])) == {}


def test_too_many_points_are_refused(tiles, monkeypatch, placed):
    monkeypatch.setattr("bevseg.viewer.select.MOST", 1000)
    _, offset = placed
    with pytest.raises(UsageError, match="Too many points"):
        chosen(tiles, shape=polygon(np.array(LASSO) + offset[:2]))


def test_a_point_is_found_again(tiles):
    tile, row = locate(tiles, "street_1", 17)
    assert tiles.records(tile)["index"][row] == 17 and tiles.exact(tile)["cloud"][row] == 1


@pytest.mark.parametrize(("cloud", "index"), [("street_9", 0), ("street_0", 10**6), ("../street_0", 0)])
def test_a_point_that_is_not_there_is_refused(tiles, cloud, index):
    with pytest.raises(UsageError, match="No such"):
        locate(tiles, cloud, index)


NAN = float("nan")
TRIANGLE = [[0, 0], [1, 0], [0, 1]]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"shape": None},
        {"shape": []},
        {"shape": {"kind": "circle"}},
        {"shape": {"kind": ["polygon"]}},
        {"shape": {"kind": "polygon"}},
        {"shape": {"kind": "polygon", "points": TRIANGLE[:2]}},
        {"shape": {"kind": "polygon", "points": [[0, 0]] * 5001}},
        {"shape": {"kind": "polygon", "points": [[0, 0], [1, 0], [0, NAN]]}},
        {"shape": {"kind": "polygon", "points": [[0, 0], [1, 0], [0, 1e300]]}},
        {"shape": {"kind": "polygon", "points": [[0, 0], [1, 0], [0, True]]}},
        {"shape": {"kind": "polygon", "points": [[0, 0], [1, 0], [0, "1"]]}},
        {"shape": {"kind": "polygon", "points": [[0, 0], [1, 0], [0, 1, 2]]}},
        {"shape": {"kind": "brush", "path": [], "radius": 1}},
        {"shape": {"kind": "brush", "path": [[0, 0]], "radius": 0}},
        {"shape": {"kind": "brush", "path": [[0, 0]], "radius": 1e9}},
        {"shape": {"kind": "section", "line": [[0, 0], [0, 0]], "width": 1, "polygon": TRIANGLE}},
        {"shape": {"kind": "section", "line": [[0, 0], [1, 0]], "width": -1, "polygon": TRIANGLE}},
        {"shape": {"kind": "piece", "cloud": 1, "index": 1}},
        {"shape": {"kind": "piece", "cloud": "a", "index": -1}},
        {"shape": {"kind": "piece", "cloud": "a", "index": 1.5}},
        {"shape": {"kind": "piece", "cloud": "a", "index": 1, "within": [0, 1, 2]}},
        {"shape": {"kind": "piece", "cloud": "a", "index": 1, "within": [0, 1, 2, NAN]}},
        {"shape": polygon(TRIANGLE), "heights": [1]},
        {"shape": polygon(TRIANGLE), "heights": [1, NAN]},
        {"shape": polygon(TRIANGLE), "classes": [len(CLASS_NAMES)]},
        {"shape": polygon(TRIANGLE), "classes": "all"},
        {"shape": polygon(TRIANGLE), "confidence": 256},
    ],
    ids=str,
)
def test_what_is_no_query_is_refused(query):
    with pytest.raises(UsageError):
        parse_query(query)
