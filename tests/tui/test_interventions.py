"""Interventions in words, in a list, and how each is undone."""

from __future__ import annotations

from dataclasses import replace as replace_note

import pytest
from msgspec.structs import replace

from tests.tui.many_knobs import g1_knobs, turned
from trainer_proc.contract.messages import (
    Change,
    Frame,
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    IterationFinished,
    PhaseChanged,
    Ramp,
    RampAdvanced,
    RunStarted,
)
from trainer_proc.contract.monitoring import CompetingWriterFound, GuardFired
from trainer_proc.contract.products import (
    CheckpointFailed,
    CheckpointLoaded,
    CheckpointSaved,
    ExportFailed,
    ExportStarted,
)
from trainer_proc.contract.requests import Redo, Undo
from tui.session.interventions.change_text import applied_text, intervention_text
from tui.session.interventions.history_text import fitted_change, short_note
from tui.session.interventions.listing import list_interventions, undo_or_redo
from tui.session.notifications.news import news_of
from tui.session.state import RunState

A, B = Change("a", 2.0, 5.0), Change("b", (-1.0, 1.0), (-2.0, 2.0))


def applied(*changes, **more):
    return InterventionApplied(3, more.pop("origin", "person"), 61, 3, changes, **more)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (applied(A, B), "a 2 → 5, b -1:1 → -2:2"),
        (applied(Change("mode", "warn", "off"), Change("switch", False, True)), "mode warn → off, switch off → on"),
        (applied(Change("a", 2.0, 2.3), ramp=Ramp(10, "linear", {"a": 5.0})), "a 2 → 5 over 10 iterations"),
        (
            InterventionQueued(3, "person", (A,), ramp=Ramp(10, "geometric")),
            "a 2 → 5 over 10 iterations (geometric)",
        ),
        (applied(Change("a", 5.0, 2.0), unpinned=("a",)), "a unpinned"),
        (InterventionQueued(3, "person", (), unpin=("a",)), "a unpinned"),
        (applied(A, stopped_ramps=("b",)), "a 2 → 5; ramp of b stopped"),
        (InterventionQueued(3, "person", (), stop_ramps=("b",)), "ramp of b stopped"),
        (applied(Change("a", 3.0, 3.0), Change("b", 2.0, 5.0)), "b 2 → 5"),
        (applied(Change("a", 3.0, 3.0)), "a 3 → 3"),
        (applied(), "no value changed"),
    ],
)
def test_what_an_intervention_changes_is_said_in_one_line(body, text):
    assert intervention_text(body) == text


def test_many_changes_are_counted():
    changes = [Change(f"k{i}", 0.0, 1.0) for i in range(7)]
    assert intervention_text(applied(*changes), 2) == "k0 0 → 1, k1 0 → 1, and 5 more"
    assert applied_text(applied(*changes)).endswith("k3 0 → 1, and 3 more")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (applied(A), "#3 applied @61: a 2 → 5"),
        (applied(A, origin="curriculum"), "#3 applied @61 (curriculum): a 2 → 5"),
        (applied(A, undoes=2), "undo of #2 (as #3) applied @61: a 2 → 5"),
        (applied(A, undoes=2, origin="guard"), "undo of #2 (as #3) applied @61 (guard): a 2 → 5"),
        (applied(A, redoes=2), "redo of #2 (as #3) applied @61: a 2 → 5"),
        (applied(A, pinned=("a",)), "#3 applied @61: a 2 → 5; pinned: a"),
    ],
)
def test_what_took_effect_is_said_with_number_iteration_and_origin(body, text):
    assert applied_text(body) == text


@pytest.mark.parametrize(
    ("body", "text", "severity"),
    [
        (applied(A), "#3 applied @61: a 2 → 5", "information"),
        (InterventionFailed(3, 61, "ValueError: no"), "#3 was not applied: ValueError: no", "error"),
        (InterventionFailed(0, 61, "ramp of a stopped: no"), "ramp of a stopped: no", "error"),
        (RampAdvanced(70, 9, (A, B), {"a": 0, "b": 3}), "ramp ended @70: a = 5", "information"),
        (
            CompetingWriterFound("a", "curriculum term x", True),
            "a is also written by curriculum term x, which is overridden",
            "warning",
        ),
        (GuardFired("kl", 9, "KL 0.3 is high", "warned"), "guard kl: KL 0.3 is high", "warning"),
        (GuardFired("kl", 9, "KL 0.3 is high", "paused"), "guard kl (paused): KL 0.3 is high", "error"),
        (GuardFired("kl", 9, "KL 0.3 is high", "undone"), "guard kl (undone): KL 0.3 is high", "error"),
        (
            CheckpointLoaded(80, "/runs/model_79.pt"),
            "continues from /runs/model_79.pt at iteration 80",
            "information",
        ),
        (
            CheckpointLoaded(0, "/runs/model_79.pt", "copied 7 of 8 observation terms of the actor"),
            "begins with weights of /runs/model_79.pt: copied 7 of 8 observation terms of the actor",
            "information",
        ),
        (CheckpointSaved(3, "model_3.pt"), "checkpoint saved: model_3.pt", "information"),
        (CheckpointFailed(3, "no space"), "no space", "error"),
        (ExportStarted(3, 1.24), "exporting iteration 3; training blocked for 1.2 ms", "information"),
        (ExportFailed(3, "no space"), "export of iteration 3 failed: no space", "error"),
        (PhaseChanged("failed", "no space"), "training failed: no space", "error"),
        (PhaseChanged("finished"), "training finished", "information"),
        (PhaseChanged("finished", "stopped"), "training stopped", "information"),
    ],
)
def test_news_are_told_in_one_line(body, text, severity):
    assert news_of(body)[:2] == (text, severity)


