"""Which column is which: by the header, by `--columns`, or a refusal. Never by a guess."""

import re
import warnings

import numpy as np
import pytest

from bevseg.core.labels import load_scheme
from bevseg.errors import CloudFormatError, UsageError
from bevseg.io.read import read_cloud
from tests.io.text.scenes import XYZ, read, rows, save


def number(i):
    return i


def half(i):
    return i / 2 + 0.25


def code(i):
    return (3, 1, 5, 0)[i % 4]


def assert_points(found, labelled=False, order=(0, 1, 2)):
    np.testing.assert_allclose(found.cloud.xyz[:, order], XYZ, atol=1e-9)
    assert (found.codes is not None) == labelled
    if labelled:
        np.testing.assert_array_equal(found.codes, [code(i) for i in range(4)])


@pytest.mark.parametrize(
    "header",
    [
        "x,y,z", "X,Y,Z", '"x","y","z"', "#x,y,z", "//X Y Z", "# x y z", "Easting,Northing,Elevation", "E;N;H",
        "Rechtswert,Hochwert,Höhe", "X [m],Y [m],Z [m]", "X (m),Y (m),Z (m)", "x[m],y[m],z[m]",
        "POINT_X,POINT_Y,POINT_Z", "Points:0,Points:1,Points:2", "x_coordinate,y_coordinate,altitude",
        " x , y , z ", "\ufeffx,y,z", "% x y z",
        "# scanned on Monday\nx,y,z", "x,y,z\n[m],[m],[m]", "X [m] Y [m] Z [m]",
    ],
)  # fmt: skip
def test_usual_words_name_the_coordinates(tmp_path, header):
    assert_points(read(tmp_path, f"{header}\n" + rows(",")))


@pytest.mark.parametrize(
    ("header", "before", "after", "separator", "labelled"),
    [
        ("ID,Easting,Northing,Elevation", [number], [], ",", False),
        (",x,y,z,class", [number], [code], ",", True),
        ("GPS time X Y Z", [half], [], " ", False),
        ("Point Source ID\tx\ty\tz", [number], [], "\t", False),
        ("time;x;y;z;Klasse", [half], [code], ";", True),
        ("x y z R", [], [code], " ", False),
        ("x y z intensity", [], [code], " ", False),
        ("x y z return", [], [code], " ", False),
        ("x y z time", [], [code], " ", False),
        ("x y z something", [], [code], " ", False),
        ("//X Y Z Scalar_field", [], [code], " ", True),
        ("//X Y Z R G B Original cloud index", [], [code, code, code, number], " ", False),
        ("X Y Z Number of Returns Classification", [], [number, code], " ", True),
        ("x y z i scalar_Classification", [], [half, code], " ", True),
        ("x y z label_id confidence", [], [code, number], " ", True),
        ("#File format: x y z label_id confidence\n# 1 -- a house", [], [code, number], " ", True),
        ("X [m] Y [m] Z [m] GPS Time [s]", [], [half], " ", False),
        ("date time x y z", [lambda i: "2026-05-03", lambda i: f"12:00:0{i}"], [], " ", False),
        ("id,x,y,z", [lambda i: f"A{i}"], [], ",", False),
        ("x,y,z,Easting,Northing", [], [half, half], ",", False),
        ("x,y,z,class,class name", [], [code, lambda i: "a tree"], ",", True),
    ],
)  # fmt: skip
def test_a_header_says_where_they_stand(tmp_path, header, before, after, separator, labelled):
    assert_points(read(tmp_path, f"{header}\n" + rows(separator, before, after)), labelled)


def test_northing_may_come_first(tmp_path):
    assert_points(read(tmp_path, "Northing,Easting,Height\n" + rows(",")), order=(1, 0, 2))


def test_a_separator_at_the_end_of_lines_is_no_column(tmp_path):
    lines = rows(",", [number]).replace("\n", ",\n")
    assert_points(read(tmp_path, "id,x,y,z\n" + lines))
    assert_points(read(tmp_path, "id,x,y,z,\n" + lines))


@pytest.mark.parametrize("quote", ['"', ""])
def test_row_names_of_r_have_no_name(tmp_path, quote):
    lines = rows(" ", [lambda i: f"{quote}{i + 1}{quote}"])
    assert_points(read(tmp_path, f"{quote}x{quote} {quote}y{quote} {quote}z{quote}\n" + lines))


