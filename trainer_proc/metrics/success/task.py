"""What an environment reports of its tasks and its success: commands, reports and time-outs."""

from __future__ import annotations

from typing import Any

import torch

from trainer_proc.contract.errors import TrainingError
from trainer_proc.metrics.success.root import as_tensor

SUCCESS_REPORT = "Metrics/success_rate"
"""Where Isaac Lab 3 reports the mean success, 0 to 1, of the episodes that a step has ended: in `extras["log"]`."""


def commands_of(env: Any) -> dict[str, Any]:
    """Return the task's command terms by name."""
    manager: Any = getattr(env, "command_manager", None)
    return {name: manager.get_term(name) for name in getattr(manager, "active_terms", ())}


def velocity_command(env: Any, name: str) -> Any:
    """Return the command term `name`, whose `command` is (x, y, yaw) in the robot's frame.

    Without a name, the task's only one: mjlab's tasks call it `twist`, Isaac Lab's `base_velocity`. Raises
    `TrainingError`.
    """
    commands = commands_of(env)
    velocities = {key: term for key, term in commands.items() if is_velocity(term)}
    of_kind = "success of kind velocity"
    if not velocities:
        raise TrainingError(f"{of_kind}: the task has no velocity command of a robot; {_there_are(commands)}")
    if name and name not in velocities:
        wrong = f"expected a velocity command, got {name}" if name in commands else f"no such command: {name}"
        raise TrainingError(f"{of_kind}: {wrong}; {_there_are(velocities)}")
    if not name and len(velocities) > 1:
        raise TrainingError(f"{of_kind}: expected `command` to be one of {', '.join(velocities)}, got none")
    return velocities[name] if name else next(iter(velocities.values()))


def command_with_success(env: Any, name: str) -> Any:
    """Return the command term that reports success (`episode_success`), `name` if there are several; None without."""
    reporting = {key: term for key, term in commands_of(env).items() if hasattr(term, "episode_success")}
    return reporting.get(name) or next(iter(reporting.values()), None)


def goal_of_some_tasks(env: Any) -> Any:
    """Return the command term that reports success where `has_goal` [num_envs] is true, and only there; None without.

    That is where an environment's present task has this command's goal, beside tasks that follow velocities.
    """
    terms = commands_of(env).values()
    return next((term for term in terms if hasattr(term, "has_goal") and hasattr(term, "episode_success")), None)


def reports_success(env: Any) -> bool:
    """Tell whether the environment has reported `SUCCESS_REPORT`, which happens at its first reset."""
    return SUCCESS_REPORT in getattr(env, "extras", {}).get("log", {})


def no_success(env: Any) -> TrainingError:
    """Return the error for an environment without a success of its own."""
    return TrainingError(
        f"success of kind environment: expected the task to report {SUCCESS_REPORT}, or a command with "
        f"episode_success, got neither; {_there_are(commands_of(env))}"
    )


def task_command(env: Any) -> Any:
    """Return the command term that assigns tasks (`task_names` and `task_ids`); None without."""
    terms = commands_of(env).values()
    return next((term for term in terms if hasattr(term, "task_names") and hasattr(term, "task_ids")), None)


def target_command(env: Any) -> Any:
    """Return the command term with a place to reach, `target_pos` [num_envs, 3] in the world (m); None without."""
    terms = commands_of(env).values()
    return next((one for one in terms if getattr(getattr(one, "target_pos", None), "shape", ())[1:] == (3,)), None)


def longest_episode(env: Any) -> int | None:
    """Return the number of steps after which an episode ends by time-out; None if the environment does not have it."""
    longest = getattr(env, "max_episode_length", None)
    return int(longest) if isinstance(longest, int | float) and 1 <= longest < float("inf") else None


def seconds_of_step(env: Any, kind: str) -> float:
    """Return the time between two steps (s). Raises `TrainingError`; `kind` is that of the success."""
    step_dt = getattr(env, "step_dt", None)
    if not isinstance(step_dt, int | float) or not step_dt > 0:
        raise TrainingError(
            f"success of kind {kind} needs an environment with step_dt, got {step_dt}: use kind time-out"
        )
    return float(step_dt)


def time_outs_of(env: Any) -> torch.Tensor | None:
    """Return whether each environment's last episode ended by time-out, of shape [num_envs]; None if unknown.

    For tasks that hide it from the algorithm. Isaac Lab's direct environments have `reset_time_outs`, no manager.
    """
    manager = getattr(env, "termination_manager", None)
    time_outs = getattr(env, "reset_time_outs", None) if manager is None else manager.time_outs
    return None if time_outs is None else as_tensor(time_outs)


def is_velocity(command: Any) -> bool:
    """Return whether a command term is a velocity (x, y, yaw) in the frame of a robot."""
    return getattr(command.command, "shape", ())[1:] == (3,) and hasattr(command, "robot")


def _there_are(commands: dict[str, Any]) -> str:
    return f"there are {', '.join(commands)}" if commands else "it has no commands"
