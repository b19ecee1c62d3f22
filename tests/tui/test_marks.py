"""Who and what changed something is told by a sign of its own."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import Change, Frame, GuardFired, InterventionApplied, KnobsAvailable, Ramp
from tui.session.interventions.marks import MARK_LEGEND, MARK_SIGNS, Mark, MarkLog, mark_kind, mark_of, marks_of
from tui.session.state import RunState

A = (Change("a", 1.0, 2.0),)


def applied(origin, **more):
    return InterventionApplied(3, origin, 61, 3, A, **more)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (applied("person"), "user"),
        (applied("person", undoes=2), "user"),
        (applied("curriculum"), "curriculum"),
        (applied("schedule"), "curriculum"),
        (applied("person", ramp=Ramp(5)), "ramp"),
        (applied("schedule", ramp=Ramp(5)), "ramp"),
        (applied("guard", undoes=2), "guard"),
        (applied("guard", ramp=Ramp(5)), "guard"),
        (applied("launch"), "launch"),
        (applied("checkpoint"), "launch"),
    ],
)
def test_kinds_of_interventions(body, kind):
    assert mark_kind(body) == kind
    mark = mark_of(body)
    assert (mark.iteration, mark.label, mark.kind) == (61, "#3", kind)


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


def test_signs_differ_are_one_cell_wide_and_all_in_the_legend():
    signs = list(MARK_SIGNS.values())
    assert len(set(signs)) == len(signs)
    assert {cell_len(sign) for sign in signs} == {1}
    assert MARK_LEGEND == "▼ user  ◆ curriculum  ◢ ramp  ╳ guard  ○ launch"
