"""Unitree's messages byte by byte, and a robot behind them. There is no real robot here.

`tests/recordings/unitree/` was written by Cyclone DDS's own serializer.
"""

from __future__ import annotations

import multiprocessing
import time

import numpy as np
import pytest

from presets.robots import Robot, find_robot
from tests.deploy import unitree_messages as recorded
from tests.deploy.clock import Clock
from tests.deploy.dds_domain import domain
from tests.deploy.small_bundle import SIZE, card, write_bundle
from tests.waiting import wait_for
from trainer_proc.deploy.bundle import load_bundle
from trainer_proc.deploy.errors import BundleRefused
from trainer_proc.deploy.mujoco_robot import robot_of
from trainer_proc.deploy.phases import TIME_IS_OVER, Limits
from trainer_proc.deploy.policy import Policy
from trainer_proc.deploy.real_time import RealTimeRobot
from trainer_proc.deploy.robot import JointTargets
from trainer_proc.deploy.runner import Runner
from trainer_proc.deploy.unitree.connect import robot_for
from trainer_proc.deploy.unitree.crc import crc32_of_words
from trainer_proc.deploy.unitree.messages import (
    MOTORS,
    LowState,
    MessageDamaged,
    decode_command,
    decode_state,
    encode_command,
    encode_state,
)
from trainer_proc.deploy.unitree.robot import UnitreeRobot, UnitreeSensors

COMMAND = (recorded.FOLDER / "lowcmd.cdr").read_bytes()
STATE = (recorded.FOLDER / "lowstate.cdr").read_bytes()


def test_the_checksum_is_crc_32_mpeg_2():
    """The check value of the algorithm's catalogue, of the text 12345678: its words are read from the highest byte."""
    assert crc32_of_words(b"4321" + b"8765") == 0x49E3C2FB


def test_recorded_messages_are_those_that_cyclone_dds_writes():
    pytest.importorskip("cyclonedds")
    assert recorded.low_command(recorded.command_checksum()) == COMMAND
    assert recorded.low_state(recorded.state_checksum()) == STATE


def test_a_command_has_the_recorded_bytes():
    motors, enabled = np.array(recorded.COMMANDS, np.float32), np.array(recorded.ENABLED)
    assert encode_command(motors, enabled, recorded.MODE_MACHINE) == COMMAND
    found, modes, machine = decode_command(COMMAND)
    assert (found.tolist(), modes.tolist(), machine) == (recorded.COMMANDS, recorded.ENABLED, recorded.MODE_MACHINE)


def test_a_state_is_read_from_the_recorded_bytes():
    state = decode_state(STATE)
    assert (state.mode_machine, state.tick) == (recorded.MODE_MACHINE, recorded.TICK)
    assert state.quaternion.tolist() == recorded.QUATERNION
    assert state.gyroscope.tolist() == recorded.GYROSCOPE
    assert state.motors.tolist() == recorded.STATES
    again = decode_state(encode_state(state))
    assert again.motors.tolist() == recorded.STATES


@pytest.mark.parametrize("place", [5, 100, 1500, len(STATE) - 1])
def test_a_damaged_state_is_refused(place):
    damaged = bytearray(STATE)
    damaged[place] ^= 1
    with pytest.raises(MessageDamaged, match="LowState: expected checksum"):
        decode_state(bytes(damaged))


@pytest.mark.parametrize("data", [b"", STATE[:100], b"\x01" + STATE[1:], COMMAND])
def test_bytes_of_another_message_are_refused(data):
    with pytest.raises(MessageDamaged, match="LowState: expected"):
        decode_state(data)


# --- a robot behind messages ---

TABLE = Robot(
    name="table",
    title="Table",
    imu="base",
    measures=("base_ang_vel", "projected_gravity"),
    lacks={},
    motors={"right_joint": 3, "left_joint": 20},
)


class Wire:
    """A `Channel` to a simulated robot; `is_cut` keeps its states back."""

    def __init__(self, simulated):
        self.simulated = simulated
        self.sent = []
        self.is_cut = self.is_damaged = False

    def send(self, data):
        motors, enabled, machine = decode_command(data)
        assert machine == recorded.MODE_MACHINE
        self.sent.append((motors, enabled))
        joints = [TABLE.motors[name] for name in self.simulated.joint_names]
        targets = JointTargets(*(motors[joints, part].astype(float) for part in range(5)))
        targets.velocity, targets.effort, targets.stiffness, targets.damping = (
            motors[joints, part].astype(float) for part in (1, 2, 3, 4)
        )
        self.simulated.write(targets)

    def receive(self):
        if self.is_cut:
            return None
        state = self.simulated.read()
        motors = np.zeros((MOTORS, 4), np.float32)
        for place, name in enumerate(self.simulated.joint_names):
            values = (state.joint_positions[place], state.joint_velocities[place], 0.0, state.joint_efforts[place])
            motors[TABLE.motors[name]] = values
        message = LowState(recorded.MODE_MACHINE, 1, state.orientation, state.base_ang_vel, motors)
        data = encode_state(message)
        return data[:-1] + b"?" if self.is_damaged else data

    def close(self):
        pass


@pytest.fixture
def bundle(tmp_path):
    weights = np.random.default_rng(1).normal(scale=0.1, size=(SIZE, 2))
    return load_bundle(write_bundle(tmp_path, weights=weights))


