"""From state to observation: what the runner assembles of the trace's states must be what the policy observed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.description import ObservationTerm
from trainer_proc.contract.bundle.trace import Array, Trace
from trainer_proc.deploy.actions import Actions
from trainer_proc.deploy.bundle import Bundle
from trainer_proc.deploy.layout import columns_of
from trainer_proc.deploy.motion import motion_of
from trainer_proc.deploy.observations import Observations
from trainer_proc.deploy.robot import VECTORS, RobotState
from trainer_proc.verification.trace.columns import (
    Match,
    differs,
    grouped,
    match_columns,
    order_text,
    ratio_text,
    unit_text,
)

_AXES = ("x", "y", "z")
_UNMADE = ("height_scan",)
"""Quantities that no state of a trace has; they are taken as they were observed."""


def observation_faults(bundle: Bundle, trace: Trace) -> list[str]:
    """Return a line for each difference between what the runner assembles and what was observed.

    Raises `BundleRefused` for joints that the robot hasn't.
    """
    card, terms = bundle.card, bundle.card.observation_terms
    described = {term.name: term.size for term in terms}
    if described != trace.header.terms or list(described) != list(trace.header.terms):
        return [f"observation_terms: expected {_sizes(trace.header.terms)}, as trained, got {_sizes(described)}"]
    if faults := list(_frame_faults(card, trace)):
        return faults
    player = Replay(bundle, trace)
    made = player(card)
    faults = []
    for term, columns in zip(terms, columns_of(terms), strict=True):
        recorded = trace.observation[:, columns]
        if term.quantity in _UNMADE or not differs(recorded, made[:, columns]):
            continue
        faults += _history_fault(player, card, term, columns) or _term_faults(player, card, term, made[:, columns])
    return list(dict.fromkeys(faults))


def unchecked_terms(card: PolicyCard) -> list[str]:
    """Return the names of terms that a trace can't check."""
    return [term.name for term in card.observation_terms if term.quantity in _UNMADE]


class Replay:
    """Assembles the observations of a trace's states, commands and actions, as the runner does."""

    def __init__(self, bundle: Bundle, trace: Trace) -> None:
        """Open the motion of a tracking policy. Raises `BundleRefused` for joints that the robot hasn't."""
        self.trace = trace
        self._motion = motion_of(bundle, trace.header.joints)

    def __call__(self, card: PolicyCard) -> Array:
        """Return the observations [T, N] by a card that describes the same numbers, perhaps otherwise."""
        trace = self.trace
        observations = Observations(card, trace.header.joints, self._motion)
        actions = Actions(card, trace.header.joints)
        observations.reset()
        made = np.empty((trace.steps, card.observation_size))
        frames = {quantity: _frame_of(card, trace, quantity) for quantity in VECTORS}
        scan = _height_scan(card, trace)
        asked = [command.name for command in card.commands if command.kind != "motion"]
        for step in range(trace.steps):
            for name in asked:
                observations.commands[name][:] = trace.commands[name][step] if name in trace.commands else 0.0
            state = state_of(trace, step, frames)
            state.height_scan = None if scan is None else scan[step]
            made[step] = observations.observe(state)[0]
            observations.last_action[:] = actions.limited(trace.action[step].astype(np.float32))
        return made


def state_of(trace: Trace, step: int, frames: dict[str, int]) -> RobotState:
    """Return a state of the trace; `frames` is the frame of each vector, a column of the trace."""
    return RobotState(
        time=float(trace.time[step]),
        joint_positions=trace.joint_pos[step],
        joint_velocities=trace.joint_vel[step],
        joint_efforts=np.zeros(trace.joint_pos.shape[1]),
        orientation=trace.quaternion[step, frames["projected_gravity"]],
        base_ang_vel=trace.angular_velocity[step, frames["base_ang_vel"]],
        base_lin_vel=trace.linear_velocity[step, frames["base_lin_vel"]],
        base_position=None if trace.position is None else trace.position[step],
    )


def reversed_history(terms: Sequence[ObservationTerm]) -> list[int]:
    """Return the columns of an observation with the newest step of each history first."""
    order = list(range(sum(term.size for term in terms)))
    for term, columns in zip(terms, columns_of(terms), strict=True):
        steps = np.array(columns).reshape(-1, term.step_size)
        for place, column in zip(columns, steps[::-1].flatten().tolist(), strict=True):
            order[place] = column
    return order


# --- frames ---


def _frame_of(card: PolicyCard, trace: Trace, quantity: str) -> int:
    """Return the trace's column of the frame in which the card gives a vector; 0, the root body, if it names none."""
    named = (term.frame for term in card.observation_terms if term.quantity == quantity and term.frame)
    frame = next(named, "")
    return trace.header.frames.index(frame) if frame in trace.header.frames else 0


def _frame_faults(card: PolicyCard, trace: Trace) -> Iterator[str]:
    for term in card.observation_terms:
        if term.quantity in VECTORS and term.frame and term.frame not in trace.header.frames:
            known = ", ".join(trace.header.frames)
            yield f"observation_terms.{term.name}.frame: expected one of {known}, got {term.frame}"


def _height_scan(card: PolicyCard, trace: Trace) -> Array | None:
    """Return what the height scan was [T, points], of its newest observation; None without one."""
    for term, columns in zip(card.observation_terms, columns_of(card.observation_terms), strict=True):
        if term.quantity == "height_scan":
            scan: Array = trace.observation[:, columns[-term.step_size :]] / np.array(term.scale)
            return scan
    return None


# --- what differs ---


