"""The description that rebuilds a policy from a checkpoint without its environment: `params/policy.json`."""

from __future__ import annotations

from typing import Any

import msgspec

from trainer_proc.contract.run_folder import RunFolder, write_atomically


class ObservationTerm(msgspec.Struct, frozen=True):
    """One term of the policy's observation."""

    name: str
    size: int
    """Count of numbers, history included."""


class PolicyDescription(msgspec.Struct, frozen=True):
    """The actor's construction, and what a robot's controller needs to run it.

    Lists of joints are empty if the simulator or robot is unknown.
    """

    task: str
    """The simulator's name of the task."""
    backend: str
    """Simulator, see `RunSpec.backend`."""
    actor: dict[str, Any]
    """`class_name` and keyword arguments of rsl-rl's model."""
    observation_groups: dict[str, list[str]]
    """Observation groups that each model (`actor`, `critic`) reads, in the order of concatenation."""
    observation_sizes: dict[str, int]
    """Size of each observation group that is a vector."""
    num_actions: int
    """Size of the policy's output."""
    observation_terms: list[ObservationTerm] = []
    """Terms of the actor's observation, in the order of concatenation."""
    action_names: list[str] = []
    """Name of each action, of its joint if it has one."""
    action_scale: list[float | None] = []
    """Factor of each action; the scaled and offset action is a joint's target or torque. None if it is not one number."""
    action_offset: list[float | None] = []
    """Nominal offset of each action, added after scaling. None if it is not one number."""
    joint_names: list[str] = []
    """Actuated joints, in the robot's order; the order of the lists below. With several robots, `robot/joint`."""
    default_joint_positions: list[float] = []
    """Default pose in rad (m for prismatic joints)."""
    joint_stiffness: list[float | None] = []
    """Nominal stiffness in N·m/rad; None for a joint that no PD law drives."""
    joint_damping: list[float | None] = []
    """Nominal damping in N·m·s/rad; None for a joint that no PD law drives."""
    control_frequency: float | None = None
    """Control rate in Hz; None if unknown."""
    image_shapes: dict[str, list[int]] = {}
    """Shape [channels, height, width] of each observation group that is an image."""
    not_included: list[str] = []
    """What stands between robot and policy and is not in this description, with the reason; one line each."""


def write_policy_description(folder: RunFolder, description: PolicyDescription) -> None:
    """Write `params/policy.json`."""
    folder.params.mkdir(parents=True, exist_ok=True)
    write_atomically(folder.policy_description, msgspec.json.format(msgspec.json.encode(description), indent=2))


def read_policy_description(folder: RunFolder) -> PolicyDescription:
    """Read `params/policy.json`. Raises `OSError` or `msgspec.DecodeError`."""
    return msgspec.json.decode(folder.policy_description.read_bytes(), type=PolicyDescription)
