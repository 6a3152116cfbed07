"""Pictures of maps, decoded by another library, show what the arrays say."""

import io

import numpy as np
import pytest
from PIL import Image

from bevseg.core.labels import BUILDING, CAR, COLOURS, GROUND, POLE, VEGETATION
from bevseg.report import layers as module
from bevseg.report.layers import error_kinds, fitting, guessed_share, layers, spread, thinned
from tests.report.clouds import maps


def pixels(picture):
    with Image.open(io.BytesIO(picture)) as image:
        return np.asarray(image.convert("RGBA"))


def colour(text):
    return tuple(bytes.fromhex(text[1:].ljust(8, "f")))


def test_labels_have_the_colours_of_their_classes_and_nothing_is_transparent():
    classes = np.array([[0, 0, 0, BUILDING, CAR], [0, 0, 0, GROUND, POLE]])
    found = pixels(layers(maps(classes)).labels)
    for row, col in ((0, 3), (0, 4), (1, 3), (1, 4)):
        assert tuple(found[row, col]) == colour(COLOURS[classes[row, col]])
    assert found[0, 0, 3] == found[1, 1, 3] == 0


def test_an_empty_cell_beside_a_point_shows_the_smaller_thing():
    classes = np.zeros((3, 5), int)
    classes[1, 1], classes[1, 3], classes[1, 0] = GROUND, POLE, CAR
    found = spread(maps(classes, confidence=classes * 10))
    assert found.classes[0].tolist() == [CAR, CAR, POLE, POLE, POLE]
    assert found.classes[1].tolist() == [CAR, GROUND, POLE, POLE, POLE]
    assert found.confidence[0].tolist() == [10 * each for each in found.classes[0].tolist()]


def test_a_pole_of_one_cell_outlives_thinning():
    classes = np.full((64, 64), VEGETATION)
    classes[17, 33] = POLE
    truth = classes.copy()
    truth[17, 33] = CAR
    found = thinned(thinned(maps(classes, truth=truth)))
    assert found.shape == (16, 16) and found.side == 2.0
    assert np.argwhere(found.classes == POLE).tolist() == [[4, 8]]
    assert found.truth[4, 8] == CAR


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 2), (3, 3)])
def test_maps_of_any_shape_can_be_thinned_and_drawn(shape):
    found = thinned(maps(np.ones(shape, int)))
    assert found.shape == (-(-shape[0] // 2), -(-shape[1] // 2))
    assert pixels(layers(found).shade).shape[:2] == found.shape


def test_pictures_fit_into_the_bytes_that_they_are_given():
    noise = np.random.default_rng(0).integers(1, 6, (300, 300))
    whole = maps(noise, truth=noise[::-1])
    most = layers(whole).size * 2 // 3
    small, drawn = fitting(whole, most)
    assert drawn.size <= most and small.factor == 2
    assert pixels(drawn.labels).shape[:2] == small.shape


def test_kinds_of_error_are_counted_the_most_frequent_first():
    truth = np.array([[CAR, CAR, POLE, GROUND, 0]])
    classes = np.array([[BUILDING, BUILDING, VEGETATION, GROUND, CAR]])
    kinds = error_kinds(maps(classes, truth=truth))
    assert [(kind.truth, kind.label, kind.cells) for kind in kinds] == [
        (CAR, BUILDING, 2),
        (POLE, VEGETATION, 1),
    ]
    found = pixels(layers(maps(classes, truth=truth)).errors)
    assert tuple(found[0, 0]) == colour(kinds[0].colour) and tuple(found[0, 2]) == colour(kinds[1].colour)
    assert tuple(found[0, 3]) == colour(module.RIGHT)


def test_without_truth_no_errors_are_drawn():
    assert layers(maps([[CAR]])).errors is None


def test_low_and_high_confidences_have_colours_of_their_own():
    found = pixels(layers(maps([[CAR, CAR, CAR]], confidence=np.array([[10, 140, 255]]))).confidence)
    expected = (module.CONFIDENCE_COLOURS[place] for place in (0, 1, -1))
    assert [tuple(each) for each in found[0]] == [colour(each) for each in expected]


def test_guessed_ground_is_shown_and_its_share_is_that_of_the_cells_with_points():
    source = np.array([[0, 1, 2, 2]])
    shown = maps([[GROUND, GROUND, CAR, 0]], source=source)
    assert guessed_share(shown) == pytest.approx(1 / 3)
    drawn = layers(shown)
    assert pixels(drawn.ground)[0, :, 3].tolist() == [0, 255, 255, 255]
    assert pixels(drawn.shade)[0, :, 3].tolist() == [255, 255, 0, 0]


def test_a_slope_to_the_sun_is_brighter_than_one_away_from_it():
    ramp = np.tile(np.arange(20, dtype=np.float32), (20, 1)) * 0.2
    facing, away = (
        pixels(layers(maps(np.full((20, 20), GROUND), ground=each)).shade) for each in (ramp, -ramp)
    )
    assert facing[10, 10, 0] > away[10, 10, 0]


def test_what_is_not_known_has_no_layer():
    shown = maps([[CAR]], ground=[[np.nan]], confidence=np.array([[0]]))
    drawn = layers(shown)
    assert drawn.ground is None and drawn.confidence is None
