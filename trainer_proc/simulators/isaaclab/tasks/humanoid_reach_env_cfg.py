"""The humanoid with 21 joints brings its right hand to targets, standing and stepping."""

from __future__ import annotations

from isaaclab.managers import ObservationTermCfg as ObsTerm
from isaaclab.managers import RewardTermCfg as RewTerm
from isaaclab.managers import SceneEntityCfg
from isaaclab.utils import configclass
from isaaclab.utils.noise import UniformNoiseCfg as Unoise
from isaaclab_tasks.core.velocity import mdp
from isaaclab_tasks.core.velocity.velocity_env_cfg import ObservationsCfg

from trainer_proc.simulators.isaaclab.tasks import observations, rewards
from trainer_proc.simulators.isaaclab.tasks.humanoid_env_cfg import BALANCE, HumanoidRewardsCfg, HumanoidTaskEnvCfg
from trainer_proc.simulators.isaaclab.tasks.reach_command import ReachCommandCfg

_TARGET_S = 5.0
"""Time for each target."""


@configclass
class CommandsCfg:
    """Command specifications for the MDP."""

    reach = ReachCommandCfg(resampling_time_range=(_TARGET_S, _TARGET_S))


@configclass
class HumanoidReachObservationsCfg(ObservationsCfg):
    """Observations of the velocity tasks, with the target instead of the velocity."""

    @configclass
    class PolicyCfg(ObservationsCfg.PolicyCfg):
        """Observations for policy group."""

        velocity_commands = None
        target = ObsTerm(func=mdp.generated_commands, params={"command_name": "reach"})
        hand_to_target = ObsTerm(
            func=observations.hand_to_target,
            params={"command_name": "reach"},
            noise=Unoise(n_min=-0.01, n_max=0.01),
        )

    policy: PolicyCfg = PolicyCfg()


@configclass
class HumanoidReachRewardsCfg(HumanoidRewardsCfg):
    """Rewards for the hand and for balance; the right arm is free."""

    reach = RewTerm(func=rewards.reach, weight=2.0, params={"command_name": "reach", "std": 0.1})
    approach = RewTerm(func=rewards.reach, weight=1.0, params={"command_name": "reach", "std": 0.5})
    balance = BALANCE
    joint_deviation_arms = RewTerm(
        func=mdp.joint_deviation_l1,
        weight=-0.1,
        params={"asset_cfg": SceneEntityCfg("robot", joint_names=["left_upper_arm:.*", "left_lower_arm"])},
    )
    track_lin_vel_xy_exp = None
    track_ang_vel_z_exp = None
    feet_air_time = None


@configclass
class HumanoidReachEnvCfg(HumanoidTaskEnvCfg):
    """The humanoid has two targets in each episode of 10 s."""

    commands: CommandsCfg = CommandsCfg()
    observations: HumanoidReachObservationsCfg = HumanoidReachObservationsCfg()
    rewards: HumanoidReachRewardsCfg = HumanoidReachRewardsCfg()

    def __post_init__(self) -> None:
        super().__post_init__()

        self.episode_length_s = 2 * _TARGET_S
        # events: pushes of the velocity tasks would move the hand away from its target
        self.events.push_robot.interval_range_s = (5.0, 10.0)
        self.events.push_robot.params["velocity_range"] = {"x": (-0.2, 0.2), "y": (-0.2, 0.2)}
