"""Numbers, separators and encodings as programs write them: read right, or refused by name."""

import codecs

import numpy as np
import pytest

from bevseg.errors import CloudFormatError
from tests.io.text.scenes import XYZ, read, rows


def assert_points(found):
    np.testing.assert_allclose(found.cloud.xyz, XYZ, atol=1e-9)


@pytest.mark.parametrize("separator", ["\t", " ", ";", "; ", " \t", "|"])
@pytest.mark.parametrize("header", ["", "X;Y;Z\n"])
def test_decimal_commas(tmp_path, separator, header):
    assert_points(read(tmp_path, header + rows(separator, comma=True)))


def test_quoted_decimal_commas_may_be_separated_by_commas(tmp_path):
    assert_points(
        read(tmp_path, '"x","y","z"\n"' + rows('","', comma=True).strip().replace("\n", '"\n"') + '"')
    )


def test_a_decimal_comma_may_come_late(tmp_path):
    assert read(tmp_path, "x;y;z\n1;2;3\n1,5;2;3\n").cloud.xyz[1, 0] == 1.5


def test_commas_that_may_group_thousands_are_told(tmp_path):
    with pytest.warns(UserWarning, match=r"25,321 is 25\.321"):
        assert read(tmp_path, "25,321 15,632 55,501\n").cloud.xyz[0, 0] == pytest.approx(25.321)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("x;y;z\n1,234.5;2,345.5;7.1\n", "separators of thousands"),
        ("x;y;z\n1.234,5;2.345,5;7,1\n", "separators of thousands"),
        ('"x","y","z"\n"1,234.5","2,345.5","7.1"\n', "separators of thousands"),
        (
            "x;y;z\n1.5;2.5;7.1\n1,234.5;2.5;7.1\n",
            "line 3 holds '1,234.5', a number with separators of thousands",
        ),
        ("x;y;z\n1,5;2,5;7,1\n1,234,567;2,5;7,1\n", "line 3 holds '1,234,567'"),
        ("x;y;z\n1,5;2,5;7,1\n1.5;2,5;7,1\n", "line 3 has a number with a point"),
        ("1,234.5,2,345.5,7.1\n", "three digits follow the first comma"),
        ("25,32,15,63,55,50\n26,33,16,64,56,51\n", "all 6 columns hold whole numbers"),
        ("12\u00a0345,5;3\u00a0222,5;1,5\n", "No-break blanks stand within numbers"),
        ("23.40 14.70,0.48\n1.5 2.5,3.5\n", "several separators stand in a line"),
        ("x,y,z\n1.5,2.5,3 5\n", "line 2 holds '3 5'"),
        ('x,y,z,n\n1.5,2.5,3.5,"a\n1.5,2.5,3.5,b\n', "a quote that does not end"),
    ],
)
def test_numbers_that_could_be_glued_or_cut_are_refused(tmp_path, content, reason):
    with pytest.raises(CloudFormatError) as caught:
        read(tmp_path, content)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        rows(" \t "), rows("\t\t"), rows(", "), rows(" ,"), rows(",\t"), rows(" ; "), rows("\u00a0"), rows("\u2003"),
        rows("\u00a0").encode("latin-1"), rows(" \u00a0"), rows().encode("utf-16"), rows().encode("utf-16-le"),
        rows().encode("utf-16-be"), rows().encode("utf-32"), codecs.BOM_UTF8 + rows().encode(),
        ("X;Höhe;Y\n".replace("Höhe;Y", "Y;Höhe") + rows(";")).encode("latin-1"), rows().replace("\n", "\r"),
        rows().replace("\n", "\r\n"), '"' + rows('","').strip().replace("\n", '"\n"') + '"\n',
        "".join(" ".join(f"{v:.6e}".replace("e", "D") for v in p) + "\n" for p in XYZ),
        "".join(" ".join(f"{v:+.3f}" for v in p) + "\n" for p in XYZ), "sep=;\nx;y;z\n" + rows(";"),
    ],
)  # fmt: skip
def test_the_same_points_in_other_bytes(tmp_path, content):
    assert_points(read(tmp_path, content))


@pytest.mark.parametrize(
    "word",
    [
        "nan",
        "-nan",
        "-nan(ind)",
        "nan(snan)",
        "1.#QNAN",
        "-1.#IND",
        "1.#QNAN0",
        "inf",
        "-inf",
        "1.#INF",
        "-1.#INF00",
    ],
)
def test_words_for_no_number(tmp_path, word):
    found = read(tmp_path, rows(after=[lambda i: 1]) + f"{word} 2.5 3.5 1\n")
    np.testing.assert_array_equal(found.cloud.finite, [True] * 4 + [False])
    np.testing.assert_array_equal(found.codes, [1] * 5)


@pytest.mark.parametrize("word", ["", "NA", "N/A", "null", "None", " "])
def test_an_empty_field_is_a_missing_value(tmp_path, word):
    found = read(tmp_path, f"x,y,z,i\n1.5,2.5,3.5,7\n1.5,{word},3.5,8\n1.5,2.5,3.5,{word}\n")
    np.testing.assert_array_equal(found.cloud.finite, [True, False, True])
    np.testing.assert_array_equal(found.cloud.source.fields()["i"], [7, 8, np.nan])


def test_the_first_point_may_lack_values(tmp_path):
    found = read(tmp_path, "x,y,z,i\n,,,1\n1.5,2.5,3.5,7\n")
    np.testing.assert_array_equal(found.cloud.finite, [False, True])


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("1 2 3\n", 1e-3), ("1.5 2.25 3.125\n", 1e-3), ("1.5 2.25 3.1254\n", 1e-4),
        ("23.39902 14.70310 0.48304\n", 1e-5), ("512203.97123 5403685.49 336.41\n", 1e-5),
        ("1.123456789 2 3\n", 1e-9),
        ("nan 1.00001 3\n1 2 3.1234\n", 1e-4),
    ],
)  # fmt: skip
def test_the_step_holds_the_digits(tmp_path, text, step):
    assert read(tmp_path, text).cloud.scale == (step,) * 3


def test_digits_that_32_bits_do_not_hold_are_told(tmp_path):
    with pytest.warns(UserWarning, match="other than text have steps of 1e-05"):
        found = read(tmp_path, "0.1234567 2 3\n20000.5 2 3\n")
    assert found.cloud.scale[0] == 1e-5
