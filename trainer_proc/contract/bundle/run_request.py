"""The request to run a bundle's policy on a robot, and how the run has ended; `python -m trainer_proc.deploy`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import msgspec

from curricula.errors import UsageError
from trainer_proc.contract.worker import Worker

RobotKind = Literal["mujoco", "unitree"]
ROBOTS: tuple[RobotKind, ...] = ("mujoco", "unitree")
LONGEST_RECORD = 600.0
"""Seconds of a run that are recorded."""


class RunPolicyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to run, and how."""

    bundle: str
    """Absolute path of the bundle's folder."""
    robot: RobotKind = "mujoco"
    command: tuple[float, ...] = ()
    """Values of the policy's command in the order of its parts; empty for zeros."""
    seconds: float = 10.0
    """Duration of the policy's control."""
    ramp_seconds: float = 2.0
    """Duration of the way to the default pose."""
    damp_seconds: float = 1.0
    """Time for which the robot is damped at the end before it is let go."""
    max_tilt: float = 1.0
    """Largest angle from upright, rad."""
    stale_seconds: float = 0.0
    """Age of a state from which on the robot is damped; 0 for one control step, at least 10 ms."""
    loop_hz: float = 0.0
    """Rate of the loop; 0 for the policy's, of a Unitree robot at least 500."""
    interface: str = ""
    """Network interface of a Unitree robot, such as `eth0`."""
    domain: int = 0
    """DDS domain of a Unitree robot: 0 of a real one, 1 of Unitree's own simulator."""
    record: str = ""
    """Absolute path of a rollout to write; empty for none."""
    log_root: str = ""
    """Absolute path of the folder of all runs, where viewers find the robot; empty to show it nowhere."""


def check_request(request: RunPolicyRequest) -> None:
    """Raise `UsageError` for values that no run can have; the bundle isn't read."""
    for name in ("seconds", "ramp_seconds", "damp_seconds", "max_tilt", "stale_seconds", "loop_hz"):
        value = getattr(request, name)
        if not (math.isfinite(value) and value >= 0.0):
            raise UsageError(f"expected {name} from 0, got {value:g}")
    if request.record and request.seconds > LONGEST_RECORD:
        raise UsageError(f"expected at most {LONGEST_RECORD:g} recorded seconds, got {request.seconds:g}")
    if request.record and not Path(request.record).parent.is_dir():
        raise UsageError(f"expected a file in an existing folder for --record, got {request.record}")
    if request.robot == "unitree" and not request.interface:
        raise UsageError("expected the network interface of the robot: --interface eth0, see `ip link`")


class PolicyRun(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """How a run of a policy has ended, and how exact its loop was. Times are in seconds."""

    reason: str
    """Why the robot was damped."""
    is_complete: bool
    """Whether the policy has controlled the robot for the whole time."""
    control_steps: int
    seconds: float
    """Duration of the policy's control."""
    control_hz: float
    loop_hz: float
    missed: int
    """Ticks of the loop that were left out."""
    work_p50: float
    """Time of a control step: state, observation, inference, targets."""
    work_p99: float
    work_worst: float
    lateness_p99: float
    """Time from a tick's deadline to its beginning."""
    lateness_worst: float
    command: dict[str, float] = {}
    """The command by the names of its parts."""
    velocity: tuple[float, float, float] | None = None
    """Mean forward and lateral velocity (m/s) and yaw rate (rad/s) while the policy acted; None if not measured."""
    record: str = ""
    """Path of the rollout that was written."""
    problem: str = ""
    """Why a rollout that was asked for is missing, one line."""


RUN_POLICY = Worker("trainer_proc.deploy", "run of the policy", PolicyRun)
