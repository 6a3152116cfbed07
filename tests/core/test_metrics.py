"""Scores against matrices worked out by hand; mean IoU in its three scopes; calibration."""

import numpy as np
import pytest

from bevseg.core import metrics

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


def test_kappa_of_a_worked_example():
    # 35 of 50 agree; by chance 25 * 30 + 25 * 20 of 50 * 50 would, one half: (0.7 - 0.5) / (1 - 0.5).
    assert metrics.kappa(np.array([[20, 5], [10, 15]])) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [(np.diag([5, 3, 9]), 1.0), ([[2, 2], [2, 2]], 0.0), ([[0, 4], [4, 0]], -1.0), ([[8, 0], [0, 0]], NAN)],
)
def test_kappa_of_agreement_chance_contradiction_and_one_class(matrix, expected):
    np.testing.assert_allclose(metrics.kappa(np.array(matrix)), expected)


def test_kappa_of_billions_of_points_does_not_overflow():
    matrix = np.array([[20, 5], [10, 15]]) * 10**9
    assert metrics.kappa(matrix) == pytest.approx(0.4)


def test_filter_errors_of_four_counts():
    # Of 10 objects 1 is kept, of 40 points of ground 6 are lost.
    assert metrics.filter_errors(np.array([[9, 1], [6, 34]])) == pytest.approx((6 / 40, 1 / 10, 7 / 50))


def test_filter_errors_without_objects_leave_type_2_open():
    errors = metrics.filter_errors(np.array([[0, 0], [1, 3]]))
    assert errors.type_1 == 1 / 4
    assert np.isnan(errors.type_2)


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


# --- Dice, specificity, the value of nothing


def test_dice_and_specificity_by_class():
    np.testing.assert_allclose(metrics.dice(TWO_MISTAKES), [6 / 8, 4 / 5, 0.0])
    np.testing.assert_allclose(metrics.specificity(TWO_MISTAKES), [2 / 3, 4 / 5, 1.0])


def test_specificity_of_one_class_is_the_recall_of_the_only_other():
    matrix = np.array([[5, 2], [1, 4]])
    np.testing.assert_allclose(metrics.specificity(matrix), metrics.recall(matrix)[::-1])


@pytest.mark.parametrize(
    ("score", "nothing"),
    [
        (metrics.iou, np.diag([4, 0])),
        (metrics.dice, np.diag([4, 0])),
        (metrics.precision, np.array([[4, 0], [1, 0]])),
        (metrics.recall, np.array([[4, 1], [0, 0]])),
        (metrics.specificity, np.array([[0, 0], [1, 4]])),
    ],
)
def test_a_score_of_nothing_is_what_the_caller_says(score, nothing):
    assert np.isnan(score(nothing)[1])
    assert score(nothing, empty=1.0)[1] == 1
    assert score(nothing, empty=0.0)[1] == 0


def test_a_stack_of_matrices_scores_like_each_of_them():
    stack = np.stack([TWO_MISTAKES, TWO_MISTAKES.T, np.zeros((3, 3), int)])
    for score in (metrics.iou, metrics.dice, metrics.precision, metrics.recall, metrics.specificity):
        np.testing.assert_array_equal(score(stack), [score(matrix) for matrix in stack])


# --- calibration


def test_calibration_by_hand():
    curve = metrics.calibration(
        np.array([[0.1, 0.3], [0.6, 1.0]]), np.array([[False, True], [True, True]]), bins=2
    )
    np.testing.assert_allclose(curve.confidence, [0.2, 0.8])
    np.testing.assert_allclose(curve.accuracy, [0.5, 1.0])
    assert curve.counts.tolist() == [2, 2]
    assert metrics.expected_calibration_error(curve) == pytest.approx(0.5 * 0.3 + 0.5 * 0.2)


def test_an_empty_bin_is_not_known_and_costs_nothing():
    curve = metrics.calibration(np.full(4, 0.75), np.array([True, True, True, False]), bins=4)
    assert np.isnan(curve.accuracy[:3]).all() and np.isnan(curve.confidence[:3]).all()
    assert metrics.expected_calibration_error(curve) == 0


def test_a_bin_holds_its_lower_edge():
    assert metrics.calibration(np.array([0.0, 0.5, 1.0]), np.ones(3, bool), bins=2).counts.tolist() == [1, 2]


def test_predictions_that_come_true_as_often_as_claimed_are_calibrated():
    rng = np.random.default_rng(0)
    confidence = rng.random(200_000)
    right = rng.random(200_000) < confidence
    assert metrics.expected_calibration_error(metrics.calibration(confidence, right)) < 0.01
    assert metrics.expected_calibration_error(metrics.calibration(confidence, right, 1)) < 0.01


def test_counts_stand_for_that_many_predictions():
    confidence, right = np.array([0.2, 0.2, 0.9]), np.array([True, False, True])
    once = metrics.calibration(np.repeat(confidence, [1, 3, 6]), np.repeat(right, [1, 3, 6]))
    counted = metrics.calibration(confidence, right, counts=np.array([1, 3, 6]))
    for ours, theirs in zip(counted, once, strict=True):
        np.testing.assert_allclose(ours, theirs)


@pytest.mark.parametrize(("share", "expected"), [(0.1, 1 / 4), (0.2, 2 / 4), (0.4, 2.5 / 4), (1.0, 1.0)])
def test_errors_of_the_least_confident_by_hand(share, expected):
    # Ten predictions: two of 0.3, both wrong; then eight of 0.9 of which a quarter is wrong.
    confidence, right = np.array([0.9, 0.3, 0.9]), np.array([True, False, False])
    found = metrics.errors_of_least_confident(confidence, right, np.array([6, 2, 2]), share)
    assert found == pytest.approx(expected)


def test_without_errors_there_is_no_share_of_them():
    assert np.isnan(metrics.errors_of_least_confident(np.ones(1), np.ones(1, bool), np.array([5])))


def test_no_prediction_has_no_calibration_error():
    empty = np.zeros(0)
    assert np.isnan(metrics.errors_of_least_confident(empty, empty > 0, empty.astype(np.int64)))
    assert np.isnan(metrics.expected_calibration_error(metrics.calibration(np.zeros(0), np.zeros(0, bool))))


@pytest.mark.parametrize("confidence", [-0.1, 1.1, NAN])
def test_a_confidence_that_is_no_probability_is_refused(confidence):
    with pytest.raises(ValueError, match="outside 0 to 1"):
        metrics.calibration(np.array([confidence]), np.array([True]))


def test_a_confidence_without_its_outcome_is_refused():
    with pytest.raises(ValueError, match="1 outcomes for 2 confidences"):
        metrics.calibration(np.array([0.5, 0.5]), np.array([True]))
