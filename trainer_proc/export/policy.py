"""The description that rebuilds a policy from a checkpoint without its environment: `params/policy.json`."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from trainer_proc.contract.run_files import read_file
from trainer_proc.contract.run_folder import LARGEST_DESCRIPTION, RunFolder, write_atomically

FORMAT = 2
"""Format of the description. Format 1 read gains by position and knew neither limits nor history."""

Limits = tuple[float | None, float | None]
"""Lower and upper limit; None for no limit."""


class ObservationTerm(msgspec.Struct, frozen=True):
    """One term of the policy's observation.

    Its function's value passes `modifiers`, `clip`, `scale` and history, in this order. Noise and delay of the training
    stand for those of real sensors.
    """

    name: str
    size: int
    """Count of numbers, history included."""
    group: str = ""
    """Observation group that the term is in."""
    function: str = ""
    """Import path of the function that computes it, `module:name`."""
    parameters: dict[str, Any] = {}
    """Arguments of the function."""
    modifiers: list[dict[str, Any]] = []
    """Functions that change the value first, with their arguments."""
    clip: Limits | None = None
    """Limits of the value; None for no limits."""
    scale: list[float] = msgspec.field(default_factory=lambda: [1.0])
    """Factor of each component, or one for all; applied after `clip`."""
    history_length: int = 0
    """Count of control steps in the observation, the oldest first; 0 for the current value alone."""
    history_order: Literal["term", "time"] = "term"
    """`term`: all steps of a term follow each other. `time`: all terms of the group of one step follow each other."""
    delay_steps: tuple[int, int] = (0, 0)
    """Lowest and highest delay in the training, in control steps."""


class ActionTerm(msgspec.Struct, frozen=True):
    """A part of the policy's output that one action term of the environment carries out."""

    name: str
    size: int
    """Count of actions."""
    kind: str
    """What a scaled and offset action is: see `PolicyDescription.action_kinds`."""
    implementation: str
    """Import path of its class, `module:name`."""
    configuration: dict[str, Any]
    """Everything that it is configured with."""


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
    clip_actions: float | None = None
    """Largest magnitude of an action, None for no limit. The policy's output is limited to it before anything else,
    also before it becomes an observation."""
    action_terms: list[ActionTerm] = []
    """Action terms, in the order of the policy's output."""
    action_kinds: list[str] = []
    """What each scaled and offset action is: a target `position`, `velocity` or `effort` of a joint, or a
    `relative_position` to add to its current one; with `tendon_` or `site_` of another part, else a class's name."""
    action_names: list[str] = []
    """Name of each action, of its joint if it has one."""
    action_scale: list[float | None] = []
    """Factor of each action; a scaled and offset action is a joint's target or torque. None if it isn't one number."""
    action_offset: list[float | None] = []
    """Nominal offset of each action, added after scaling. None if it isn't one number."""
    action_clip: list[Limits | None] = []
    """Limits of each scaled and offset action; None for no limits."""
    joint_names: list[str] = []
    """Actuated joints, in the robot's order; the order of the lists below. With several robots, `robot/joint`."""
    default_joint_positions: list[float] = []
    """Default pose in rad (m for prismatic joints)."""
    joint_stiffness: list[float | None] = []
    """Nominal stiffness in N·m/rad; None for a joint that no PD law drives."""
    joint_damping: list[float | None] = []
    """Nominal damping in N·m·s/rad; None for a joint that no PD law drives."""
    joint_effort_limits: list[Limits | None] = []
    """Lowest and highest torque in N·m before randomization; None for no limit."""
    robot_joint_names: list[str] = []
    """All joints of the robots, with a motor or without, in the simulator's order. Observations of joints have this
    order and are relative to the lists below, unless their parameters say otherwise."""
    robot_joint_positions: list[float] = []
    """Default position of each, in rad (m for prismatic joints)."""
    robot_joint_velocities: list[float] = []
    """Default velocity of each, in rad/s (m/s)."""
    control_frequency: float | None = None
    """Control rate in Hz; None if unknown."""
    image_shapes: dict[str, list[int]] = {}
    """Shape [channels, height, width] of each observation group that is an image."""
    image_terms: list[ObservationTerm] = []
    """Terms of the actor's images, with the image as `group`, in the order of concatenation."""
    not_included: list[str] = []
    """What stands between robot and policy and is not in this description, with the reason; one line each."""
    format: int = 1
    """See `FORMAT`; 1 in files that have none."""


def write_policy_description(folder: RunFolder, description: PolicyDescription) -> None:
    """Write `params/policy.json`."""
    folder.params.mkdir(parents=True, exist_ok=True)
    write_atomically(folder.policy_description, msgspec.json.format(msgspec.json.encode(description), indent=2))


def read_policy_description(folder: RunFolder) -> PolicyDescription:
    """Read `params/policy.json`. Raises `OSError` or `msgspec.DecodeError`."""
    return msgspec.json.decode(read_file(folder.policy_description, LARGEST_DESCRIPTION), type=PolicyDescription)
