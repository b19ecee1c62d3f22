"""Records the trajectories of all environments, one row a control step, as the gate records its robot's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from trainer_proc.contract.bundle.gate import FALL_HEIGHT, LEAST_UPRIGHTNESS, steps_of
from trainer_proc.evaluation.reference.conditions import Episode
from trainer_proc.evaluation.reference.tracked import TrackedMotion
from trainer_proc.metrics.success.root import Root
from trainer_proc.simulators.mechanics import Mechanics
from trainer_proc.verification.trajectory import Floats, JointEnds, Trajectory


class TrajectoryRecorder:
    """Call `start` after the reset and `record` after each step."""

    def __init__(
        self, root: Root | None, mechanics: Mechanics, step_s: float, tracked: TrackedMotion | None = None
    ) -> None:
        """`root` is None for a robot that is fixed to the world; `tracked` for a policy without a motion."""
        self._tracked = tracked
        self._root, self._mechanics, self._step_s = root, mechanics, step_s
        self._rows: list[dict[str, Floats]] = []
        self._first: Floats = np.zeros((0, 3))

    def start(self) -> None:
        """Note where the robots start."""
        self._rows = []
        self._first = self._base()["positions"]

    def record(self, limited: torch.Tensor) -> None:
        """Add the state after a step, and the limited actions [num_envs, A] of the policy."""
        mechanics = self._mechanics
        self._rows.append(
            {
                **self._base(),
                "actions": _array(limited),
                "joint_positions": _array(mechanics.positions()),
                "joint_velocities": _array(mechanics.velocities()),
                "efforts": _array(mechanics.efforts()),
                **({} if self._tracked is None else self._tracked.state()),
            }
        )

    def trajectories(self, episodes: Sequence[Episode]) -> list[Trajectory]:
        """Return the trajectory of each episode, up to its end or the robot's fall."""
        columns = {name: np.stack([row[name] for row in self._rows]) for name in self._rows[0]}
        return [self._trajectory(columns, number, episode) for number, episode in enumerate(episodes)]

    def ends(self) -> JointEnds:
        """Return the limits of the actuated joints."""
        return JointEnds(_array(self._mechanics.position_limits[0]), _array(self._mechanics.effort_limits))

    def _trajectory(self, columns: dict[str, Floats], number: int, episode: Episode) -> Trajectory:
        tracked = self._tracked
        steps = steps_of(episode.cell, self._step_s, None if tracked is None else tracked.steps)
        of_episode = {name: values[:steps, number] for name, values in columns.items()}
        errors = None
        if tracked is None:
            has_fallen = self._has_fallen(of_episode, number)
        else:
            anchors, heights = of_episode.pop("anchors"), of_episode.pop("heights")
            errors, has_fallen = tracked.errors(of_episode["joint_positions"], anchors, heights)
        fallen = np.flatnonzero(has_fallen)
        # the states of a fall and after the last step aren't recorded, as in the gate
        length = int(fallen[0]) if len(fallen) else steps - 1
        rows: dict[str, Any] = {name: values[:length] for name, values in of_episode.items()}
        trajectory = Trajectory(
            step_s=self._step_s,
            planned_steps=steps,
            survived=not len(fallen),
            start_position=self._first[number],
            **rows,
        )
        if tracked is None or errors is None:
            return trajectory
        return replace(trajectory, tracking=errors[:length], joint_limit=tracked.joint_limit)

    def _has_fallen(self, of_episode: dict[str, Floats], number: int) -> Any:
        if self._root is None:
            return np.zeros(len(of_episode["uprightness"]), dtype=bool)
        share = of_episode["positions"][:, 2] / self._first[number, 2]
        return ~(
            (of_episode["uprightness"] >= LEAST_UPRIGHTNESS) & (share >= FALL_HEIGHT)
        )  # also where it isn't finite

    def _base(self) -> dict[str, Floats]:
        root = self._root
        if root is None:
            count = len(self._mechanics.positions())
            return {
                "velocities": np.zeros((count, 3)),
                "positions": np.zeros((count, 3)),
                "uprightness": np.ones(count),
            }
        orientation = root.orientation()
        linear, angular = root.velocity_in_root_frame(orientation, root.velocity())
        x, y = root.quaternion(orientation)[:, 1:3].unbind(-1)
        return {
            "velocities": _array(torch.cat([linear[:, :2], angular[:, 2:]], dim=-1)),
            "positions": _array(root.position()),
            "uprightness": _array(1.0 - 2.0 * (x * x + y * y)),
        }


def _array(values: torch.Tensor) -> Floats:
    array: Floats = values.double().cpu().numpy().copy()
    return array
