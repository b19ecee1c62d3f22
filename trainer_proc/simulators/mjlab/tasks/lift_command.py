"""A box on a table that a robot has to walk to, grasp with both hands, and lift.

Shapes: E environments, of which N are resampled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import torch
from mjlab.utils.lab_api.math import quat_apply, quat_apply_inverse

from trainer_proc.contract.evaluation import Axis, Measure
from trainer_proc.simulators.goal_progress import Range, ahead, uniform
from trainer_proc.simulators.goals import Goals
from trainer_proc.simulators.mjlab.tasks.goal_command import GoalCommand, GoalCommandCfg

if TYPE_CHECKING:
    from mjlab.envs import ManagerBasedRlEnv
    from mjlab.viewer.debug_visualizer import DebugVisualizer

NEAR, REACHED, GRASPED, LIFTED = 1, 2, 3, 4
"""Stages of lifting a box, each with those before; 0 is none of them."""


class LiftBoxCommand(GoalCommand):
    """Places a table with a box ahead of the robot at the beginning of an episode.

    `command` (E, 3) is where the box has to be, in the root's frame (m). `stage` (E, int64) is the present stage. The
    goal is achieved when `required_stage` has lasted for `hold_time_s`.
    """

    cfg: LiftBoxCommandCfg
    entry_names = ("x (m)", "y (m)", "z (m)")

    def __init__(self, cfg: LiftBoxCommandCfg, env: ManagerBasedRlEnv) -> None:
        super().__init__(cfg, env)
        self.box, self.table = env.scene[cfg.box_name], env.scene[cfg.table_name]
        self._palms, _ = self.asset.find_sites(cfg.site_names, preserve_order=True)
        sides = torch.tensor([1.0, -1.0], device=self.device)
        self._grips = torch.stack([0 * sides, sides * cfg.grip_width / 2, 0 * sides], dim=-1)
        self.stage = torch.zeros(self.num_envs, dtype=torch.long, device=self.device)
        self.rest_height = torch.zeros(self.num_envs, device=self.device)
        self._command = torch.zeros(self.num_envs, 3, device=self.device)
        self._held_s = torch.zeros(self.num_envs, device=self.device)
        self._was_placed = False

    @property
    def command(self) -> torch.Tensor:
        return self._command

    @property
    def box_distance(self) -> torch.Tensor:
        """Return the distance of the root from the box, on the ground (E, m)."""
        away: torch.Tensor = self.box.data.root_link_pos_w - self.asset.data.root_link_pos_w
        distance: torch.Tensor = away[:, :2].norm(dim=-1)
        return distance

    @property
    def hands_to_grips(self) -> torch.Tensor:
        """Return the ways from left and right palm to the box's sides (E, 2, 3), in the world's frame (m)."""
        box = self.box.data
        turned = quat_apply(
            box.root_link_quat_w.unsqueeze(1).expand(-1, 2, -1), self._grips.expand(self.num_envs, -1, -1)
        )
        grips = box.root_link_pos_w.unsqueeze(1) + turned
        way: torch.Tensor = grips - self.asset.data.site_pos_w[:, self._palms]
        return way

    @property
    def is_grasped(self) -> torch.Tensor:
        """Return whether both hands touch the box (E)."""
        touches: torch.Tensor = self._env.scene[self.cfg.sensor_name].data.found > 0
        return touches.all(-1)

    @property
    def lift(self) -> torch.Tensor:
        """Return how much higher the box is than on the table (E, m)."""
        height: torch.Tensor = self.box.data.root_link_pos_w[:, 2]
        return height - self.rest_height

    def reset(self, env_ids: torch.Tensor | slice | None) -> dict[str, float]:
        extras = super().reset(env_ids)
        self._was_placed = False  # the environment computes the kinematics after a reset
        return extras

    def _sample_goals(self, count: int) -> torch.Tensor:
        return uniform(count, (self.cfg.ranges.distance, self.cfg.ranges.left), self.device)

    def _begin_goals(self, env_ids: torch.Tensor, goals: torch.Tensor) -> None:
        position, heading = self._root_pose(env_ids)
        ground, zeros = self._env.scene.env_origins[env_ids, 2], torch.zeros_like(heading)
        turn = torch.stack([(heading / 2).cos(), zeros, zeros, (heading / 2).sin()], dim=-1)
        box, table = (ahead(position, heading, goals[:, 0] + far, goals[:, 1]) for far in (0.0, self.cfg.table_offset))
        rest = ground + self.cfg.rest_height
        box_pose = torch.cat([box, rest.unsqueeze(-1), turn], dim=-1)
        self.box.write_root_link_pose_to_sim(box_pose, env_ids=env_ids)
        self.box.write_root_link_velocity_to_sim(torch.zeros(len(env_ids), 6, device=self.device), env_ids=env_ids)
        self.table.write_mocap_pose_to_sim(torch.cat([table, ground.unsqueeze(-1), turn], dim=-1), env_ids=env_ids)
        self.rest_height[env_ids] = rest
        self.target_pos[env_ids] = box_pose[:, :3]
        self.target_pos[env_ids, 2] += self.cfg.lift_height
        self._held_s[env_ids] = 0.0
        self.metrics["stage"][env_ids] = 0.0
        self._was_placed = True

    def _advance(self, ids: torch.Tensor | slice) -> torch.Tensor:
        if self._was_placed:  # during an episode: the kinematics are those from before
            self._was_placed = False
            self._env.sim.forward()
        self.stage[:] = self._present_stage()
        has_stage = self.stage[ids] >= self.cfg.required_stage
        self._held_s[ids] = torch.where(has_stage, self._held_s[ids] + self._env.step_dt, 0.0)
        is_held = self._held_s[ids] >= self.cfg.hold_time_s
        self.metrics["stage"][ids] = torch.maximum(self.metrics["stage"][ids], self.stage[ids].float())
        self.metrics["lift"][ids] = self.lift[ids]
        self.metrics["lifted"][ids] = (self.achieved[ids] | is_held).float()
        data = self.asset.data
        self._command[:] = quat_apply_inverse(data.root_link_quat_w, self.target_pos - data.root_link_pos_w)
        return is_held

    def _present_stage(self) -> torch.Tensor:
        """Return the number of stages in a row that are fulfilled (E, int64)."""
        is_near = self.box_distance < self.cfg.near_threshold
        is_reached = (self.hands_to_grips.norm(dim=-1) < self.cfg.reach_threshold).all(-1)
        is_lifted = self.lift >= self.cfg.lift_height
        return torch.stack([is_near, is_reached, self.is_grasped, is_lifted]).long().cumprod(0).sum(0)

    def _debug_vis_impl(self, visualizer: DebugVisualizer) -> None:
        for number in visualizer.get_env_indices(self.num_envs):
            place = self.target_pos[number].cpu().numpy()
            visualizer.add_sphere(center=place, radius=0.05, color=(1.0, 0.5, 0.0, 0.4))


@dataclass(kw_only=True)
class LiftBoxCommandCfg(GoalCommandCfg):
    """Boxes for the palms `site_names`, left and right; the sensor `sensor_name` measures contacts of hands and box."""

    goals: ClassVar[Goals] = Goals(
        axes=(Axis("distance", "m", (0.35, 0.7, 1.2)), Axis("left", "m", (-0.3, 0.0, 0.3))),
        measures=(
            Measure("lifted", better="higher"),
            Measure("stage", "of 4", "higher"),
            Measure("lift", "m", "higher"),
        ),
        episode_s=10.0,
    )
    box_name: str = "box"
    table_name: str = "table"
    site_names: tuple[str, str]
    sensor_name: str
    grip_width: float
    """Distance of the palms that hold the box (m)."""
    table_offset: float
    """How much farther than the box the middle of the table is (m)."""
    rest_height: float
    """Height of the box's middle on the table (m)."""
    lift_height: float = 0.1
    """How much higher the box has to be (m)."""
    near_threshold: float = 0.45
    """Largest distance of the root from the box before it (m)."""
    reach_threshold: float = 0.1
    """Largest distance of each palm from its side of the box (m)."""
    required_stage: float = float(LIFTED)
    """1 near the box, 2 both hands at it, 3 grasped, 4 lifted."""
    hold_time_s: float = 1.0
    """Time that the stage has to last, without a break (s)."""

    @dataclass
    class Ranges:
        """Where boxes are placed (m): forward and left of the robot, along its heading."""

        distance: Range = (0.35, 0.4)
        left: Range = (0.0, 0.0)

    ranges: Ranges = field(default_factory=Ranges)

    def build(self, env: ManagerBasedRlEnv) -> LiftBoxCommand:
        return LiftBoxCommand(self, env)
