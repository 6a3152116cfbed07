"""Corrections are saved at once, lie over the tiles, and can be taken back to the byte."""

import json

import numpy as np
import pytest

from bevseg.core.labels import BUILDING, CAR, CLASS_NAMES, POLE
from bevseg.errors import UsageError
from bevseg.review.edits import EDITS
from bevseg.stages.view import opened
from bevseg.viewer.doubtful import DoubtfulPlaces
from bevseg.viewer.overlay import Overlay

EVERYWHERE = {"kind": "polygon", "points": [[-1e6, -1e6], [1e6, -1e6], [1e6, 1e6], [-1e6, 1e6]]}


def cars(session):
    """Choose all cars; return the answer."""
    return session.select({"shape": EVERYWHERE, "classes": [CAR]})


def classes(session):
    """Classes of all tiles, with the edits in force, as bytes."""
    return [session.classes(tile, 0, None) for tile in range(len(session.tiles.table))]


def test_a_class_is_set_and_saved_at_once(session, out, clouds):
    chosen = cars(session)
    assert chosen["points"] == chosen["counts"]["car"] == sum((c.labels == CAR).sum() for c in clouds)
    answer = session.edit({"selection": chosen["selection"], "action": "class", "class": "building"})
    assert answer["points"] == chosen["points"] and answer["counts"]["car"] == 0
    line = json.loads((out / EDITS).read_text())
    assert (
        line["class"] == "building"
        and line["how"] == "polygon"
        and set(line["clouds"]) == {"street_0", "street_1"}
    )
    assert cars(session)["points"] == 0


def test_the_answer_names_the_tiles_that_changed(session):
    before = classes(session)
    chosen = cars(session)
    answer = session.edit({"selection": chosen["selection"], "action": "class", "class": "building"})
    changed = [
        tile for tile, (old, new) in enumerate(zip(before, classes(session), strict=True)) if old != new
    ]
    assert answer["tiles"] == changed != []


def test_classes_of_a_part_of_a_tile_are_those_of_its_records(session):
    chosen = cars(session)
    session.edit({"selection": chosen["selection"], "action": "class", "class": "undefined"})
    records = np.frombuffer(session.records(0, 500, 900), session.tiles.records(0).dtype)
    now = np.frombuffer(session.classes(0, 500, 900), np.uint8)
    np.testing.assert_array_equal(now, np.where(records["label"] == CAR, 0, records["label"]))
    assert len(now) == 400


def test_undo_gives_the_same_bytes_as_before(session):
    empty = classes(session)
    first = session.edit({"selection": cars(session)["selection"], "action": "class", "class": "pole"})
    one = classes(session)
    poles = session.select({"shape": EVERYWHERE, "classes": [POLE], "heights": [0, 2]})
    session.edit({"selection": poles["selection"], "action": "class", "class": "vegetation"})
    two = classes(session)
    assert empty != one != two
    session.undo()
    assert classes(session) == one
    assert session.undo()["tiles"] == first["tiles"] and classes(session) == empty
    assert session.undo()["edit"] is None and classes(session) == empty
    session.redo()
    assert classes(session) == one
    session.redo()
    assert classes(session) == two
    assert session.redo()["edit"] is None


def test_counts_are_those_of_the_classes_in_force(session):
    session.edit({"selection": cars(session)["selection"], "action": "class", "class": "pole"})
    counts = np.bincount(np.frombuffer(b"".join(classes(session)), np.uint8), minlength=6)
    assert session.scene()["counts"] == dict(zip(CLASS_NAMES, counts.tolist(), strict=True))


def test_a_confirmation_changes_no_class_and_is_kept(session):
    before = classes(session)
    answer = session.edit({"selection": cars(session)["selection"], "action": "confirm"})
    assert classes(session) == before and answer["tiles"]
    (edit,) = session.edits()
    assert edit["class"] is None and edit["points"] == answer["points"]


def test_edits_survive_a_restart(out):
    with opened([out]) as session:
        session.edit({"selection": cars(session)["selection"], "action": "class", "class": "pole"})
        before, told = classes(session), session.edits()
    with opened([out]) as session:
        assert classes(session) == before and session.edits() == told
        session.undo()
    with opened([out]) as session:
        assert session.edits() == [] and cars(session)["points"] > 0


