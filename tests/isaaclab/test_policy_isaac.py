"""What is written of an Isaac Lab policy, and its export: one ONNX file that computes what the policy does."""

from __future__ import annotations

import numpy
import pytest
import torch
from isaaclab.actuators import ActuatorNetMLPCfg, IdealPDActuatorCfg
from isaaclab.managers import EventTermCfg
from isaaclab.utils.math import quat_apply_inverse
from rsl_rl.runners import OnPolicyRunner

from tests.isaaclab.built import built_environment
from trainer_proc.contract.bundle.description import write_policy_description
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.export.description import describe_policy
from trainer_proc.export.write import export_policy
from trainer_proc.simulators.registry import simulator_of

pytestmark = pytest.mark.real


OFFSET = 0.25
"""Offset (rad) that an event adds to the default pose of every environment."""


def another_default_pose(env, env_ids):
    env.scene["robot"].data.default_joint_pos.torch[:] += OFFSET
    env.action_manager.get_term("joint_pos")._offset += OFFSET


def other_gains(env, env_ids):
    robot = env.scene["robot"]
    feet, _ = robot.find_joints(".*_ankle_.*_joint")
    robot.write_joint_stiffness_to_sim_index(
        stiffness=torch.full((env.num_envs, len(feet)), 77.0),
        joint_ids=torch.tensor(feet),
        env_ids=torch.arange(env.num_envs),
    )


def randomized_explicit_arms(network):
    """Arms whose motors are computed outside of the simulation, wrists by a network, and events that randomize all."""

    def change(cfg):
        robot = cfg.scene.robot
        robot.actuators["arms"] = IdealPDActuatorCfg(
            joint_names_expr=[".*_shoulder_.*_joint", ".*_elbow_joint"],
            actuator_effort_limit=300.0,
            stiffness=40.0,
            damping=10.0,
            armature=0.01,
        )
        robot.actuators["wrists"] = ActuatorNetMLPCfg(
            joint_names_expr=[".*_wrist_.*_joint"],
            network_file=str(network),
            actuator_effort_limit=5.0,
            actuator_velocity_limit=20.0,
            saturation_effort=10.0,
            pos_scale=1.0,
            vel_scale=1.0,
            torque_scale=1.0,
            input_order="pos_vel",
            input_idx=[0, 1, 2],
            armature=0.01,
        )
        robot.actuators["feet"].damping = None  # what the robot's file has
        cfg.events.pose = EventTermCfg(func=another_default_pose, mode="startup")
        cfg.events.gains = EventTermCfg(func=other_gains, mode="startup")
        cfg.actions.joint_pos.clip = {".*_knee_joint": (-1.0, 2.0)}
        observations = cfg.observations.policy
        observations.history_length, observations.history_order = 2, "time"
        observations.base_ang_vel.scale, observations.base_ang_vel.clip = 0.2, (-10.0, 10.0)

    return change


class Policy:
    def __init__(self, wrapped, agent, folder):
        self.env = wrapped.unwrapped
        self.folder = folder
        self.runner = OnPolicyRunner(wrapped, agent | {"num_steps_per_env": 4}, str(folder.path), "cpu")
        self.runner.learn(2)
        self.described = describe_policy(self.runner, "task", "isaaclab", simulator_of(self.env))
        write_policy_description(folder, self.described)

    def export(self):
        return export_policy(self.folder, self.folder.checkpoint(1))

    def onnx(self):
        import onnx

        return onnx.load(self.folder.exported / "policy.onnx", load_external_data=False)

    def actions(self, observation):
        """Return the policy's and the exported file's actions for an observation of shape [1, size]."""
        import onnxruntime

        session = onnxruntime.InferenceSession(
            str(self.folder.exported / "policy.onnx"), providers=["CPUExecutionProvider"]
        )
        group = self.described.observation_groups["actor"][0]
        with torch.inference_mode():
            expected = self.runner.alg.get_policy()({group: observation}).numpy()
        return expected, session.run(["actions"], {"obs": observation.numpy()})[0]


# the first, because a process has one environment at a time
def test_a_direct_environments_policy_is_exported_without_lists(tmp_path):
    folder = RunFolder(tmp_path / "cartpole" / "run")
    folder.path.mkdir(parents=True)
    with built_environment("Isaac-Cartpole-Direct", 2) as (wrapped, agent):
        cartpole = Policy(wrapped, agent, folder)
        described = cartpole.described
        assert (described.action_names, described.observation_terms) == ([], [])
        assert described.num_actions == 1
        assert described.observation_sizes == {"policy": 4}
        cartpole.export()
        expected, computed = cartpole.actions(torch.randn(1, 4))
        assert numpy.abs(expected - computed).max() < 1e-5
        metadata = {entry.key for entry in cartpole.onnx().metadata_props}
        assert "action_names" not in metadata
        reasons = [line.partition(":")[0] for line in described.not_included]
        assert reasons == ["observation terms", "actions", "gains of cart_to_pole"]


