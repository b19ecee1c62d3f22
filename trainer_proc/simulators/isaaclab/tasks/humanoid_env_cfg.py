"""Isaac Lab's humanoid (21 joints) in the form of Isaac Lab's velocity tasks: robot, physics, rewards of a biped."""

from __future__ import annotations

from isaaclab.actuators import ImplicitActuatorCfg
from isaaclab.assets import ArticulationCfg
from isaaclab.managers import RewardTermCfg as RewTerm
from isaaclab.managers import SceneEntityCfg
from isaaclab.managers import TerminationTermCfg as DoneTerm
from isaaclab.utils import configclass, replace
from isaaclab_assets.robots.humanoid import HUMANOID_CFG
from isaaclab_tasks.core.locomotion.humanoid.humanoid_common import JOINT_GEARS, HumanoidPhysicsCfg
from isaaclab_tasks.core.velocity import mdp
from isaaclab_tasks.core.velocity.velocity_env_cfg import LocomotionVelocityRoughEnvCfg, RewardsCfg

from trainer_proc.simulators.isaaclab.tasks import rewards

STANDING = 1.25
"""Height of the root, the torso, of a humanoid that stands in its default position (m)."""
FEET = ".*_foot"
_STIFFNESS_S, _DAMPING_S = 2.0, 0.2
"""Stiffness and damping of a joint for each Nm of its largest torque (1/rad, s/rad)."""

HUMANOID_POSITION_CFG: ArticulationCfg = replace(
    HUMANOID_CFG,
    prim_path="{ENV_REGEX_NS}/Robot",
    spawn=replace(HUMANOID_CFG.spawn, activate_contact_sensors=True),
    init_state=ArticulationCfg.InitialStateCfg(
        pos=(0.0, 0.0, STANDING + 0.02),
        joint_pos={".*_thigh:1": -0.25, ".*_shin": -0.5, ".*_foot:0": -0.25},
    ),
    soft_joint_pos_limit_factor=0.9,
    actuators={
        "body": ImplicitActuatorCfg(
            joint_names_expr=[".*"],
            joint_effort_limit=JOINT_GEARS,
            joint_velocity_limit={".*": 100.0},
            stiffness={joint: _STIFFNESS_S * gear for joint, gear in JOINT_GEARS.items()},
            damping={joint: _DAMPING_S * gear for joint, gear in JOINT_GEARS.items()},
            armature=0.01,
        ),
    },
)
"""The robot of `Isaac-Humanoid` whose joints follow positions, with the torques of a unit action there as limits."""

BALANCE = RewTerm(
    func=rewards.balance,
    weight=1.0,
    params={"std": 0.2, "asset_cfg": SceneEntityCfg("robot", body_names=["left_foot", "right_foot"])},
)


@configclass
class HumanoidRewardsCfg(RewardsCfg):
    """Rewards for posture and little effort, those of Isaac Lab's G1 and H1 by the names of this robot's joints."""

    termination_penalty = RewTerm(func=mdp.is_terminated, weight=-200.0)
    base_height_l2 = RewTerm(func=mdp.base_height_l2, weight=-10.0, params={"target_height": STANDING})
    feet_slide = RewTerm(
        func=mdp.feet_slide,
        weight=-0.1,
        params={
            "sensor_cfg": SceneEntityCfg("contact_forces", body_names=FEET),
            "asset_cfg": SceneEntityCfg("robot", body_names=FEET),
        },
    )
    joint_deviation_hip = RewTerm(
        func=mdp.joint_deviation_l1,
        weight=-0.1,
        params={"asset_cfg": SceneEntityCfg("robot", joint_names=[".*_thigh:0", ".*_thigh:2"])},
    )
    joint_deviation_arms = RewTerm(
        func=mdp.joint_deviation_l1,
        weight=-0.1,
        params={"asset_cfg": SceneEntityCfg("robot", joint_names=[".*_upper_arm:.*", ".*_lower_arm"])},
    )
    joint_deviation_torso = RewTerm(
        func=mdp.joint_deviation_l1,
        weight=-0.1,
        params={"asset_cfg": SceneEntityCfg("robot", joint_names=["lower_waist:.*", "pelvis"])},
    )


@configclass
class HumanoidTaskEnvCfg(LocomotionVelocityRoughEnvCfg):
    """The humanoid on flat ground, with the physics of `Isaac-Humanoid`."""

    rewards: HumanoidRewardsCfg = HumanoidRewardsCfg()

    def __post_init__(self) -> None:
        super().__post_init__()

        # physics
        self.decimation = 2
        self.sim.dt = 1 / 120
        self.sim.render_interval = self.decimation
        self.sim.physics = HumanoidPhysicsCfg()
        # scene
        self.scene.robot = HUMANOID_POSITION_CFG
        self.scene.env_spacing = 5.0
        self.scene.terrain.terrain_type = "plane"
        self.scene.terrain.terrain_generator = None
        self.scene.height_scanner = None
        self.scene.contact_forces.prim_path = "{ENV_REGEX_NS}/Robot/.*_foot"
        self.scene.contact_forces.update_period = self.sim.dt
        # actions
        self.actions.joint_pos.scale = 0.25
        # observations
        self.observations.policy.height_scan = None
        # rewards
        self.rewards.lin_vel_z_l2.weight = -0.2
        self.rewards.action_rate_l2.weight = -0.005
        self.rewards.dof_acc_l2.weight = -1.0e-7
        self.rewards.dof_torques_l2.weight = -1.0e-5
        self.rewards.flat_orientation_l2.weight = -1.0
        self.rewards.dof_pos_limits.weight = -1.0
        self.rewards.undesired_contacts = None
        # terminations
        self.terminations.base_contact = None
        self.terminations.torso_height = DoneTerm(func=mdp.root_height_below_minimum, params={"minimum_height": 0.8})
        self.terminations.bad_orientation = DoneTerm(func=mdp.bad_orientation, params={"limit_angle": 1.0})
        # events
        self.events.physics_material = None
        self.events.base_com = None
        self.events.base_external_force_torque = None
        self.events.add_base_mass.params["asset_cfg"].body_names = "torso"
        self.events.reset_base.params["velocity_range"] = {}
        self.events.reset_robot_joints.func = mdp.reset_joints_by_offset
        self.events.reset_robot_joints.params["position_range"] = (-0.1, 0.1)
        # curriculum
        self.curriculum.terrain_levels = None
