"""What is planned for clouds: which belong together, which points are far, and what the names depend on."""

import dataclasses

import numpy as np
import pytest

from bevseg.config import GroundConfig, SliceConfig
from bevseg.core.blocks import Block, Blocks
from bevseg.core.far_points import find_far_points
from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.survey.plan import group, plan
from bevseg.survey.reading import Labelling, Reading
from bevseg.survey.survey import Survey, SurveyPoints
from tests import tiny
from tests.survey.laid import CELL, laid

LAYOUT = Blocks.of(CELL)
LABELLING = Labelling(tiny.SETTINGS, "a model", {"turns": 1}, 20.0)


def street(at=(0.0, 0.0), count=40):
    """Points on 20 x 20 m."""
    rng = np.random.default_rng(count)
    return np.column_stack([rng.uniform(0, 20, (count, 2)) + at, rng.uniform(0, 3, count)])


@pytest.fixture
def cloud(tmp_path):
    """Lay down points under a name that stands for their content."""

    def make(name, *parts, reading=None):
        path = tiny.write_text(tmp_path / f"{name}.txt", np.concatenate(parts))
        return laid(path, tmp_path, key=name, reading=reading)

    return make


def names(clouds, labelling=LABELLING, layout=LAYOUT):
    """Names of the ground of all squares, and of the labels of all blocks."""
    survey, _ = plan(clouds, layout, labelling)
    return survey.ground_keys, survey.label_keys


def with_settings(**groups):
    return dataclasses.replace(LABELLING, settings=dataclasses.replace(tiny.SETTINGS, **groups))


def test_names_depend_on_neither_order_nor_places_of_the_files(cloud):
    one, two = cloud("one", street()), cloud("two", street((5, 0)))
    moved = dataclasses.replace(one, path=one.path.with_name("elsewhere"))
    ground, labels = names([one, two])
    assert names([two, moved]) == (ground, labels)
    assert len(ground) == len(labels) == 1


def test_results_of_one_name_have_their_points_in_one_order(cloud):
    one, two = cloud("one", street()), cloud("two", street((5, 0)))
    orders = [
        SurveyPoints(plan(files, LAYOUT, LABELLING)[0]).of(Block(0, 0)) for files in ([one, two], [two, one])
    ]
    np.testing.assert_array_equal(orders[0].xyz, orders[1].xyz)


def test_a_cloud_that_is_there_twice_changes_the_names(cloud):
    one = cloud("one", street())
    (ground, labels), (ground_of_two, labels_of_two) = names([one]), names([one, one])
    assert ground_of_two[Block(0, 0)] != ground[Block(0, 0)]
    assert labels_of_two[Block(0, 0)] != labels[Block(0, 0)]


@pytest.mark.parametrize(
    ("other", "ground_too"),
    [
        (dataclasses.replace(LABELLING, model="another model"), False),
        (dataclasses.replace(LABELLING, looks={"turns": 2}), False),
        (with_settings(ground=GroundConfig(slope=0.3)), True),
    ],
    ids=["model", "looks", "ground"],
)
def test_names_change_with_what_their_results_depend_on(other, ground_too, cloud):
    clouds = [cloud("one", street())]
    ground, labels = names(clouds)
    other_ground, other_labels = names(clouds, other)
    assert other_labels[Block(0, 0)] != labels[Block(0, 0)]
    assert (other_ground != ground) == ground_too


def test_what_a_training_alone_depends_on_changes_no_name(cloud):
    clouds = [cloud("one", street())]
    other = with_settings(train=dataclasses.replace(tiny.SETTINGS.train, steps=9))
    assert names(clouds, other) == names(clouds)


def test_the_street_level_of_all_clouds_is_part_of_the_names_of_labels(cloud):
    mode = with_settings(slices=SliceConfig(reference="mode"))
    reading = Reading(CELL, count_heights=True)
    low = cloud("low", street((0, 0), 50) * [1, 1, 0], reading=reading)
    high = cloud("high", street((9000, 0), 90) * [1, 1, 0] + [0, 0, 30], reading=reading)
    alone, together = (plan(clouds, LAYOUT, mode)[0] for clouds in ([low], [low, high]))
    assert (alone.limits.level, together.limits.level) == (0.0, 30.0)
    assert alone.ground_keys[Block(0, 0)] == together.ground_keys[Block(0, 0)]
    assert alone.label_keys[Block(0, 0)] != together.label_keys[Block(0, 0)]


@pytest.mark.parametrize(
    ("at", "ground_changes", "labels_change"),
    [
        ((10, 10), True, True),  # the same block
        ((210, 10), True, True),  # the block beside it, in the same square
        ((610, 10), True, True),  # not seen by the networks, but by the search of the ground of the square
        ((3000, 10), False, False),
        ((-210, 10), True, True),  # the block beside it, in another square
    ],
)
def test_a_cloud_changes_the_names_of_what_it_can_reach(at, ground_changes, labels_change, cloud):
    here = cloud("here", street())
    ground, labels = names([here])
    more_ground, more_labels = names([here, cloud("more", street(at))])
    assert (more_ground[Block(0, 0)] != ground[Block(0, 0)]) == ground_changes
    assert (more_labels[Block(0, 0)] != labels[Block(0, 0)]) == labels_change


