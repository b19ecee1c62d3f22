"""Changes that agents request: checked here first, confirmed by the user, then sent to the trainer like the user's."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any

import msgspec

from curricula.errors import UsageError, UserError
from trainer_proc.contract.knob import Value, fitted, parse_value, ramp_refusal, refusal, unknown_knob, value_text
from trainer_proc.contract.messages import InterventionApplied, Ramp
from trainer_proc.contract.requests import (
    LONGEST_AGENT,
    LONGEST_NOTE,
    Redo,
    Refused,
    StopRamp,
    Tune,
    Undo,
    Unpin,
    size_refusal,
)
from trainer_proc.contract.worker import Progress
from tui.session.agents.observed import ObservedRun, ObservedRuns
from tui.session.agents.pace import Pace, check_changes
from tui.session.agents.questions import ask_user, await_answer, open_questions
from tui.session.interventions.change_text import applied_text, whole_text
from tui.session.launching.knob_values import matching_knobs, scaled
from tui.session.settings.config import Agents
from tui.session.state import RunState
from tui.session.text import plain
from tui.session.trainer_request import ask

ChangeCommand = Tune | Undo | Redo | Unpin | StopRamp
Report = Callable[[Progress], None]
GUARDS = "guard/"
"""Knobs of guards are the user's: an agent can't disarm what protects the training from it."""
_SHORTEST_REASON = 8
_APPLIED_SECONDS = 30.0
"""Time for which the answer waits for the change to be applied; then it is reported as queued."""
_POLL_SECONDS = 0.1


class ChangeRefused(UserError):
    """The change was refused, by a rule or by the user; nothing has changed. The message is one line."""


@dataclass(frozen=True)
class Plan:
    """A change that passes the checks."""

    command: ChangeCommand
    what: str
    """The change in one line, for the user."""


class AgentChanges:
    """Carries out the changes of one agent. Thread-safe."""

    def __init__(self, runs: ObservedRuns, settings: Agents, agent: str) -> None:
        self._runs = runs
        self._settings = settings
        self.agent = agent_name(agent)
        self._pace = Pace(settings.requests_per_minute)

    def tune(
        self,
        run: str,
        values: Mapping[str, Any],
        reason: str,
        ramp: Ramp | None,
        report: Report,
        cancelled: Event,
    ) -> dict[str, Any]:
        """Change knobs, all or none, at once or by a ramp. Raises `UserError`."""

        def plan(state: RunState) -> Plan:
            checked = {
                name: _checked(name, value, state, ramp)
                for pattern, value in values.items()
                for name in matching_knobs(pattern, state.knobs)
            }
            if not checked:
                raise UsageError("expected at least one knob, got none")
            return Plan(Tune(checked, note=reason, ramp=ramp, agent=self.agent), _tune_text(checked, state, ramp))

        return self._change(run, reason, plan, report, cancelled)

    def undo(
        self, run: str, number: int | None, reason: str, report: Report, cancelled: Event, *, redo: bool = False
    ) -> dict[str, Any]:
        """Undo a change, or with `redo` apply it again; None is the newest. Raises `UserError`."""
        kind = Redo if redo else Undo

        def plan(state: RunState) -> Plan:
            queued = state.past.intervention_for(kind(number))
            for change in queued.changes:
                _check_not_guarded(change.knob)
            target = queued.redoes if redo else queued.undoes
            return Plan(kind(target, reason, agent=self.agent), whole_text(queued))

        return self._change(run, reason, plan, report, cancelled)

    def release(
        self, run: str, knob: str, reason: str, report: Report, cancelled: Event, *, stops_ramp: bool
    ) -> dict[str, Any]:
        """Stop the ramp of a knob at its present value, or return a pinned knob to its competing writer."""

        def plan(state: RunState) -> Plan:
            if knob not in state.knobs:
                raise UsageError(unknown_knob(knob, list(state.knobs)))
            _check_not_guarded(knob)
            if stops_ramp and state.knobs[knob].ramp is None:
                raise UsageError(f"{knob} is not ramping")
            if not stops_ramp and not state.knobs[knob].knob.pinned:
                raise UsageError(f"{knob} is not pinned")
            command = (StopRamp if stops_ramp else Unpin)((knob,), reason, agent=self.agent)
            return Plan(command, f"stop the ramp of {knob}" if stops_ramp else f"unpin {knob}")

        return self._change(run, reason, plan, report, cancelled)

    def confirm(self, run: str, what: str, reason: str, report: Report, cancelled: Event) -> ObservedRun:
        """Have the user confirm work that starts a training. Raises `UserError` if they don't."""
        self._pace.take()
        check_reason(reason)
        observed = self._runs.get(run)
        self._await_user(observed, what, reason, report, cancelled)
        return observed

    def _change(
        self, run: str, reason: str, plan_of: Callable[[RunState], Plan], report: Report, cancelled: Event
    ) -> dict[str, Any]:
        self._pace.take()
        check_reason(reason)
        observed = self._runs.get(run)
        with observed.lock:
            observed.update()
            state = observed.state
            if not observed.is_live:
                raise ChangeRefused(f"{observed.folder.name} is not training: fork it to change it")
            if not state.knobs:
                raise ChangeRefused("knobs are available after the environment is built; retry then")
            plan = plan_of(state)
            if excess := size_refusal(plan.command):
                raise ChangeRefused(excess)
            self._check_rate(observed)
            revision = state.revision
        self._await_user(observed, plan.what, reason, report, cancelled)
        self._check_rate(observed)
        reply = ask(observed.folder, msgspec.structs.replace(plan.command, revision=revision))
        if isinstance(reply, Refused):
            raise ChangeRefused(reply.reason)
        assert reply.intervention is not None
        return {**_outcome(observed, reply.intervention, cancelled), "message": reply.message}

    def _check_rate(self, observed: ObservedRun) -> None:
        waiting = [question.made for question in open_questions(observed.folder)]
        check_changes([*observed.agent_times, *waiting], self._settings.changes_per_minute, time.time())

    def _await_user(self, observed: ObservedRun, what: str, reason: str, report: Report, cancelled: Event) -> None:
        if not self._settings.confirm:
            return
        seconds = self._settings.confirm_seconds
        question = ask_user(agent=self.agent, run=observed.folder, what=plain(what), why=plain(reason), seconds=seconds)
        report(Progress(0, 0, f"waiting for the user's confirmation, up to {seconds:.0f} s"))
        match await_answer(question, cancelled):
            case "accepted":
                return
            case "refused":
                raise ChangeRefused("refused by the user; ask them before you try again")
            case "expired":
                raise ChangeRefused(
                    f"refused: no answer by the user in {seconds:.0f} s; they answer in the run's dashboard, or with "
                    f"humanoid-tui agents {observed.folder.name}"
                )


