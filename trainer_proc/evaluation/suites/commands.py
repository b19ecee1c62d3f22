"""`commands`: a grid of velocity commands, each held for an episode: what is reached, and what is ignored.

Two planes of the grid: forward and lateral velocity without turning, forward velocity and yaw rate without lateral
motion. The grid depends on the run alone, so that its checkpoints compare cell by cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch

from curricula.load import make_curricula
from curricula.schema import SchemaError
from presets.success import read_success
from trainer_proc.contract.errors import TrainingError
from trainer_proc.contract.evaluation import DEAD_ZONE, Axis, EvaluationError, Measure, SuiteName
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.evaluation.held_command import HeldCommand
from trainer_proc.evaluation.measures import UNITS
from trainer_proc.evaluation.stage import Stage
from trainer_proc.evaluation.suites.goals import goal_cells, goal_plan, goals_of
from trainer_proc.evaluation.suites.suite import Plan, Suite, SuiteRefused, Trial, command_cfgs
from trainer_proc.metrics.success.root import Root, find_root
from trainer_proc.metrics.success.task import velocity_command
from trainer_proc.metrics.success.velocity import PARTS

FORWARD = (-0.5, 0.0, 0.25, 0.5, 1.0, 1.5, 2.0)
"""m/s."""
FASTER = (3.0, 4.0)
"""Added as far as a curriculum of the run commands them (m/s)."""
LATERAL = (-0.4, -0.2, 0.0, 0.2, 0.4)
"""m/s."""
YAW = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""rad/s."""
EPISODE_S = 6.0
SETTLE_S = 2.0
"""The velocity is measured from then on (s): before, the robot accelerates."""

_SPEED_KNOBS = "/lin_vel_x"
_MEASURES = tuple(Measure(f"velocity/{part}", unit) for part, unit in zip(PARTS, UNITS, strict=True))

_Command = tuple[float, float, float]


class Commands(Suite):
    """A cell for each command, or each goal of a task that has goals; the task's own pushes are switched off."""

    name: ClassVar[SuiteName] = "commands"
    episodes = 2

    def cell_count(self, spec: RunSpec, env_cfg: Any) -> int:
        if (goals := goals_of(env_cfg)) is not None:
            return len(goal_cells(goals))
        if not list(_velocity_terms(env_cfg)):
            raise SuiteRefused("commands: expected a task with a velocity command or goals, got none: use quick")
        return len(grid(spec))

    def overrides(self, spec: RunSpec, env_cfg: Any) -> dict[str, Any]:
        if (goals := goals_of(env_cfg)) is not None:
            return {"env.episode_length_s": goals.episode_s}
        return {"env.episode_length_s": EPISODE_S} if float(env_cfg.episode_length_s) > EPISODE_S else {}

    def plan(self, stage: Stage) -> Plan:
        if (goals := goals_of(stage.task.cfg)) is not None:
            return goal_plan(stage, goals)
        try:
            term = velocity_command(stage.task, read_success(stage.spec.success).command)
            root = find_root(stage.simulator, term.robot, "velocity")
        except TrainingError as error:
            raise SuiteRefused(f"commands: {error}") from error
        stage.without_interval_events()
        cells = grid(stage.spec)
        forward = tuple(sorted({command[0] for command in cells}))
        return Plan(
            axes=tuple(
                Axis(name, unit, values)
                for name, unit, values in zip(PARTS, UNITS, (forward, LATERAL, YAW), strict=True)
            ),
            cells=[dict(zip(PARTS, command, strict=True)) for command in cells],
            measures=_MEASURES,
            trial=_Trial(stage, term, root, cells),
        )

    def notes(self, plan: Plan, cells: Sequence[Mapping[str, Sequence[float | None]]]) -> list[str]:
        if plan.measures != _MEASURES:
            return []
        return [line for part, unit in zip(PARTS, UNITS, strict=True) for line in _dead_zone(plan, cells, part, unit)]


def grid(spec: RunSpec) -> list[_Command]:
    """Return the commands of the cells: forward and lateral (m/s), yaw (rad/s)."""
    forward = (*FORWARD, *(speed for speed in FASTER if speed <= _fastest(spec)))
    return [(x, y, 0.0) for x in forward for y in LATERAL] + [(x, 0.0, yaw) for x in forward for yaw in YAW if yaw]


def _fastest(spec: RunSpec) -> float:
    """Return the highest forward velocity that a curriculum of the run commands (m/s); 0 without one."""
    try:
        curricula = make_curricula(spec.curricula)
    except SchemaError:
        return 0.0  # which the build reports
    values = (values for curriculum in curricula for values in curriculum.checked_values())
    ranges = (value for of_level in values for knob, value in of_level.items() if knob.endswith(_SPEED_KNOBS))
    return max((float(ends[1]) for ends in ranges if isinstance(ends, tuple)), default=0.0)


def _velocity_terms(env_cfg: Any) -> Iterator[Any]:
    yield from (term for term in command_cfgs(env_cfg) if hasattr(getattr(term, "ranges", None), "lin_vel_x"))


class _Trial(Trial):
    """Holds each environment's command and averages the velocity of its robot in its own frame."""

    def __init__(self, stage: Stage, term: Any, root: Root, cells: Sequence[_Command]) -> None:
        self._term, self._root = term, root
        self._commands = torch.tensor(cells, device=stage.task.device)
        self._held = torch.zeros(int(stage.env.num_envs), 3, device=stage.task.device)
        self._first = round(SETTLE_S / float(stage.task.step_dt))
        HeldCommand(term, self._held)

    def begin(self, cells: torch.Tensor) -> None:
        self._held.copy_(self._commands[cells])
        self._steps = 0
        self._sums = torch.zeros_like(self._held, dtype=torch.float64)
        self._count = torch.zeros(len(self._held), 1, dtype=torch.float64, device=self._held.device)

    def started(self) -> None:
        if not torch.equal(self._term.command, self._held):
            raise EvaluationError(f"commands: the command of {type(self._term).__name__} can't be held at a value")

    def step(self, alive: torch.Tensor) -> None:
        self._steps += 1
        if self._steps <= self._first:
            return
        linear, angular = self._root.velocity_in_root_frame(self._root.orientation(), self._root.velocity())
        velocity = torch.cat([linear[..., :2], angular[..., 2:]], dim=-1)
        self._sums += torch.where(alive.unsqueeze(-1), velocity, 0.0)
        self._count += alive.unsqueeze(-1)

    def values(self) -> Mapping[str, torch.Tensor]:
        means = (self._sums / self._count).unbind(-1)  # NaN for a robot that fell before
        return {measure.name: mean for measure, mean in zip(_MEASURES, means, strict=True)}


def _dead_zone(
    plan: Plan, cells: Sequence[Mapping[str, Sequence[float | None]]], part: str, unit: str
) -> Iterator[str]:
    """Yield a line with the commands of one part alone that robots hardly follow, and what they reach instead."""
    found = []
    for at, of_cell in zip(plan.cells, cells, strict=True):
        command = float(at[part])
        reached = [value for value in of_cell[f"velocity/{part}"] if value is not None]
        if not command or not reached or any(value for name, value in at.items() if name != part):
            continue
        mean = sum(reached) / len(reached)
        if mean / command < DEAD_ZONE:
            found.append(f"{command:g} gives {mean:.2f}")
    if found:
        yield f"dead zone, {part} ({unit}): {', '.join(found)}"