def test_the_table_gives_each_point_its_place_among_those_of_its_block(cloud):
    parts = [street((-10, -10)), street((195, 5)), street((400, 400))]
    files = [cloud("one", *parts), cloud("two", *(part + np.array([3, 3, 0]) for part in parts))]
    survey, far = plan(files, LAYOUT, LABELLING)
    assert far == []
    points = SurveyPoints(survey)
    assert sorted(points) == sorted(survey.label_keys)
    assert len(points) > 6
    for block in points:
        place = 0
        rows = survey.rows[block]
        for col, row, number, _, _, count, own in survey.table[rows.start : rows.stop].tolist():
            assert (Block(col, row), own) == (block, place)
            segment = points.segments(block)[number - survey.table[rows.start, 2]]
            assert (segment.cloud, len(segment.x)) == (number, count)
            place += count
        assert points.count(block) == place == len(points.of(block))
    assert sum(map(points.count, points)) == 240


def test_a_survey_is_read_as_it_was_written(cloud, tmp_path):
    for labelling in (LABELLING, with_settings(slices=SliceConfig(reference="mode"))):
        survey, _ = plan([cloud("one", street()), cloud("two", street((300, 0)))], LAYOUT, labelling)
        survey.write(tmp_path / "a.survey")
        found = Survey.read(tmp_path / "a.survey")
        for field in dataclasses.fields(Survey):
            np.testing.assert_equal(getattr(found, field.name), getattr(survey, field.name))


def test_clouds_without_points_that_take_part_have_a_survey(cloud, tmp_path):
    survey, far = plan([cloud("one", np.full((2, 3), np.nan))], LAYOUT, LABELLING)
    survey.write(tmp_path / "a.survey")
    assert Survey.read(tmp_path / "a.survey").rows == {}
    assert (survey.label_keys, survey.ground_keys, far) == ({}, {}, [])


@pytest.mark.parametrize("stray", [(90_000.0, 5_000.0, 0.0), (-600.0, 40_000.0, 9.0)])
def test_points_far_from_all_others_take_no_part(stray, cloud):
    near = [street((0, 0), 300), street((205, 30), 300)]
    one, two = cloud("one", near[0]), cloud("two", near[1], [stray])
    survey, far = plan([one, two], LAYOUT, LABELLING)
    whole = np.concatenate([*near, [stray]])
    assert np.flatnonzero(find_far_points(PointCloud.from_xyz(whole))).tolist() == [600]
    assert [tuple(block) for block in far] == [tuple(np.floor(np.array(stray[:2]) / LAYOUT.side).astype(int))]
    assert int(survey.table[:, 5].sum()) == 600
    assert not set(far) & set(survey.label_keys)


def test_what_is_far_from_one_cloud_is_not_far_from_all(cloud):
    clouds = [cloud("one", street((0, 0), 300)), cloud("two", street((9000, 9000), 2))]
    assert plan(clouds, LAYOUT, LABELLING)[1] != []
    more = [*clouds, cloud("three", street((9010, 9010), 300))]
    assert plan(more, LAYOUT, LABELLING)[1] == []


def in_system(file, wkt):
    crs = None if wkt is None else dataclasses.asdict(Crs(wkt, 1.0, 1.0))
    return dataclasses.replace(file, facts=file.facts | {"crs": crs})


def test_clouds_of_one_reference_system_belong_together(cloud):
    files = {name: cloud(name, street()) for name in "abcde"}
    systems = {"a": "utm 32", "b": None, "c": "utm 33", "d": "utm 32", "e": None}
    clouds = {name: in_system(file, systems[name]) for name, file in files.items()}
    assert group(clouds, apart=False) == [["a", "d"], ["b", "e"], ["c"]]
    assert group(clouds, apart=True) == [["a"], ["b"], ["c"], ["d"], ["e"]]


def test_a_cloud_in_the_frame_of_its_sensor_is_alone(cloud):
    clouds = {name: cloud(name, street()) for name in "abc"}
    clouds["b"].facts["own_place"] = True
    assert group(clouds, apart=False) == [["a", "c"], ["b"]]


def test_the_points_of_another_reading_have_another_name(tmp_path):
    from bevseg.io.find import CloudFile

    file, scheme = CloudFile(tmp_path / "a.txt", "a"), tmp_path / "mine.toml"
    scheme.write_text('name = "mine"\n[[classes]]\ncode = 6\nname = "house"\ntrain = "building"\n')
    first = Reading(CELL, str(scheme)).key(file, "content")
    assert Reading(CELL, str(scheme)).key(CloudFile(tmp_path / "b.txt", "b"), "content") == first
    changed = [
        Reading(CELL, str(scheme)).key(file, "other content"),
        Reading(CELL, str(scheme)).key(dataclasses.replace(file, scan=1), "content"),
        Reading(0.2, str(scheme)).key(file, "content"),
        Reading(CELL).key(file, "content"),
        Reading(CELL, str(scheme), "x,y,z").key(file, "content"),
        Reading(CELL, str(scheme), count_heights=True).key(file, "content"),
    ]
    scheme.write_text(scheme.read_text().replace("building", "car"))
    changed.append(Reading(CELL, str(scheme)).key(file, "content"))
    assert len({first, *changed}) == 8
