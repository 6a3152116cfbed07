"""Columns without clear names, and numbers in odd spellings: refused with the cause, or told."""

import re

import numpy as np
import pytest

from bevseg.errors import CloudFormatError
from tests.io.text.scenes import XYZ, read, rows, written

RANDOM = np.random.default_rng(0)
UTM = np.round(RANDOM.random((20, 3)) * 40 + (690000, 5335000, 500), 3)
LOCAL = np.round(RANDOM.random((20, 3)) * 40, 3)


def lines(points, before=(), after=(), separator=" "):
    return "".join(
        separator.join(
            [*(str(column(i)) for column in before), *map(str, point), *(str(c(i)) for c in after)]
        )
        + "\n"
        for i, point in enumerate(points)
    )


def shuffled(i):
    return (i * 7) % 20


def code(i):
    return (3, 1, 5, 2)[i % 4]


def time(i):
    return 100000.5 + shuffled(i) / 8


@pytest.mark.filterwarnings("ignore:.*the fourth column holds")
@pytest.mark.parametrize("points", [UTM, LOCAL])
@pytest.mark.parametrize("before", [[code], [shuffled], [lambda i: 7], [lambda i: 2485 - shuffled(i)]])
@pytest.mark.parametrize("after", [[], [code], [code, code]])
def test_a_first_column_that_is_no_coordinate_is_refused(tmp_path, points, before, after):
    content = lines(points, before, after)
    with pytest.raises(CloudFormatError, match="may be no coordinate") as caught:
        read(tmp_path, content)
    assert "--columns -,x,y,z " in caught.value.hint
    np.testing.assert_allclose(read(tmp_path, content, columns="-,x,y,z").cloud.xyz, points)


@pytest.mark.filterwarnings("error")
def test_a_refusal_of_columns_stands_alone(tmp_path):
    with pytest.raises(CloudFormatError, match="--columns -,x,y,z "):
        read(tmp_path, lines(UTM, before=[lambda i: 1000 + i]))


@pytest.mark.filterwarnings("ignore:.*the fourth column holds")
@pytest.mark.parametrize("before", [[time], [code, shuffled], [code, code, code]])
def test_the_columns_are_found_that_can_be_x_y_z(tmp_path, before):
    with pytest.raises(CloudFormatError, match=r"is no height in metres|holds? whole numbers") as caught:
        read(tmp_path, lines(UTM, before, [code]))
    assert f"--columns {'-,' * len(before)}x,y,z " in caught.value.hint


def test_x_y_z_in_another_order_is_refused(tmp_path):
    with pytest.raises(CloudFormatError, match="--columns z,x,y"):
        read(tmp_path, lines(UTM[:, [2, 0, 1]]))


@pytest.mark.parametrize("content", [lines(UTM, after=[time]), lines(np.floor(UTM)), lines(UTM * (1, 1, -1))])
@pytest.mark.filterwarnings("ignore:.*the fourth column holds")
def test_x_y_z_first_is_read(tmp_path, content):
    assert len(read(tmp_path, content).cloud) == 20


@pytest.mark.parametrize(
    ("header", "before", "after", "suggested"),
    [
        (",0,1,2", [lambda i: i], [], "-,x,y,z"),
        ("0,1,2", [], [], "x,y,z"),
        ("0,1,2,3", [], [code], "x,y,z"),
        (",0,1,2,3", [lambda i: i], [code], "-,x,y,z"),
    ],
)
def test_a_header_that_counts_the_columns_is_no_point(tmp_path, header, before, after, suggested):
    content = f"{header}\n" + lines(UTM, before, after, ",")
    with pytest.raises(CloudFormatError, match=f"--columns {suggested}$") as caught:
        read(tmp_path, content)
    assert header in caught.value.why
    np.testing.assert_allclose(read(tmp_path, content, columns=suggested).cloud.xyz, UTM)


def test_points_at_0_1_2_are_points(tmp_path):
    assert len(read(tmp_path, "0 1 2\n3 4 5\n6 7 8\n").cloud) == 3


@pytest.mark.parametrize("gap", ["\t", "   "])
@pytest.mark.parametrize("header", ["", "x\ty\tz\n"])
def test_blanks_that_group_thousands_are_refused(tmp_path, gap, header):
    content = "".join(gap.join(("690 025.478", "5 335 009.590", f"50{i}.820")) + "\n" for i in range(3))
    with pytest.raises(CloudFormatError, match="Blanks stand within numbers"):
        read(tmp_path, header.replace("\t", gap) + content)


