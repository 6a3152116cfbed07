"""Class schemes: codes of a file to train ids and back."""

import numpy as np
import pytest

from bevseg.config.names import SCHEMES
from bevseg.core.labels import (
    BUILDING,
    CAR,
    CLASS_NAMES,
    COLOURS,
    GROUND,
    POLE,
    UNDEFINED,
    VEGETATION,
    load_scheme,
)
from bevseg.errors import CloudNotFoundError, LabelError, UsageError


def codes(*values):
    return np.array(values, np.int64)


def test_every_train_id_has_a_name_and_a_colour_of_its_own():
    assert len(CLASS_NAMES) == len(COLOURS) == len(set(COLOURS)) == 6


def test_shrec20_codes_are_the_train_ids():
    scheme = load_scheme("shrec20")
    assert scheme.decode(codes(0, 1, 2, 3, 4, 5), where="a").tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("code", "train"),
    [
        (1001, UNDEFINED),
        (1103, POLE),
        (1105, UNDEFINED),
        (1200, GROUND),
        (1206, GROUND),
        (1300, VEGETATION),
        (1301, GROUND),
        (1306, VEGETATION),
        (1400, BUILDING),
        (1408, UNDEFINED),
        (1412, BUILDING),
        (1500, UNDEFINED),
        (1501, CAR),
        (9999, UNDEFINED),
    ],
)
def test_oakland_codes_as_the_data_set_suggests(code, train):
    assert load_scheme("oakland").decode(codes(code), where="a").tolist() == [train]


@pytest.mark.parametrize(
    ("code", "train"),
    [
        (0, 0),
        (1, 0),
        (2, GROUND),
        (3, VEGETATION),
        (4, VEGETATION),
        (5, VEGETATION),
        (6, BUILDING),
        (9, 0),
        (17, 0),
    ],
)
def test_asprs_codes_are_read(code, train):
    assert load_scheme("asprs").decode(codes(code), where="a").tolist() == [train]


def test_asprs_writes_the_codes_of_the_standard_and_user_codes_for_car_and_pole():
    ids = np.arange(6, dtype=np.uint8)
    assert load_scheme("asprs").encode(ids).tolist() == [1, 6, 64, 2, 65, 5]


@pytest.mark.parametrize("name", SCHEMES)
def test_what_is_written_is_understood_again(name):
    scheme = load_scheme(name)
    for train, entry in scheme.written().items():
        assert entry.train == train
        assert entry.ignored or scheme.decode(codes(entry.code), where="a").tolist() == [train]


def test_unknown_codes_become_undefined_with_one_warning_that_lists_them():
    with pytest.warns(UserWarning, match=r"a\.txt: codes 7, 9 are not in scheme 'shrec20'") as caught:
        ids = load_scheme("shrec20").decode(codes(7, 1, 9, 7), where="a.txt")
    assert ids.tolist() == [0, 1, 0, 0]
    assert len(caught) == 1


def test_no_codes_at_all():
    assert load_scheme("shrec20").decode(codes(), where="a").size == 0


def own_scheme(tmp_path, text):
    path = tmp_path / "own.toml"
    path.write_text(text)
    return str(path)


STRICT = 'name = "own"\nstrict = true\n[[classes]]\ncode = 11\nname = "house"\ntrain = "building"\n'


def test_a_strict_scheme_refuses_unknown_codes_only_where_labels_matter(tmp_path):
    scheme = load_scheme(own_scheme(tmp_path, STRICT))
    with pytest.warns(UserWarning):
        assert scheme.decode(codes(11, 12), where="a").tolist() == [BUILDING, 0]
    with pytest.raises(LabelError, match="Unknown class codes"):
        scheme.decode(codes(11, 12), where="a", strict=True)


def test_a_lenient_scheme_warns_even_where_labels_matter():
    with pytest.warns(UserWarning):
        load_scheme("shrec20").decode(codes(77), where="a", strict=True)


def test_a_class_without_a_code_cannot_be_written(tmp_path):
    with pytest.raises(LabelError, match="no code for class 'car'"):
        load_scheme(own_scheme(tmp_path, STRICT)).encode(np.array([BUILDING, CAR], np.uint8))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("not toml", "Not a TOML file"),
        ('name = "x"', "classes"),
        ('name = "x"\nclasses = []', "classes"),
        (STRICT + "colour = 'red'", "colour"),
        (STRICT.replace("building", "castle"), "castle|expected one of"),
        (STRICT + "shape = 3", "shape"),
        (STRICT + STRICT.split("\n", 2)[2], r"classes\.1\.code = 11: classes\.0 has this code already"),
        (STRICT.replace("strict = true", "strict = 3"), "strict = 3: expected true or false"),
        (STRICT + "ignored = 'no'", "ignored = 'no': expected true or false"),
        ('name = "x"\nclasses = 3', "classes = 3: expected a list"),
        ('name = "x"\nclasses = [3]', r"classes\.0 = 3: expected a table"),
        ('name = "x"\nclasses = []', r"classes = \[\]: expected one value at least"),
    ],
)
def test_a_wrong_scheme_file_names_the_place(tmp_path, text, complaint):
    with pytest.raises(UsageError) as caught:
        load_scheme(own_scheme(tmp_path, text))
    assert caught.match("class scheme|TOML")
    import re

    assert re.search(complaint, str(caught.value))


def test_a_scheme_that_is_nowhere_names_the_built_in_ones():
    with pytest.raises(CloudNotFoundError, match="shrec20, oakland, asprs"):
        load_scheme("shrek")
