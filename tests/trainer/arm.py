"""A small arm in mjlab whose joints have motors of different kinds, and what its simulator does with targets."""

from __future__ import annotations

from dataclasses import asdict, replace

import mujoco
import torch
from mjlab.actuator import BuiltinPositionActuatorCfg
from mjlab.entity import EntityArticulationInfoCfg, EntityCfg
from mjlab.envs import ManagerBasedRlEnv, ManagerBasedRlEnvCfg
from mjlab.envs.mdp import joint_pos_rel, joint_vel_rel, last_action, time_out
from mjlab.envs.mdp.actions import JointPositionActionCfg
from mjlab.managers.observation_manager import ObservationGroupCfg, ObservationTermCfg
from mjlab.managers.reward_manager import RewardTermCfg
from mjlab.managers.termination_manager import TerminationTermCfg
from mjlab.rl import (
    MjlabOnPolicyRunner,
    RslRlModelCfg,
    RslRlOnPolicyRunnerCfg,
    RslRlPpoAlgorithmCfg,
    RslRlVecEnvWrapper,
)
from mjlab.scene import SceneCfg
from mjlab.sim import MujocoCfg, SimulationCfg

from trainer_proc.export.description import describe_policy
from trainer_proc.simulators.mjlab.cpu_graph import replay_physics
from trainer_proc.simulators.registry import simulator_of

ENVIRONMENTS = 3
DOOR = EntityCfg(
    spec_fn=lambda: mujoco.MjSpec.from_string(
        '<mujoco><worldbody><body name="panel" pos="9 0 0"><joint name="hinge" axis="0 0 1"/>'
        '<geom type="box" size=".1 .1 .1"/></body></worldbody></mujoco>'
    ),
    articulation=EntityArticulationInfoCfg(
        actuators=(BuiltinPositionActuatorCfg(target_names_expr=("hinge",), stiffness=7.0, damping=0.7),)
    ),
)
"""Another entity with a motor."""


def arm(actuators, *, actuators_of_xml="", **joint_positions):
    """Return an arm of as many joints as there are `joint_positions`, in this order."""
    links = "".join(
        f'<body pos="0 0 .2"><joint name="{name}" axis="0 1 0"/>'
        '<geom type="capsule" size=".02" fromto="0 0 0 0 0 .1" contype="0" conaffinity="0"/>'
        for name in joint_positions
    )
    xml = (
        f'<mujoco><worldbody><body name="base"><geom type="box" size=".05 .05 .05"/>{links}'
        f"{'</body>' * len(joint_positions)}</body></worldbody><actuator>{actuators_of_xml}</actuator></mujoco>"
    )
    return EntityCfg(
        spec_fn=lambda: mujoco.MjSpec.from_string(xml),
        articulation=EntityArticulationInfoCfg(actuators=tuple(actuators)),
        init_state=EntityCfg.InitialStateCfg(joint_pos=joint_positions),
    )


def positions_of(robot="robot", **changes):
    return JointPositionActionCfg(entity_name=robot, actuator_names=(".*",), **{"scale": 0.5, **changes})


class Arm:
    """A built training of entities with motors, and its policy's description."""

    def __init__(self, entities, actions=None, *, terms=None, events=None, clip_actions=None, cameras=None, **group):
        terms = terms or {"last": ObservationTermCfg(func=last_action)}
        cfg = ManagerBasedRlEnvCfg(
            decimation=2,
            episode_length_s=2.0,
            scene=SceneCfg(num_envs=ENVIRONMENTS, entities=entities),
            sim=SimulationCfg(mujoco=MujocoCfg(timestep=0.01)),
            observations={"actor": ObservationGroupCfg(dict(terms), **group), **(cameras or {})},
            actions=actions or {"joint_pos": positions_of()},
            events=events or {},
            rewards={"alive": RewardTermCfg(func=lambda env: torch.ones(env.num_envs), weight=1.0)},
            terminations={"time_out": TerminationTermCfg(func=time_out, time_out=True)},
        )
        self.env = ManagerBasedRlEnv(cfg, device="cpu")
        replay_physics(self.env.sim)
        self.runner = MjlabOnPolicyRunner(
            RslRlVecEnvWrapper(self.env, clip_actions=clip_actions),
            asdict(_agent(clip_actions, tuple(cameras or ()))),
            None,
            "cpu",
        )

    def described(self):
        return describe_policy(self.runner, "Arm", "mjlab", simulator_of(self.env))


def _agent(clip_actions, cameras):
    critic = RslRlModelCfg(hidden_dims=(8,))
    actor = replace(critic, distribution_cfg={"class_name": "GaussianDistribution", "init_std": 1.0})
    if cameras:
        cnn = {"output_channels": [2], "kernel_size": 3, "activation": "elu"}
        actor = replace(actor, class_name="CNNModel", cnn_cfg=cnn)
    return RslRlOnPolicyRunnerCfg(
        actor=actor,
        critic=critic,
        algorithm=RslRlPpoAlgorithmCfg(),
        obs_groups={"actor": ("actor", *cameras), "critic": ("actor",)},
        num_steps_per_env=4,
        clip_actions=clip_actions,
    )


JOINT_TERMS = {"pos": joint_pos_rel, "vel": joint_vel_rel}


def gains_in_physics(env, entity, joints):
    """Return stiffness and damping of each joint, from torques when it is ahead of its target and when it moves."""
    return [
        (-torque(env, entity, joint, position=1e-3) / 1e-3, -torque(env, entity, joint, velocity=1e-3) / 1e-3)
        for joint in joints
    ]


def torque(env, entity, joint, position=0.0, velocity=0.0):
    """Return an actuated joint's torque where it is this far ahead of its target, or moves while it should stand."""
    robot = env.scene.entities[entity]
    index = robot.joint_names.index(joint)
    with torch.inference_mode():
        pose = robot.data.default_joint_pos.clone()
        still = torch.zeros_like(pose)
        moved, speed = pose.clone(), still.clone()
        moved[:, index] += position
        speed[:, index] += velocity
        robot.write_joint_state_to_sim(moved, speed)
        robot.set_joint_position_target(pose)
        robot.set_joint_velocity_target(still)
        robot.set_joint_effort_target(still)
        env.sim.forward()
        env.scene.write_data_to_sim()
        env.sim.forward()
        return float(robot.data.data.qfrc_actuator[0, robot.indexing.joint_v_adr[index]])
