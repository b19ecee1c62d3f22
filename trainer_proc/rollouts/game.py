"""One environment that a policy plays by its mean, with the command and the pushes of a request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import torch

from curricula.errors import UsageError
from trainer_proc.contract.errors import TrainingError
from trainer_proc.contract.robot import RobotState, Scene
from trainer_proc.contract.rollout import Push
from trainer_proc.contract.rollout_request import RolloutRequest
from trainer_proc.contract.worker import Progress, WorkerError
from trainer_proc.contract.worker_main import Report
from trainer_proc.evaluation.held_command import hold_command
from trainer_proc.evaluation.policy import load_policy
from trainer_proc.evaluation.prepare import Prepared
from trainer_proc.evaluation.pushed import PushedRobot, pushed_robot
from trainer_proc.evaluation.stage import Stage
from trainer_proc.rollouts.place import place_on
from trainer_proc.rollouts.rounding import rounded
from trainer_proc.simulators.robot_reader import RobotReader

STATE_SECONDS = 0.04
"""From one state to the next: 25 a second show every step of a gait."""
_REPORTED_STEPS = 25


class Game:
    """Raises `UserError` if the environment can't have what is asked for; use it within the stage."""

    def __init__(self, stage: Stage, prepared: Prepared, request: RolloutRequest) -> None:
        self._stage, self._request = stage, request
        self._policy = load_policy(stage.runner, prepared.played, prepared.content)
        self._iteration = -1 if prepared.iteration is None else prepared.iteration
        self._reader = _reader(stage)
        self._ground = self._reader.ground_sampler()
        self.scene: Scene = msgspec.structs.replace(self._reader.scene, num_envs=1)
        self.stride = max(round(STATE_SECONDS / self.scene.step_seconds), 1)
        """Environment steps from one state to the next."""
        if request.terrain:
            place_on(stage, request.terrain)
        if request.command:
            _hold(stage, request.command)
        self._pushes = _by_step(request.pushes, self.scene.step_seconds)
        self._pushed = _pushed(stage) if request.pushes else None

    def play(self, report: Report) -> Iterator[RobotState]:
        """Yield the first state, then one every `stride` steps, and each that begins a new episode."""
        steps = max(round(self._request.seconds / self.scene.step_seconds), 1)
        task, seed = self._stage.task, self._request.seed
        observations = self._stage.reset(seed)
        self._policy.reset()
        yield self._state(0)
        for step in range(steps):
            torch.manual_seed(seed + step)  # as in evaluations
            if self._pushed is not None:
                for push in self._pushes.get(step, ()):
                    velocity = torch.tensor([[push.forward, push.lateral]], device=task.device)
                    self._pushed.push(torch.zeros(1, dtype=torch.long, device=task.device), velocity)
            observations, _, dones, _ = self._stage.env.step(self._policy.act(observations).to(task.device))
            self._policy.reset(dones > 0)
            if (step + 1) % self.stride == 0 or bool(dones.any()):
                yield self._state(step + 1)
            if step % _REPORTED_STEPS == 0:
                report(Progress(step, steps, "playing"))

    def _state(self, step: int) -> RobotState:
        return rounded(self._reader.read(0, iteration=self._iteration, step=step, ground=self._ground))


def _reader(stage: Stage) -> RobotReader:
    if stage.simulator is None:
        raise WorkerError(f"{stage.spec.task}: its robot can't be read, its simulator is unknown")
    return stage.simulator.robot_reader(stage.spec.task)


def _hold(stage: Stage, command: Sequence[float]) -> None:
    try:
        hold_command(stage, command)
    except TrainingError as error:
        raise UsageError(f"expected a task with a velocity command to hold one, got none: {stage.spec.task}") from error


def _pushed(stage: Stage) -> PushedRobot:
    """Return the robot that is pushed, without the pushes of its task."""
    robot = pushed_robot(stage.simulator)
    if robot is None:
        raise UsageError("expected a robot that can move for a push, got one fixed to the world")
    stage.without_interval_events()
    return robot


def _by_step(pushes: Sequence[Push], step_seconds: float) -> dict[int, list[Push]]:
    """Return the pushes by the number of the environment step before which they come, from 0."""
    by_step: dict[int, list[Push]] = {}
    for push in pushes:
        by_step.setdefault(round(push.at / step_seconds), []).append(push)
    return by_step
