"""Put each environment under the conditions of its episode: start, command, push, motor strength and latency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from trainer_proc.contract.bundle.gate import (
    GateCell,
    push_step_of,
    start_of,
    velocity_command_of,
    velocity_of,
)
from trainer_proc.deploy.bundle import Bundle
from trainer_proc.deploy.mujoco_robot import robot_of
from trainer_proc.evaluation.held_command import HeldCommand
from trainer_proc.evaluation.latency import ActionDelay
from trainer_proc.evaluation.pushed import PushedRobot
from trainer_proc.evaluation.reference.tracked import TrackedMotion
from trainer_proc.evaluation.stage import Stage
from trainer_proc.metrics.success.task import velocity_command
from trainer_proc.simulators.starts import Starts
from trainer_proc.verification.play import UPRIGHT, put

MOST_LATENCY = 2
"""Control steps; the largest latency of a plan."""
STRENGTH = "event/motor/strength"
"""The knob that scales gains and effort limits of all motors."""


@dataclass(frozen=True)
class Episode:
    """One episode of the plan."""

    cell: GateCell
    seed: int


class Conditions:
    """Prepares a round in which environment i plays episode i; those beyond play the first along, uncounted."""

    def __init__(
        self,
        stage: Stage,
        bundle: Bundle,
        robot: PushedRobot | None,
        starts: Starts,
        tracked: TrackedMotion | None = None,
    ) -> None:
        """`robot` is None for one that can't be pushed, being fixed to the world; `tracked` without a motion.

        Raises `UserError`.
        """
        self._tracked = tracked
        self._stage, self._card, self._robot, self._starts = stage, bundle.card, robot, starts
        self._model = robot_of(bundle)
        self._count, self._device = int(stage.env.num_envs), stage.task.device
        self._command = velocity_command_of(bundle.card)
        self._held = torch.zeros(self._count, 3, device=self._device)
        if self._command is not None:
            HeldCommand(velocity_command(stage.task, self._command.name), self._held)
        self._delay = ActionDelay(stage.task, most=MOST_LATENCY)
        self._pushes: dict[int, torch.Tensor] = {}
        self._velocities = torch.zeros(self._count, 2, device=self._device)
        self._steps = 0
        before_observation(stage.task, self._push)

    def begin(self, episodes: Sequence[Episode]) -> None:
        """Prepare a round; called before the reset."""
        of_all = [*episodes, *[episodes[0]] * (self._count - len(episodes))]
        cells = [episode.cell for episode in of_all]
        if self._command is not None:
            commands = [velocity_of(self._command, cell.command) for cell in cells]
            self._held.copy_(torch.tensor(commands, device=self._device))
        self._delay.delays = torch.tensor([cell.latency_steps for cell in cells], device=self._device)
        self._place(of_all)
        self._strengthen(cells)
        self._plan_pushes(cells)
        self._steps = 0

    def _place(self, episodes: Sequence[Episode]) -> None:
        """Start as the gate does: the same code puts its robot onto the floor."""
        names = list(self._starts.joint_names)
        default = dict(zip(self._card.robot_joint_names, self._card.robot_joint_positions, strict=True))
        columns = [names.index(name) for name in self._card.joint_names]
        joints = np.tile([default.get(name, 0.0) for name in names], (len(episodes), 1))
        roots = np.zeros((len(episodes), 13))
        pose = (np.array(self._card.default_joint_positions), UPRIGHT)
        if self._tracked is not None:
            pose = self._tracked.first_pose(self._model)
        for number, episode in enumerate(episodes):
            put(self._model, pose[0], start_of(episode.cell, episode.seed, len(columns)), pose[1])
            joints[number, columns] = self._model.read().joint_positions
            if self._tracked is not None:
                roots[number] = self._tracked.root_at_motion(self._model)
            elif self._model.is_free:
                roots[number] = *self._model.data.qpos[:7], *self._model.data.qvel[:6]
        root = self._tensor(roots)
        position, orientation, velocity = root[:, :3], root[:, 3:7], root[:, 7:]
        self._starts.begin_with(self._tensor(joints), position, orientation, velocity)

    def _strengthen(self, cells: Sequence[GateCell]) -> None:
        strengths = sorted({1.0, *(cell.motor_strength for cell in cells)})
        if strengths == [1.0]:
            return
        for strength in strengths:
            of_cell = [number for number, cell in enumerate(cells) if cell.motor_strength == strength]
            if of_cell:
                ids = torch.tensor(of_cell, device=self._device)
                self._stage.set_in(ids, {STRENGTH: (strength, strength)})

    def _plan_pushes(self, cells: Sequence[GateCell]) -> None:
        step_s = float(self._stage.task.step_dt)
        motion_steps = None if self._tracked is None else self._tracked.steps
        due: dict[int, list[int]] = {}
        for number, cell in enumerate(cells):
            if cell.push is not None and self._robot is not None:
                # what happens in a step is seen in the observation of the next
                due.setdefault(push_step_of(cell, step_s, motion_steps) - 1, []).append(number)
                self._velocities[number] = torch.tensor([cell.push.forward, cell.push.left])
        self._pushes = {step: torch.tensor(numbers, device=self._device) for step, numbers in due.items()}

    def _push(self) -> None:
        if (due := self._pushes.get(self._steps)) is not None and self._robot is not None:
            self._robot.push(due, self._velocities[due])
        self._steps += 1

    def _tensor(self, values: Any) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self._device)


def before_observation(task: Any, call: Callable[[], None]) -> None:
    """Call once a step between the physics and the observation, as a task's own interval events are."""
    compute = task.reward_manager.compute

    def compute_and_call(*args: Any, **kwargs: Any) -> Any:
        result = compute(*args, **kwargs)
        call()
        return result

    task.reward_manager.compute = compute_and_call
