"""Gains of an exported policy's joints, compared with the torques that the simulator computes."""

from __future__ import annotations

from functools import partial

import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global Arm, DOOR, G1, JOINT_TERMS, ObservationTermCfg, Simulated, actuators, arm, describe_policy
    global gains_in_physics, positions_of, simulator_of, torque
    from mjlab import actuator as actuators
    from mjlab.managers.observation_manager import ObservationTermCfg

    from tests.trainer.arm import DOOR, JOINT_TERMS, Arm, arm, gains_in_physics, positions_of, torque
    from tests.trainer.knobs.simulated import G1, Simulated
    from trainer_proc.export.description import describe_policy
    from trainer_proc.simulators.registry import simulator_of


pytestmark = pytest.mark.real

XML = """
<position name="servo" joint="servo" kp="40" kv="4"/>
<position name="geared" joint="geared" kp="40" kv="4" gear="2"/>
<velocity name="spinner" joint="spinner" kv="3"/>
<velocity name="brake" joint="shared" kv="0.5"/>
<motor name="engine" joint="engine" gear="3" forcerange="-2 4"/>
<muscle name="muscle" joint="muscle" lengthrange="0 1"/>
"""
IN_XML = ("servo", "geared", "spinner", "engine", "muscle")
WITHOUT_LAW = {"torque", "voltage", "engine", "muscle", "geared", "network"}


def mixed_arm(network):
    """Return an arm with a motor of each kind, configured from the last joint to the first."""

    def pd(kind, joint, stiffness, damping, **more):
        return kind(target_names_expr=(joint,), stiffness=stiffness, damping=damping, **more)

    limits = {"effort_limit": 50.0, "saturation_effort": 80.0, "velocity_limit": 20.0}
    motors = [
        pd(actuators.BuiltinPositionActuatorCfg, "built_in", 100.0, 10.0),
        pd(actuators.IdealPdActuatorCfg, "ideal", 60.0, 6.0, effort_limit=50.0),
        pd(actuators.DcMotorActuatorCfg, "dc", 30.0, 3.0, **limits),
        pd(actuators.BuiltinPdActuatorCfg, "pair", 20.0, 2.0, effort_limit=15.0),
        pd(actuators.BuiltinPositionActuatorCfg, "limited", 100.0, 10.0, effort_limit=8.0),
        pd(actuators.IdealPdActuatorCfg, "shared", 9.0, 0.0, effort_limit=50.0),
        actuators.XmlActuatorCfg(target_names_expr=("shared",)),
        actuators.BuiltinMotorActuatorCfg(target_names_expr=("torque",), effort_limit=20.0),
        actuators.BuiltinDcMotorActuatorCfg(
            target_names_expr=("voltage",),
            motor_params=actuators.DcMotorPhysicalParams(kt=0.1, ke=0.1, resistance=1.0),
            stiffness=5.0,
            damping=0.5,
            voltage_limit=24.0,
        ),
        actuators.LearnedMlpActuatorCfg(
            target_names_expr=("network",),
            network_file=str(network),
            pos_scale=1.0,
            vel_scale=1.0,
            torque_scale=1.0,
            **limits,
        ),
        *(actuators.XmlActuatorCfg(target_names_expr=(name,)) for name in IN_XML),
    ]
    joints = ["built_in", "ideal", "dc", "pair", "limited", "shared", "torque", "voltage", "network", *IN_XML]
    positions = {joint: 0.1 * (1 + index) for index, joint in enumerate(joints)}
    return arm(reversed(motors), actuators_of_xml=XML, **positions), joints


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    import torch

    network = tmp_path_factory.mktemp("network") / "network.pt"
    torch.jit.script(torch.nn.Linear(6, 1)).save(network)
    entity, joints = mixed_arm(network)
    return Arm({"door": DOOR, "robot": entity}), joints