@pytest.fixture(scope="module")
def g1(tmp_path_factory):
    folder = RunFolder(tmp_path_factory.mktemp("policy") / "g1" / "run")
    folder.path.mkdir(parents=True)
    network = folder.path / "network.pt"
    torch.jit.script(torch.nn.Linear(6, 1)).save(network)
    with built_environment("Isaac-Velocity-Flat-G1", 2, randomized_explicit_arms(network)) as (wrapped, agent):
        agent = agent | {"actor": agent["actor"] | {"obs_normalization": True}}
        wrapped.clip_actions = 8.0
        yield Policy(wrapped, agent, folder)


def test_joints_and_actions_are_listed_as_the_simulator_has_them_before_randomization(g1):
    robot, described = g1.env.scene["robot"], g1.described
    term = g1.env.action_manager.get_term("joint_pos")
    assert described.joint_names == list(robot.joint_names)
    assert len(described.joint_names) == 29
    randomized = robot.data.default_joint_pos.torch[0]
    default = dict(zip(robot.joint_names, (randomized - OFFSET).tolist(), strict=True))
    assert described.default_joint_positions == pytest.approx([default[name] for name in described.joint_names])
    assert described.default_joint_positions[described.joint_names.index("left_knee_joint")] == pytest.approx(0.42)
    assert described.action_scale == [0.5] * 29
    assert described.action_offset == pytest.approx([default[name] for name in described.action_names])
    assert (described.robot_joint_names, described.robot_joint_velocities) == (list(robot.joint_names), [0.0] * 29)
    assert described.action_kinds == ["position"] * 29
    assert described.action_clip == [(-1.0, 2.0) if "knee" in name else None for name in described.action_names]
    assert described.clip_actions == 8.0
    # an action of ones, as the environment makes targets of it
    term.process_actions(torch.ones(2, 29))
    targets = dict(zip(described.action_names, term.processed_actions[0].tolist(), strict=True))
    scaled = zip(described.action_names, described.action_scale, described.action_offset, strict=True)
    assert targets == {name: pytest.approx(scale + offset + OFFSET) for name, scale, offset in scaled}
    assert described.control_frequency == pytest.approx(50.0)


def test_gains_are_the_configured_ones_of_every_kind_of_motor(g1):
    described = g1.described
    gains = dict(
        zip(described.joint_names, zip(described.joint_stiffness, described.joint_damping, strict=True), strict=True)
    )
    assert gains["left_knee_joint"] == (200.0, 5.0)
    assert gains["right_hip_yaw_joint"] == (150.0, 5.0)
    assert gains["left_elbow_joint"] == (40.0, 10.0)
    assert gains["left_wrist_roll_joint"] == (None, None)
    limits = dict(zip(described.joint_names, described.joint_effort_limits, strict=True))
    physics = g1.env.scene["robot"].data.joint_effort_limits.torch[0].tolist()
    in_physics = dict(zip(described.joint_names, physics, strict=True))
    assert limits["left_knee_joint"] == (-300.0, 300.0)
    assert in_physics["left_knee_joint"] == 300.0
    assert limits["left_ankle_roll_joint"] == (-20.0, 20.0)
    assert limits["left_wrist_roll_joint"] == (-5.0, 5.0)
    elbow = min(300.0, in_physics["left_elbow_joint"])
    assert limits["left_elbow_joint"] == (-elbow, elbow)
    of_file = g1.env.scene["robot"].data.joint_damping.torch[0, described.joint_names.index("left_ankle_roll_joint")]
    assert gains["left_ankle_roll_joint"] == (20.0, pytest.approx(of_file.item()))
    assert [line.partition(":")[0] for line in described.not_included] == [
        "observation base_lin_vel",
        "gains of " + ", ".join(name for name in described.joint_names if "wrist" in name),
    ]
    simulated = g1.env.scene["robot"].data.joint_stiffness.torch[0].tolist()
    assert simulated[described.joint_names.index("left_elbow_joint")] == 0.0  # what an explicit motor leaves there


