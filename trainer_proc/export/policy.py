"""What has to be known to rebuild a policy from a checkpoint without its environment: `params/policy.json`."""

from __future__ import annotations

from typing import Any

import msgspec

from trainer_proc.contract.run_folder import RunFolder, write_atomically


class ObservationTerm(msgspec.Struct, frozen=True):
    """One term of the policy's observation, `size` numbers, in the order in which they are concatenated."""

    name: str
    size: int


class PolicyDescription(msgspec.Struct, frozen=True):
    """The actor's construction and what a robot's controller needs to feed it.

    `actor` holds `class_name` and the keyword arguments of rsl-rl's model; `observation_sizes` the size of each
    observation group that is a vector; `observation_groups` which groups each model reads (`actor`, `critic`).
    An action is scaled and then offset, in the order of `action_names`, before it is a joint's target or torque.
    Joint values are listed in the order of `joint_names`, in SI units (rad, N·m/rad, N·m·s/rad); they are empty
    where the backend doesn't know them. `control_frequency` is in Hz.
    """

    task: str
    backend: str
    actor: dict[str, Any]
    observation_groups: dict[str, list[str]]
    observation_sizes: dict[str, int]
    num_actions: int
    observation_terms: list[ObservationTerm] = []
    action_names: list[str] = []
    action_scale: list[float] = []
    action_offset: list[float] = []
    joint_names: list[str] = []
    default_joint_positions: list[float] = []
    joint_stiffness: list[float] = []
    joint_damping: list[float] = []
    control_frequency: float | None = None


def write_policy_description(folder: RunFolder, description: PolicyDescription) -> None:
    """Write `params/policy.json`."""
    folder.params.mkdir(parents=True, exist_ok=True)
    write_atomically(folder.policy_description, msgspec.json.format(msgspec.json.encode(description), indent=2))


def read_policy_description(folder: RunFolder) -> PolicyDescription:
    """Read `params/policy.json`. Raises `OSError` or `msgspec.DecodeError`."""
    return msgspec.json.decode(folder.policy_description.read_bytes(), type=PolicyDescription)