@pytest.mark.parametrize(
    ("header", "after", "reason"),
    [
        ("X,Y,X", [], "2 columns are named x"),
        ("a,b,c,d", [code], "no column is named x"),
        ("x,y,z", [code, code], "does not name 5 columns"),
        ("East,Easting,North,Height", [code], "2 columns are named x"),
        ("lat,height,depth", [], "no column is named x"),
        ("Scan of Main Street", [], "no column is named x"),
        ("x y z code", [], "does not name 3 columns"),
        ("# 3 words\nTimestamp,X,Y,Z", [code, code], "does not name 5 columns"),
    ],
)
def test_a_header_that_does_not_say_it_is_refused_with_a_suggestion_that_works(
    tmp_path, header, after, reason
):
    content = f"{header}\n" + rows(",", after=after)
    with pytest.raises(CloudFormatError, match=reason) as caught:
        read(tmp_path, content)
    assert header.split("\n")[-1] in caught.value.why and "12.25 40.5 1.125" in caught.value.why
    suggested = re.search(r"--columns ([\w,-]+)", caught.value.hint)[1]
    assert len(read(tmp_path, content, columns=suggested).cloud) == 4


@pytest.mark.parametrize(
    "header", ["# time intensity height", "id,x,y", "x,y,class", "fid,easting,intensity"]
)
def test_columns_of_something_else_are_not_suggested_as_coordinates(tmp_path, header):
    with pytest.raises(CloudFormatError, match="save the points with all three"):
        read(tmp_path, f"{header}\n" + rows(","))


@pytest.mark.parametrize("second", [",,,r,g", "-,-,-,dB,°", ",,,[0-255],"])
def test_a_second_row_of_names_is_no_point(tmp_path, second):
    content = f"x,y,z,color,angle\n{second}\n" + rows(",", after=[number, code])
    found = read(tmp_path, content)
    assert_points(found)
    assert found.cloud.source.fields()["color"].tolist() == [0, 1, 2, 3]
    assert found.cloud.source.head.decode().split("\n")[1] == second


def test_a_first_point_without_coordinates_is_a_point(tmp_path):
    cloud = read(tmp_path, "x,y,z,kind\n,,,tree\n" + rows(",", after=[lambda i: "car"])).cloud
    assert len(cloud) == 5 and not cloud.finite[0]


def test_the_suggestion_takes_columns_of_numbers(tmp_path):
    lines = rows(before=[lambda i: "2024-05-03", lambda i: f"12:00:0{i}"])
    with pytest.raises(CloudFormatError, match=r"--columns -,-,x,y,z$"):
        read(tmp_path, "Timestamp X Y Z\n" + lines)


def test_the_suggestion_keeps_what_the_header_says(tmp_path):
    with pytest.raises(CloudFormatError, match="--columns -,x,y,z,-,label"):
        read(tmp_path, "id,Easting,North 1,Height,r,class\n" + rows(",", [number], [number, code]))


def test_four_columns_without_a_header_are_labelled_if_all_are_codes_of_shrec20(tmp_path):
    assert_points(read(tmp_path, rows(after=[code])), labelled=True)
    other = save(tmp_path, rows(after=[lambda i: i + 3]))
    with pytest.warns(UserWarning, match="holds 6, which is no code of shrec20"):
        cloud = read_cloud(other)
    assert cloud.labels is None
    np.testing.assert_array_equal(cloud.source.fields()["column_4"], [3, 4, 5, 6])


def test_a_fourth_column_without_a_name_may_hold_the_codes_of_another_scheme_that_is_named(tmp_path):
    path = save(tmp_path, rows(after=[lambda i: (1001, 1103, 1104, 1106)[i % 4]]))
    cloud = read_cloud(path, scheme=load_scheme("oakland"), strict=True)
    assert cloud.labels is not None and cloud.source.fields() == {}


def test_five_columns_without_a_header_have_no_class(tmp_path):
    found = read(tmp_path, rows(after=[code, number]))
    assert_points(found)
    assert list(found.cloud.source.fields()) == ["column_4", "column_5"]