def agent_name(text: str) -> str:
    """Return an agent's name in one line that journals take; it may come from anybody."""
    return plain(" ".join(text.split()))[:LONGEST_AGENT].strip() or "unknown agent"


def check_reason(reason: str) -> None:
    """Raise `UsageError` unless the reason says something, within the journal's limit."""
    words = " ".join(reason.split())
    if not _SHORTEST_REASON <= len(words) <= LONGEST_NOTE:
        expected = f"expected a reason of {_SHORTEST_REASON} to {LONGEST_NOTE} characters"
        raise UsageError(f"{expected}, got {len(words)}: it is kept with the change")


def _checked(name: str, given: Any, state: RunState, ramp: Ramp | None) -> Value:
    """Return the value for a knob. Raises `UsageError` if the knob can't take it."""
    if name not in state.knobs:
        raise UsageError(unknown_knob(name, list(state.knobs)))
    _check_not_guarded(name)
    knob = state.knobs[name].knob
    product = scaled(given, state.knobs[name]) if isinstance(given, str) else None
    value = fitted(knob, knob_value(name, given)) if product is None else product
    reason = refusal(knob, value)
    if reason is None and ramp is not None:
        reason = ramp_refusal(knob, state.knobs[name].value, value, ramp.iterations, ramp.shape)
    if reason is not None:
        raise UsageError(reason)
    return value


def knob_value(name: str, given: Any) -> Value:
    """Return JSON's value as a knob's: [low, high] is a range, a text as on the command line. Raises `UsageError`."""
    match given:
        case bool():
            return given
        case int() | float():
            return float(given)
        case str():
            return parse_value(given)
        case [low, high] if all(isinstance(end, int | float) and not isinstance(end, bool) for end in (low, high)):
            return float(low), float(high)
        case _:
            raise UsageError(f"{name}: expected a number, [low, high], a word, true or false")


def _check_not_guarded(name: str) -> None:
    if name.startswith(GUARDS):
        raise ChangeRefused(f"{name} is the user's: agents can't change guards")


def _tune_text(values: Mapping[str, Value], state: RunState, ramp: Ramp | None) -> str:
    changes = [f"{name} {value_text(state.knobs[name].value)} → {value_text(value)}" for name, value in values.items()]
    over = "" if ramp is None else f" over {ramp.iterations} iterations"
    return ", ".join(changes) + over


def _outcome(observed: ObservedRun, number: int, cancelled: Event) -> dict[str, Any]:
    """Return what became of an accepted change, within a while. Raises `ChangeRefused` if it could not be applied."""
    deadline = time.monotonic() + _APPLIED_SECONDS
    while True:
        with observed.lock:
            observed.update()
            applied = observed.state.interventions.get(number)
            failed = observed.state.failed.get(number)
        if applied is not None:
            return _applied_record(applied)
        if failed is not None:
            raise ChangeRefused(f"#{number} was not applied: {failed.reason}")
        if time.monotonic() > deadline or not observed.is_live or cancelled.wait(_POLL_SECONDS):
            return {"number": number, "state": "queued", "text": f"#{number} queued for the next iteration"}


def _applied_record(applied: InterventionApplied) -> dict[str, Any]:
    return {
        "number": applied.number,
        "state": "applied",
        "iteration": applied.iteration,
        "text": applied_text(applied),
        "changes": [{"knob": one.knob, "old": one.old, "new": one.new} for one in applied.changes],
        "pinned": list(applied.pinned),
    }
