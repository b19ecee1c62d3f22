"""Metadata of `policy.onnx`: text by key, with the keys of mjlab's `exporter_utils.get_base_metadata` and more.

All numbers of a list that are no counts have nine decimals: mjlab's three are off by half a percent for small ones, and
readers take the last decimal for the resolution.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from trainer_proc.contract.bundle.card import WHOLE_DESCRIPTION
from trainer_proc.contract.bundle.description import Limits, PolicyDescription


def metadata(description: PolicyDescription, run: str, iteration: int) -> dict[str, str]:
    """Return the policy's description. Lists are separated by commas, the numbers of one entry by semicolons.

    Lists that are empty or hold no known value are left out; a single unknown entry is the word `none`, so that a
    reader of numbers fails instead of taking a value of its own.
    """
    lists: dict[str, Sequence[object]] = {
        "command_names": [command.name for command in description.commands],
        "observation_names": [term.name for term in description.observation_terms],
        "observation_sizes": [term.size for term in description.observation_terms],
        "action_names": description.action_names,
        "action_scale": description.action_scale,
        "action_offset": description.action_offset,
        "joint_names": description.joint_names,
        "joint_stiffness": description.joint_stiffness,
        "joint_damping": description.joint_damping,
        "default_joint_pos": description.default_joint_positions,
        "robot_joint_names": description.robot_joint_names,
        "robot_joint_pos": description.robot_joint_positions,
        "robot_joint_vel": description.robot_joint_velocities,
    }
    facts = {
        "run_path": run,
        "task": description.task,
        "backend": description.backend,
        "iteration": str(iteration),
        **{key: ",".join(map(_text, values)) for key, values in lists.items() if any(v is not None for v in values)},
        **_of_motion(description),
        WHOLE_DESCRIPTION: msgspec.json.encode(description).decode(),
    }
    if description.control_frequency is not None:
        facts["control_frequency"] = str(description.control_frequency)
    if description.not_included:
        facts["not_included"] = "; ".join(description.not_included)
    return facts if description.format < 2 else facts | _of_processing(description)


def _of_motion(description: PolicyDescription) -> dict[str, str]:
    """Return the anchor and the tracked bodies of a motion, as mjlab's tracking runner does."""
    for command in description.commands:
        if command.kind == "motion" and command.bodies:
            return {"anchor_body_name": command.body, "body_names": ",".join(command.bodies)}
    return {}


def _of_processing(description: PolicyDescription) -> dict[str, str]:
    """Return what happens to observations and actions, which descriptions of format 1 don't have."""
    terms = description.observation_terms
    lists: dict[str, Sequence[str]] = {
        "observation_terms_clip": [_pair(term.clip) for term in terms],
        "observation_terms_scale": [";".join(map(_text, term.scale)) for term in terms],
        "observation_terms_history_length": [str(term.history_length) for term in terms],
        "observation_terms_history_order": [term.history_order for term in terms],
        "observation_terms_flatten_history_dim": ["1" for _ in terms],  # mjlab writes its flag as a number
        "action_kinds": description.action_kinds,
        "action_clip": [_pair(clip) for clip in description.action_clip],
        "joint_effort_limits": [_pair(ends) for ends in description.joint_effort_limits],
    }
    clip_actions = {"clip_actions": "none" if description.clip_actions is None else str(description.clip_actions)}
    return clip_actions | {key: ",".join(values) for key, values in lists.items() if values}


def _text(value: object) -> str:
    if value is None:
        return "none"
    return f"{value:.9f}" if isinstance(value, float) else str(value)


def _pair(limits: Limits | None) -> str:
    low, high = limits or (None, None)
    return f"{'-inf' if low is None else _text(low)};{'inf' if high is None else _text(high)}"
