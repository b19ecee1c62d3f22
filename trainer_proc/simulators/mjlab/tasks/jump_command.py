"""A jump to a height and over a distance, on command.

Shapes: E environments, of which N are resampled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import torch

from trainer_proc.contract.evaluation import Axis, Measure
from trainer_proc.simulators.goal_progress import Range, ahead, uniform
from trainer_proc.simulators.goals import Goals
from trainer_proc.simulators.mjlab.tasks.goal_command import GoalCommand, GoalCommandCfg

if TYPE_CHECKING:
    from mjlab.envs import ManagerBasedRlEnv
    from mjlab.viewer.debug_visualizer import DebugVisualizer

WAITING, COMMANDED, IN_FLIGHT, LANDED = range(4)
"""Phases of a jump: standing before the command, the command, no foot on the ground, all that follows the landing."""
GRAVITY = 9.81
"""m/s²."""


class JumpCommand(GoalCommand):
    """Lets the robot stand for a moment, then commands a jump.

    `command` (E, 4) is 1, the height of the jump (m), and the way to the landing place (m), forward and left by the
    robot's heading. All are 0 before the command, and after the landing only the way goes on. `phase` (E, int64) is one
    of the phases above, `height` (E) the commanded and `rise` (E) the highest rise of the root above standing in this
    flight (m). `landing_error` (E) is the distance of the root from the landing place at its landing (m).
    """

    cfg: JumpCommandCfg
    entry_names = ("go", "height (m)", "x (m)", "y (m)")

    def __init__(self, cfg: JumpCommandCfg, env: ManagerBasedRlEnv) -> None:
        super().__init__(cfg, env)
        self.phase = torch.full((self.num_envs,), WAITING, device=self.device)
        self.height = torch.zeros(self.num_envs, device=self.device)
        self.rise = torch.zeros(self.num_envs, device=self.device)
        self.landing_error = torch.zeros(self.num_envs, device=self.device)
        self._command = torch.zeros(self.num_envs, 4, device=self.device)
        self._wait_s = torch.zeros(self.num_envs, device=self.device)
        self._upright_s = torch.zeros(self.num_envs, device=self.device)

    @property
    def command(self) -> torch.Tensor:
        return self._command

    @property
    def is_jumping(self) -> torch.Tensor:
        """Return whether a jump is commanded or in flight (E)."""
        return (self.phase == COMMANDED) | (self.phase == IN_FLIGHT)

    @property
    def root_height(self) -> torch.Tensor:
        """Return how much higher the root is than that of a standing robot (E, m)."""
        height: torch.Tensor = self.asset.data.root_link_pos_w[:, 2] - self._env.scene.env_origins[:, 2]
        return height - self.cfg.standing_height

    def distance(self, after_s: torch.Tensor | None = None) -> torch.Tensor:
        """Return the distance of the root from the landing place, on the ground (E, m).

        With times `after_s` (E, s), it is that of a root that goes on with its present velocity for so long.
        """
        data = self.asset.data
        away: torch.Tensor = self.target_pos[:, :2] - data.root_link_pos_w[:, :2]
        if after_s is not None:
            away = away - data.root_link_lin_vel_w[:, :2] * after_s.unsqueeze(-1)
        distance: torch.Tensor = away.norm(dim=-1)
        return distance

    def _sample_goals(self, count: int) -> torch.Tensor:
        return uniform(count, (self.cfg.ranges.height, self.cfg.ranges.distance), self.device)

    def _begin_goals(self, env_ids: torch.Tensor, goals: torch.Tensor) -> None:
        position, heading = self._root_pose(env_ids)
        self.height[env_ids] = goals[:, 0]
        self.target_pos[env_ids, :2] = ahead(position, heading, goals[:, 1], torch.zeros_like(heading))
        self.target_pos[env_ids, 2] = self._env.scene.env_origins[env_ids, 2]
        self.phase[env_ids] = WAITING
        self.rise[env_ids] = 0.0
        self.landing_error[env_ids] = 0.0
        self._upright_s[env_ids] = 0.0
        self._wait_s[env_ids] = uniform(len(env_ids), (self.cfg.wait_time_s,), self.device)[:, 0]

    def _advance(self, ids: torch.Tensor | slice) -> torch.Tensor:
        air_time = self._env.scene[self.cfg.sensor_name].data.current_air_time[ids]
        is_flying = (air_time > 0.0).all(-1)
        has_left = (air_time >= self.cfg.flight_time_s).all(-1)
        before, root_height = self.phase[ids], self.root_height[ids]
        self._wait_s[ids] -= self._env.step_dt
        phase = torch.where((before == WAITING) & (self._wait_s[ids] <= 0.0), COMMANDED, before)
        phase = torch.where((before == COMMANDED) & has_left, IN_FLIGHT, phase)
        lands = (before == IN_FLIGHT) & ~is_flying
        phase = torch.where(lands, LANDED, phase)
        self.phase[ids] = phase  # of all environments, `before` is a view of it
        distance = self.distance()[ids]
        self.landing_error[ids] = torch.where(lands, distance, self.landing_error[ids])
        flies = (phase == IN_FLIGHT) & is_flying
        self.rise[ids] = torch.where(flies, torch.maximum(self.rise[ids], root_height), self.rise[ids])
        self._measure_landing(ids, phase, root_height, is_flying)
        self.metrics["apex"][ids] = self.rise[ids]
        self.metrics["landing_error"][ids] = torch.where(phase == LANDED, self.landing_error[ids], distance)
        self._write_command()
        is_high = self.rise[ids] >= self.height[ids]
        is_near = torch.maximum(self.landing_error[ids], distance) < self.cfg.distance_threshold
        achieves = is_high & is_near & (self._upright_s[ids] >= self.cfg.hold_time_s)
        self.metrics["jumped"][ids] = (self.achieved[ids] | achieves).float()
        return achieves

    def _measure_landing(
        self, ids: torch.Tensor | slice, phase: torch.Tensor, root_height: torch.Tensor, is_flying: torch.Tensor
    ) -> None:
        """Count the time in a row that the robot has stood upright after its landing (s)."""
        is_upright = -self.asset.data.projected_gravity_b[ids, 2] >= self.cfg.upright_cosine
        stands = (phase == LANDED) & is_upright & ~is_flying & (root_height >= -self.cfg.crouch_height)
        self._upright_s[ids] = torch.where(stands, self._upright_s[ids] + self._env.step_dt, 0.0)

    def _write_command(self) -> None:
        data = self.asset.data
        x, y = (self.target_pos[:, :2] - data.root_link_pos_w[:, :2]).unbind(-1)
        cos, sin = data.heading_w.cos(), data.heading_w.sin()
        ones = torch.ones_like(self.height)
        jump = torch.stack([ones, self.height], dim=-1) * self.is_jumping.unsqueeze(-1)
        way = torch.stack([x * cos + y * sin, y * cos - x * sin], dim=-1) * (self.phase != WAITING).unsqueeze(-1)
        self._command[:] = torch.cat([jump, way], dim=-1)

    def _debug_vis_impl(self, visualizer: DebugVisualizer) -> None:
        for number in visualizer.get_env_indices(self.num_envs):
            if self._wait_s[number].isinf():
                continue  # no jump will be commanded
            place = self.target_pos[number].cpu().numpy()
            visualizer.add_sphere(center=place, radius=0.05, color=(1.0, 0.5, 0.0, 0.4))


@dataclass(kw_only=True)
class JumpCommandCfg(GoalCommandCfg):
    """Jumps of a robot whose feet the contact sensor `sensor_name` measures, with their time in the air."""

    goals: ClassVar[Goals] = Goals(
        axes=(Axis("height", "m", (0.05, 0.1, 0.15, 0.2, 0.3)), Axis("distance", "m", (0.0, 0.2, 0.4))),
        measures=(
            Measure("jumped", better="higher"),
            Measure("apex", "m", "higher"),
            Measure("landing_error", "m", "lower"),
        ),
        episode_s=4.0,
    )
    sensor_name: str
    standing_height: float
    """Height of the root of a standing robot (m)."""
    wait_time_s: Range = (0.5, 1.0)
    """Time of standing before the command (s)."""
    flight_time_s: float = 0.04
    """Time after which feet in the air are a flight (s), so that a stumble is none."""
    hold_time_s: float = 1.0
    """Time that the robot has to stand upright after landing (s)."""
    upright_cosine: float = 0.88
    """Least cosine of the angle between the root's axis and upright: 0.5 rad."""
    crouch_height: float = 0.25
    """How much lower than standing the root may be after landing (m)."""
    distance_threshold: float = 0.25
    """Largest distance of the root from the landing place (m), at the landing and after it."""

    @dataclass
    class Ranges:
        """What is sampled: rise of the root above standing (m), and distance ahead (m)."""

        height: Range = (0.05, 0.1)
        distance: Range = (0.0, 0.0)

    ranges: Ranges = field(default_factory=Ranges)

    def build(self, env: ManagerBasedRlEnv) -> JumpCommand:
        return JumpCommand(self, env)
