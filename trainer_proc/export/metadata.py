"""Metadata of `policy.onnx`: text by key, with the keys of mjlab's `exporter_utils.get_base_metadata` and more."""

from __future__ import annotations

from collections.abc import Sequence

from trainer_proc.contract.bundle.description import Limits, PolicyDescription


def metadata(description: PolicyDescription, run: str, iteration: int) -> dict[str, str]:
    """Return the policy's description without its configurations. Lists are separated by commas, pairs by semicolons.

    Lists that are empty or hold no known value are left out; a single unknown entry is the word `none`, so that a
    reader of numbers fails instead of taking a value of its own.
    """
    terms = description.observation_terms
    lists: dict[str, Sequence[object]] = {
        "observation_names": [term.name for term in terms],
        "observation_sizes": [term.size for term in terms],
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
    }
    if description.control_frequency is not None:
        facts["control_frequency"] = str(description.control_frequency)
    if description.not_included:
        facts["not_included"] = "; ".join(description.not_included)
    if description.format < 2:
        return facts
    facts["clip_actions"] = _text(description.clip_actions)
    of_lists: dict[str, Sequence[str]] = {
        "observation_terms_clip": [_pair(term.clip) for term in terms],
        "observation_terms_scale": [";".join(map(str, term.scale)) for term in terms],
        "observation_terms_history_length": [str(term.history_length) for term in terms],
        "observation_terms_history_order": [term.history_order for term in terms],
        "action_kinds": description.action_kinds,
        "action_clip": [_pair(clip) for clip in description.action_clip],
        "joint_effort_limits": [_pair(ends) for ends in description.joint_effort_limits],
    }
    return facts | {key: ",".join(values) for key, values in of_lists.items() if values}


def _text(value: object) -> str:
    return "none" if value is None else str(value)


def _pair(limits: Limits | None) -> str:
    low, high = limits or (None, None)
    return f"{'-inf' if low is None else low};{'inf' if high is None else high}"
