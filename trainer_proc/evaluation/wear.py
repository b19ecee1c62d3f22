"""What a motion costs a robot: jerks, limits, torques, energy and slip, summed over an episode's steps.

Shapes: E environments, J actuated joints, F feet, A actions.
"""

from __future__ import annotations

import torch

from trainer_proc.contract.evaluation import NEAR_LIMIT, Measure
from trainer_proc.metrics.success.root import Root
from trainer_proc.simulators.mechanics import Mechanics

MEASURES = (
    Measure("action_rate", "1/s", "lower"),
    Measure("jerk", "rad/s³", "lower"),
    Measure("joint_limits", "", "lower"),
    Measure("torque_saturation", "", "lower"),
    Measure("power", "W", "lower"),
    Measure("energy_per_metre", "J/m", "lower"),
    Measure("cost_of_transport", "", "lower"),
    Measure("foot_slip", "m/s", "lower"),
)
GRAVITY = 9.81
"""m/s², of the cost of transport."""
_STRIDE_S = 0.5
"""The path is measured between positions this far apart (s), so that a gait's sway adds nothing to it."""
_LEAST_SPEED = 0.1
"""Mean speed (m/s) below which energy per metre says nothing."""


class Wear:
    """Sums of one episode in each environment; call `step` after each step."""

    def __init__(self, mechanics: Mechanics, root: Root | None, step_s: float) -> None:
        """`root` is None for a robot that is fixed to the world, `step_s` the length of a step (s)."""
        self._mechanics, self._root, self._step_s = mechanics, root, step_s
        self._stride = max(1, round(_STRIDE_S / step_s))
        low, high = mechanics.position_limits.unbind(-1)
        margin = NEAR_LIMIT * (high - low)
        self._low, self._high = low + margin, high - margin  # of a joint without limits: NaN, which is never beyond
        self._weakest, self._strongest = ((1.0 - NEAR_LIMIT) * mechanics.effort_limits).unbind(-1)
        self._limited = torch.isfinite(self._strongest) & (self._strongest > 0.0)
        self._actions: list[torch.Tensor] = []
        self._velocities: list[torch.Tensor] = []
        self._position = root.position()[:, :2].clone() if root is not None else None
        self._steps = 0
        self._sums: dict[str, torch.Tensor] = {}

    def step(self, actions: torch.Tensor, running: torch.Tensor) -> None:
        """Add a step's `actions` (E × A) and the state after it, where the episode is still `running` (bool, E)."""
        self._steps += 1
        velocities, efforts = self._mechanics.velocities().clone(), self._mechanics.efforts()
        self._add("steps", torch.ones_like(velocities[:, 0]), running)
        self._add_actions(actions, running)
        self._add_jerk(velocities, running)
        self._add_limits(efforts, running)
        self._add("energy", (efforts * velocities).abs().sum(-1) * self._step_s, running)
        if (feet := self._mechanics.feet()) is not None:
            speeds, touches = feet
            self._add("slip", (speeds * touches).sum(-1), running)
            self._add("touches", touches.sum(-1).float(), running)
        if self._root is not None and self._steps % self._stride == 0:
            self._add_path(self._root, running)

    def values(self) -> dict[str, torch.Tensor]:
        """Return one number an episode by measure, of shape E; NaN where an episode has no such value."""
        steps = self._sums["steps"]
        values = {
            "action_rate": self._root_mean("action_rate"),
            "jerk": self._root_mean("jerk"),
            "joint_limits": self._sums["at_limit"] / steps,
            "power": self._sums["energy"] / (steps * self._step_s),
        }
        if bool(self._limited.any()):
            values["torque_saturation"] = self._sums["saturated"] / steps
        if "path" in self._sums:
            path, strides = self._sums["path"], self._sums["strides"]
            moves = path / (strides * self._stride * self._step_s) >= _LEAST_SPEED
            energy = torch.where(moves, self._sums["path_energy"] / path, torch.nan)
            values["energy_per_metre"] = energy
            values["cost_of_transport"] = energy / (self._mechanics.mass() * GRAVITY)
        if "slip" in self._sums:
            values["foot_slip"] = self._sums["slip"] / self._sums["touches"]
        return {measure.name: values[measure.name] for measure in MEASURES if measure.name in values}

    def _add_actions(self, actions: torch.Tensor, running: torch.Tensor) -> None:
        if self._actions:
            self._add_mean("action_rate", ((actions - self._actions[-1]) / self._step_s).square().mean(-1), running)
        self._actions = [actions.clone()]

    def _add_jerk(self, velocities: torch.Tensor, running: torch.Tensor) -> None:
        """Add the second difference of the velocities, which the third step of an episode is the first to have."""
        if len(self._velocities) == 2:
            before, last = self._velocities
            jerk = (velocities - 2.0 * last + before) / self._step_s**2
            self._add_mean("jerk", jerk.square().mean(-1), running)
        self._velocities = [*self._velocities[-1:], velocities]

    def _add_limits(self, efforts: torch.Tensor, running: torch.Tensor) -> None:
        positions = self._mechanics.positions()
        self._add("at_limit", ((positions < self._low) | (positions > self._high)).any(-1).float(), running)
        if bool(self._limited.any()):
            saturated = (efforts <= self._weakest) | (efforts >= self._strongest)
            self._add("saturated", saturated[:, self._limited].float().mean(-1), running)

    def _add_path(self, root: Root, running: torch.Tensor) -> None:
        assert self._position is not None
        position = root.position()[:, :2].clone()
        self._add("path", (position - self._position).norm(dim=-1), running)
        self._add("strides", torch.ones_like(position[:, 0]), running)
        self._sums["path_energy"] = torch.where(
            running, self._sums["energy"], self._sums.get("path_energy", torch.zeros_like(self._sums["energy"]))
        )
        self._position = position

    def _add(self, name: str, values: torch.Tensor, running: torch.Tensor) -> None:
        values = torch.where(running, values, 0.0)  # a diverged or reset environment adds nothing, not even NaN
        self._sums[name] = self._sums[name] + values if name in self._sums else values

    def _add_mean(self, name: str, values: torch.Tensor, running: torch.Tensor) -> None:
        self._add(name, values, running)
        self._add(f"{name}/steps", torch.ones_like(values), running)

    def _root_mean(self, name: str) -> torch.Tensor:
        """Return the root of the mean square; NaN without a value."""
        if name not in self._sums:
            return torch.full_like(self._sums["steps"], torch.nan)
        return (self._sums[name] / self._sums[f"{name}/steps"]).sqrt()
