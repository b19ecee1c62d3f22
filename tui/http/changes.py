"""Knobs of a run, and changes to them: the same requests as of the screen, with a reason."""

from __future__ import annotations

from typing import Any

import msgspec

from trainer_proc.contract.knob import fitted, refusal, unknown_knob
from trainer_proc.contract.messages import Ramp
from trainer_proc.contract.requests import Command, Refused, Tune, Undo
from trainer_proc.contract.run_folder import RunFolder
from tui.http.messages import ChangeQueued, ChangeRequest, Changes, Knobs, UndoRequest
from tui.http.refusals import Invalid, NotFound, Refusal
from tui.session.agents.observed import ObservedRuns
from tui.session.interventions.listing import list_interventions, list_troubles
from tui.session.knobs.record import knob_record
from tui.session.state import RunState
from tui.session.trainer_request import ask


def knobs(folder: RunFolder, runs: ObservedRuns) -> Knobs:
    """Return the knobs; none before the environment is built."""
    with runs.reading(folder) as run:
        return Knobs(run.state.revision, [_plain(knob_record(knob)) for knob in run.state.knobs.values()])


def changes(folder: RunFolder, runs: ObservedRuns) -> Changes:
    """Return the history of changes, newest first."""
    with runs.reading(folder) as run:
        return Changes(
            run.state.revision,
            [_plain(listed) for listed in list_interventions(run.state)],
            [_plain(listed) for listed in list_troubles(run.state)],
        )


def change(folder: RunFolder, runs: ObservedRuns, number: int) -> dict[str, Any]:
    """Return one change. Raises `NotFound`."""
    with runs.reading(folder) as run:
        for listed in list_interventions(run.state):
            if listed.number == number:
                return _plain(listed)
    raise NotFound(f"no such change: {number}")


def request_change(folder: RunFolder, runs: ObservedRuns, wanted: ChangeRequest) -> ChangeQueued:
    """Ask the trainer for a change. Raises `Invalid` for a value that a knob does not take, or `UserError`."""
    with runs.reading(folder) as run:
        _check(run.state, wanted)
    ramp = None if wanted.ramp_iterations is None else Ramp(wanted.ramp_iterations)
    return _asked(folder, Tune(wanted.values, _line(wanted.reason), revision=wanted.revision, ramp=ramp))


def request_undo(folder: RunFolder, runs: ObservedRuns, number: int, wanted: UndoRequest) -> ChangeQueued:
    """Ask the trainer to undo a change. Raises `NotFound` or `UserError`."""
    change(folder, runs, number)
    return _asked(folder, Undo(number, _line(wanted.reason)))


def _asked(folder: RunFolder, command: Command) -> ChangeQueued:
    reply = ask(folder, command)
    if isinstance(reply, Refused):
        raise Refusal(reply.reason)
    assert reply.intervention is not None
    return ChangeQueued(reply.intervention, message=reply.message)


def _check(state: RunState, wanted: ChangeRequest) -> None:
    if not state.knobs:
        return  # the trainer tells whether they are not known yet, or it has ended
    names = list(state.knobs)
    for name, value in wanted.values.items():
        if name not in state.knobs:
            raise Invalid(unknown_knob(name, names), tuple(names))
        knob = state.knobs[name].knob
        if reason := refusal(knob, fitted(knob, value)):
            raise Invalid(reason, knob.choices)


def _line(reason: str) -> str:
    line = " ".join(reason.split())
    if not line:
        raise Invalid("expected a reason, got blanks")
    return line


def _plain(value: Any) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