def test_edits_leave_files_and_tiles_as_they_are(out):
    files = [path for path in out.rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    with opened([out]) as session:
        session.edit({"selection": cars(session)["selection"], "action": "class", "class": "pole"})
    assert {path: path.read_bytes() for path in files} == before


def test_a_later_selection_sees_earlier_edits(session):
    number = cars(session)["points"]
    session.edit({"selection": cars(session)["selection"], "action": "class", "class": "building"})
    chosen = session.select({"shape": EVERYWHERE, "classes": [BUILDING]})
    assert chosen["points"] == session.tiles.facts["counts"][BUILDING] + number


def test_all_facts_of_a_point(session, clouds):
    session.edit({"selection": cars(session)["selection"], "action": "class", "class": "pole"})
    index = int(np.flatnonzero(clouds[1].labels == CAR)[5])
    facts = session.point("street_1", index)
    assert (facts["class"], facts["file_class"], facts["cloud"], facts["index"]) == (
        "pole",
        "car",
        "street_1",
        index,
    )
    np.testing.assert_allclose([facts[axis] for axis in "xyz"], clouds[1].xyz[index], atol=1e-3)
    assert facts["height"] == pytest.approx(facts["z"] - 120, abs=1e-3)


def test_the_records_of_a_selection_are_told_by_range(session):
    chosen = cars(session)
    for tile in range(len(session.tiles.table)):
        labels = session.tiles.records(tile)["label"]
        told = np.frombuffer(session.selected(chosen["selection"], tile, 100, 2100), np.uint8)
        np.testing.assert_array_equal(told, labels[100:2100] == CAR)
        assert (tile in chosen["tiles"]) == (labels == CAR).any()


def test_doubtful_places_lie_where_their_points_are(session, clouds):
    places = session.places()
    assert places[0]["score"] == 1 and {place["class"] for place in places} >= {"car", "pole"}
    for place in places:
        facts = session.point(place["cloud"], place["index"])
        at = [facts[axis] - origin for axis, origin in zip("xy", session.tiles.origin, strict=False)]
        assert facts["class"] == place["class"]
        assert place["west"] - 1e-6 <= at[0] <= place["east"] + 1e-6
        assert place["south"] - 1e-6 <= at[1] <= place["north"] + 1e-6


def test_a_place_that_is_answered_leaves_the_list_until_it_is_undone(session):
    before = session.places()
    first = {"kind": "piece", "cloud": before[0]["cloud"], "index": before[0]["index"]}
    session.edit({"selection": session.select({"shape": first})["selection"], "action": "confirm"})
    after = session.places()
    assert (before[0]["cloud"], before[0]["index"]) not in [(p["cloud"], p["index"]) for p in after]
    session.undo()
    assert session.places() == before


def test_the_piece_of_a_place_are_the_points_that_it_counts(session):
    for place in session.places():
        within = [place[side] for side in ("west", "south", "east", "north")]
        shape = {"kind": "piece", "cloud": place["cloud"], "index": place["index"], "within": within}
        chosen = session.select({"shape": shape})
        assert chosen["points"] == chosen["counts"][place["class"]] == place["points"]


def test_of_many_points_a_sample_is_looked_at_for_doubtful_places(session, monkeypatch):
    everything = session.places()
    monkeypatch.setattr("bevseg.viewer.doubtful.MOST_POINTS", 20_000)
    fewer = DoubtfulPlaces(session.tiles, Overlay(session.tiles)).table()
    assert fewer and sum(p["points"] for p in fewer) < sum(p["points"] for p in everything) / 3


def test_old_selections_are_forgotten(session):
    old = cars(session)["selection"]
    for _ in range(4):
        cars(session)
    with pytest.raises(UsageError, match="not known any more"):
        session.edit({"selection": old, "action": "confirm"})


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"selection": 1},
        {"selection": 1, "action": "delete"},
        {"selection": 1, "action": "class"},
        {"selection": 1, "action": "class", "class": "tank"},
        {"selection": 1, "action": "class", "class": ["car"]},
        {"selection": "1", "action": "confirm"},
        {"selection": -1, "action": "confirm"},
        {"selection": 77, "action": "confirm"},
    ],
    ids=str,
)
def test_what_is_no_edit_is_refused_and_not_saved(session, out, request_):
    cars(session)
    with pytest.raises(UsageError):
        session.edit(request_)
    assert not (out / EDITS).exists()


def test_an_empty_selection_is_no_edit(session, out):
    chosen = session.select({"shape": EVERYWHERE, "classes": []})
    assert chosen["points"] == 0
    with pytest.raises(UsageError, match="No points"):
        session.edit({"selection": chosen["selection"], "action": "confirm"})
    assert not (out / EDITS).exists()
