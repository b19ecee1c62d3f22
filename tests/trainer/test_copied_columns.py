"""Which observation of an old network each observation of a new one continues."""

from __future__ import annotations

import pytest

from trainer_proc.checkpoints.columns import Group, Term, copied_text, is_unchanged, pair_columns

OLD = [Group((Term("velocity", 2), Term("joints", 3, elements=("hip", "knee", "wrist")), Term("command", 1)))]


def group(*terms, by_time=False):
    return [Group(terms, by_time)]


@pytest.mark.parametrize(
    ("new", "sources", "text"),
    [
        (group(Term("command", 1), Term("scan", 2)), [5, None, None], "1 of 2 … (new: scan; gone: velocity, joints)"),
        (
            group(Term("joints", 2, elements=("knee", "ankle"))),
            [3, None],
            "1 of 1 … (in part: joints; gone: velocity, command)",
        ),
        (group(Term("joints", 3), Term("velocity", 2)), [2, 3, 4, 0, 1], "2 of 2 … (gone: command)"),
        (group(Term("joints", 2)), [None, None], "0 of 1 … (new: joints; gone: velocity, joints, command)"),
        (
            group(Term("velocity", 2, steps=2), Term("command", 1, steps=2)),
            [None, None, 0, 1, None, 5],
            "2 of 2 … (in part: velocity, command; gone: joints)",
        ),
        (
            group(Term("velocity", 2, steps=2), Term("command", 1, steps=2), by_time=True),
            [None, None, None, 0, 1, 5],
            "2 of 2 … (in part: velocity, command; gone: joints)",
        ),
        ([*group(Term("velocity", 2)), *group(Term("velocity", 2))], [0, 1, None, None], "1 of 2 … (new: velocity 2;"),
    ],
)
def test_observations_are_paired_by_term_name_and_step(new, sources, text):
    assert pair_columns(OLD, new) == sources
    assert text in copied_text("actor", OLD, new, sources).replace("observation terms of the actor", "…")


def test_a_shorter_history_keeps_its_newest_steps():
    assert pair_columns(group(Term("command", 2, steps=3)), group(Term("command", 2, steps=2))) == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("new", "is_same"),
    [
        (OLD, True),
        (group(*reversed(OLD[0].terms)), False),
        (group(*OLD[0].terms, Term("scan", 1)), False),
        (group(*OLD[0].terms[:2]), False),
    ],
)
def test_only_the_same_terms_in_the_same_order_are_the_same(new, is_same):
    assert is_unchanged(pair_columns(OLD, new), OLD[0].size) is is_same