def test_what_terms_observe_and_what_is_commanded_is_described(g1):
    described = g1.described
    terms = {term.name: term for term in described.observation_terms}
    quantities = {name: term.quantity for name, term in terms.items()}
    assert quantities == {
        **{name: name for name in ("base_lin_vel", "base_ang_vel", "projected_gravity", "joint_pos", "joint_vel")},
        "velocity_commands": "command",
        "actions": "last_action",
    }
    assert (terms["base_ang_vel"].frame, terms["base_ang_vel"].unit) == ("pelvis", "rad/s")
    assert terms["joint_pos"].joints == list(g1.env.scene["robot"].joint_names)
    assert terms["joint_vel"].noise == [-1.5, 1.5]
    assert terms["velocity_commands"].command == "base_velocity"
    (command,) = described.commands
    ranges = g1.env.command_manager.get_term("base_velocity").cfg.ranges
    assert [(part.name, part.low, part.high) for part in command.parts] == [
        (name, *getattr(ranges, name)) for name in ("lin_vel_x", "lin_vel_y", "ang_vel_z")
    ]
    assert (command.kind, command.body, command.heading) == ("velocity", "pelvis", True)
    assert (described.physics_dt, described.decimation, described.base_body) == (0.005, 4, "pelvis")
    limits = dict(zip(described.joint_names, described.joint_position_limits, strict=True))
    assert limits["left_knee_joint"] == (pytest.approx(-0.087267, abs=1e-4), pytest.approx(2.8798, abs=1e-4))
    assert set(described.joint_armature) == {0.01}
    speeds = dict(zip(described.joint_names, described.joint_velocity_limits, strict=True))
    assert speeds["left_wrist_roll_joint"] == 20.0


def test_the_robots_file_is_the_robot_that_newton_simulates(g1):
    import mujoco

    robot = g1.env.scene["robot"]
    alone = mujoco.MjModel.from_xml_string(simulator_of(g1.env).robot_model("robot"))
    data = mujoco.MjData(alone)
    data.qpos[:7] = (0, 0, 0, 1, 0, 0, 0)
    for name, position in zip(robot.joint_names, robot.data.joint_pos.torch[0].tolist(), strict=True):
        data.joint(name).qpos[0] = position
    mujoco.mj_forward(alone, data)
    origin, turned = robot.data.body_link_pos_w.torch[0, 0], robot.data.body_link_quat_w.torch[0, 0]
    for name in ("left_ankle_roll_link", "right_wrist_yaw_link", "torso_link"):
        at = list(robot.body_names).index(name)
        there = quat_apply_inverse(turned[None], (robot.data.body_link_pos_w.torch[0, at] - origin)[None])[0]
        assert data.body(name).xpos.tolist() == pytest.approx(there.tolist(), abs=1e-4), name
    solver = g1.env.sim.physics_manager._solver.mj_model
    assert sum(alone.body_mass) == pytest.approx(sum(solver.body_mass))
    assert (alone.nv, alone.nu, alone.nmesh) == (29 + 6, 0, 0)
    assert alone.ngeom == solver.ngeom - 1  # without ground
    assert alone.joint("left_knee_joint").range.tolist() == pytest.approx([-0.087267, 2.8798], abs=1e-4)
    assert alone.dof_armature[6:].tolist() == pytest.approx([0.01] * 29)
    assert (alone.opt.timestep, alone.opt.iterations) == (0.005, solver.opt.iterations)


def test_observation_terms_add_up_to_what_the_policy_sees(g1):
    terms = [(term.name, term.size) for term in g1.described.observation_terms]
    assert terms[:2] == [("base_lin_vel", 6), ("base_ang_vel", 6)]
    assert sum(size for _, size in terms) == g1.described.observation_sizes["policy"] == 2 * (96 + 3)


def test_limits_scale_and_history_of_observations_are_described(g1):
    by_name = {term.name: term for term in g1.described.observation_terms}
    assert {(term.history_length, term.history_order) for term in by_name.values()} == {(2, "time")}
    angular, joints = by_name["base_ang_vel"], by_name["joint_pos"]
    assert (angular.clip, angular.scale) == ((-10.0, 10.0), pytest.approx([0.2]))
    assert (joints.clip, joints.scale, joints.function) == (None, [1.0], "isaaclab.envs.mdp.observations:joint_pos_rel")


def test_the_export_is_one_file_that_computes_the_same(g1):
    result = g1.export()
    files = {"policy.onnx", "policy.pt", "policy_weights.pt", "policy.json"}
    assert {path.name for path in g1.folder.exported.iterdir() if path.is_file()} == files
    assert result.largest_difference <= 1e-5
    observation = g1.runner.env.get_observations()["policy"][:1]
    expected, computed = g1.actions(observation)
    assert numpy.abs(expected - computed).max() < 1e-5
    normalizer = g1.runner.alg.get_policy().obs_normalizer
    assert int(normalizer.count) == 2 * 4 * 2  # two iterations of four steps in two environments
    with torch.inference_mode():
        raw = g1.runner.alg.get_policy().mlp(observation).numpy()
    assert numpy.abs(raw - computed).max() > 1e-3  # the normalizer is inside
    model = g1.onnx()
    assert not any(weight.external_data for weight in model.graph.initializer)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata["joint_names"].split(",") == g1.described.joint_names
    assert metadata["action_offset"].split(",") == [f"{value:.9f}" for value in g1.described.action_offset]
    assert metadata["observation_names"].startswith("base_lin_vel,base_ang_vel")
    assert metadata["backend"] == "isaaclab"
