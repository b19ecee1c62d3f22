"""The description that rebuilds a policy from a checkpoint without its environment: `params/policy.json`."""

from __future__ import annotations

import errno
import math
from pathlib import Path
from typing import Any, Literal

import msgspec

from curricula.regular_files import read_file
from trainer_proc.contract.json_content import decode_json
from trainer_proc.contract.run_folder import LARGEST_DESCRIPTION, RunFolder, write_atomically

FORMAT = 3
"""Format of the description. Format 1 read gains by position and knew neither limits nor history; format 2 knew neither
what a term observes, nor commands, nor the robot's model."""

LARGEST_ROBOT_MODEL = 64 * 1024 * 1024
"""Bytes of a robot's MuJoCo model."""

Quantity = Literal[
    "",
    "base_lin_vel",
    "base_ang_vel",
    "projected_gravity",
    "joint_pos",
    "joint_vel",
    "last_action",
    "command",
    "height_scan",
    "phase",
    "motion",
]
"""What a term observes, whatever it is called; empty for anything else, which only the training's code can make.

`base_lin_vel` (m/s), `base_ang_vel` (rad/s) and `projected_gravity` (unit vector, (0, 0, -1) when upright) are vectors
in `ObservationTerm.frame`. `joint_pos` (rad, minus the default pose if `relative`) and `joint_vel` (rad/s) list
`ObservationTerm.joints`. `last_action` is the policy's last output, after `clip_actions`, before scale and offset, zero
at first. `command` is what `PolicyDescription.commands` describes. `height_scan` is in metres (`HeightMap`). `motion`
is a tracked motion. `phase` is sine and cosine of 2π · time of the episode / `period` of the term's parameters (s).
Both are zero while the norm of the term's `command`, if it has one, is below `command_threshold` (`STANDING_COMMAND`).
"""

STANDING_COMMAND = 0.1
"""Norm of a command below which a phase is zero, if the term has no `command_threshold`."""

Limits = tuple[float | None, float | None]
"""Lower and upper limit; None for no limit."""


def ends_of(limits: Limits | None) -> tuple[float, float]:
    """Return both limits as numbers, infinite where there are none."""
    low, high = limits or (None, None)
    return -math.inf if low is None else low, math.inf if high is None else high


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
    quantity: Quantity = ""
    unit: str = ""
    """Unit of the value before `scale`; empty for a number without one."""
    frame: str = ""
    """Body or site of the robot's model in whose axes a vector is given; empty for values without a direction."""
    joints: list[str] = []
    """Joints of a `joint_pos` or `joint_vel`, in the order of its numbers."""
    relative: bool = True
    """Whether the default pose (or velocity) is subtracted from a joint's."""
    command: str = ""
    """Name of the command of a `command`, `phase` or `motion`."""
    noise: list[float] = []
    """Lowest and highest noise that the training adds before `clip`, in `unit`; empty without noise, or for noise that
    isn't uniform."""

    @property
    def step_size(self) -> int:
        """Count of numbers of one control step."""
        return self.size // max(1, self.history_length)


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


class CommandPart(msgspec.Struct, frozen=True):
    """One number of a command."""

    name: str
    """Such as `lin_vel_x` (forward), `lin_vel_y` (to the left), `ang_vel_z` (counter-clockwise)."""
    unit: str
    """`m/s`, `rad/s`, `m`, `rad`; empty for a number without one."""
    low: float
    """Lowest value that was trained, when the policy was described or exported."""
    high: float


class Command(msgspec.Struct, frozen=True):
    """What the policy is asked for: a velocity of the base, a motion to track, or something else."""

    name: str
    """Its name in the task, such as `twist`."""
    kind: Literal["velocity", "motion", "other"]
    parts: list[CommandPart] = []
    """Its numbers in the order of the observation; empty if they are unknown, as for a motion."""
    deadband: float = 0.0
    """Norm of a velocity command below which the training set it to zero (or the task takes it as `stand`)."""
    heading: bool = False
    """Whether some environments of the training computed the yaw rate from a heading."""
    body: str = ""
    """Body whose velocity is commanded, or the anchor of a motion."""
    bodies: list[str] = []
    """Tracked bodies of a motion, in the order of its outputs."""
    frames: int = 0
    """Length of a motion in control steps; its last frame is held. 0 if unknown."""


