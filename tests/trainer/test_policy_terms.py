"""Terms of tracking policies, of robots that measure little, and of small robots of a user's own; their models."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global Arm, DOOR, JOINT_TERMS, ObservationTermCfg, Simulated, actuators, arm, describe_policy, mujoco, numpy
    global positions_of, simulator_of, torch
    import mujoco
    import numpy
    import torch
    from mjlab import actuator as actuators
    from mjlab.managers.observation_manager import ObservationTermCfg

    import trainer_proc.simulators.mjlab.tasks  # noqa: F401 (registers tasks)
    from tests.trainer.arm import DOOR, JOINT_TERMS, Arm, arm, positions_of
    from tests.trainer.knobs.simulated import Simulated
    from trainer_proc.export.description import describe_policy
    from trainer_proc.simulators.registry import simulator_of


pytestmark = pytest.mark.real


def test_a_tracking_policy_names_the_motion_its_anchor_and_its_bodies(tmp_path):
    from tests.standing_motion import write_standing_motion

    motion = write_standing_motion(tmp_path / "stand.npz")

    def track(cfg):
        cfg.commands["motion"].motion_file = str(motion)

    task = "Mjlab-Tracking-Flat-Unitree-G1"
    training = Simulated(task, 1, track)
    described = describe_policy(training.runner, task, "mjlab", simulator_of(training.env))
    quantities = {term.name: (term.quantity, term.command) for term in described.observation_terms}
    for name in ("command", "motion_anchor_pos_b", "motion_anchor_ori_b"):
        assert quantities[name] == ("motion", "motion")
    assert quantities["base_lin_vel"] == ("base_lin_vel", "")
    (command,) = described.commands
    cfg = training.env.command_manager.get_term("motion").cfg
    assert (command.kind, command.body, command.bodies) == ("motion", "torso_link", list(cfg.body_names))
    assert described.not_included == []
    from trainer_proc.export.metadata import metadata

    facts = metadata(described, "run", 1)
    assert (facts["anchor_body_name"], facts["body_names"]) == ("torso_link", ",".join(cfg.body_names))


def test_the_g1_for_deployment_observes_only_what_it_measures():
    from presets.robots import ObservedTerm, find_robot, not_measured

    task = "HumanoidTui-Velocity-Flat-Unitree-G1-Deploy"
    training = Simulated(task, 1)
    described = describe_policy(training.runner, task, "mjlab", simulator_of(training.env))
    terms = [ObservedTerm(term.name, term.quantity, term.function) for term in described.observation_terms]
    robot = find_robot("unitree-g1-29dof")
    assert not_measured(robot, terms) == []
    assert described.action_delay_steps == (0, 4)
    assert {(term.history_length, term.history_order) for term in described.observation_terms} == {(5, "term")}
    assert {term.delay_steps for term in described.observation_terms} == {(0, 0), (0, 1)}
    assert sorted(described.joint_names) == sorted(robot.joints)
    rough = ObservedTerm("height_scan", "height_scan", "mjlab.envs.mdp.observations:height_scan")
    assert [line.partition(":")[0] for line in not_measured(robot, [*terms, rough])] == ["height_scan"]


# --- Small robots -------------------------------------------------------------------------------------------


def another(env):
    return torch.zeros(env.num_envs, 2)


def test_a_term_of_a_users_function_is_named_with_what_is_unknown():
    motor = actuators.BuiltinPositionActuatorCfg(target_names_expr=(".*",), stiffness=50.0, damping=5.0)
    terms = {"pos": ObservationTermCfg(func=JOINT_TERMS["pos"]), "mine": ObservationTermCfg(func=another)}
    described = Arm({"robot": arm([motor], shoulder=0.1)}, terms=terms).described()
    assert [(term.name, term.quantity) for term in described.observation_terms] == [("pos", "joint_pos"), ("mine", "")]
    assert described.not_included == ["observation mine: only the code of the training computes it"]


def test_a_subset_of_joints_and_another_order_are_listed_as_they_are_observed():
    from mjlab.managers.scene_entity_config import SceneEntityCfg

    motor = actuators.BuiltinPositionActuatorCfg(target_names_expr=(".*",), stiffness=50.0, damping=5.0)
    some = SceneEntityCfg("robot", joint_names=("wrist", "shoulder"), preserve_order=True)
    door = SceneEntityCfg("door", joint_names=("hinge",))
    terms = {
        "some": ObservationTermCfg(func=JOINT_TERMS["pos"], params={"asset_cfg": some}, noise=None),
        "door": ObservationTermCfg(func=JOINT_TERMS["pos"], params={"asset_cfg": door}),
    }
    robot = arm([motor], shoulder=0.1, elbow=0.2, wrist=0.3)
    described = Arm({"door": DOOR, "robot": robot}, {"move": positions_of()}, terms=terms).described()
    some, door = described.observation_terms
    assert (some.joints, some.quantity) == (["wrist", "shoulder"], "joint_pos")
    assert (door.joints, door.quantity) == ([], "")  # the policy doesn't drive it


def test_limits_of_joints_and_the_delay_of_motors_are_described():
    slow = actuators.DcMotorActuatorCfg(
        target_names_expr=("shoulder",),
        stiffness=30.0,
        damping=3.0,
        effort_limit=20.0,
        saturation_effort=40.0,
        velocity_limit=9.0,
        armature=0.02,
        delay_min_lag=1,
        delay_max_lag=3,
    )
    quick = actuators.BuiltinPositionActuatorCfg(target_names_expr=("elbow",), stiffness=50.0, damping=5.0)
    described = Arm({"robot": arm([slow, quick], shoulder=0.1, elbow=0.2)}).described()
    assert described.joint_velocity_limits == [9.0, None]
    assert described.joint_armature == [0.02, 0.0]
    assert described.joint_position_limits == [None, None]
    assert described.action_delay_steps == (0, 3)


def test_a_colliding_mesh_is_written_into_the_robots_file(tmp_path):
    import struct

    corners = numpy.array([[0, 0, 0], [0.2, 0, 0], [0, 0.3, 0], [0, 0, 0.4]], dtype=numpy.float32)
    faces = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]
    stl = bytes(80) + struct.pack("<I", len(faces))
    for face in faces:
        stl += struct.pack("<3f", 0, 0, 0) + corners[list(face)].tobytes() + struct.pack("<H", 0)
    (tmp_path / "tetrahedron.stl").write_bytes(stl)
    xml = (
        f'<mujoco><compiler meshdir="{tmp_path}"/><asset><mesh name="block" file="tetrahedron.stl" scale="2 1 1"/>'
        '<mesh name="look" file="tetrahedron.stl"/></asset><worldbody><body name="base"><freejoint/>'
        '<geom type="mesh" mesh="block" pos=".1 0 0"/><geom type="mesh" mesh="look" contype="0" conaffinity="0"/>'
        '<body name="link" pos="0 0 .5"><joint name="elbow"/><geom size=".1"/></body></body></worldbody></mujoco>'
    )
    motor = actuators.BuiltinPositionActuatorCfg(target_names_expr=("elbow",), stiffness=50.0, damping=5.0)
    robot = arm([motor], elbow=0.0)
    robot.spec_fn = lambda: mujoco.MjSpec.from_string(xml)
    training = Arm({"robot": robot})
    text = simulator_of(training.env).robot_model("robot")
    (tmp_path / "tetrahedron.stl").unlink()
    alone, trained = mujoco.MjModel.from_xml_string(text), training.env.sim.mj_model
    assert (alone.nmesh, alone.ngeom) == (1, 2)
    assert alone.body("base").mass == pytest.approx(trained.body("robot/base").mass)
    assert alone.body("base").inertia == pytest.approx(trained.body("robot/base").inertia, rel=1e-4)
    expected = sorted((2 * x + 0.1, y, z) for x, y, z in corners.tolist())
    assert numpy.array(corners_of(alone)) == pytest.approx(numpy.array(expected), abs=1e-5)


def corners_of(model):
    """Return the corners of the first mesh in the axes of its body."""
    rotation = numpy.zeros(9)
    mujoco.mju_quat2Mat(rotation, model.geom_quat[0])
    corners = (model.mesh_vert @ rotation.reshape(3, 3).T + model.geom_pos[0]).round(5) + 0.0
    return sorted(map(tuple, corners.tolist()))
