"""IoU, precision, recall and accuracy against matrices worked out by hand."""

import numpy as np
import pytest

from bevseg import metrics

NAN = float("nan")
TWO_MISTAKES = np.array([[3, 1, 0], [0, 2, 0], [1, 0, 0]])
"""Rows truth: class 0 found three times of four, class 1 always, class 2 never."""


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (metrics.iou, [3 / 5, 2 / 3, 0.0]),
        (metrics.precision, [3 / 4, 2 / 3, NAN]),
        (metrics.recall, [3 / 4, 1.0, 0.0]),
    ],
)
def test_scores_by_class(score, expected):
    np.testing.assert_allclose(score(TWO_MISTAKES), expected)


def test_accuracy():
    assert metrics.accuracy(TWO_MISTAKES) == 5 / 7
    assert np.isnan(metrics.accuracy(np.zeros((3, 3), int)))


def test_a_class_in_neither_truth_nor_prediction_has_no_iou():
    assert np.isnan(metrics.iou(np.diag([4, 0, 2]))[1])


def test_a_class_only_predicted_has_iou_zero():
    assert metrics.iou(np.array([[0, 1], [0, 0]])).tolist() == [0.0, 0.0]


def test_confusion_counts_each_pair_in_rows_of_truth():
    truth, predicted = np.array([0, 0, 2, 1], np.uint8), np.array([0, 1, 0, 1], np.uint8)
    assert metrics.confusion(truth, predicted, 3).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_confusion_of_nothing_is_all_zeros():
    nothing = np.zeros(0, np.uint8)
    assert metrics.confusion(nothing, nothing, 2).tolist() == [[0, 0], [0, 0]]


def test_matrices_add_up_over_parts():
    truth, predicted = np.random.default_rng(0).integers(0, 4, (2, 1000))
    halves = (slice(0, 300), slice(300, None))
    parts = sum(metrics.confusion(truth[half], predicted[half], 4) for half in halves)
    np.testing.assert_array_equal(parts, metrics.confusion(truth, predicted, 4))


@pytest.mark.parametrize(("truth", "predicted"), [([0, 3], [0, 0]), ([0, 0], [0, 3]), ([-1, 0], [0, 0])])
def test_an_id_out_of_range_is_refused(truth, predicted):
    with pytest.raises(ValueError, match="expected 0 to 2"):
        metrics.confusion(np.array(truth), np.array(predicted), 3)


def test_different_lengths_are_refused_with_both_numbers():
    with pytest.raises(ValueError, match="2 predictions for 3 labels"):
        metrics.confusion(np.zeros(3, int), np.zeros(2, int), 3)
