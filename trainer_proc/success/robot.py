"""What success is measured on: the robot's root and the task's commands, by mjlab 1.6's names.

No other module of `success` knows a simulator's names. Isaac Lab has the same managers and terms, but another
`robot.data`, and calls the velocity command `base_velocity`.
"""

from __future__ import annotations

from typing import Any

import torch

from trainer_proc.problems import TrainingProblem


class Root:
    """The root of a robot that can move freely; mjlab's `Entity`."""

    def __init__(self, robot: Any, kind: str) -> None:
        """Raise `TrainingProblem` if the robot is of another simulator, or bolted down."""
        if not hasattr(getattr(robot, "data", None), "indexing"):
            raise TrainingProblem(f"success of kind {kind} is measured on mjlab's robots only; use time-out")
        if robot.is_fixed_base:
            raise TrainingProblem(f"success is of kind {kind}, but the task's robot can't move from its place")
        self._simulated = robot.data.data
        self._body = robot.data.indexing.root_body_id
        first = int(robot.data.indexing.free_joint_v_adr[0])  # its six follow each other
        self._velocity = slice(first, first + 6)

    def place(self) -> torch.Tensor:
        """Return the position in the world (m), of shape [num_envs, 3].

        This and the others are views of what the simulator writes, so that one kernel copies them all; mjlab's own
        `root_link_lin_vel_b` alone takes ten.
        """
        place: torch.Tensor = self._simulated.xpos[:, self._body]
        return place

    def orientation(self) -> torch.Tensor:
        """Return the orientation in the world as a quaternion (w, x, y, z), of shape [num_envs, 4]; a view."""
        orientation: torch.Tensor = self._simulated.xquat[:, self._body]
        return orientation

    def velocity(self) -> torch.Tensor:
        """Return linear velocity in the world (m/s) and angular in the root (rad/s), shape [num_envs, 6]; a view."""
        velocity: torch.Tensor = self._simulated.qvel[:, self._velocity]
        return velocity


def robot_of(env: Any, kind: str) -> Any:
    """Return the scene's `robot`, or its only entity beside the terrain. Raises `TrainingProblem`."""
    entities = {name: one for name, one in getattr(_scene(env), "entities", {}).items() if name != "terrain"}
    if "robot" in entities:
        return entities["robot"]
    if len(entities) != 1:
        there = f"; there are {', '.join(entities)}" if entities else ""
        raise TrainingProblem(f"success is of kind {kind}, but the scene has no robot{there}")
    return next(iter(entities.values()))


def commands_of(env: Any) -> dict[str, Any]:
    """Return the task's command terms by name."""
    manager: Any = getattr(env, "command_manager", None)
    return {name: manager.get_term(name) for name in getattr(manager, "active_terms", ())}


def velocity_command(env: Any, name: str) -> Any:
    """Return the command term `name`, whose `command` is (x, y, yaw) in the robot's frame. Raises `TrainingProblem`."""
    commands = commands_of(env)
    if name not in commands:
        raise TrainingProblem(f"success is of kind velocity, but there is no command {name}; {_there_are(commands)}")
    command = commands[name]
    if getattr(command.command, "shape", ())[1:] != (3,) or not hasattr(command, "robot"):
        raise TrainingProblem(f"success is of kind velocity, but the command {name} is no velocity of a robot")
    return command


def command_with_success(env: Any, name: str) -> Any:
    """Return the command term that tells success, `name` if there are several. Raises `TrainingProblem`."""
    commands = commands_of(env)
    telling = {key: term for key, term in commands.items() if hasattr(term, "episode_success")}
    if not telling:
        there = _there_are(commands)
        raise TrainingProblem(f"success is of kind environment, but no command has an episode_success; {there}")
    return telling.get(name) or next(iter(telling.values()))


def task_command(env: Any) -> Any:
    """Return the command term that sets each environment a task, with `task_names` and `task_ids`; None without."""
    terms = commands_of(env).values()
    return next((term for term in terms if hasattr(term, "task_names") and hasattr(term, "task_ids")), None)


def _scene(env: Any) -> Any:
    return getattr(env, "scene", None)


def _there_are(commands: dict[str, Any]) -> str:
    return f"there are {', '.join(commands)}" if commands else "the task has no commands"
