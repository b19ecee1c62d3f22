"""A robot's motors in an mjlab model: which of its values are P gains, D gains and effort limits.

Shapes: E environments, M motors, N actuators of the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import mujoco  # type: ignore[import-untyped]
import numpy as np
import torch
from mjlab.actuator import IdealPdActuator

from trainer_proc.simulators.mjlab.model import default_values, robot_of, set_values


@dataclass(frozen=True)
class Motors:
    """The robot's motors, one for each driven joint or tendon, even where two actuators drive it."""

    count: int
    """M."""
    actuators: torch.Tensor
    """Ids of the model's actuators (N)."""
    column: torch.Tensor
    """The motor of each actuator (N), below `count`."""
    positions: torch.Tensor
    """Mask (N): gain 0 is a P gain."""
    velocities: torch.Tensor
    """Mask (N): gain 0 is a D gain."""
    dc: torch.Tensor
    """Mask (N): DC motors."""
    joints: tuple[torch.Tensor, torch.Tensor]
    """Ids of the driven joints, and their motors."""
    tendons: tuple[torch.Tensor, torch.Tensor]
    """Ids of the driven tendons, and their motors."""
    computed: list[tuple[Any, torch.Tensor]]
    """Actuators whose P and D gains mjlab applies in Python, and their motors."""


_motors: WeakKeyDictionary[Any, Motors] = WeakKeyDictionary()


def motors_of(env: Any) -> Motors:
    """Return the motors of the environment's robot, cached."""
    if env not in _motors:
        _motors[env] = _find_motors(env)
    return _motors[env]


def _find_motors(env: Any) -> Motors:
    model, robot = env.sim.mj_model, robot_of(env)
    actuators = robot.indexing.ctrl_ids.cpu().numpy()
    actuators = actuators[model.actuator_gaintype[actuators] != mujoco.mjtGain.mjGAIN_MUSCLE]
    driven = np.stack([model.actuator_trntype[actuators], model.actuator_trnid[actuators, 0]], axis=1)
    targets, column = np.unique(driven, axis=0, return_inverse=True)
    column = column.reshape(-1)
    is_dc = model.actuator_gaintype[actuators] == mujoco.mjtGain.mjGAIN_DCMOTOR
    follows_position = ~is_dc & (model.actuator_biasprm[actuators, 1] != 0)
    follows_velocity = ~is_dc & ~follows_position & (model.actuator_biasprm[actuators, 2] != 0)

    def tensor(array: Any) -> torch.Tensor:
        return torch.as_tensor(array, device=env.device)

    def driven_by(transmission: int) -> tuple[torch.Tensor, torch.Tensor]:
        (motors,) = np.nonzero(targets[:, 0] == transmission)
        return tensor(targets[motors, 1].astype(np.int64)), tensor(motors)

    column_of = dict(zip(actuators.tolist(), column.tolist(), strict=True))
    computed = [
        (actuator, tensor([column_of[index] for index in actuator.global_ctrl_ids.tolist()]))
        for actuator in robot.actuators
        if type(actuator).compute is IdealPdActuator.compute
    ]
    return Motors(
        count=len(targets),
        actuators=tensor(actuators),
        column=tensor(column),
        positions=tensor(follows_position),
        velocities=tensor(follows_velocity),
        dc=tensor(is_dc),
        joints=driven_by(mujoco.mjtTrn.mjTRN_JOINT),
        tendons=driven_by(mujoco.mjtTrn.mjTRN_TENDON),
        computed=computed,
    )


def scale_gains(
    env: Any, ids: torch.Tensor, motors: Motors, *, strong: torch.Tensor, stiff: torch.Tensor, damped: torch.Tensor
) -> None:
    """Scale gains; factors are E × M.

    An actuator applies `gain · command + bias`. Gain 0 and bias 1 are P gains of a position servo. Gain 0 and bias 2
    are D gains of a velocity servo. Gain 0 of a motor is its effort. A DC motor's gain 0 is its resistance, to which
    its torque is inversely proportional; 4 and 6 are its P and D gains.
    """
    strong, stiff, damped = strong[:, motors.column], stiff[:, motors.column], damped[:, motors.column]
    gains = default_values(env, "actuator_gainprm", ids, motors.actuators).clone()
    one = torch.ones_like(strong)
    ordinary = strong * torch.where(motors.positions, stiff, torch.where(motors.velocities, damped, one))
    gains[..., 0] *= torch.where(motors.dc, 1.0 / strong, ordinary)
    for column, dc_factors in ((1, one), (2, one), (4, stiff), (6, damped)):
        gains[..., column] *= torch.where(motors.dc, dc_factors, strong)
    biases = default_values(env, "actuator_biasprm", ids, motors.actuators).clone()
    for column, factors in ((0, strong), (1, strong * stiff), (2, strong * damped)):
        biases[..., column] *= torch.where(motors.dc, one, factors)
    set_values(env, "actuator_gainprm", ids, motors.actuators, gains)
    set_values(env, "actuator_biasprm", ids, motors.actuators, biases)


def scale_effort(env: Any, ids: torch.Tensor, motors: Motors, strong: torch.Tensor) -> None:
    """Scale effort limits of actuators and of the joints and tendons that they drive; (0, 0) remains no limit."""
    for field, elements, columns in (
        ("actuator_forcerange", motors.actuators, motors.column),
        ("jnt_actfrcrange", *motors.joints),
        ("tendon_actfrcrange", *motors.tendons),
    ):
        if len(elements):
            limits = default_values(env, field, ids, elements) * strong[:, columns, None]
            set_values(env, field, ids, elements, limits)


def has_gain(env: Any, bias_column: int, dc_column: int, attribute: str) -> bool:
    """Tell whether any motor has the gain in these columns, or in `attribute` of a computed actuator."""
    if robot_of(env) is None:
        return False
    model, motors = env.sim.mj_model, motors_of(env)
    dc = motors.dc.cpu().numpy()
    actuators = motors.actuators.cpu().numpy()
    return bool(
        model.actuator_biasprm[actuators[~dc], bias_column].any()
        or model.actuator_gainprm[actuators[dc], dc_column].any()
        or any(getattr(actuator.cfg, attribute) for actuator, _ in motors.computed)
    )
