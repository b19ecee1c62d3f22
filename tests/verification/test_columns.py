"""Columns that were put into another order, scaled or shifted are explained by just that."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from trainer_proc.verification.trace.columns import (
    Match,
    grouped,
    match_columns,
    order_text,
    ratio_text,
    unit_text,
)

_factors = some.floats(0.01, 60.0).filter(lambda factor: abs(factor - 1.0) > 0.01)


def columns(seed, count):
    """Return columns like those of joints: each moves in its own way around its own value."""
    generator = np.random.default_rng(seed)
    return generator.standard_normal((80, count)) + generator.uniform(-1.0, 1.0, count)


@settings(deadline=None, max_examples=60)
@given(some.integers(0, 10_000), some.permutations(range(6)))
def test_an_order_is_found(seed, order):
    made = columns(seed, 6)
    assert match_columns(made[:, order], made) == [Match(source) for source in order]


@settings(deadline=None, max_examples=60)
@given(some.integers(0, 10_000), some.integers(0, 5), _factors)
def test_a_factor_of_one_column_is_found(seed, column, factor):
    made = columns(seed, 6)
    recorded = made.copy()
    recorded[:, column] *= factor
    found = match_columns(recorded, made)
    assert found[column].source == column
    assert found[column].factor == pytest.approx(factor, rel=1e-6)
    assert [one for number, one in enumerate(found) if number != column] == [Match(n) for n in range(6) if n != column]


@settings(deadline=None, max_examples=60)
@given(some.integers(0, 10_000), some.integers(0, 5), some.floats(0.01, 3.0))
def test_a_shift_of_one_column_is_found(seed, column, shift):
    made = columns(seed, 6)
    recorded = made.copy()
    recorded[:, column] -= shift
    found = match_columns(recorded, made)[column]
    assert (found.source, found.factor) == (column, 1.0)
    assert found.shift == pytest.approx(-shift, rel=1e-6)


@settings(deadline=None, max_examples=30)
@given(some.integers(0, 10_000), some.integers(0, 5))
def test_a_column_of_its_own_has_no_explanation(seed, column):
    made = columns(seed, 6)
    recorded = made.copy()
    recorded[:, column] = columns(seed + 1, 1)[:, 0] ** 2
    assert match_columns(recorded, made)[column] is None


def test_constants_are_explained_by_another_column_before_a_factor():
    made = np.tile([0.5, 0.1, 0.3], (10, 1))
    assert match_columns(made[:, [0, 2, 1]], made) == [Match(0), Match(2), Match(1)]


def test_texts():
    names = ["a", "b", "c", "d"]
    assert order_text([Match(n) for n in (0, 1, 2, 3)], names, "joints") == ""
    assert order_text([Match(n) for n in (0, 3, 2, 1)], names, "joints") == "joints swapped: b ↔ d"
    turned = order_text([Match(n) for n in (1, 2, 0, 3)], names, "joints")
    assert turned == "joints in another order: trained with b, c, a where a, b, c are"
    assert ratio_text(1.0005) == ""
    assert ratio_text(2.0) == "2 times too high"
    assert ratio_text(0.5) == "2 times too low"
    assert ratio_text(-1.0) == "of the opposite sign"
    assert unit_text(180.0 / np.pi, "rad/s") == "in deg/s, trained in rad/s"
    assert unit_text(np.pi / 180.0, "rad") == "converted to rad twice"
    assert unit_text(2.0, "rad") == ""
    assert list(grouped({"a": 2.0, "b": 2.0, "c": 3.0}, 3)) == [("a, b", 2.0), ("c", 3.0)]
    assert list(grouped({"a": 2.0, "b": 2.0}, 2)) == [("all", 2.0)]
    assert list(grouped(dict.fromkeys("abcde", 2.0), 9)) == [("a, b, c and 2 more", 2.0)]
