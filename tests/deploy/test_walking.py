"""A policy that was trained to walk, run by the runner in MuJoCo: the bundle `tests/recordings/bundles/g1-walk`."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from threading import Event

import msgspec
import numpy as np
import pytest

from presets.robots import find_robot
from tests.deploy.clock import Clock
from tests.deploy.dds_domain import domain
from tests.deploy.small_bundle import network_of, write_card
from tests.program import program
from trainer_proc.contract.bundle.run_request import RUN_POLICY, RunPolicyRequest
from trainer_proc.deploy.bundle import load_bundle, read_card
from trainer_proc.deploy.mujoco_robot import robot_of
from trainer_proc.deploy.phases import TIME_IS_OVER, Limits
from trainer_proc.deploy.policy import Policy
from trainer_proc.deploy.real_time import RealTimeRobot
from trainer_proc.deploy.runner import Runner
from tui.session.backends.work import do_own_work

BUNDLE = Path(__file__).parents[1] / "recordings" / "bundles" / "g1-walk"
LIMITS = Limits(ramp_seconds=0.5, run_seconds=6.0, damp_seconds=0.0)


class Walk:
    """One walk, in time that passes only in the loop's sleeps."""

    def __init__(self, command, loop_hz=None, change=lambda card: card, push=None):
        clock = Clock()
        bundle = load_bundle(BUNDLE)
        self.robot = robot_of(bundle)
        real_time = RealTimeRobot(self.robot, clock)
        real_time.is_held = True
        self.positions = []

        def watch(phase, state):
            real_time.is_held = phase in ("wait", "ramp")
            if phase == "run":
                self.positions.append(state.base_position)
                if push is not None and len(self.positions) == 100:
                    self.robot.push(push)

        card = change(bundle.card)
        runner = Runner(
            card, Policy(bundle), real_time, LIMITS, loop_hz=loop_hz, clock=clock, sleep=clock.sleep, watch=watch
        )
        runner.observations.commands["twist"][:] = command
        self.outcome = runner.run()

    @property
    def velocity(self):
        """Mean velocity of the last four seconds, m/s."""
        return (self.positions[-1] - self.positions[-201]) / 4.0


@pytest.mark.parametrize("loop_hz", [None, 500.0])
def test_the_robot_walks_as_it_is_told(loop_hz):
    walk = Walk([0.5, 0.0, 0.0], loop_hz)
    assert walk.outcome.reason == TIME_IS_OVER
    assert walk.velocity[0] == pytest.approx(0.43, abs=0.05)
    assert abs(walk.velocity[1]) < 0.1
    assert abs(Walk([0.0, 0.0, 0.0], loop_hz).velocity[:2]).max() < 0.05


def test_the_robot_walks_on_after_a_push():
    assert Walk([0.3, 0.0, 0.0], push=[0.0, 0.5, 0.0]).outcome.reason == TIME_IS_OVER


def test_wrong_gains_end_in_a_fall_that_damps():
    def weak(card):
        return msgspec.structs.replace(card, joint_stiffness=[0.1 * gain for gain in card.joint_stiffness])

    assert Walk([0.5, 0.0, 0.0], change=weak).outcome.reason.startswith(("tilted by ", "left_", "right_", "waist_"))


def test_the_sites_of_the_imus_body_have_its_axes():
    robot = robot_of(load_bundle(BUNDLE))
    assert robot.parallel_frames(find_robot("unitree-g1-29dof").imu) == ["imu_in_pelvis"]
    assert robot.parallel_frames("nowhere") == []


def test_the_robot_stands_on_the_floor_after_a_reset():
    robot = robot_of(load_bundle(BUNDLE))
    assert robot.base_position[2] == pytest.approx(0.76, abs=0.03)
    robot.reset(orientation=[np.cos(0.2), np.sin(0.2), 0.0, 0.0])
    assert robot.data.ncon == 0
    robot.advance(20)
    assert robot.data.ncon > 0


def test_a_real_robot_without_its_velocity_refuses_the_policy(tmp_path):
    error = program(
        tmp_path, "run-policy", str(BUNDLE), "--robot", "unitree", "--interface", "lo", "--yes", "--unverified", code=2
    )
    expected = "observation_terms.base_lin_vel: expected what the robot measures, got base_lin_vel; train the actor"
    assert expected in error


# --- behind Unitree's messages ---


@pytest.fixture
def still(tmp_path):
    """A bundle for the real G1: the observations that its sensors give, and a network that holds the default pose."""
    card = read_card(BUNDLE / "policy.json")
    terms = [term for term in card.observation_terms if term.quantity != "base_lin_vel"]
    size = sum(term.size for term in terms)
    described = msgspec.structs.replace(card, observation_terms=terms, observation_size=size, robot="unitree-g1-29dof")
    network = network_of(described, np.zeros((size, card.num_actions)))
    digest = hashlib.sha256(network).hexdigest()
    (tmp_path / "policy.onnx").write_bytes(network)
    (tmp_path / "robot.xml").write_bytes((BUNDLE / "robot.xml").read_bytes())
    described = msgspec.structs.replace(described, onnx_sha256=digest, files={"policy.onnx": digest})
    write_card(tmp_path, described)
    return tmp_path


def test_a_policy_moves_a_simulated_g1_over_dds_and_damps_it(still):
    pytest.importorskip("cyclonedds")
    robot = subprocess.Popen(
        [sys.executable, "-m", "tests.deploy.simulated_g1", str(still), str(domain())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        request = RunPolicyRequest(
            bundle=str(still),
            robot="unitree",
            interface="lo",
            domain=domain(),
            seconds=1.0,
            ramp_seconds=1.0,
            stale_seconds=5.0,
        )
        run = do_own_work(RUN_POLICY, request, lambda progress: None, Event())
    finally:
        printed, _ = robot.communicate()
    assert run.reason == TIME_IS_OVER
    assert run.loop_hz == 500.0
    seen = json.loads(printed)
    card = read_card(still / "policy.json")
    assert seen["commands"] > 100
    assert seen["stiffest"] == pytest.approx(max(card.joint_stiffness), rel=1e-5)
    driven = np.array(seen["last"])[: len(card.joint_names)]
    assert driven[:, 3].tolist() == [0.0] * 29, "damped at the end"
    assert driven[:, 4].tolist() == [3.0] * 29
