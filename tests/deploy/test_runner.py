"""The loop on a robot in MuJoCo, in time that passes only in its own sleeps: safe start, limits, watchdog, damping."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from tests.deploy.clock import Clock
from tests.deploy.small_bundle import MOTION_FRAMES, SIZE, TERMS, card, motion_arrays, tracking_card, write_bundle
from trainer_proc.deploy.actions import Actions
from trainer_proc.deploy.bundle import load_bundle
from trainer_proc.deploy.card_checks import check_card
from trainer_proc.deploy.errors import BundleRefused
from trainer_proc.deploy.motion import motion_of
from trainer_proc.deploy.mujoco_robot import robot_of
from trainer_proc.deploy.observations import Observations, require_measured
from trainer_proc.deploy.phases import TIME_IS_OVER, Limits
from trainer_proc.deploy.policy import Policy
from trainer_proc.deploy.real_time import RealTimeRobot
from trainer_proc.deploy.robot import RobotState
from trainer_proc.deploy.runner import Runner
from trainer_proc.deploy.schedule import Durations, Schedule

LIMITS = Limits(ramp_seconds=0.2, run_seconds=0.5, stale_seconds=0.02, damp_seconds=0.1)


class Recorded:
    """A robot that keeps what it is told and when, and may fail at a time."""

    def __init__(self, robot, clock):
        self._robot, self._clock = robot, clock
        self.joint_names, self.frames = robot.joint_names, robot.frames
        self.has_height_scan = self.has_position = False
        self.told = []
        self.frozen = None
        self.change = lambda state: state
        self._last = None

    def read(self):
        state = self._robot.read()
        if self.frozen is None or self._clock() < self.frozen:
            self._last = self.change(state)
        return self._last

    def write(self, targets):
        self.told.append((self._clock(), targets.position.copy(), targets.stiffness.copy()))
        self._robot.write(targets)

    def damp(self):
        self.told.append((self._clock(), None, None))
        self._robot.damp()

    def close(self):
        self.damp()


class Rig:
    """A runner with all that belongs to it."""

    def __init__(self, folder, *, limits=LIMITS, weights=None, described=None, **options):
        self.clock = Clock()
        self.bundle = load_bundle(write_bundle(folder, described, weights))
        self.simulated = robot_of(self.bundle)
        self.robot = Recorded(RealTimeRobot(self.simulated, self.clock), self.clock)
        self.phases = []
        self.network = Policy(self.bundle)
        self.runner = Runner(
            self.bundle.card,
            self.network,
            self.robot,
            limits,
            clock=self.clock,
            sleep=self.clock.sleep,
            watch=lambda phase, state: self.phases.append(phase),
            **options,
        )

    @property
    def damped_at(self):
        return next(at for at, position, _ in self.robot.told if position is None)


@pytest.fixture
def make(tmp_path):
    return lambda **options: Rig(tmp_path, **options)


def test_a_run_ramps_to_the_default_pose_runs_and_damps(make):
    rig = make()
    rig.simulated.reset(np.array([0.4, 0.3]))
    outcome = rig.runner.run()
    assert outcome.reason == TIME_IS_OVER
    assert outcome.control_steps == 25
    assert outcome.missed == 0
    positions = [position for _, position, _ in rig.robot.told if position is not None]
    np.testing.assert_allclose(positions[0], [0.4, 0.3], atol=1e-6)
    np.testing.assert_allclose(positions[-1], [0.1, -0.1], atol=1e-6)
    steps = np.abs(np.diff(positions[:11], axis=0)).max()
    assert steps <= 0.4 / 10 + 1e-6, "no jump in the ramp"
    assert rig.robot.told[-1][1] is None
    assert sorted(set(rig.phases)) == ["damped", "ramp", "run"]


def test_it_is_the_same_as_the_policy_in_lockstep(make):
    """At the control rate, the loop in real time does what a loop step by step does."""
    weights = np.random.default_rng(1).normal(scale=0.3, size=(SIZE, 2))
    rig = make(weights=weights, limits=replace(LIMITS, ramp_seconds=0.0))
    rig.runner.observations.commands["twist"][:] = [0.5, 0.0, 0.1]
    rig.runner.run()
    robot = robot_of(rig.bundle)
    observations, actions = (
        Observations(rig.bundle.card, robot.joint_names),
        Actions(rig.bundle.card, robot.joint_names),
    )
    observations.commands["twist"][:] = [0.5, 0.0, 0.1]
    policy, expected = Policy(rig.bundle), []
    robot.write(actions.default)
    robot.step()
    for _ in range(10):
        state = robot.read()
        limited = actions.limited(policy.act(observations.observe(state)))
        observations.last_action[:] = limited
        targets = actions.targets(limited, state)
        expected.append(targets.position.copy())
        robot.write(targets)
        robot.step()
    told = [position for _, position, _ in rig.robot.told if position is not None]
    np.testing.assert_allclose(told[1:11], expected, atol=1e-9)


def test_a_faster_loop_checks_between_control_steps(make):
    rig = make(loop_hz=500.0)
    outcome = rig.runner.run()
    assert outcome.control_steps == 25
    written = [at for at, position, _ in rig.robot.told if position is not None]
    assert np.diff(written).max() == pytest.approx(0.002, abs=1e-4)


def test_control_steps_keep_their_distance_whatever_ticks_are_left_out(make):
    rig = make(loop_hz=500.0, limits=replace(LIMITS, ramp_seconds=0.203))
    acted = []
    act = rig.network.act

    def late_twice(observation):
        acted.append(rig.clock())
        if len(acted) in (5, 9):
            rig.clock.now += 0.007
        return act(observation)

    rig.network.act = late_twice
    outcome = rig.runner.run()
    assert outcome.missed == 4
    np.testing.assert_allclose(np.diff(acted), 0.02, atol=2e-4)


@pytest.mark.parametrize("loop_hz", [50.0, 500.0])
def test_a_robot_that_stops_sending_is_damped_within_one_period(make, loop_hz):
    rig = make(loop_hz=loop_hz)
    rig.robot.frozen = rig.clock() + 0.405
    outcome = rig.runner.run()
    assert "the robot's last state is" in outcome.reason
    stale_at = rig.robot.read().time + LIMITS.stale_seconds
    assert stale_at < rig.damped_at <= stale_at + 1.0 / loop_hz + 1e-4


def test_a_program_that_paused_damps_instead_of_going_on(make):
    rig = make(limits=replace(LIMITS, pause_seconds=0.2))
    act, acted = rig.network.act, []

    def pause_once(observation):
        acted.append(rig.clock())
        rig.clock.now += 0.3 if len(acted) == 5 else 0.0
        return act(observation)

    rig.network.act = pause_once
    outcome = rig.runner.run()
    assert outcome.reason == "the loop paused for 0.30 s, limit 0.2 s"
    assert len(acted) == outcome.control_steps == 5
    assert all(position is None for at, position, _ in rig.robot.told if at > acted[-1] + 0.3 + 1e-4)


def test_a_robot_that_never_sends_is_never_driven(make):
    rig = make(limits=replace(LIMITS, wait_seconds=0.3))
    rig.robot.frozen = 0.0
    outcome = rig.runner.run()
    assert outcome.reason.startswith("no state of the robot in 0.3 s")
    assert all(position is None for _, position, _ in rig.robot.told)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"orientation": np.array([0.5, 0.5, 0.5, 0.5])}, "tilted by 1.57 rad, limit 1.00 rad"),
        ({"orientation": np.zeros(4)}, "the orientation's quaternion has length 0.00, expected 1: check the IMU"),
        ({"orientation": np.array([np.nan, 0.0, 0.0, 0.0])}, "the orientation's quaternion has length nan"),
        ({"joint_positions": np.array([0.1, 1.7])}, "right_joint is at 1.70 rad, limits -1.50 to 1.50 rad"),
        ({"joint_positions": np.array([np.nan, 0.0])}, "left_joint is at nan rad"),
        ({"joint_velocities": np.array([0.0, np.inf])}, "the robot's state has NaN or infinite velocities"),
        ({"base_ang_vel": np.array([0.0, np.nan, 0.0])}, "the robot's state has NaN or infinite velocities"),
    ],
)
def test_a_state_beyond_the_limits_damps_at_once(make, change, reason):
    rig = make()
    bad_from = rig.clock() + 0.4

    def spoil(state):
        return replace(state, **change) if rig.clock() >= bad_from else state

    rig.robot.change = spoil
    assert rig.runner.run().reason.startswith(reason)
    assert rig.damped_at - bad_from <= 0.02 + 1e-4
    assert all(position is None for at, position, _ in rig.robot.told if at >= rig.damped_at)


def test_an_action_that_is_no_number_never_reaches_the_robot(make):
    rig = make()

    class Broken:
        def act(self, observation):
            return np.array([0.0, np.nan], np.float32)

    runner = Runner(rig.bundle.card, Broken(), rig.robot, LIMITS, clock=rig.clock, sleep=rig.clock.sleep)
    assert runner.run().reason.startswith("the policy's action is NaN or infinite")
    assert all(np.isfinite(position).all() for _, position, _ in rig.robot.told if position is not None)


def test_a_stop_damps_in_the_next_tick(make):
    rig = make(limits=replace(LIMITS, run_seconds=100.0))
    stop_at = rig.clock() + 0.5
    rig.robot.change = lambda state: (rig.runner.stop("interrupted") if rig.clock() >= stop_at else None) or state
    assert rig.runner.run().reason == "interrupted"
    assert rig.damped_at - stop_at <= 0.04


@pytest.mark.parametrize("error", [RuntimeError("the network is gone"), KeyboardInterrupt(), SystemExit(1)])
def test_whatever_is_raised_the_robot_is_damped(make, error):
    rig = make()
    at = rig.clock() + 0.4

    def fail(state):
        if rig.clock() >= at:
            raise error
        return state

    rig.robot.change = fail
    with pytest.raises(type(error)):
        rig.runner.run()
    assert rig.robot.told[-1][1] is None


def test_the_base_hangs_until_the_policy_acts(make):
    rig = make()
    held = RealTimeRobot(rig.simulated, rig.clock)
    held.is_held = True
    height = rig.simulated.base_position[2] + 0.5
    rig.simulated.data.qpos[2] = height
    for _ in range(10):
        rig.clock.sleep(0.02)
        held.read()
    assert rig.simulated.base_position[2] == pytest.approx(height, abs=1e-3)
    held.is_held = False
    for _ in range(10):
        rig.clock.sleep(0.02)
        held.read()
    assert rig.simulated.base_position[2] < height - 0.1


def test_what_the_robot_does_not_measure_is_refused(make):
    rig = make()
    rig.robot.frames = {"projected_gravity": ("base",)}
    expected = r"^observation_terms.gyro: expected what the robot measures, got base_ang_vel; train"
    with pytest.raises(BundleRefused, match=expected):
        Runner(rig.bundle.card, Policy(rig.bundle), rig.robot, LIMITS)
    rig.robot.frames = {"projected_gravity": ("base",), "base_ang_vel": ("torso", "imu_in_torso")}
    expected = r"^observation_terms.gyro.frame: expected torso or imu_in_torso, got imu; train"
    with pytest.raises(BundleRefused, match=expected):
        Runner(rig.bundle.card, Policy(rig.bundle), rig.robot, LIMITS)


def test_a_tracking_policy_follows_its_motion_from_the_first_pose_on(make, tmp_path):
    described = tracking_card()
    weights = np.zeros((described.observation_size, 2))
    weights[8], weights[9] = (1.0, 0.0), (0.0, 1.0)  # the motion's joint positions
    bundle = load_bundle(write_bundle(tmp_path / "tracking", described, weights))
    clock = Clock()
    robot = Recorded(RealTimeRobot(robot_of(bundle), clock), clock)
    motion = motion_of(bundle, robot.joint_names)
    runner = Runner(bundle.card, Policy(bundle), robot, LIMITS, motion=motion, clock=clock, sleep=clock.sleep)
    assert runner.run().reason == TIME_IS_OVER
    told = np.array([position for _, position, _ in robot.told if position is not None])
    frames = motion_arrays()["joint_pos"]
    np.testing.assert_allclose(told[9], 0.9 * frames[0] + 0.1 * told[0], atol=0.02)
    expected = np.array([0.1, -0.1]) + 0.5 * frames[np.minimum(np.arange(25), MOTION_FRAMES - 1)]
    np.testing.assert_allclose(told[-25:], expected, atol=1e-6)


def test_a_robot_that_does_not_know_its_position_is_refused_by_a_policy_that_observes_it(make):
    *others, anchor = tracking_card().observation_terms
    of_position = msgspec.structs.replace(anchor, function="mdp:motion_anchor_pos_b", size=3)
    described = msgspec.structs.replace(tracking_card(), observation_terms=[*others, of_position])
    with pytest.raises(
        BundleRefused, match=r"^observation_terms.anchor: expected what the robot measures, got its pos"
    ):
        require_measured(described, make().robot)


def test_a_tracking_policy_without_its_motion_is_refused(tmp_path):
    with pytest.raises(BundleRefused, match=r"^observation_terms.command: expected a quantity that can be made"):
        Observations(tracking_card(), tracking_card().joint_names)


def test_the_motion_begins_at_the_robots_heading_and_turns_from_there(tmp_path):
    bundle = load_bundle(write_bundle(tmp_path, tracking_card()))
    motion = motion_of(bundle, bundle.card.joint_names)
    simulated = robot_of(bundle)
    simulated.reset(orientation=[np.cos(0.7), 0.0, 0.0, np.sin(0.7)])
    (anchor,) = [term for term in bundle.card.observation_terms if term.name == "anchor"]
    for step in range(5):
        motion.advance(simulated.read())
        angle = 2 * 0.02 * step
        turned = [np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle), 0.0, 0.0]
        np.testing.assert_allclose(motion.value(anchor), turned, atol=1e-6)
    motion.reset()
    motion.advance(simulated.read())
    np.testing.assert_allclose(motion.value(anchor), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0], atol=1e-6)


# --- the schedule ---


def test_the_schedule_has_no_drift_and_no_burst():
    clock = Clock()
    schedule = Schedule(0.01, clock, clock.sleep)
    start, begins = clock(), []
    for tick in range(10):
        begins.append(schedule.wait() - start)
        clock.now += 0.037 if tick == 4 else 0.004
    np.testing.assert_allclose(begins[:5], [0.0, 0.01, 0.02, 0.03, 0.04], atol=2e-5)
    np.testing.assert_allclose(begins[5:], [0.077, 0.081, 0.09, 0.1, 0.11], atol=2e-5)
    assert schedule.missed == 2
    assert schedule.lateness.worst == pytest.approx(0.007, abs=1e-4)


def test_durations_are_right_within_a_bin():
    durations = Durations()
    values = np.random.default_rng(0).uniform(0.0, 0.01, 5000)
    for value in values:
        durations.add(float(value))
    for share in (0.5, 0.99):
        assert durations.quantile(share) == pytest.approx(np.quantile(values, share), abs=2e-5)
    assert durations.worst == values.max()
    durations.add(1.0)
    assert durations.quantile(1.0) == 1.0


# --- terms ---


def test_a_history_by_time_has_all_terms_of_one_step_after_each_other(tmp_path):
    described = card(
        observation_terms=[
            msgspec.structs.replace(TERMS[2], size=6, history_length=3, history_order="time", group="actor"),
            msgspec.structs.replace(
                TERMS[3], size=6, history_length=3, history_order="time", group="actor", scale=[1.0]
            ),
        ],
        observation_size=12,
    )
    check_card(described)
    observations = Observations(described, described.joint_names)
    zeros = np.zeros(3)
    for step in range(1, 4):
        state = RobotState(0.0, np.full(2, float(step)), np.full(2, 10.0 * step), np.zeros(2), zeros, zeros)
        seen = observations.observe(state)[0]
    position = [step + offset for step in (1, 2, 3) for offset in (-0.1, 0.1)]
    expected = [*position[:2], 10, 10, *position[2:4], 20, 20, *position[4:], 30, 30]
    np.testing.assert_allclose(seen, expected, atol=1e-6)
