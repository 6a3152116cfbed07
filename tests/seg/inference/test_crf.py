"""The dense CRF: neighbours agree, but not across an edge of the bands."""

import numpy as np
import pytest

from bevseg.seg.inference import crf as crf_module
from bevseg.seg.inference.crf import crf

CELL = 0.2


@pytest.fixture
def constants(monkeypatch):
    """Sets constants of the CRF for one test."""

    def change(**values):
        for name, value in values.items():
            monkeypatch.setattr(crf_module, name, value)

    return change


SURE = np.float32(0.8)


def spread(first):
    """Probabilities of three classes, from that of the first."""
    return np.stack([first, (1 - first) * 0.75, (1 - first) * 0.25]).astype(np.float32)


@pytest.fixture
def scene():
    """Random probabilities of a raster, three in four cells occupied."""
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 1, (3, 13, 17))
    probabilities = np.exp(logits) / np.exp(logits).sum(0)
    mask = rng.random((13, 17)) < 0.75
    return probabilities.astype(np.float32) * mask, rng.normal(0, 0.2, (2, 13, 17)).astype(np.float32), mask


def test_without_weights_the_probabilities_come_back(scene, constants):
    constants(SMOOTHNESS=0, APPEARANCE=0)
    probabilities, features, mask = scene
    alone = crf(probabilities, features, mask, CELL)
    np.testing.assert_allclose(alone, probabilities, atol=1e-6)


def test_probabilities_sum_to_one_in_occupied_cells_and_are_nothing_elsewhere(scene):
    probabilities, features, mask = scene
    made = crf(probabilities, features, mask, CELL)
    np.testing.assert_allclose(made.sum(0), mask, atol=1e-5)
    assert (made >= 0).all()


@pytest.mark.parametrize("flip", [np.fliplr, np.flipud, np.transpose])
def test_a_mirrored_scene_gets_the_mirrored_answer(scene, flip):
    probabilities, features, mask = scene

    def each(planes):
        return np.ascontiguousarray(np.stack([flip(plane) for plane in planes]))

    straight = crf(probabilities, features, mask, CELL)
    mirrored = crf(each(probabilities), each(features), np.ascontiguousarray(flip(mask)), CELL)
    np.testing.assert_allclose(mirrored, each(straight), atol=1e-5)


def test_it_repeats_itself_to_the_byte(scene):
    assert crf(*scene, CELL).tobytes() == crf(*scene, CELL).tobytes()


def test_empty_cells_have_no_say(scene):
    probabilities, features, mask = scene
    loud = np.where(mask, probabilities, np.float32([[[1]], [[0]], [[0]]]))
    unknown = np.where(mask, features, np.nan).astype(np.float32)
    np.testing.assert_array_equal(crf(loud, unknown, mask, CELL), crf(probabilities, features, mask, CELL))


def test_a_single_wrong_cell_gives_way_to_its_neighbours():
    first = np.full((11, 11), SURE)
    first[5, 5] = 0.35
    mask = np.ones(first.shape, bool)
    made = crf(spread(first), np.zeros((1, 11, 11), np.float32), mask, CELL)
    assert spread(first)[:, 5, 5].argmax() == 1
    assert (made.argmax(0) == 0).all()


@pytest.fixture
def edge():
    """A unanimous scene with an edge down the middle, but for one cell beside the edge that the network got wrong."""
    first = np.full((12, 12), SURE)
    first[:, 6:] = 1 - SURE
    first[5, 5] = 0.4
    return spread(first), np.ones(first.shape, bool)


def test_an_edge_of_the_bands_is_kept(edge, constants):
    probabilities, mask = edge
    height = np.zeros((1, 12, 12), np.float32)
    height[:, :, 6:] = 1.0
    constants(SMOOTHNESS=0.5, APPEARANCE=6.0)
    kept = crf(probabilities, height, mask, CELL)[0]
    assert (kept[:, :6] > 0.5).all() and (kept[:, 6:] < 0.5).all()


def test_where_the_bands_show_no_edge_a_strip_is_swallowed(constants):
    first = np.full((12, 12), SURE)
    first[:, 6] = 0.4
    height = np.zeros((1, 12, 12), np.float32)
    constants(SMOOTHNESS=0.0, APPEARANCE=6.0)
    mask = np.ones(first.shape, bool)
    assert (crf(spread(first), height, mask, CELL)[0, :, 6] > 0.5).all()
    height[:, :, 6] = 1.0
    assert (crf(spread(first), height, mask, CELL)[0, :, 6] < 0.5).all()


def test_distances_are_metres_not_cells(scene, constants):
    probabilities, features, mask = scene
    once = crf(probabilities, features, mask, CELL)
    constants(NEAR=2 * crf_module.NEAR, FAR=2 * crf_module.FAR)
    np.testing.assert_array_equal(crf(probabilities, features, mask, 2 * CELL), once)


def test_a_lone_cell_and_an_empty_raster_stay():
    mask = np.zeros((5, 5), bool)
    nothing = np.zeros((3, 5, 5), np.float32)
    assert not crf(nothing, nothing, mask, CELL).any()
    mask[2, 2] = True
    lone = spread(np.where(mask, SURE, 1)) * mask
    np.testing.assert_allclose(crf(lone, nothing, mask, CELL), lone, atol=1e-6)


def test_the_mean_field_is_that_of_the_definition(constants):
    """Against the sums as they stand in the paper, cell by cell, on a raster that the window covers."""
    rng = np.random.default_rng(0)
    said = spread(rng.uniform(0.1, 0.9, (2, 3)))
    seen = rng.normal(0, 0.2, (2, 2, 3)).astype(np.float32)
    constants(STEPS=2, NEAR=1.0, FAR=2.0)
    cells = [(r, c) for r in range(2) for c in range(3)]

    def kernel(i, j):
        d2 = CELL**2 * ((i[0] - j[0]) ** 2 + (i[1] - j[1]) ** 2)
        f2 = ((seen[:, *i].astype(float) - seen[:, *j]) ** 2).sum()
        wide = np.exp(-d2 / (2 * crf_module.FAR**2) - f2 / (2 * crf_module.ALIKE**2))
        return np.array([np.exp(-d2 / (2 * crf_module.NEAR**2)), wide]) * (i != j)

    table = np.array([[kernel(i, j) for j in cells] for i in cells])
    norm = table.sum(1)
    table /= np.sqrt(norm[:, None] * norm[None])
    pair = table @ np.array([crf_module.SMOOTHNESS, crf_module.APPEARANCE])
    now = start = np.array([said[:, *i] for i in cells], float)
    for _ in range(crf_module.STEPS):
        now = start * np.exp(pair @ now)
        now /= now.sum(1, keepdims=True)
    made = crf(said, seen, np.ones((2, 3), bool), CELL)
    np.testing.assert_allclose([made[:, *i] for i in cells], now, rtol=1e-4)
