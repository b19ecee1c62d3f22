"""What the trainer asks of a simulator's built environment.

Everything specific to a simulator is in one package, `trainer_proc.simulators.<name>`: its `Backend` (`base`) builds
environments, its `Simulator` answers questions about a built one. `registry` lists the packages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import torch

from trainer_proc.contract.bundle.description import HeightMap, Quantity
from trainer_proc.metrics.overflow import BufferSource
from trainer_proc.metrics.success.root import RobotSource
from trainer_proc.metrics.terrain import TerrainSource
from trainer_proc.simulators.default_randomization import DefaultRandomization
from trainer_proc.simulators.mechanics import Mechanics
from trainer_proc.simulators.robot_reader import RobotReader
from trainer_proc.simulators.starts import Starts


@dataclass(frozen=True)
class Joints:
    """A robot's actuated joints in the simulator's order.

    `stiffness` (N·m/rad) and `damping` (N·m·s/rad) have one entry a joint, the value before randomization. It is None
    for a joint that no PD law drives: a torque motor's, a muscle's, a network's. `effort_limits` has the lowest and the
    highest torque (N·m), None if unknown. `velocity_limits` has the highest speed (rad/s) that the motor reaches and
    `armature` its rotor's inertia (kg·m²), both None if unknown; `position_limits` are in rad, infinite without one.
    Units of prismatic joints are N, m/s, kg and m.
    """

    names: list[str]
    stiffness: list[float | None]
    damping: list[float | None]
    effort_limits: list[tuple[float, float] | None]
    velocity_limits: list[float | None] = field(default_factory=list)
    armature: list[float | None] = field(default_factory=list)
    position_limits: list[tuple[float, float]] = field(default_factory=list)
    delay_steps: tuple[int, int] = (0, 0)
    """Lowest and highest delay of targets on their way to the motors, in physics steps."""
    not_included: list[str] = field(default_factory=list)
    """What else is between an action and a joint's torque; one line each."""


@dataclass(frozen=True)
class Sensed:
    """What a sensor of the simulator measures, and the body or site in whose axes; `quantity` is empty if unknown."""

    quantity: Quantity = ""
    frame: str = ""


class Simulator(RobotSource, TerrainSource, BufferSource, Protocol):
    """A built environment of one simulator: its robot, its terrain, its joints and how it randomizes.

    Its managers, where it has them, are those of Isaac Lab's manager API.
    """

    default_randomization: Sequence[DefaultRandomization]
    """In the order in which they are shown; those of one term are sampled together."""

    noise: Any
    """The module of its noise configurations: `UniformNoiseCfg`, `GaussianNoiseCfg`, `ConstantNoiseCfg` and bases."""

    def asset(self, name: str) -> Any | None:
        """Return the scene's asset called `name`, None if there is none."""

    # --- The policy's description ---

    def joints(self, asset: str) -> Joints | None:
        """Return the actuated joints of the scene's asset called `asset`; None if it has no joints."""

    def nominal_joint_state(self, asset: str, quantity: Literal["pos", "vel"]) -> Mapping[str, float]:
        """Return the configured default position (rad) or velocity (rad/s) of all joints of an asset, in its order.

        Events may have randomized the defaults of each environment.
        """

    def base_body(self, asset: str) -> str:
        """Return the name of an asset's root body."""

    def sensed(self, sensor: str) -> Sensed:
        """Return what the scene's sensor called `sensor` measures."""

    def height_map(self, parameters: Mapping[str, Any]) -> HeightMap | None:
        """Return the grid that `height_scan` observes with these arguments; None if it isn't one flat grid."""

    def velocity_is_of_mass_center(self) -> bool:
        """Return whether `base_lin_vel` observes the root's centre of mass instead of its frame's origin."""

    def robot_model(self, asset: str) -> str:
        """Return MuJoCo's XML of an asset before randomization, complete in itself, without its visual parts.

        It has the training's physics options and no ground. Raises `TrainingError` if there is none.
        """

    def action_asset(self, term: Any) -> str:
        """Return the name of the scene's asset that an action term drives."""

    def action_targets(self, term: Any) -> Sequence[str]:
        """Return the names of what an action term drives, in its order; empty where it does not report them."""

    # --- Evaluation ---

    def mechanics(self, robot: Any) -> Mechanics | None:
        """Return the mechanics of a robot; None if `robot` is not one of this simulator's."""

    def push(self, robot: Any, env_ids: torch.Tensor, velocity: torch.Tensor) -> None:
        """Add `velocity` (m/s, in the world, of shape [n, 3]) to the root of a robot that can move, between two steps.

        `env_ids` is of shape [n].
        """

    def starts(self, robot: Any) -> Starts | None:
        """Return what starts the robot's episodes in chosen states from now on; None if this simulator can't."""

    # --- The robot to draw ---

    def robot_reader(self, task: str) -> RobotReader:
        """Return the reader of the environment's robot; `task` is the simulator's name of the task.

        Raises `TrainingError` if there is no robot to draw, or several of which none is called `robot`.
        """

    # --- Randomization ---

    def startup_term(self, func: Callable[..., None]) -> Any:
        """Return a configuration of a startup event that calls `func`."""

    def fields_written(self, term_cfg: Any) -> frozenset[str]:
        """Return the model fields that an event term is known to write, by MuJoCo's names."""

    def unused_parameters(self, term_cfg: Any) -> Mapping[str, str]:
        """Return the parameters of an event term that this simulator ignores, each with the reason."""

    def first_sample_cost(self, func: Callable[..., None]) -> str:
        """Return what the first sampling of an event function costs beyond later ones; empty if nothing."""

    def before_sampling(self, term_cfg: Any) -> None:
        """Prepare the simulator to sample with the current configuration. Called between iterations."""

    def after_sampling(self, term_cfgs: Sequence[Any]) -> None:
        """Update quantities that derive from what the terms have sampled."""
