"""Rounds of a population: who may train, what is decided at the end, and how a member goes on.

All of it follows from the experiment's file and the folders of its runs, so that the queue may die at any moment.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random

import msgspec

from curricula.errors import UserError
from trainer_proc.contract.checkpoint_damage import damage_of
from trainer_proc.contract.knob import number_of
from trainer_proc.contract.requests import LONGEST_NOTE
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.experiments.attempts import Attempt, MemberState
from tui.session.experiments.experiment import Axis, Experiment, member_spec
from tui.session.experiments.exploit import choose_copies, explored
from tui.session.experiments.population import Copy, Population, Round
from tui.session.experiments.ranking import value_of
from tui.session.experiments.retry import continued_attempt
from tui.session.experiments.round_bounds import round_bounds
from tui.session.knob_states import KnobState
from tui.session.launching.continuing import continued_spec
from tui.session.numbers import number
from tui.session.runs.run_index import read_state
from tui.session.text import shortened


def may_start(experiment: Experiment, states: Sequence[MemberState]) -> list[MemberState]:
    """Return the waiting members that may train now: none at the end of the round, none whose copy waits."""
    if experiment.population is None:
        return [state for state in states if state.status == "waiting"]
    asked = {copy.member for copy in experiment.population.waiting()}
    end = round_bounds(experiment).end
    waiting = [one for one in states if one.status == "waiting" and one.member.name not in asked]
    return [state for state in waiting if _attempt_at(state, end) is None]


def updated(experiment: Experiment, states: Sequence[MemberState]) -> Experiment:
    """Return the experiment with what is due: copies accepted that nobody has vetoed, and the next round decided.

    The same object if nothing is due. Raises `UserError` or `OSError`.
    """
    population = experiment.population
    if population is None:
        return experiment
    if population.waiting():
        return _with(experiment, population.settled(time.time()))
    is_busy = any(state.is_active for state in states) or may_start(experiment, states)
    if is_busy or not any(state.status == "waiting" for state in states):
        return experiment
    decided = _decide(experiment, population, states)
    experiment = _with(experiment, msgspec.structs.replace(population, rounds=(*population.rounds, decided)))
    replaced = {copy.member for copy in decided.copies}
    refused = {name: reason for name, reason in experiment.refused.items() if name not in replaced}
    return msgspec.structs.replace(experiment, refused=refused)


def round_spec(experiment: Experiment, state: MemberState, states: Sequence[MemberState]) -> RunSpec:
    """Return the spec with which a member goes on in the current round. Raises `UserError` or `OSError`."""
    start = round_bounds(experiment).start
    for attempt in reversed(state.attempts):
        if attempt.first >= start and (spec := continued_attempt(attempt.folder)) is not None:
            return spec
    return _beginning(experiment, state, states)


def _with(experiment: Experiment, population: Population) -> Experiment:
    if population is experiment.population:
        return experiment
    return msgspec.structs.replace(experiment, population=population)


def _attempt_at(state: MemberState, end: int) -> Attempt | None:
    """Return the member's last attempt if it has finished at the end of the round."""
    last = state.attempts[-1] if state.attempts else None
    return last if last is not None and last.status == "finished" and last.end == end else None


def _decide(experiment: Experiment, population: Population, states: Sequence[MemberState]) -> Round:
    """Compare the members at the end of the round. The same result for the same runs."""
    end = round_bounds(experiment).end
    scores: dict[str, float] = {}
    problems: list[str] = []
    broken = [state.member.name for state in states if state.status == "failed"]
    for state in states:
        name, attempt = state.member.name, _attempt_at(state, end) if state.status == "waiting" else None
        if attempt is None:
            continue
        checkpoint = attempt.folder.checkpoint(end - 1)
        value = value_of(replace(state, attempts=(attempt,)), experiment.objective)
        if damage_of(checkpoint):
            problems.append(f"{name} has no whole {checkpoint.name}")
            broken.append(name)
        elif value is None:
            problems.append(f"{name} has no {experiment.objective}")
        else:
            scores[name] = value
    random = Random(f"{experiment.spec.seed} {end}")
    chosen = choose_copies(scores, broken, population.quantile, minimize=experiment.minimize, random=random)
    by_name = {state.member.name: state for state in states}
    copies = tuple(_copy(experiment, by_name[member], by_name[source], scores) for member, source in chosen.items())
    return Round(iteration=end, made=time.time(), copies=copies, problem="; ".join(problems))


def _copy(experiment: Experiment, member: MemberState, source: MemberState, scores: Mapping[str, float]) -> Copy:
    """Return the copy of `source`, which has a run, with perturbed values."""
    assert experiment.population is not None
    assert source.run is not None
    name, copied, end = member.member.name, source.member.name, round_bounds(experiment).end
    knobs = read_state(source.run).knobs  # the user may have changed them since the round began
    random = Random(f"{experiment.spec.seed} {end} {name}")
    values: dict[str, float] = {}
    changes = []
    for axis in experiment.axes:
        knob = knobs.get(axis.path)
        old = source.values[axis.path] if knob is None else number_of(knob.value)
        values[axis.path] = new = _fitted(axis, knob, explored(axis, old, random))
        changes.append(f"{axis.path} {number(old)} → {number(new)}")
    own = f"here {number(scores[name])}" if name in scores else "failed here"
    compared = f"{experiment.objective} {number(scores[copied])}, {own}"
    reason = f"copied from {copied} at iteration {end}, {', '.join(changes)} ({compared})"
    return Copy(
        member=name,
        source=copied,
        run=source.run.name,
        values=values,
        reason=shortened(reason, LONGEST_NOTE),
        answer="waiting" if experiment.population.ask_seconds else "accepted",
    )


def _fitted(axis: Axis, knob: KnobState | None, value: float) -> float:
    """Return the value, within the bounds of the knob if they leave a part of the interval."""
    minimum = axis.low if knob is None or knob.knob.minimum is None else max(axis.low, knob.knob.minimum)
    maximum = axis.high if knob is None or knob.knob.maximum is None else min(axis.high, knob.knob.maximum)
    return min(max(value, minimum), maximum) if minimum <= maximum else value


def _beginning(experiment: Experiment, state: MemberState, states: Sequence[MemberState]) -> RunSpec:
    """Return the spec with which a member begins the current round."""
    bounds = round_bounds(experiment)
    own = member_spec(experiment, state.member, experiment.devices[0])
    population = experiment.population
    if population is None or not population.rounds:
        return msgspec.structs.replace(own, iterations=bounds.end - bounds.start)
    copy = population.rounds[-1].copy_of(state.member.name)
    if copy is not None and copy.answer == "vetoed":
        copy = None
    run = _run_to_continue(state, states, copy, bounds.start)
    spec = continued_spec(run, read_state(run), bounds.end - bounds.start, str(bounds.start - 1))
    return msgspec.structs.replace(
        spec,
        experiment=experiment.name,
        name=state.member.name,
        seed=state.member.seed,
        set={} if copy is None else dict(copy.values),
        set_note="" if copy is None else copy.reason,
    )


def _run_to_continue(state: MemberState, states: Sequence[MemberState], copy: Copy | None, start: int) -> RunFolder:
    """Return the run of the last round that a member continues. Raises `UserError` if its folder has gone."""
    name = state.member.name if copy is None else copy.source
    attempts: Iterator[Attempt] = (one for other in states if other.member.name == name for one in other.attempts)
    for attempt in attempts:
        if attempt.end == start and (copy is None or attempt.folder.name == copy.run):
            return attempt.folder
    raise UserError(f"{name} has no run that has finished iteration {start - 1}")