class HeightMap(msgspec.Struct, frozen=True):
    """The grid of a `height_scan`: points around a frame, in its axes turned by yaw only."""

    frame: str
    """Body at whose position the grid is centred."""
    size: tuple[float, float]
    """Length forward and to the left in metres, from the first point to the last."""
    resolution: float
    """Distance of neighbours in metres."""
    points: list[tuple[float, float]]
    """Each point, forward and to the left in metres, in the order of the observation."""
    offset: float = 0.0
    """Subtracted from the frame's height above the ground at each point, in metres."""
    max_distance: float | None = None
    """Value where a ray meets nothing, in metres."""


class PolicyDescription(msgspec.Struct, frozen=True):
    """The actor's construction, and what a robot's controller needs to run it.

    Lists of joints are empty if the simulator or robot is unknown.
    """

    task: str
    """The simulator's name of the task."""
    backend: str
    """Simulator, see `RunSpec.backend`."""
    actor: dict[str, Any]
    """`class_name` and keyword arguments of rsl-rl's model; for another library, what `trainer_proc.export.libraries`
    rebuilds its policy from."""
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
    `relative_position` to add to its current one. Of another part it begins with `tendon_` or `site_`. Any other kind
    is a class's name."""
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
    joint_velocity_limits: list[float | None] = []
    """Highest speed in rad/s that the motor reaches; None if unknown."""
    joint_armature: list[float | None] = []
    """Rotor inertia seen at the joint in kg·m²; None if unknown."""
    joint_position_limits: list[Limits | None] = []
    """Lowest and highest position in rad (m); None for no limit."""
    control_frequency: float | None = None
    """Control rate in Hz; None if unknown."""
    physics_dt: float | None = None
    """Step of the training's physics in seconds; None if unknown."""
    decimation: int | None = None
    """Physics steps in a control step; None if unknown."""
    action_delay_steps: tuple[int, int] = (0, 0)
    """Lowest and highest delay of actions in the training, in physics steps."""
    commands: list[Command] = []
    """What the policy is asked for; more than one only if it observes several."""
    height_map: HeightMap | None = None
    """Grid of the `height_scan`; None without one."""
    base_body: str = ""
    """Root body of the robot in its model; empty if unknown."""
    episode_seconds: float | None = None
    """Longest episode of the training in seconds."""
    robot: str = ""
    """Robot that the policy is for, `presets.robots`; empty for none."""
    not_measured: list[str] = []
    """Terms that this robot can't measure, one line each; empty if there are none or no robot is named."""
    robot_model: str = ""
    """File of the robot's MuJoCo model without its visual parts, in `params/` and beside the exported `policy.json`;
    empty without one."""
    robot_model_sha256: str = ""
    """SHA-256 of that file, in hexadecimal."""
    success: dict[str, Any] = {}
    """Definition of success in the training, a table as in a preset."""
    library: str = "rsl_rl"
    """Training library of the policy: `rsl_rl`, `rl_games` or `skrl`."""
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
    return decode_json(read_file(folder.policy_description, LARGEST_DESCRIPTION), PolicyDescription)


def read_robot_model(folder: RunFolder, description: PolicyDescription) -> bytes:
    """Return the robot's model in the run's `params/`. Raises `OSError`, also for a name that leads elsewhere."""
    name = description.robot_model
    if Path(name).name != name or "\0" in name:
        raise FileNotFoundError(errno.ENOENT, "expected the name of a file in params/", repr(name))
    return read_file(folder.params / name, LARGEST_ROBOT_MODEL)
