"""Who and what changed something is told by a sign of its own."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from tests.tui.conftest import STARTED
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import Change, Frame, InterventionApplied, KnobsAvailable, Ramp
from trainer_proc.contract.monitoring import GuardFired
from tui.session.interventions.listing import list_interventions
from tui.session.interventions.marks import (
    AUTHORS,
    MARK_SIGNS,
    Mark,
    MarkLog,
    mark_kind,
    mark_of,
    marks_of,
    most_important,
)
from tui.session.state import RunState

A = (Change("a", 1.0, 2.0),)


def applied(origin, **more):
    return InterventionApplied(3, origin, 61, 3, A, **more)


@pytest.mark.parametrize(
    ("body", "kind", "author"),
    [
        (applied("person"), "user", "user"),
        (applied("person", undoes=2), "user", "user"),
        (applied("curriculum"), "curriculum", "curriculum"),
        (applied("schedule"), "schedule", "schedule"),
        (applied("person", ramp=Ramp(5)), "ramp", "user"),
        (applied("schedule", ramp=Ramp(5)), "ramp", "schedule"),
        (applied("curriculum", ramp=Ramp(5)), "ramp", "curriculum"),
        (applied("guard", undoes=2), "guard", "guard"),
        (applied("guard", ramp=Ramp(5)), "guard", "guard"),
        (applied("launch"), "launch", "launch"),
        (applied("checkpoint"), "launch", "launch"),
    ],
)
def test_kinds_and_authors_of_changes(body, kind, author):
    assert mark_kind(body) == kind
    mark = mark_of(body)
    assert (mark.iteration, mark.label, mark.kind, mark.author) == (61, "#3", kind, author)


@pytest.mark.parametrize(("ramp", "kind"), [(None, "recording"), (Ramp(5), "ramp")])
def test_a_replayed_change_is_told_from_a_schedule_s_by_the_level_that_it_sets(ramp, kind):
    tables = {"session": {"kind": "recording", "steps": []}, "entropy": {"kind": "schedule", "points": []}}
    replayed = (*A, Change("curriculum/session/level", 0.0, 1.0))
    scheduled = (*A, Change("curriculum/entropy/level", 0.0, 1.0))
    bodies = [
        replace(STARTED, curricula=tables),
        InterventionApplied(1, "schedule", 5, 1, replayed, ramp=ramp),
        InterventionApplied(2, "schedule", 6, 2, scheduled),
    ]
    state = RunState()
    state.apply_all(Frame(number, 0.0, body) for number, body in enumerate(bodies))
    assert [(mark.kind, mark.author) for mark in marks_of(state)] == [(kind, "recording"), ("schedule", "schedule")]
    assert [listed.mark for listed in list_interventions(state)] == ["schedule", kind]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (applied("person"), "a 1 → 2"),
        (applied("person", undoes=2), "undo of #2: a 1 → 2"),
        (applied("curriculum", redoes=1), "redo of #1: a 1 → 2 (curriculum)"),
        (applied("person", ramp=Ramp(5, targets={"a": 3.0})), "a 1 → 3 over 5 iterations"),
    ],
)
def test_a_mark_tells_what_was_changed_and_by_whom_unless_the_user_did(body, text):
    assert mark_of(body).text == text


def test_a_mark_of_many_changes_counts_the_rest():
    changes = tuple(Change(name, 0.0, 1.0) for name in "abcde")
    assert mark_of(InterventionApplied(3, "person", 61, 3, changes)).text == "a 0 → 1, b 0 → 1, c 0 → 1, and 2 more"


def test_a_log_of_marks_takes_each_once_in_the_order_in_which_they_came():
    state, log = RunState(), MarkLog()
    for number, body in enumerate((applied("person"), GuardFired("kl", 62, "KL is high", "paused"))):
        state.apply(Frame(number, 0.0, KnobsAvailable(0, (Knob("a", "a", 1.0, 1.0, "next iteration"),))))
        state.apply(Frame(number, 0.0, body))
        log.take(state)
        log.take(state)
    assert [(mark.iteration, mark.label) for mark in log.marks] == [(61, "#3"), (62, "kl")]
    assert log.marks == marks_of(state)


def test_a_guard_that_pauses_is_marked_and_one_that_warns_or_undoes_is_not():
    assert mark_of(GuardFired("kl", 9, "KL is high", "paused")) == Mark(9, "kl", "guard", "KL is high")
    assert mark_of(GuardFired("kl", 9, "KL is high", "warned")) is None
    assert mark_of(GuardFired("kl", 9, "KL is high", "undone")) is None  # the undo has its own


def test_of_several_marks_the_most_important_is_shown():
    marks = [Mark(1, "a", "launch"), Mark(1, "b", "schedule"), Mark(1, "c", "ramp", ramped_by="curriculum")]
    assert most_important(marks).author == "curriculum"
    assert most_important([*marks, Mark(1, "d", "guard")]).author == "guard"


def test_every_author_has_a_sign_and_signs_are_one_cell_wide():
    signs = list(MARK_SIGNS.values())
    assert len(set(signs)) == len(signs)
    assert {cell_len(sign) for sign in signs} == {1}
    assert set(MARK_SIGNS) == {*AUTHORS, "ramp"}
