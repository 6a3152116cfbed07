"""Scores of labels: what counts, what does not, what has no score."""

import numpy as np
import pytest

from bevseg.core.scores import (
    LEVELS,
    confidence_scores,
    count_confidences,
    count_labels,
    score_table,
    scores_of,
)
from bevseg.errors import InputError


def ids(*values):
    return np.array(values, np.uint8)


def test_points_without_truth_do_not_count():
    matrix = count_labels(ids(0, 0, 1), ids(1, 5, 1))
    assert matrix.sum() == 1
    assert matrix[1, 1] == 1


def test_unassigned_is_a_miss_for_its_class_and_no_class_of_its_own():
    result = scores_of(count_labels(ids(1, 1, 1, 2), ids(1, 0, 0, 2)))
    assert result["iou"]["building"] == 1 / 3
    assert result["precision"]["building"] == 1.0
    assert result["recall"]["building"] == 1 / 3
    assert result["unassigned"] == 0.5
    assert result["miou"] == (1 / 3 + 1) / 2
    assert set(result["iou"]) == {"building", "car", "ground", "pole", "vegetation"}
    assert result["confusion"]["counts"][0] == [2, 1, 0, 0, 0, 0]


def test_a_class_that_is_nowhere_is_left_out_of_the_mean_and_named():
    result = scores_of(count_labels(ids(1, 3), ids(1, 3)))
    assert result["miou"] == 1.0
    assert result["absent"] == ["car", "pole", "vegetation"]
    assert result["iou"]["car"] is None


def test_a_class_only_predicted_counts_as_zero():
    result = scores_of(count_labels(ids(1, 1), ids(1, 4)))
    assert result["iou"]["pole"] == 0.0
    assert result["miou"] == (0.5 + 0.0) / 2
    assert result["miou_4"] == 0.5


def test_miou_4_leaves_pole_out():
    truth = ids(1, 2, 3, 4, 5)
    result = scores_of(count_labels(truth, ids(1, 2, 3, 5, 5)))
    assert result["miou"] == pytest.approx((1 + 1 + 1 + 0 + 0.5) / 5)
    assert result["miou_4"] == pytest.approx((1 + 1 + 1 + 0.5) / 4)


def test_no_points_at_all_have_no_scores():
    result = scores_of(count_labels(ids(0), ids(3)))
    assert result["points"] == 0
    assert result["miou"] is result["accuracy"] is result["unassigned"] is None
    assert "-" in score_table(result)


def test_pooling_is_adding_counts():
    a, b = count_labels(ids(1, 1, 1), ids(1, 1, 2)), count_labels(ids(1), ids(2))
    assert scores_of(a + b)["iou"]["building"] == 2 / 4


def test_other_numbers_of_points_are_refused_with_both():
    with pytest.raises(InputError, match="2 predicted labels, 3 true labels"):
        count_labels(ids(1, 1, 1), ids(1, 1), "a.laz")


def test_the_table_shows_the_oracle_beside_the_score():
    result = scores_of(count_labels(ids(1, 2), ids(1, 1)))
    best = scores_of(count_labels(ids(1, 2), ids(1, 2)))
    rows = {line.split()[0]: line.split()[1:] for line in score_table(result, best).splitlines()[1:7]}
    assert rows["building"] == ["50.0", "100.0", "50.0", "100.0"]
    assert rows["mIoU"] == ["25.0", "100.0"]


def test_confidences_are_counted_where_the_truth_is_defined():
    truth, predicted = np.array([1, 1, 2, 0], np.uint8), np.array([1, 2, 2, 1], np.uint8)
    counts = count_confidences(truth, predicted, np.array([255, 51, 255, 255], np.uint8))
    assert counts.sum() == 3
    assert counts[255].tolist() == [0, 2] and counts[51].tolist() == [1, 0]
    found = confidence_scores(counts)
    assert found["ece"] == pytest.approx(0.2 / 3)  # off by 0.2 for one point of three
    assert found["errors_of_least_confident"] == pytest.approx(0.3)  # a tenth of three points, of one error


def test_clouds_without_confidences_have_no_scores_of_them():
    nothing = confidence_scores(np.zeros((LEVELS, 2), np.int64))
    assert nothing == {"ece": None, "errors_of_least_confident": None}
