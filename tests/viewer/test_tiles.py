"""Every point of every cloud is in one tile, with what is drawn of it; any prefix is a sample."""

import laspy
import numpy as np
import pytest

from bevseg.core.labels import CLASS_NAMES, GROUND, POLE
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import InputError
from bevseg.io.write import write_cloud
from bevseg.viewer import layout
from bevseg.viewer.sources import TileSource
from bevseg.viewer.tile_file import NO_TRUTH
from bevseg.viewer.tiles import build_tiles
from tests.viewer.results import labels_of


def all_of(tiles):
    """Records, clouds and coordinates of all tiles, tile after tile."""
    numbers = range(len(tiles.table))
    records = np.concatenate([tiles.records(tile) for tile in numbers])
    exact = np.concatenate([tiles.exact(tile) for tile in numbers])
    return records, exact["cloud"], np.stack(tiles.coordinates(exact), axis=1)


def test_every_point_stands_in_one_tile_with_its_coordinates_to_the_bit(tiles, clouds):
    records, cloud, xyz = all_of(tiles)
    assert len(records) == sum(len(each) for each in clouds)
    for number, each in enumerate(clouds):
        own = np.flatnonzero(cloud == number)
        place = own[np.argsort(records["index"][own])]
        np.testing.assert_array_equal(records["index"][place], np.arange(len(each)))
        np.testing.assert_allclose(xyz[place] + tiles.origin, each.xyz, atol=1e-3)
        np.testing.assert_array_equal(tiles.places(number, np.arange(len(each))), place)


def test_records_have_class_confidence_and_reason_of_their_point(tiles, clouds):
    records, cloud, _ = all_of(tiles)
    for number, each in enumerate(clouds):
        own = records[cloud == number]
        labels = labels_of(each, number)
        for name, values in (
            ("label", labels.classes),
            ("confidence", labels.confidence),
            ("reason", labels.reasons),
        ):
            np.testing.assert_array_equal(own[name], values[own["index"]])
        assert (own["source"] == number).all() and (own["truth"] == NO_TRUTH).all()


def test_places_in_the_box_of_a_tile_are_those_of_the_coordinates(tiles):
    for tile in range(len(tiles.table)):
        records, row = tiles.records(tile), tiles.table[tile]
        for axis, (name, values) in enumerate(zip("xyz", tiles.coordinates(tiles.exact(tile)), strict=True)):
            size = row["max"][axis] - row["min"][axis]
            drawn = row["min"][axis] + records[name] / 65535 * size
            np.testing.assert_allclose(drawn, values, atol=size / 65535)


def test_tiles_lie_on_a_grid_of_50_m_in_the_world(tiles):
    for row in tiles.table:
        corner = np.floor((row["min"][:2] + tiles.origin[:2]) / 50)
        np.testing.assert_array_equal(corner, np.floor((row["max"][:2] + tiles.origin[:2] - 1e-6) / 50))


def test_heights_count_from_the_ground_points(tiles):
    records, _, xyz = all_of(tiles)
    above = xyz[:, 2] + tiles.origin[2] - 120  # the streets are level, at 120 m
    np.testing.assert_allclose(records["height"] / 10, np.clip(above, 0, 25.5), atol=0.06)


def test_a_prefix_shows_rare_classes_more_often_than_chance(tiles):
    records = tiles.records(int(np.argmax(tiles.table["points"])))
    share_of = np.bincount(records["label"], minlength=6) / len(records)
    in_prefix = np.bincount(records["label"][:1000], minlength=6) / 1000
    assert in_prefix[POLE] > 3 * share_of[POLE] > 0
    assert in_prefix[GROUND] > share_of[GROUND] / 3


def test_the_same_clouds_give_the_same_bytes(tiles, results, tmp_path):
    folder = results[0]
    sources = [TileSource(path.stem, path) for path in (folder / "street_0.laz", folder / "street_1.ply")]
    again = build_tiles(sources, tmp_path / "tiles")
    for name in ("records.bin", "exact.bin", "places.bin", "ground.npy"):
        assert (again.folder / name).read_bytes() == (tiles.folder / name).read_bytes(), name


def test_batches_do_not_change_the_tiles(tiles, results, tmp_path, monkeypatch):
    for module in ("count_points", "place_points"):
        monkeypatch.setattr(f"bevseg.viewer.{module}.BATCH", 7001)
    folder = results[0]
    sources = [TileSource(path.stem, path) for path in (folder / "street_0.laz", folder / "street_1.ply")]
    again = build_tiles(sources, tmp_path / "tiles")
    for name in ("records.bin", "exact.bin", "places.bin"):
        assert (again.folder / name).read_bytes() == (tiles.folder / name).read_bytes(), name


