"""Who and what changed something is told by a sign of its own."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from trainer_proc.wire.messages import Change, GuardFired, InterventionApplied, Ramp
from tui.session.marks import MARK_LEGEND, MARK_SIGNS, Mark, mark_kind, mark_of

A = (Change("a", 1.0, 2.0),)


def applied(origin, **more):
    return InterventionApplied(3, origin, 61, 3, A, **more)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (applied("person"), "person"),
        (applied("person", undoes=2), "person"),
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
    assert mark_of(body) == Mark(61, "#3", kind)


def test_a_guard_that_pauses_is_marked_and_one_that_warns_or_undoes_is_not():
    assert mark_of(GuardFired("kl", 9, "KL is high", "paused")) == Mark(9, "kl", "guard")
    assert mark_of(GuardFired("kl", 9, "KL is high", "warned")) is None
    assert mark_of(GuardFired("kl", 9, "KL is high", "undone")) is None  # the undo has its own


def test_signs_differ_are_one_cell_wide_and_all_in_the_legend():
    signs = list(MARK_SIGNS.values())
    assert len(set(signs)) == len(signs)
    assert {cell_len(sign) for sign in signs} == {1}
    assert MARK_LEGEND == "▼ person  ◆ curriculum  ◢ ramp  ╳ guard  ○ launch"
