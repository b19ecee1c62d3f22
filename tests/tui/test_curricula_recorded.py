"""The panel's curricula of a recorded run: at every boundary they would decide as the trainer's did."""

from __future__ import annotations

from curricula.curriculum_knobs import level_knob
from tests.tui.screens.recorded import frames_of
from trainer_proc.contract.messages import InterventionApplied, IterationFinished
from tui.session.board.lines import lines_of
from tui.session.board.plans import board_of
from tui.session.curricula.reconstruct import curricula_now
from tui.session.curricula.view import panel_text
from tui.session.state import RunState

RECORDING = "g1-curricula"


def would_go_to(curriculum, state):
    """The levels that a curriculum would ask for now."""
    in_force = {name: knob.value for name, knob in state.knobs.items()}
    return [decision.level for decision in curriculum.ask(state.iteration, state.latest, in_force)]


def moves(body):
    """The levels that a curriculum has set, by knob."""
    if not isinstance(body, InterventionApplied) or body.origin != "curriculum":
        return {}
    return {one.knob: one.new for one in body.changes if one.knob.endswith("/level") and one.new != one.old}


def test_they_would_decide_what_the_trainer_s_decided_and_nothing_else():
    state, moved = RunState(), 0
    for frame in frames_of(RECORDING):
        curricula = curricula_now(state) if state.iteration is not None else []
        if isinstance(frame.body, IterationFinished):
            assert [would_go_to(one, state) for one in curricula] == [[]] * len(curricula), frame.body.iteration
        levels = moves(frame.body)
        for curriculum in curricula:
            if level_knob(curriculum.name) in levels:
                assert would_go_to(curriculum, state) == [levels[level_knob(curriculum.name)]], frame.body
                moved += 1
        state.apply(frame)
    assert moved >= 8


def test_all_that_was_said_along_the_way_fits():
    state = RunState()
    for frame in frames_of(RECORDING):
        state.apply(frame)
        curricula = curricula_now(state)
        for width in (37, 72, 104):
            text = panel_text(state, curricula, width)
            shown = [*text.success, *text.bars, *(line for one in text.curricula for line in (one.head, *one.body))]
            assert all(len(line) <= width for line in shown)
        for plan in board_of([one.name for one in curricula]):
            assert all(0 < value < 1 for value, _ in lines_of(plan, state, curricula))
