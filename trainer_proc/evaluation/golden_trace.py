"""Records the golden trace of one environment: its states, what the policy observed and did, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from trainer_proc.contract.bundle.trace import Array, Trace, TraceHeader
from trainer_proc.evaluation.policy import is_exported
from trainer_proc.evaluation.prepare import Prepared
from trainer_proc.evaluation.stage import Stage
from trainer_proc.export.provenance import versions
from trainer_proc.metrics.success.root import as_tensor, world_to_root
from trainer_proc.metrics.success.task import commands_of

STEPS = 150
"""Control steps of a trace: three seconds of walking at 50 Hz."""


class TraceRecorder:
    """Call `observed` with each observation, and `acted` after the environment's step with the action.

    Shapes as in `Trace`. It records the first `steps` steps of one environment, from its reset on.
    """

    def __init__(self, stage: Stage, robot: Any, frames: Sequence[str], *, environment: int, steps: int) -> None:
        """`frames` are bodies and sites whose velocities are recorded, beside the root body and all sites of IMUs.

        Those that the robot hasn't are left out.
        """
        assert stage.simulator is not None
        mechanics = stage.simulator.mechanics(robot)
        assert mechanics is not None
        self._stage, self._robot, self._mechanics = stage, robot, mechanics
        self._row, self._steps = environment, steps
        root = robot.body_names[0]
        sensors = [name for name in getattr(robot, "site_names", ()) if "imu" in name.lower()]
        named = dict.fromkeys((*frames, *sensors))
        self._frames = [root, *(name for name in named if name != root and _place(robot, name))]
        names: list[str] = list(robot.joint_names)
        described = stage.simulator.joints(_name_of(stage, robot))
        self._motors = [name for name in names if described is not None and name in described.names]
        self._driven = [names.index(name) for name in self._motors]
        self._rows: dict[str, list[Array]] = {}

    def observed(self, observations: Any) -> None:
        """Record the state and what the policy observes of it."""
        if len(self._rows.get("action", ())) < self._steps:
            self._record_state()
            vectors = [observations[group][self._row] for group in self._groups()]
            self._add("observation", torch.cat([vector.flatten() for vector in vectors]))
            for name, term in commands_of(self._stage.task).items():
                self._add(f"command/{name}", term.command[self._row])

    def acted(self, actions: torch.Tensor) -> None:
        """Record the action of the observation before, its targets and the torques after the step."""
        if len(self._rows.get("action", ())) < len(self._rows["observation"]):
            self._add("action", actions[self._row])
            self._add("target", as_tensor(self._robot.data.joint_pos_target)[self._row, self._driven])
            self._add("torque", self._mechanics.efforts()[self._row])
            if len(self._rows["action"]) == self._steps:
                self._record_state()

    def trace(self, prepared: Prepared, run: str) -> Trace:
        """Return what was recorded."""
        rows = {name: np.stack(values) for name, values in self._rows.items()}
        commands = {name.partition("/")[2]: values for name, values in rows.items() if name.startswith("command/")}
        header = TraceHeader(
            run=run,
            iteration=-1 if prepared.iteration is None else prepared.iteration,
            policy=prepared.policy.name,
            is_exported=is_exported(prepared.played),
            task=self._stage.spec.task,
            backend=self._stage.spec.backend,
            joints=list(self._robot.joint_names),
            motors=self._motors,
            frames=self._frames,
            terms=self._terms(),
            commands={name: values.shape[1] for name, values in commands.items()},
            made_with=versions(),
        )
        arrays = {name: values for name, values in rows.items() if "/" not in name}
        return Trace(header=header, commands=commands, normalizer=self._normalizer(), **arrays)

    def _groups(self) -> list[str]:
        groups = self._stage.runner.cfg["obs_groups"]
        return list(groups.get("student", groups["actor"]))

    def _terms(self) -> dict[str, int]:
        manager = self._stage.task.observation_manager
        return {
            name: int(torch.Size(shape).numel())
            for group in self._groups()
            for name, shape in zip(manager.active_terms[group], manager.group_obs_term_dim[group], strict=True)
        }

    def _record_state(self) -> None:
        data = self._robot.data
        self._rows.setdefault("time", []).append(np.array(_simulated_time(self._stage.task, self._row)))
        self._add("joint_pos", as_tensor(data.joint_pos)[self._row])
        self._add("joint_vel", as_tensor(data.joint_vel)[self._row])
        origin = as_tensor(self._stage.task.scene.env_origins)[self._row]
        poses, velocities = zip(*(self._frame(name) for name in self._frames), strict=True)
        quaternions, velocity = torch.stack([pose[3:7] for pose in poses]), torch.stack(velocities)
        self._add("position", poses[0][:3] - origin)
        self._add("quaternion", quaternions)
        self._add("linear_velocity", world_to_root(quaternions, velocity[:, :3]))
        self._add("angular_velocity", world_to_root(quaternions, velocity[:, 3:]))

    def _frame(self, name: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the pose [7] and the velocity [6] of a frame in the world."""
        place = _place(self._robot, name)
        assert place is not None
        kind, index = place
        data = self._robot.data
        pose, velocity = getattr(data, f"{kind}_pose_w"), getattr(data, f"{kind}_vel_w")
        return as_tensor(pose)[self._row, index], as_tensor(velocity)[self._row, index]

    def _normalizer(self) -> tuple[Array, Array] | None:
        """Return mean and divisor of the actor's empirical normalization; None without one."""
        normalizer = getattr(self._stage.runner.alg.get_policy(), "obs_normalizer", None)
        if normalizer is None or not hasattr(normalizer, "eps"):
            return None
        return _array(normalizer.mean), _array(normalizer.std) + float(normalizer.eps)

    def _add(self, name: str, values: torch.Tensor) -> None:
        self._rows.setdefault(name, []).append(_array(values))


def _array(values: torch.Tensor) -> Array:
    array: Array = values.detach().double().cpu().numpy().copy()
    return array


def _name_of(stage: Stage, robot: Any) -> str:
    assert stage.simulator is not None
    return next((name for name in stage.simulator.robot_names() if stage.simulator.asset(name) is robot), "robot")


def _place(robot: Any, name: str) -> tuple[str, int] | None:
    """Return the kind of a frame, as in the names of the robot's data, and its index; None if the robot has it not."""
    if name in robot.body_names:
        return "body_link", robot.body_names.index(name)
    sites = getattr(robot, "site_names", ())
    return ("site", sites.index(name)) if name in sites else None


def _simulated_time(task: Any, environment: int) -> float:
    """Return the simulator's clock, or the counted steps of a simulator without one for each environment (s)."""
    clock = getattr(getattr(getattr(task, "sim", None), "data", None), "time", None)
    if clock is not None:
        return float(clock[environment])
    return float(task.episode_length_buf[environment]) * float(task.step_dt)