@pytest.mark.parametrize("base", [500.0, 0.0])
def test_a_matrix_of_heights_is_no_list_of_points(tmp_path, base):
    matrix = np.round(base + np.random.default_rng(1).random((12, 10)) * 10, 2)
    content = "\n".join(" ".join(map(str, row)) for row in matrix)
    with pytest.raises(CloudFormatError, match="looks like a raster of heights"):
        read(tmp_path, content)
    assert len(read(tmp_path, content, columns="x,y,z").cloud) == 12


def test_points_with_many_fields_are_no_raster(tmp_path):
    colour = [lambda i: shuffled(i) * 10, lambda i: 255 - shuffled(i), code]
    assert len(read(tmp_path, lines(LOCAL, after=[time, *colour])).cloud) == 20


def test_a_comment_may_name_the_first_columns_alone(tmp_path):
    found = read(tmp_path, "# x y z class\n" + rows(after=[code, shuffled]))
    np.testing.assert_array_equal(found.codes, [3, 1, 5, 2])
    assert list(found.cloud.source.fields()) == ["column_5"]
    out = written(tmp_path, "# x y z class\n" + rows(after=[code, shuffled]))
    assert out[0] == "# x y z class column_5 bevseg_confidence"
    assert read(tmp_path, "\n".join(out)).codes is not None


def test_a_comment_with_one_word_per_column_is_refused_unless_it_is_a_sentence(tmp_path):
    with pytest.raises(CloudFormatError, match="# foo bar baz"):
        read(tmp_path, "# foo bar baz\n" + rows())
    for comment in ("# made by hand", "# Leica Cyclone 9", "# City Street export", "# anything"):
        assert len(read(tmp_path, f"{comment}\n" + rows()).cloud) == 4


def test_lines_between_points_that_are_left_out_are_told(tmp_path):
    first, *rest = rows().splitlines(keepends=True)
    with pytest.warns(UserWarning, match="between the points are left out of outputs: 2"):
        read(tmp_path, first + "# station 2\n\n" + "".join(rest))


@pytest.mark.parametrize(
    ("before", "after", "suggested"),
    [([], [lambda i: "ground"], "x,y,z,name"), ([lambda i: f"P{i}"], [], "name,x,y,z")],
)
def test_words_without_a_name_are_refused_with_a_name(tmp_path, before, after, suggested):
    content = lines(UTM, before, after)
    with pytest.raises(CloudFormatError, match=f"column of words has no name(?s:.*)--columns {suggested}$"):
        read(tmp_path, content)
    assert read(tmp_path, content, columns=suggested).cloud.source.words == ("name",)


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("690'025.478;5'335'009.590;501.820", "apostrophes group thousands"),
        ("(690025.478, 5335009.590, 501.820)", "brackets stand around the numbers"),
        ("POINT Z (690025.478 5335009.590 501.820)", "written as WKT"),
        ("\u221212.5 \u221213.5 \u22121.5", "no ASCII hyphen-minus"),
        ("'690025.478','5335009.590','501.820'", "stand in single quotes"),
        ("690,025.478  5,335,009.590  501.820", "separators of thousands"),
        ("\uff11\uff12.5 \uff11\uff12.5 \uff11\uff12.5", "digits other than 0 to 9"),
        ("1.5 2.5 3.5\f", "form feed"),
        ("1.5\v2.5\v3.5", "form feed or a vertical tab"),
        ("690_025.478;5_335_009.590;501.820", "underscores group thousands"),
        ("690 025.478;5 335 009.590;501.820", "blanks group thousands"),
        ("690025.478 5335009.590,501.820", "several separators"),
        ("690025.478,5335009.590 501.820", "several separators"),
        ("690025.478;5335009.590;501.820 3", "several separators"),
        ("690025.478 5335009.590 501.820,148,131,36", "several separators"),
        ("690025.478m 5335009.590m 501.820m", "units stand behind the numbers"),
        ("x=690025.478 y=5335009.590 z=501.820", "names stand before the numbers"),
        ("690025.478\u200b5335009.590\u200b501.820", "characters without width"),
        ("690025.478 5335009.590 501.820\u2028", "U+2028"),
    ],
)
@pytest.mark.parametrize("header", ["", "x y z\n"])
def test_what_makes_numbers_unreadable_is_named(tmp_path, line, cause, header):
    with pytest.raises(CloudFormatError) as caught:
        read(tmp_path, header + f"{line}\n" * 5)
    assert cause in str(caught.value) and "dtype" not in str(caught.value)
    assert cause == "separators of thousands" or "separators of thousands" not in str(caught.value)


@pytest.mark.parametrize("end", ["\u2028", "\x85"])
def test_lines_that_end_otherwise_are_told(tmp_path, end):
    for header in ("", "x y z\n"):
        with pytest.raises(CloudFormatError, match="end the lines with a newline"):
            read(tmp_path, (header + rows()).replace("\n", end))


