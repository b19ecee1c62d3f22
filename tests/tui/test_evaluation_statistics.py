"""Intervals and tests of evaluations, against published examples and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_proc.contract.statistics import compare, estimate, wilson


def test_wilsons_interval_is_that_of_published_examples():
    """Newcombe, Statistics in Medicine 17 (1998), p. 857: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    for (successes, count), expected in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }.items():
        assert wilson(successes, count) == pytest.approx(expected, abs=1e-4)


def test_successes_get_wilsons_interval_and_means_students():
    shares = estimate([1.0] * 24, is_share=True)
    assert (shares.value, shares.high) == (1.0, 1.0)
    assert shares.low == pytest.approx(0.862, abs=1e-3)
    mean = estimate([1.0, 2.0, 3.0, 4.0])
    assert (mean.low + mean.high) / 2 == pytest.approx(2.5)
    assert mean.high - mean.value == pytest.approx(3.1824 * 1.29099 / 2, rel=1e-3)
    two = estimate([1.0, 2.0])
    assert two.high - two.value == pytest.approx(12.7062 * 0.70711 / math.sqrt(2), rel=1e-4)


def test_a_score_stays_within_its_range():
    score = estimate([0.9, 1.0, 0.8, 1.0, 0.2], is_share=True)
    assert 0 <= score.low < score.value < score.high <= 1


def test_without_values_there_is_no_estimate_and_one_value_has_no_interval():
    assert estimate([]) is None
    assert compare([], []) is None
    assert math.isnan(estimate([0.5]).low)
    assert math.isnan(compare([0.5], [0.2]).low)


def test_the_difference_of_paired_shares_is_that_of_published_examples():
    """Newcombe, Statistics in Medicine 17 (1998), p. 2645, table II, method 10."""

    def pairs(both, only_one, only_other, neither):
        cells = ((1.0, 1.0, both), (1.0, 0.0, only_one), (0.0, 1.0, only_other), (0.0, 0.0, neither))
        return zip(*[(a, b) for a, b, count in cells for _ in range(count)], strict=True)

    found = compare(*pairs(20, 12, 2, 16), is_share=True)
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0562, 0.3292), abs=1e-3)
    assert found.p == pytest.approx(0.01294, abs=1e-4)


def test_the_sign_flip_test_agrees_with_the_exact_one_and_is_the_same_each_time():
    wins = compare([0.9] * 8, [0.1 * number for number in range(8)])
    assert wins.p == pytest.approx(2 / 2**8, abs=0.003)
    assert wins == compare([0.9] * 8, [0.1 * number for number in range(8)])
    assert compare([0.5, 0.5], [0.5, 0.5]).p == 1.0


def test_a_fair_comparison_rarely_calls_a_difference():
    random = np.random.default_rng(5)
    found = [compare(random.normal(size=20).tolist(), random.normal(size=20).tolist()) for _ in range(200)]
    assert sum(one.is_significant for one in found) <= 20


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0])), min_size=1, max_size=60))
def test_comparisons_of_successes_are_symmetric_and_within_bounds(pairs):
    one, other = zip(*pairs, strict=True)
    found, turned = compare(one, other, is_share=True), compare(other, one, is_share=True)
    assert found.difference == pytest.approx(-turned.difference)
    assert (found.low, found.p) == pytest.approx((-turned.high, turned.p))
    assert -1 - 1e-9 <= found.low <= found.difference <= found.high <= 1 + 1e-9
    assert 0 < found.p <= 1
