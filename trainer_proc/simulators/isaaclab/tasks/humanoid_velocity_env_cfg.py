"""The humanoid with 21 joints stands, walks and runs by velocity commands."""

from __future__ import annotations

from isaaclab.managers import RewardTermCfg as RewTerm
from isaaclab.managers import SceneEntityCfg
from isaaclab.utils import configclass
from isaaclab_tasks.core.velocity import mdp

from trainer_proc.simulators.isaaclab.tasks.humanoid_env_cfg import (
    BALANCE,
    FEET,
    HumanoidRewardsCfg,
    HumanoidTaskEnvCfg,
)


@configclass
class HumanoidVelocityRewardsCfg(HumanoidRewardsCfg):
    """Rewards of a biped that follows a velocity command, as for Isaac Lab's G1 and H1."""

    track_lin_vel_xy_exp = RewTerm(
        func=mdp.track_lin_vel_xy_yaw_frame_exp,
        weight=1.0,
        params={"command_name": "base_velocity", "std": 0.5},
    )
    track_ang_vel_z_exp = RewTerm(
        func=mdp.track_ang_vel_z_world_exp, weight=1.0, params={"command_name": "base_velocity", "std": 0.5}
    )
    feet_air_time = RewTerm(
        func=mdp.feet_air_time_positive_biped,
        weight=0.75,
        params={
            "command_name": "base_velocity",
            "sensor_cfg": SceneEntityCfg("contact_forces", body_names=FEET),
            "threshold": 0.4,
        },
    )


@configclass
class HumanoidStandRewardsCfg(HumanoidVelocityRewardsCfg):
    """The same with the place of the centre of mass; air time is of no use on the spot."""

    balance = BALANCE
    feet_air_time = None


@configclass
class HumanoidVelocityEnvCfg(HumanoidTaskEnvCfg):
    """The humanoid follows velocity commands. Yaw rates are sampled; no heading leads them."""

    rewards: HumanoidVelocityRewardsCfg = HumanoidVelocityRewardsCfg()

    def __post_init__(self) -> None:
        super().__post_init__()

        # commands
        self.commands.base_velocity.heading_command = False
        self.commands.base_velocity.rel_heading_envs = 0.0
        self.commands.base_velocity.marker_pos_offset = (0.0, 0.0, 0.8)
        self.commands.base_velocity.ranges.heading = None


@configclass
class HumanoidStandEnvCfg(HumanoidVelocityEnvCfg):
    """The humanoid keeps its balance on the spot, and is pushed every 2 to 4 s."""

    rewards: HumanoidStandRewardsCfg = HumanoidStandRewardsCfg()

    def __post_init__(self) -> None:
        super().__post_init__()

        self.episode_length_s = 10.0
        # commands
        self.commands.base_velocity.ranges.lin_vel_x = (0.0, 0.0)
        self.commands.base_velocity.ranges.lin_vel_y = (0.0, 0.0)
        self.commands.base_velocity.ranges.ang_vel_z = (0.0, 0.0)
        # events
        self.events.push_robot.interval_range_s = (2.0, 4.0)


@configclass
class HumanoidWalkEnvCfg(HumanoidVelocityEnvCfg):
    """The humanoid walks up to 1 m/s ahead and to the sides, and turns."""

    def __post_init__(self) -> None:
        super().__post_init__()

        # commands
        self.commands.base_velocity.rel_standing_envs = 0.1
        self.commands.base_velocity.ranges.lin_vel_x = (-0.3, 1.0)
        self.commands.base_velocity.ranges.lin_vel_y = (-0.3, 0.3)
        self.commands.base_velocity.ranges.ang_vel_z = (-0.7, 0.7)


@configclass
class HumanoidRunEnvCfg(HumanoidVelocityEnvCfg):
    """The humanoid runs straight ahead, up to 3 m/s, and turns a little."""

    def __post_init__(self) -> None:
        super().__post_init__()

        # commands
        self.commands.base_velocity.ranges.lin_vel_x = (0.0, 3.0)
        self.commands.base_velocity.ranges.lin_vel_y = (0.0, 0.0)
        self.commands.base_velocity.ranges.ang_vel_z = (-0.3, 0.3)
        # rewards: one foot on the ground is rewarded, but a run has a flight phase
        self.rewards.feet_air_time.weight = 0.25