def test_a_crowded_tile_is_cut_into_quarters(results, clouds, tmp_path, monkeypatch):
    monkeypatch.setattr(layout, "MOST", 27_800)
    path = results[0] / "street_0.laz"
    tiles = build_tiles([TileSource("a", path)], tmp_path / "tiles")
    smallest = tiles.table["side"] == layout.CELL
    assert (tiles.table["points"][~smallest] <= 27_800).all()
    assert tiles.table["points"].sum() == len(clouds[0]) and len(np.unique(tiles.table["side"])) > 1
    for row in tiles.table:
        assert (row["max"][:2] - row["min"][:2] <= row["side"]).all()


def test_truth_is_drawn_where_it_is_known(results, clouds, tmp_path):
    truth = clouds[0].labels.copy()
    truth[:100] = 0
    source = TileSource("a", results[0] / "street_0.laz", truth=lambda: truth)
    tiles = build_tiles([source], tmp_path / "tiles")
    records, _, _ = all_of(tiles)
    expected = np.where(truth == 0, NO_TRUTH, truth)[records["index"]]
    np.testing.assert_array_equal(records["truth"], expected)
    assert "truth" in tiles.facts["has"]


def test_points_without_coordinates_are_in_no_tile(tmp_path):
    lines = ["0 0 0 3", "nan 1 1 3", "1 1 0 3"]
    (tmp_path / "a.txt").write_text("\n".join(lines) + "\n")
    tiles = build_tiles([TileSource("a", tmp_path / "a.txt")], tmp_path / "tiles")
    assert tiles.table["points"].sum() == 2
    np.testing.assert_array_equal(tiles.places(0, np.arange(3)) >= 0, [True, False, True])


def test_one_point_is_a_tile(tmp_path):
    (tmp_path / "a.txt").write_text("7 8 9 4\n")
    tiles = build_tiles([TileSource("a", tmp_path / "a.txt")], tmp_path / "tiles")
    record = tiles.records(0)[0]
    assert len(tiles.table) == 1 and record["label"] == POLE and record["height"] == 0


def test_colours_and_intensities_of_16_bits_become_8(tmp_path):
    header = laspy.LasHeader(point_format=7, version="1.4")
    header.scales = [0.01] * 3
    las = laspy.LasData(header)
    las.x, las.y, las.z = np.arange(100.0), np.arange(100.0), np.zeros(100)
    las.red, las.green, las.blue = np.full(100, 65535), np.full(100, 257), np.zeros(100)
    las.intensity = np.arange(100) * 600
    las.classification = np.full(100, 2)
    las.write(tmp_path / "a.laz")
    tiles = build_tiles([TileSource("a", tmp_path / "a.laz")], tmp_path / "tiles")
    records, _, _ = all_of(tiles)
    assert set(records["red"]) == {255} and set(records["green"]) == {1} and set(records["blue"]) == {0}
    assert records["intensity"].max() == 255 and len(np.unique(records["intensity"])) > 90
    assert "rgb" in tiles.facts["has"] and "intensity" in tiles.facts["has"]


def test_a_cloud_without_classes_can_be_looked_at(tmp_path):
    (tmp_path / "a.txt").write_text("7 8 9\n7 8 8\n")
    tiles = build_tiles([TileSource("a", tmp_path / "a.txt")], tmp_path / "tiles")
    assert not tiles.clouds[0].labelled and tiles.facts["counts"] == [2] + [0] * (len(CLASS_NAMES) - 1)


def test_nothing_to_draw_is_said(tmp_path):
    (tmp_path / "a.txt").write_text("nan nan nan 3\nnan nan nan 3\n")
    with pytest.raises(InputError):
        build_tiles([TileSource("a", tmp_path / "a.txt")], tmp_path / "tiles")


def test_a_cloud_far_from_the_ground_points_has_heights_from_its_lowest_point(tmp_path):
    xyz = np.array([[0.0, 0, 5], [1, 1, 7], [500, 500, 50]])
    cloud = PointCloud.from_xyz(xyz, np.array([4, 4, 3], np.uint8), name="a")
    write_cloud(cloud, PointLabels(cloud.labels, np.full(3, 9, np.uint8)), tmp_path / "a.laz")
    tiles = build_tiles([TileSource("a", tmp_path / "a.laz")], tmp_path / "tiles")
    assert sorted(tiles.records(0)["height"].tolist()) == [0, 20]