@pytest.mark.parametrize("blank", ["\u00a0", "\u1680", "\u2000", "\u2009", "\u202f", "\u205f", "\u3000"])
def test_other_blanks_are_blanks(tmp_path, blank):
    np.testing.assert_allclose(read(tmp_path, rows(blank)).cloud.xyz, XYZ)


def test_comments_alone_have_no_separators_of_thousands(tmp_path):
    with pytest.raises(CloudFormatError, match="No points in the file") as caught:
        read(tmp_path, "id,x,y,z\n" + rows(",", before=[lambda i: f"#{i}"], repeat=3))
    assert "thousands" not in str(caught.value)


def test_what_a_file_begins_with_is_shown_in_its_own_characters(tmp_path):
    with pytest.raises(CloudFormatError) as caught:
        read(tmp_path, "Восток Север Высота Отражение Класс\n" * 3)
    assert "Восток Север Высота Отражение Класс" in caught.value.why


@pytest.mark.parametrize(
    "line", ["\uff11\uff12.5 1.5 2.5", "\u221212.5 1.5 2.5", "1.5 2.5 3.5\f", "1.5 2.5 3.5."]
)
def test_a_single_odd_line_is_named_in_plain_words(tmp_path, line):
    with pytest.raises(CloudFormatError, match="line 5 holds") as caught:
        read(tmp_path, rows() + f"{line}\n")
    assert not re.search("dtype|column names|schema", str(caught.value))


@pytest.mark.parametrize(
    "word", ["#N/A", "#NUM!", "<NA>", "NA", "null", "None", "-", "--", "?", "*", "n/a", "#VALUE!", "#DIV/0!"]
)
@pytest.mark.parametrize("separator", [",", ";", " ", "\t"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_words_for_no_value_are_missing_values(tmp_path, word, separator, place):
    missing = ["12.5", "-13.5", "-1.5"]
    missing[place] = word
    cloud = read(tmp_path, rows(separator) + separator.join(missing) + "\n").cloud
    assert len(cloud) == 5 and cloud.finite.tolist() == [True] * 4 + [False]
    np.testing.assert_allclose(cloud.xyz[:4], XYZ)


@pytest.mark.parametrize("mark", ["END", "end\n", "EOF\n", "\x1a", "END\n\x1a"])
def test_an_end_mark_is_told(tmp_path, mark):
    with pytest.warns(UserWarning, match="behind the last point is left out"):
        assert len(read(tmp_path, rows() + mark).cloud) == 4


@pytest.mark.parametrize(
    "header",
    [
        "Est;Nord;Quota", "Este;Norte;Cota", "Leste;Norte;Hoogte", "SHAPE_X;SHAPE_Y;SHAPE_Z", "x;y;Elev.",
        "Rechtswert;Hochwert;Höhe über NN", "Abscisse;Ordonnée;Altitude", "E;N;U", "x_m;y_m;z_m",
        "UTM Easting;UTM Northing;Orthometric Height", "GridE;GridN;Ortho Elev", "PosX;PosY;PosZ",
        "<x>;<y>;<z>", "X:;Y:;Z:",
        "Rechtswert [m];Hochwert [m];Höhe ü. NN [m]", "Points_m_XYZ:0;Points_m_XYZ:1;Points_m_XYZ:2",
        "Восток;Север;Высота", "Este;Norte;Altura", "X_world;Y_world;Z_world",
    ],
)  # fmt: skip
def test_more_words_name_the_coordinates(tmp_path, header):
    np.testing.assert_allclose(read(tmp_path, f"{header}\n" + rows(";")).cloud.xyz, XYZ)


def test_columns_take_any_word_for_a_coordinate(tmp_path):
    found = read(tmp_path, rows(after=[code]), columns="northing,easting,height,class")
    np.testing.assert_allclose(found.cloud.xyz[:, [1, 0, 2]], XYZ)
    found = read(tmp_path, rows(after=[code]), columns="x,y,z,height")
    assert list(found.cloud.source.fields()) == ["height"]


def test_columns_beside_a_shorter_header_give_one_line_of_names(tmp_path):
    out = written(tmp_path, "x,y,z\n" + rows(",", after=[shuffled, code]), columns="x,y,z,a,b")
    assert out[0] == "x,y,z,a,b,label,bevseg_confidence" and out[1].startswith("12.25,")


@pytest.mark.parametrize("line", ["(" * 60000, "# unit=" + " " * 60000, "1 " + "2" * 60000, "-.," * 20000])
def test_long_odd_lines_are_refused_soon(tmp_path, line):
    with pytest.raises(CloudFormatError):
        read(tmp_path, f"{line}\n" * 3)