@pytest.mark.filterwarnings("ignore:.*no code of shrec20")
@pytest.mark.parametrize("first", [number, lambda i: i + 1, lambda i: 1000.5 + i / 4, lambda i: -i])
def test_a_first_column_that_counts_without_a_header_is_refused(tmp_path, first):
    content = rows(" ", [first], repeat=5)
    with pytest.raises(
        CloudFormatError, match=r"first column may be no coordinate.*\n.*\n.*\n.*--columns -,x,y,z"
    ):
        read(tmp_path, content)
    assert len(read(tmp_path, content, columns="-,x,y,z").cloud) == 20


def test_a_first_column_that_never_falls_without_a_header_is_refused(tmp_path):
    times = np.sort(np.random.default_rng(0).random(120) * 100 + 3e5)
    content = rows(" ", [lambda i: times[i]], [half], repeat=30)
    with pytest.raises(CloudFormatError, match="never falls"):
        read(tmp_path, content)
    assert len(read(tmp_path, "t x y z q\n" + content).cloud) == 120


def test_a_profile_along_x_has_three_columns_and_is_read(tmp_path):
    lines = "".join(f"{i} 2.5 1.5\n" for i in range(200))
    assert len(read(tmp_path, lines).cloud) == 200


@pytest.mark.parametrize(
    ("after", "names"),
    [
        ([code], ["intensity"]),
        (
            [lambda i: i - 500, lambda i: 1, lambda i: 20, lambda i: 255],
            ["intensity", "red", "green", "blue"],
        ),
        ([lambda i: 1, lambda i: 20, lambda i: 255], ["red", "green", "blue"]),
        ([half, half, half], ["column_4", "column_5", "column_6"]),
    ],
)
@pytest.mark.parametrize("count", ["", "4\n"])
def test_pts_has_its_usual_order_and_no_class(tmp_path, after, names, count):
    found = read(tmp_path, count + rows(after=after), "scan.pts")
    assert_points(found)
    assert list(found.cloud.source.fields()) == names


def test_more_points_than_counted_are_told(tmp_path):
    with pytest.warns(UserWarning, match="4 points follow a count of 3: all are read"):
        assert_points(read(tmp_path, "3\n" + rows(), "scan.pts"))


def test_many_columns_without_names_are_no_points(tmp_path):
    content = rows(after=[half] * 30)
    with pytest.raises(CloudFormatError, match="33 columns without names"):
        read(tmp_path, content)
    assert_points(read(tmp_path, content, columns="x,y,z"))


def test_columns_give_names_and_skip_others(tmp_path):
    content = rows(" ", [number], [half, code, number])
    found = read(tmp_path, content, columns="-,x,y,z,Reflectance,label")
    assert_points(found, labelled=True)
    assert list(found.cloud.source.fields()) == ["Reflectance", "column_7"]


def test_columns_go_before_the_header(tmp_path):
    content = "x,y,z,class\n" + rows(",", after=[code])
    found = read(tmp_path, content, columns="y,x,z,intensity")
    assert_points(found, order=(1, 0, 2))
    assert list(found.cloud.source.fields()) == ["intensity"]


@pytest.mark.parametrize("columns", ["x,y,z,a,a", "x,y,z,class,label", "x,y,z,,i"])
def test_columns_have_one_name_each(tmp_path, columns):
    with pytest.raises(UsageError):
        read(tmp_path, rows(after=[code, code]), columns=columns)


def test_a_class_of_words_is_told_and_kept(tmp_path):
    with pytest.warns(UserWarning, match="'class' holds words such as 'tree'"):
        found = read(tmp_path, "x,y,z,class\n" + rows(",", after=[lambda i: "tree"]))
    assert_points(found)
    assert found.cloud.source.words == ("class",)


def test_a_missing_class_is_undefined(tmp_path):
    found = read(tmp_path, "x,y,z,class\n1.5,2.5,3.5,4\n1.5,2.5,3.5,\n1.5,2.5,3.5,nan\n")
    np.testing.assert_array_equal(found.codes, [4, 0, 0])


def test_a_clear_file_is_read_without_a_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_points(read(tmp_path, "4\n" + rows(after=[code])), labelled=True)