@pytest.mark.parametrize(
    "body",
    [
        RampAdvanced(62, 9, (A,), {"a": 3}),
        CompetingWriterFound("a", "curriculum term x", False),
        IterationFinished(3, 0, b"", 9, 1.0),
        PhaseChanged("training"),
        InterventionQueued(3, "person", (A,)),
    ],
)
def test_what_the_table_shows_anyway_is_no_news(body):
    assert news_of(body) is None


@pytest.fixture
def state():
    state = RunState()
    started = RunStarted(
        run="run",
        preset="g1-walk",
        backend="mjlab",
        task="task",
        device="cpu",
        num_envs=4,
        iterations=100,
        seed=42,
        pid=1,
    )
    for number, body in enumerate((started, g1_knobs(), *turned())):
        state.apply(Frame(number, 0.0, body))
    return state


def test_the_list_tells_what_became_of_each(state):
    listed = {row.number: row for row in list_interventions(state)}
    assert list(listed) == [9, 8, 7, 6, 5, 4, 3]
    assert [row.state for row in listed.values()] == [
        "queued", "applied", "failed", "applied", "undone", "applied", "applied",
    ]  # fmt: skip
    assert (listed[9].iteration, listed[9].note) == (None, "steps are too high")
    assert (listed[7].iteration, listed[7].problem) == (62, "RuntimeError: the guard is disabled")
    assert (listed[6].origin, listed[6].what) == ("guard", "undo of #5: ppo/desired_kl 0.02 → 0.01")
    assert listed[4].what == "event/push_robot/velocity_range/x -0.5:0.5 → -1:1 over 20 iterations"


@pytest.mark.parametrize(
    ("width", "change"),
    [
        (60, "…h_robot/velocity_range/x -0.5:0.5 → -1:1 over 20 iterations"),
        (40, "…nge/x -0.5:0.5 → -1:1 over 20 iteratio…"),
        (30, "…nge/x -0.5:0.5 → -1:1 over 2…"),
    ],
)
def test_values_are_kept_before_names_where_there_is_little_room(state, width, change):
    (listed,) = [row for row in list_interventions(state) if row.number == 4]
    assert fitted_change(listed, width) == change


def test_a_note_leaves_out_what_other_cells_show(state):
    (listed,) = [row for row in list_interventions(state) if row.number == 9]
    assert short_note(listed) == "steps are too high"
    moved = replace_note(listed, origin="curriculum", note="velocity: Train/success_rate 0.88 is above 0.7")
    assert short_note(moved) == "success_rate 0.88 > 0.7"


def test_of_several_changes_the_first_is_whole(state):
    (listed,) = [row for row in list_interventions(state) if row.number == 4]
    several = replace_note(listed, what="curriculum/pushes/level 1 → 2, event/push_robot/velocity_range/x 0:0 → 0:1")
    assert fitted_change(several, 50) == "curriculum/pushes/level 1 → 2, event/push_robot/v…"


@pytest.mark.parametrize(
    ("number", "command"),
    [(8, Undo(8)), (5, Redo(5)), (6, Redo(5)), (7, None), (9, None)],
)
def test_what_is_done_is_undone_and_what_is_undone_is_done_again(state, number, command):
    (listed,) = [row for row in list_interventions(state) if row.number == number]
    assert undo_or_redo(listed, state) == command


def test_a_redo_is_undone_by_undoing_what_it_did_again(state):
    change = Change("ppo/desired_kl", 0.01, 0.02)
    state.apply(Frame(99, 0.0, replace(turned()[4], number=10, changes=(change,), redoes=5)))
    assert undo_or_redo(list_interventions(state)[0], state) == Undo(5)