def run(bundle, clock, robot, **options):
    limits = Limits(ramp_seconds=0.2, run_seconds=0.5, stale_seconds=0.02, damp_seconds=0.1)
    return Runner(bundle.card, Policy(bundle), robot, limits, clock=clock, sleep=clock.sleep, **options)


def test_a_policy_moves_the_robot_behind_messages_as_without_them(bundle):
    def ended(through_messages):
        clock = Clock()
        simulated = robot_of(bundle)
        simulated.reset(np.array([0.3, 0.2]))
        robot = RealTimeRobot(simulated, clock)
        if through_messages:
            robot = UnitreeRobot(UnitreeSensors(TABLE, ["imu"]), Wire(robot), clock)
            assert list(robot.joint_names) == ["right_joint", "left_joint"]
        states = []
        runner = run(bundle, clock, robot, watch=lambda phase, state: states.append(simulated.read().joint_positions))
        assert runner.run().reason == TIME_IS_OVER
        return np.array(states)

    np.testing.assert_allclose(ended(True), ended(False), atol=1e-3)


def test_only_the_motors_of_the_robot_are_driven_and_damping_has_no_stiffness(bundle):
    clock = Clock()
    wire = Wire(RealTimeRobot(robot_of(bundle), clock))
    robot = UnitreeRobot(UnitreeSensors(TABLE, ["imu"]), wire, clock)
    robot.damp()
    assert wire.sent == [], "its kind is unknown before the first state"
    run(bundle, clock, robot).run()
    for motors, enabled in wire.sent:
        assert np.flatnonzero(enabled).tolist() == [3, 20]
        assert np.flatnonzero(motors.any(axis=1)).tolist() == [3, 20]
    last, _ = wire.sent[-1]
    assert last[[3, 20]].tolist() == [[0.0, 0.0, 0.0, 0.0, 3.0]] * 2


@pytest.mark.parametrize("fault", ["is_cut", "is_damaged"])
def test_a_robot_that_sends_no_sound_state_is_damped(bundle, fault):
    clock = Clock()
    wire = Wire(RealTimeRobot(robot_of(bundle), clock))
    runner = run(bundle, clock, UnitreeRobot(UnitreeSensors(TABLE, ["imu"]), wire, clock))
    at = clock() + 0.4
    sleep = clock.sleep

    def sleep_and_fail(seconds):
        sleep(seconds)
        if clock() >= at:
            setattr(wire, fault, True)

    runner._sleep = sleep_and_fail
    assert "the robot's last state is" in runner.run().reason
    assert wire.sent[-1][0][3].tolist() == [0.0, 0.0, 0.0, 0.0, 3.0]


def test_the_robot_of_a_policy_is_named_or_known_by_its_joints():
    joints = find_robot("unitree-g1-29dof").joints
    assert robot_for(card(robot="unitree-g1-29dof", joint_names=joints[:12])).name == "unitree-g1-29dof"
    assert robot_for(card(joint_names=joints[::-1])).name == "unitree-g1-29dof"
    with pytest.raises(BundleRefused, match=r"^robot: expected one of unitree-g1-23dof, unitree-g1-29dof, got none"):
        robot_for(card())
    with pytest.raises(BundleRefused, match=r"^joint_names: expected joints of the robot, got left_joint; "):
        robot_for(card(robot="unitree-g1-29dof"))


# --- over DDS, from process to process ---


def answer(seconds, parent, number):
    """Be a robot: send a state every 2 ms, whose first motor's velocity is the last command's torque."""
    from trainer_proc.deploy.unitree.dds import COMMANDS, STATES, DdsChannel

    channel = DdsChannel("lo", number, sends=STATES, receives=COMMANDS)
    motors = np.zeros((MOTORS, 4), np.float32)
    end = time.monotonic() + seconds
    while time.monotonic() < end and not parent.poll():
        if (command := channel.receive()) is not None:
            motors[0, 1] = decode_command(command)[0][0, 2]
        channel.send(encode_state(LowState(5, 1, np.array([1.0, 0, 0, 0]), np.zeros(3), motors)))
        time.sleep(0.002)


def test_messages_pass_over_dds_between_processes():
    pytest.importorskip("cyclonedds")
    from trainer_proc.deploy.unitree.dds import DdsChannel

    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=answer, args=(60.0, theirs, domain()))
    process.start()
    try:
        channel = DdsChannel("lo", domain())
        command = np.zeros((MOTORS, 5), np.float32)
        command[0, 2] = 12.5

        def has_answered():
            channel.send(encode_command(command, np.ones(MOTORS, bool), 5))
            data = channel.receive()
            return data is not None and decode_state(data).motors[0, 1] == 12.5

        wait_for(has_answered, "the robot's state follows the command")
        channel.close()
    finally:
        ours.send("end")
        process.join()


def test_a_missing_interface_is_one_line():
    pytest.importorskip("cyclonedds")
    process = multiprocessing.get_context("spawn").Pool(1)
    with process:
        assert process.apply(refused_interface, ("nowhere0",)).startswith("network interface nowhere0 can't be used (")


def refused_interface(name):
    from trainer_proc.deploy.unitree.dds import DdsChannel, DdsMissing

    try:
        DdsChannel(name)
    except DdsMissing as error:
        return str(error)
    return ""
