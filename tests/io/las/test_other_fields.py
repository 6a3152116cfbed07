"""Fields of other formats become the LAS dimensions of that meaning; what LAS cannot hold is said."""

import laspy
import numpy as np
import pytest

from bevseg.core.labels import load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.io.las import writer
from bevseg.io.las.other_fields import other_fields

COUNT = 6


class Fields:
    """The source of another format."""

    def __init__(self, values):
        self.values = values

    def fields(self):
        return self.values


def cloud_with(**values):
    xyz = np.random.default_rng(0).random((COUNT, 3)) * 20
    return PointCloud.from_xyz(
        xyz, source=Fields({name: np.array(column) for name, column in values.items()})
    )


def written(tmp_path, **values):
    labels = PointLabels(*[np.full(COUNT, 3, np.uint8)] * 2)
    writer.write(cloud_with(**values), labels, tmp_path / "out.laz", load_scheme("asprs"))
    return laspy.read(tmp_path / "out.laz")


STEPS = np.arange(COUNT)


def test_intensities_that_are_whole_numbers_are_the_intensity(tmp_path):
    for kind in ("u1", "u2", "i8", "f4", "f8", ">u2"):
        las = written(tmp_path, scalar_Intensity=(STEPS * 10).astype(kind))
        assert las.intensity.tolist() == (STEPS * 10).tolist()
        assert list(las.point_format.extra_dimension_names) == ["bevseg_confidence"]


def test_intensities_from_0_to_1_fill_the_range_and_stay_beside_it(tmp_path):
    shares = np.linspace(0, 1, COUNT).astype("f4")
    las = written(tmp_path, intensity=shares)
    assert las.intensity.tolist() == [0, 13107, 26214, 39321, 52428, 65535]
    np.testing.assert_array_equal(las["intensity_source"], shares)


@pytest.mark.parametrize("values", [STEPS - 9.5, STEPS * 1e5, np.full(COUNT, np.nan)])
def test_intensities_that_las_has_no_range_for_are_an_extra_dimension(tmp_path, values):
    las = written(tmp_path, intensity=values)
    assert (las.intensity == 0).all()
    np.testing.assert_array_equal(las["intensity_source"], values)


@pytest.mark.parametrize(("kind", "factor"), [("u1", 257), ("i4", 257), ("f8", 257), ("u2", 1), (">u2", 1)])
def test_colours_are_16_bit_and_take_a_point_format_that_has_them(tmp_path, kind, factor):
    colours = {name: (STEPS * 50 + i).astype(kind) for i, name in enumerate(("r", "g", "b"))}
    las = written(tmp_path, **colours)
    assert las.point_format.id == 7
    for name, source in zip(("red", "green", "blue"), "rgb", strict=True):
        assert np.asarray(las[name]).tolist() == (colours[source].astype(int) * factor).tolist()
    assert list(las.point_format.extra_dimension_names) == ["bevseg_confidence"]
    assert written(tmp_path, **colours, nir=(STEPS * 3).astype(kind)).point_format.id == 8


def test_colours_of_floats_fill_the_range(tmp_path):
    shares = np.linspace(0, 1, COUNT)
    las = written(tmp_path, red=shares, green=shares, blue=shares)
    assert np.asarray(las.red).tolist() == [0, 13107, 26214, 39321, 52428, 65535]
    np.testing.assert_array_equal(las["red_source"], shares)


def test_one_colour_alone_is_an_extra_dimension(tmp_path):
    las = written(tmp_path, red=STEPS.astype("u1"))
    assert las.point_format.id == 6 and las["red"].tolist() == STEPS.tolist()


def test_times_that_are_exact_are_gps_times_and_others_stay_whole_numbers(tmp_path):
    for times in (STEPS + 0.1, STEPS.astype("f4"), STEPS + 2**52):
        np.testing.assert_array_equal(written(tmp_path, timestamp=times).gps_time, times)
    nanoseconds = STEPS + 1_700_000_000_000_000_001
    las = written(tmp_path, timestamp=nanoseconds)
    np.testing.assert_array_equal(las["timestamp"], nanoseconds)
    assert (las.gps_time == 0).all()


def test_returns_take_both_fields_and_are_counted_in_the_header(tmp_path):
    first, of = np.array([1, 2, 3, 1, 1, 15]), np.array([3, 3, 3, 1, 2, 15])
    las = written(tmp_path, return_number=first, num_returns=of)
    assert np.asarray(las.return_number).tolist() == first.tolist()
    assert np.asarray(las.number_of_returns).tolist() == of.tolist()
    assert las.header.number_of_points_by_return.tolist() == [3, 1, 1, *[0] * 11, 1]
    for values in ({"return_number": first}, {"return_number": first - 1, "number_of_returns": of}):
        las = written(tmp_path, **values)
        assert (las.return_number == 1).all()
        np.testing.assert_array_equal(las["return_number_source"], values["return_number"])


