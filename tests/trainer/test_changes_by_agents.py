"""Changes by agents on the wire: they carry the agent's name, and older versions read them as the user's."""

from __future__ import annotations

import msgspec
import pytest

from trainer_proc.contract.codec import decode_frame, encode
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    Change,
    Frame,
    InterventionApplied,
    IterationFinished,
    KnobsAvailable,
    PhaseChanged,
    Ramp,
)
from trainer_proc.contract.monitoring import CompetingWriterFound
from trainer_proc.contract.requests import LONGEST_AGENT, Redo, Refused, StopRamp, Tune, Undo, Unpin
from trainer_proc.wire.request_validator import RequestValidator
from tui.session.interventions.change_text import applied_text
from tui.session.interventions.history_text import history_cells, history_details, history_row
from tui.session.interventions.listing import list_interventions
from tui.session.interventions.marks import marks_of
from tui.session.state import RunState

KNOB = "reward/upright/weight"
APPLIED = InterventionApplied(3, "person", 61, 3, (Change(KNOB, 1.0, 2.0),), "falls less", agent="claude 1.0")


@pytest.fixture
def validator():
    validator = RequestValidator()
    knob = Knob(KNOB, "reward", 1.0, 1.0, "next iteration", minimum=-5.0, maximum=5.0)
    for body in (KnobsAvailable(0, (knob,)), PhaseChanged("training"), IterationFinished(0, 0, b"", 1, 1.0)):
        validator.observe(body)
    return validator


def test_every_request_that_changes_something_passes_the_agent_on(validator):
    ramped = validator.answer(Tune({KNOB: 2.0}, ramp=Ramp(9), agent="claude"))
    assert (ramped.origin, ramped.agent) == ("person", "claude")
    begun = Ramp(9, "linear", {KNOB: 2.0})
    validator.observe(InterventionApplied(1, "person", 1, 1, (Change(KNOB, 1.0, 1.1),), ramp=begun, pinned=(KNOB,)))
    validator.observe(CompetingWriterFound(KNOB, "a curriculum", True))
    for command in (StopRamp((KNOB,), agent="claude"), Unpin((KNOB,), agent="claude"), Undo(1, agent="claude")):
        assert validator.answer(command).agent == "claude"
    undone = InterventionApplied(4, "person", 2, 4, (Change(KNOB, 1.1, 1.0),), undoes=1)
    validator.observe(undone)
    assert validator.answer(Redo(1, agent="claude")).agent == "claude"


def test_a_request_of_the_user_names_no_agent(validator):
    assert validator.answer(Tune({KNOB: 2.0})).agent == ""


def test_a_name_that_is_too_long_is_refused(validator):
    answer = validator.answer(Tune({KNOB: 2.0}, agent="x" * (LONGEST_AGENT + 1)))
    assert isinstance(answer, Refused)
    assert f"at most {LONGEST_AGENT} characters" in answer.reason


def test_a_version_that_knows_no_agents_reads_the_change_as_the_user_s():
    class Older(msgspec.Struct, frozen=True, tag="InterventionApplied"):
        number: int
        origin: str
        changes: tuple[Change, ...]

    older = msgspec.msgpack.decode(encode(Frame(0, 1e9, APPLIED)), type=tuple[int, float, Older])[2]
    assert older == Older(3, "person", APPLIED.changes)


def test_a_change_of_an_older_version_names_no_agent():
    fields = msgspec.to_builtins(APPLIED)
    del fields["agent"]
    assert decode_frame(msgspec.msgpack.encode([0, 1e9, fields])).body.agent == ""


def test_the_agent_is_named_in_the_history_and_marked_on_charts():
    state = RunState()
    state.apply(Frame(0, 1e9, APPLIED))
    state.apply(Frame(1, 1e9, InterventionApplied(4, "person", 70, 4, (Change(KNOB, 2.0, 1.0),), undoes=3)))
    by_user, by_agent = list_interventions(state)
    assert (history_cells(by_agent).sign, history_cells(by_agent).author) == ("▽", "agent")
    assert "(agent claude 1.0)" in history_details(by_agent)
    assert "agent" not in history_row(by_user)
    marks = marks_of(state)
    assert [mark.kind for mark in marks] == ["agent", "user"]
    assert marks[0].text.endswith("(agent claude 1.0)")
    assert applied_text(APPLIED) == f"#3 applied @61 (agent claude 1.0): {KNOB} 1 → 2"


def test_the_ramp_of_an_agent_has_its_colour():
    state = RunState()
    ramped = msgspec.structs.replace(APPLIED, ramp=Ramp(9, "linear", {KNOB: 2.0}))
    state.apply(Frame(0, 1e9, ramped))
    mark = marks_of(state)[0]
    assert (mark.kind, mark.author) == ("ramp", "agent")