def _history_fault(replay: Replay, card: PolicyCard, term: ObservationTerm, columns: list[int]) -> list[str]:
    """Return a line if another order of the history explains the difference."""
    if term.history_length < 2:
        return []
    field = f"observation_terms.{term.name}.history_order"
    backwards = [column for step in _steps(columns, term)[::-1] for column in step]
    observed = replay.trace.observation
    if not differs(observed[:, backwards], replay(card)[:, columns]):
        return [f"{field}: history newest first in the training, oldest first here"]
    if len({one.history_length for one in card.observation_terms if one.group == term.group}) > 1:
        return []  # ordered by time is only a group whose terms have equal histories
    other = "time" if term.history_order == "term" else "term"
    changed = [
        msgspec.structs.replace(one, history_order=other) if one.group == term.group else one
        for one in card.observation_terms
    ]
    changed_card = msgspec.structs.replace(card, observation_terms=changed)
    place = [one.name for one in changed].index(term.name)
    of_term = columns_of(changed)[place]
    if not differs(observed[:, of_term], replay(changed_card)[:, of_term]):
        return [f"{field}: history ordered by {other} in the training, by {term.history_order} here"]
    return []


def _steps(columns: list[int], term: ObservationTerm) -> list[list[int]]:
    size = term.step_size
    return [columns[start : start + size] for start in range(0, len(columns), size)]


def _term_faults(replay: Replay, card: PolicyCard, term: ObservationTerm, made: Array) -> list[str]:
    """Return what differs in the newest step of a term, one line each."""
    field = f"observation_terms.{term.name}"
    recorded, made = replay.trace.observation[:, _newest(card, term)], made[:, -term.step_size :]
    if not differs(recorded, made):
        return [f"{field}: its history differs from the training's: check history_length and history_order"]
    for late, early, text in ((recorded[1:], made[:-1], "later"), (recorded[:-1], made[1:], "earlier")):
        if not differs(late, early):
            return [f"{field}: one control step {text} in the training: check delay_steps"]
    if frame := _other_frame(replay, card, term, recorded):
        return [f"{field}.frame: in the axes of {frame} in the training, of {term.frame or 'the base'} here"]
    matches = match_columns(recorded, made)
    names = _names(card, term)
    if any(one is None for one in matches):
        largest = float(np.abs(recorded - made).max())
        return [f"{field}: differs from the training's by up to {largest:.3g}: check function, clip and modifiers"]
    found = [one for one in matches if one is not None]
    lines = [f"{field}.joints: {text}"] if (text := order_text(matches, names, _noun(term))) else []
    return lines + _factor_faults(term, field, found, names) + _shift_faults(term, field, found, names)


def _factor_faults(term: ObservationTerm, field: str, matches: Sequence[Match], names: Sequence[str]) -> list[str]:
    """Describe factors; the bundle's value is 1 / factor times the trained one."""
    ratios = {name: 1.0 / one.factor for name, one in zip(names, matches, strict=True) if one.factor not in (0.0, 1.0)}
    lines = []
    for who, ratio in grouped(ratios, len(names)):
        where = "" if who == "all" else f" of {who}"
        if wrong_unit := unit_text(ratio, term.unit):
            lines.append(f"{field}.scale: {term.quantity}{where} is {wrong_unit}")
        elif text := ratio_text(ratio):
            lines.append(f"{field}.scale: scale{where} is {text}")
    return lines


def _shift_faults(term: ObservationTerm, field: str, matches: Sequence[Match], names: Sequence[str]) -> list[str]:
    scale = term.scale if len(term.scale) == len(names) else term.scale[:1] * len(names)
    shifts = {
        name: one.shift / factor for name, one, factor in zip(names, matches, scale, strict=True) if one.shift != 0.0
    }
    lines = []
    for who, shift in grouped(shifts, len(names)):
        amount = f"{abs(shift):.3g} {term.unit or 'rad'} too {'high' if shift > 0 else 'low'}"
        if term.quantity == "joint_pos" and term.relative:
            lines.append(f"robot_joint_positions: default position of {who} is {amount}")
        else:
            lines.append(f"{field}: {who} is shifted by {-shift:.3g} {term.unit}".rstrip())
    return lines


def _other_frame(replay: Replay, card: PolicyCard, term: ObservationTerm, recorded: Array) -> str:
    """Return the frame in whose axes a vector was observed; empty if no other one explains it."""
    if term.quantity not in VECTORS:
        return ""
    for frame in replay.trace.header.frames:
        changed = [
            msgspec.structs.replace(one, frame=frame) if one.quantity == term.quantity else one
            for one in card.observation_terms
        ]
        made = replay(msgspec.structs.replace(card, observation_terms=changed))
        if frame != term.frame and not differs(recorded, made[:, _newest(card, term)]):
            return frame
    return ""


def _newest(card: PolicyCard, term: ObservationTerm) -> list[int]:
    """Return the columns of a term's newest step."""
    place = [one.name for one in card.observation_terms].index(term.name)
    return columns_of(card.observation_terms)[place][-term.step_size :]


def _names(card: PolicyCard, term: ObservationTerm) -> list[str]:
    match term.quantity:
        case "joint_pos" | "joint_vel":
            return list(term.joints)
        case "command":
            found = next((one for one in card.commands if one.name == term.command), None)
            parts = [part.name for part in found.parts] if found is not None else []
            return parts if len(parts) == term.step_size else [str(n) for n in range(term.step_size)]
        case "last_action":
            names = list(card.action_names)
            return names if len(names) == term.step_size else [str(n) for n in range(term.step_size)]
        case _ if term.step_size > len(_AXES):  # of a motion
            return [str(n) for n in range(term.step_size)]
        case _:
            return list(_AXES[: term.step_size])


def _noun(term: ObservationTerm) -> str:
    return "joints" if term.quantity in ("joint_pos", "joint_vel") else "numbers"


def _sizes(terms: dict[str, int]) -> str:
    return ", ".join(f"{name} ({size})" for name, size in terms.items())