def test_scan_angles_are_steps_or_degrees_that_are_whole_steps(tmp_path):
    steps = np.array([-15000, -1, 0, 1, 500, 30000])
    assert written(tmp_path, scan_angle=steps.astype("i2")).scan_angle.tolist() == steps.tolist()
    assert written(tmp_path, scan_angle=steps * 0.006).scan_angle.tolist() == steps.tolist()
    odd = written(tmp_path, scan_angle=np.full(COUNT, 0.007))
    assert (odd.scan_angle == 0).all() and (odd["scan_angle_source"] == 0.007).all()


def test_flags_and_numbers_that_las_has_are_kept_in_its_fields(tmp_path):
    las = written(tmp_path, point_source_id=STEPS + 60_000, user_data=STEPS, synthetic=STEPS % 2 == 0,
                  scanner_channel=STEPS % 4, edge_of_flight_line=STEPS // 3)  # fmt: skip
    assert (
        las.point_source_id.tolist() == (STEPS + 60_000).tolist() and las.user_data.tolist() == STEPS.tolist()
    )
    assert np.asarray(las.synthetic).tolist() == [1, 0] * 3
    assert np.asarray(las.scanner_channel).tolist() == [0, 1, 2, 3, 0, 1]
    assert np.asarray(las.edge_of_flight_line).tolist() == [0, 0, 0, 1, 1, 1]


def test_normals_and_all_other_fields_are_extra_dimensions_of_their_type(tmp_path):
    las = written(tmp_path, nx=STEPS.astype("f4"), ny=STEPS.astype("f8"), nz=STEPS.astype("f4"),
                  label=STEPS.astype("i8"), flag=STEPS > 2, half=STEPS.astype("f2"))  # fmt: skip
    kinds = {d.name: d.dtype.str[1:] for d in las.point_format.extra_dimensions}
    expected = {"NormalX": "f4", "NormalY": "f8", "NormalZ": "f4", "label": "i8", "flag": "u1", "half": "f4"}
    assert kinds == expected | {"bevseg_confidence": "u1"}


def test_of_two_fields_of_one_meaning_the_first_is_taken_and_the_second_stays(tmp_path):
    las = written(tmp_path, intensity=STEPS, reflectance=STEPS * 2.5)
    assert las.intensity.tolist() == STEPS.tolist()
    np.testing.assert_array_equal(las["reflectance"], STEPS * 2.5)


def test_what_las_has_no_type_for_is_said_before_the_work(tmp_path):
    values = {"name": np.array(["a"] * COUNT), "wide": STEPS.astype(np.longdouble), "fine": STEPS}
    told = writer.cannot_keep(cloud_with(**values))
    assert [sentence.split()[0] for sentence in told] == ["name", "wide"]
    las = written(tmp_path, **values)
    assert list(las.point_format.extra_dimension_names) == ["fine", "bevseg_confidence"]


def test_names_of_ours_and_of_las_are_free_for_ours(tmp_path):
    las = written(tmp_path, bevseg_confidence=STEPS * 0.5, classification_flags=STEPS)
    names = ["bevseg_confidence_source", "classification_flags_source", "bevseg_confidence"]
    assert list(las.point_format.extra_dimension_names) == names


@pytest.mark.parametrize("kind", ["u1", "i4", "f4", "f8"])
def test_names_that_are_equal_once_cut_get_a_number(tmp_path, kind):
    first, second = "a" * 40 + "_1", "a" * 40 + "_2"
    las = written(tmp_path, **{first: STEPS.astype(kind), second: (STEPS + 1).astype(kind)})
    np.testing.assert_array_equal(las["a" * 31], STEPS)
    np.testing.assert_array_equal(las["a" * 29 + "_2"], STEPS + 1)


def test_a_cloud_from_memory_has_no_fields():
    assert other_fields(PointCloud.from_xyz(np.zeros((2, 3)))).extras == {}


def test_points_without_coordinates_are_counted_and_keep_those_that_they_have(tmp_path):
    xyz = np.array([[1.0, 2, 3], [5, 6, 7], [np.nan, 3.5, 4]])
    cloud = PointCloud.from_xyz(xyz)
    (sentence,) = writer.cannot_keep(cloud)
    assert sentence.startswith("1 of 3 points have no finite coordinates") and "withheld" in sentence
    assert writer.cannot_keep(PointCloud.from_xyz(xyz[:2])) == []
    labels = PointLabels(*[np.full(3, 3, np.uint8)] * 2)
    writer.write(cloud, labels, tmp_path / "out.las", load_scheme("asprs"))
    np.testing.assert_allclose(laspy.read(tmp_path / "out.las").xyz[2], [1, 3.5, 4])
