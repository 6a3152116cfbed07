"""The surveys for measuring: numbers of points, bytes, and how streets become a road."""

import dataclasses
import itertools
from pathlib import Path

import laspy
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    """Let the scripts be imported, and forget the preset that they add."""
    from bevseg.sim import presets

    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    monkeypatch.setattr(presets, "_added", {})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder that keeps the small streets from test to test."""
    return tmp_path_factory.mktemp("surveys")


@pytest.fixture
def recipe():
    from street_network import Recipe

    return Recipe(count=2, points=4000, length=60.0, margin=15.0)


def pieces(folder, recipe, count=9):
    from street_network import road

    return list(itertools.islice(road(folder, recipe), count))


def points(*paths):
    return np.concatenate([laspy.read(path).points.array for path in paths])


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_road_goes_on_where_it_was_in_place_height_and_time(folder, recipe):
    found = pieces(folder, recipe, 120)
    for piece, after in itertools.pairwise(found):
        assert after.start == piece.end
        assert (after.before, after.course) == (piece.course, piece.after)
        assert piece.after[0] >= 0 and piece.course != (-piece.after[0], -piece.after[1])
        assert [value % 1000 for value in piece.start[:2]] == [0, 0]
        assert piece.time + piece.street.seconds < after.time
    rises = {abs(piece.street.rise) for piece in found}
    assert max(abs(piece.start[2]) for piece in found) <= max(rises)
    assert {piece.course for piece in found} == {(1, 0), (0, 1), (0, -1)}
    assert {piece.back for piece in found} == {False, True}


def test_a_piece_is_its_street_turned_and_shifted(folder, recipe):
    for piece in pieces(folder, recipe):
        made, street = piece.records(), piece.street
        x, y = made["X"] - piece.start[0], made["Y"] - piece.start[1]
        (a, b), (along, left) = piece.course, (x, y)
        along, left, up = x * a + y * b, y * a - x * b, made["Z"] - piece.start[2]
        if piece.back:
            along, left, up = street.length - along, -left, up + street.rise
        known = set(zip(*(street.points[name].tolist() for name in "XYZ"), strict=True))
        assert 0.3 * len(street.points) < len(made)
        assert set(zip(along.tolist(), left.tolist(), up.tolist(), strict=True)) <= known
        assert (np.diff(made["gps_time"]) >= 0).all()
        assert piece.time <= made["gps_time"][0] and made["gps_time"][-1] <= piece.time + street.seconds


def test_pieces_are_cut_where_they_meet(folder, recipe):
    for piece, after in itertools.pairwise(pieces(folder, recipe)):
        across = np.add(piece.course, piece.after)
        sides = [
            (part.records()["X"] - piece.end[0]) * across[0]
            + (part.records()["Y"] - piece.end[1]) * across[1]
            for part in (piece, after)
        ]
        assert sides[0].max() < 0 <= sides[1].min()


def test_a_network_has_exactly_the_points_that_were_asked_for(folder, recipe):
    import surveys

    made = sorted(surveys.network(folder, 10_001, 3_000, recipe).iterdir())
    sizes = []
    for path in made:
        with laspy.open(path) as file:
            sizes.append(file.header.point_count)
            assert (str(file.header.version), file.header.point_format.id) == ("1.4", 6)
            assert file.header.parse_crs().to_epsg() == 28992
    assert len(made) == 4
    assert sum(sizes) == 10_001
    assert max(sizes) <= 3_000 and max(sizes) - min(sizes) <= 1


def test_the_tiles_are_one_drive_however_it_is_cut(folder, recipe):
    import surveys

    whole, cut = (
        points(*sorted(surveys.network(folder, 9_000, size, recipe).iterdir())) for size in (9_000, 1_300)
    )
    assert np.array_equal(whole, cut)
    assert (np.diff(whole["gps_time"]) >= 0).all()


@pytest.mark.parametrize(
    "make",
    [
        lambda surveys, *to: surveys.network(to[0], 6_000, 2_500, to[1]),
        lambda surveys, *to: surveys.corridor(to[0], 500, 1.0, to[1]),
        lambda surveys, *to: surveys.small_files(to[0], 12, 50, to[1]),
        lambda surveys, *to: surveys.spread(to[0], 300, 0.5, to[1]),
    ],
    ids=["network", "corridor", "files", "spread"],
)
def test_the_same_seed_gives_the_same_bytes(folder, recipe, tmp_path, make):
    import surveys

    first = make(surveys, folder, recipe)
    again = make(surveys, tmp_path, recipe)
    assert contents(again) == contents(first)
    other = make(
        surveys, tmp_path, dataclasses.replace(recipe, seed=recipe.seed + recipe.count)
    )  # of other streets
    assert other != again
    assert not set(contents(other).values()) & set(contents(first).values())


def test_only_tiles_that_are_missing_or_of_another_size_are_made(folder, recipe):
    import surveys

    made = surveys.network(folder, 8_000, 2_000, recipe)
    before = contents(made)
    tiles = sorted(made.iterdir())
    (made / "tile_0001.laz").unlink()
    (made / "tile_0003.laz").write_bytes(next(surveys.spread(folder, 10, 1.0, recipe).iterdir()).read_bytes())
    kept = {path: path.stat().st_mtime_ns for path in (tiles[0], tiles[2])}
    assert surveys.network(folder, 8_000, 2_000, recipe) == made
    assert contents(made) == before
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_the_other_surveys_have_the_points_and_extents_that_were_asked_for(folder, recipe):
    import surveys

    corridor = laspy.read(next(surveys.corridor(folder, 700, 2.0, recipe).iterdir()))
    assert len(corridor) == 700
    small = sorted(surveys.small_files(folder, 25, 40, recipe).iterdir())
    assert [len(laspy.read(path)) for path in small] == [40] * 25
    wide = laspy.read(next(surveys.spread(folder, 1_065, 1.4, recipe).iterdir()))
    size = wide.header.maxs - wide.header.mins
    assert len(wide) == 1_065
    assert size[0] * size[1] == pytest.approx(1.4e6, rel=0.02)