def test_gains_are_those_of_each_kind_of_motor_or_none(mixed):
    training, joints = mixed
    described = training.described()
    assert described.joint_names == joints
    has_law = [joint for joint in joints if joint not in WITHOUT_LAW]
    measured = dict(zip(has_law, gains_in_physics(training.env, "robot", has_law), strict=True))
    for joint, stiffness, damping in zip(joints, described.joint_stiffness, described.joint_damping, strict=True):
        if joint in WITHOUT_LAW:
            assert (stiffness, damping) == (None, None), joint
        else:
            assert (stiffness, damping) == pytest.approx(measured[joint], rel=1e-3, abs=1e-3), joint
    assert measured["ideal"] == pytest.approx((60, 6), rel=1e-3)
    assert measured["shared"] == pytest.approx((9, 0.5), rel=1e-3)
    reasons = sorted(line.partition(":")[0] for line in described.not_included)
    without = ", ".join(joint for joint in joints if joint in WITHOUT_LAW)
    assert reasons == [f"gains of {without}", "gear of engine", "gear of geared", "motors of voltage"]


def test_effort_limits_are_those_of_the_torques_in_the_simulator(mixed):
    training, joints = mixed
    limits = dict(zip(joints, training.described().joint_effort_limits, strict=True))
    for joint in ("ideal", "limited", "pair"):
        limit = torque(training.env, "robot", joint, position=-100.0)
        assert limits[joint] == (pytest.approx(-limit), pytest.approx(limit)), joint
    assert (limits["pair"], limits["built_in"]) == ((-15.0, 15.0), None)
    assert limits["engine"] == (-6.0, 12.0)


def test_the_poses_are_the_joints_own(mixed):
    training, joints = mixed
    described = training.described()
    assert described.default_joint_positions == pytest.approx([0.1 * (1 + index) for index in range(len(joints))])
    assert described.action_names == joints


def test_joints_are_those_of_the_robots_that_the_policy_moves():
    pd = partial(actuators.IdealPdActuatorCfg, target_names_expr=(".*",), effort_limit=50.0)
    robots = {
        "left": arm([pd(stiffness=5.0, damping=0.5)], elbow=0.1),
        "door": DOOR,
        "right": arm([pd(stiffness=8.0, damping=0.8)], elbow=-0.1),
    }
    training = Arm(
        robots,
        {"right": positions_of("right"), "left": positions_of("left")},
    )
    described = training.described()
    assert described.joint_names == described.action_names == ["right/elbow", "left/elbow"]
    assert described.joint_stiffness == [8.0, 5.0]
    assert described.default_joint_positions == pytest.approx([-0.1, 0.1])
    assert described.robot_joint_names == ["right/elbow", "left/elbow"]


def test_joints_without_a_motor_are_in_the_observation_and_in_the_description():
    from dataclasses import replace

    pd = actuators.IdealPdActuatorCfg(target_names_expr=("elbow",), stiffness=5.0, damping=0.5)
    robot = arm([pd], finger=0.4, elbow=0.1)
    robot.init_state = replace(robot.init_state, joint_vel={"finger": 0.3})
    described = Arm({"robot": robot}, terms={"pos": ObservationTermCfg(func=JOINT_TERMS["pos"])}).described()
    assert (described.joint_names, described.observation_terms[0].size) == (["elbow"], 2)
    assert described.robot_joint_names == ["finger", "elbow"]
    assert (described.robot_joint_positions, described.robot_joint_velocities) == ([0.4, 0.1], [0.3, 0.0])


@pytest.mark.parametrize("task", ["Mjlab-Velocity-Flat-Unitree-G1", "Mjlab-Velocity-Flat-Unitree-Go1"])
def test_gains_of_robots_with_legs_are_what_the_simulator_applies(task):
    training = Simulated(task, 2)
    described = describe_policy(training.runner, task, "mjlab", simulator_of(training.env))
    assert described.joint_names == described.action_names == list(training.robot.joint_names)
    some = described.joint_names[::5]
    measured = dict(zip(some, gains_in_physics(training.env, "robot", some), strict=True))
    for joint in some:
        at = described.joint_names.index(joint)
        assert described.joint_stiffness[at] == pytest.approx(measured[joint][0], rel=1e-2)
        assert described.joint_damping[at] == pytest.approx(measured[joint][1], rel=1e-2)
