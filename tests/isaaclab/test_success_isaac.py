"""Success in a real Isaac Lab environment, against a slow reference in Isaac Lab's own words."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from presets.success import Success
from tests.isaaclab.built import built_environment, launched_physics
from tests.operations import Operations
from trainer_proc.contract.errors import TrainingError
from trainer_proc.contract.quaternions import rotated
from trainer_proc.metrics.overflow import BufferOverflow
from trainer_proc.metrics.success.rate import SuccessRate
from trainer_proc.simulators.registry import simulator_of

pytestmark = pytest.mark.real

G1 = "Isaac-Velocity-Flat-G1"
ENVIRONMENTS = 8
EPISODE = 12
"""Steps."""
LINEAR, ANGULAR, BOX, TILT = 0.7, 2.3, 0.06, 0.3
"""m/s, rad/s, m and rad: so that some of the pushed robots succeed."""
AVERAGED = 3
"""Steps over which velocities are averaged."""
VELOCITY = Success(kind="velocity", linear_error=LINEAR, angular_error=ANGULAR, average=AVERAGED * 0.02, window=10**6)
UPRIGHT = Success(kind="upright", box=(BOX, BOX), tilt=TILT, window=10**6)


def short(cfg):
    cfg.episode_length_s = EPISODE * cfg.sim.dt * cfg.decimation
    cfg.commands.base_velocity.resampling_time_range = (0.1, 0.1)  # several commands in each episode
    cfg.commands.base_velocity.vel_xy_success_threshold = LINEAR
    cfg.commands.base_velocity.vel_yaw_success_threshold = ANGULAR


@pytest.fixture(scope="module")
def g1():
    with built_environment(G1, ENVIRONMENTS, short) as (wrapped, _):
        yield wrapped


class Reference:
    """Adds up what Isaac Lab tells of each robot, step by step, one environment after the other."""

    def __init__(self, wrapped):
        self.wrapped = wrapped
        self.env = env = wrapped.unwrapped
        self.data = env.scene["robot"].data
        self.command = env.command_manager.get_term("base_velocity")
        self.finished = 0
        self.successes = {"time-out": 0, "velocity": 0, "upright": 0, "environment": 0}
        self.errors, self.began, self.strayed = {}, {}, {}
        self.begin(range(env.num_envs))

    def begin(self, environments):
        for i in environments:
            self.errors[i], self.strayed[i] = [], False
            self.began[i] = self.data.root_pos_w.torch[i, :2].clone()
        self.look(environments)

    def look(self, environments):
        """Look at places and tilts; Isaac Lab tells the tilt by where it sees gravity."""
        for i in environments:
            moved = (self.data.root_pos_w.torch[i, :2] - self.began[i]).abs()
            upright = float(-self.data.projected_gravity_b.torch[i, 2])
            self.strayed[i] |= not (moved[0] <= BOX and moved[1] <= BOX and upright >= math.cos(TILT))

    def step(self, actions, push):
        """Take a step, push the robots, and look; return dones and extras."""
        commanded = self.command.command.clone()
        told = {}
        reset = self.command.reset

        def listen(env_ids=None):
            # the command's own measure, before it is set back
            steps = self.command._step_count[env_ids]
            straight, turning = (
                self.command._error_xy_sum[env_ids] / steps,
                self.command._error_yaw_sum[env_ids] / steps,
            )
            for i, x, y in zip(env_ids.tolist(), straight.tolist(), turning.tolist(), strict=True):
                told[i] = x < LINEAR and y < ANGULAR
            return reset(env_ids)

        self.command.reset = listen
        try:
            with torch.inference_mode():
                _, _, dones, extras = self.wrapped.step(actions)
                if push is not None:
                    self.env.scene["robot"].write_root_velocity_to_sim_index(root_velocity=push)
        finally:
            self.command.reset = reset
        time_outs = extras["time_outs"].clone()
        for i in range(self.env.num_envs):
            if dones[i]:
                self.finish(i, bool(time_outs[i]), told[i])
                self.begin([i])
            else:
                linear, angular = self.data.root_lin_vel_b.torch[i], self.data.root_ang_vel_b.torch[i]
                velocity = [*linear[:2].tolist(), float(angular[2])]
                self.errors[i].append([one - asked for one, asked in zip(velocity, commanded[i].tolist(), strict=True)])
                self.look([i])
        return dones, extras

    def finish(self, i, timed_out, told):
        self.finished += 1
        forward, lateral, yaw = (mean_error(of_part) for of_part in zip(*self.errors[i], strict=True))
        self.successes["time-out"] += timed_out
        self.successes["velocity"] += timed_out and max(forward, lateral) < LINEAR and yaw < ANGULAR
        self.successes["upright"] += timed_out and not self.strayed[i]
        self.successes["environment"] += told


def mean_error(differences):
    """Return the mean over steps of the size of the newest differences' mean."""
    newest = [differences[max(step + 1 - AVERAGED, 0) : step + 1] for step in range(len(differences))]
    return sum(abs(sum(some) / len(some)) for some in newest) / len(newest)


@pytest.fixture(scope="module")
def counted(g1):
    """Rates of every kind over the same steps, and the reference that has looked at these steps too."""
    with torch.inference_mode():
        g1.reset()
    g1.episode_length_buf = torch.arange(ENVIRONMENTS) % 3  # not all at once
    reference = Reference(g1)
    simulator = simulator_of(g1.unwrapped)
    kinds = {"time-out": Success(window=10**6), "velocity": VELOCITY, "upright": UPRIGHT}
    rates = {kind: SuccessRate(g1, definition, simulator=simulator) for kind, definition in kinds.items()}
    rates["environment"] = SuccessRate(g1, Success(kind="environment", window=10**6), simulator=simulator)
    for rate in rates.values():
        rate.begin()
    generator = torch.Generator().manual_seed(3)
    for number in range(6 * EPISODE):
        actions = 0.3 * torch.randn(ENVIRONMENTS, g1.num_actions, generator=generator)
        push = 0.5 * torch.randn(ENVIRONMENTS, 6, generator=generator) if number % 6 == 0 else None
        dones, extras = reference.step(actions, push)
        for rate in rates.values():
            rate.step(dones, extras)
        if number % 5 == 4:  # iterations end within episodes
            for rate in rates.values():
                rate.collect()
    return {kind: rate.collect() for kind, rate in rates.items()}, reference


@pytest.mark.parametrize("kind", ["time-out", "velocity", "upright", "environment"])
def test_the_rate_is_what_isaac_lab_tells_of_each_robot(counted, kind):
    published, reference = counted
    assert reference.finished == published[kind]["Train/success_episodes"]
    assert published[kind]["Train/success_rate"] * reference.finished == pytest.approx(reference.successes[kind])
    if kind != "time-out":
        assert 0 < reference.successes[kind] < reference.finished  # some of each


def test_what_is_read_is_what_isaac_lab_tells_of_the_root(g1):
    robot = g1.unwrapped.scene["robot"]
    root = simulator_of(g1.unwrapped).root(robot)
    with torch.inference_mode():
        robot.write_root_velocity_to_sim_index(root_velocity=torch.randn(ENVIRONMENTS, 6))
        for _ in range(3):
            g1.step(torch.randn(ENVIRONMENTS, g1.num_actions))
    linear, angular = root.velocity_in_root_frame(root.orientation(), root.velocity())
    assert linear.norm(dim=1).min() > 0.05
    torch.testing.assert_close(linear, robot.data.root_lin_vel_b.torch, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(angular, robot.data.root_ang_vel_b.torch, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(root.position(), robot.data.root_link_pos_w.torch)
    _, x, y, _ = root.quaternion(root.orientation()).unbind(-1)
    upright = 1 - 2 * (x.square() + y.square())
    torch.testing.assert_close(upright, -robot.data.projected_gravity_b.torch[:, 2], atol=1e-5, rtol=1e-4)


def test_the_robot_to_draw_has_its_solids_where_newton_has_them(g1):
    env = g1.unwrapped
    reader = simulator_of(env).robot_reader(G1)
    with torch.inference_mode():
        g1.reset()
        for _ in range(8):
            g1.step(torch.zeros(ENVIRONMENTS, g1.num_actions))
    state, scene = reader.read(2), reader.scene
    poses = np.frombuffer(state.poses, "<f4").reshape(-1, 7).astype(float)
    centres = [poses[one.body, :3] + rotated(poses[one.body, 3:], np.array(one.position)) for one in scene.shapes]
    drawn = np.array(centres) + env.scene.env_origins[2].numpy()
    solver = env.sim.physics_manager._solver
    found = solver.mjw_data.geom_xpos.numpy()[2][solver.mj_model.geom_bodyid > 0]  # a part of a step older
    assert len(found) > len(scene.bodies) / 2
    for position in found:
        assert np.linalg.norm(drawn - position, axis=1).min() < 0.02
    assert {one.body for one in scene.shapes} >= set(scene.feet)
    assert [scene.bodies[foot] for foot in scene.feet] == ["left_ankle_roll_link", "right_ankle_roll_link"]
    assert np.frombuffer(state.contacts, "<f4").sum() > 50.0  # newtons
    total = np.frombuffer(state.rewards, "<f4").sum() * scene.step_seconds
    assert total == pytest.approx(float(env.reward_buf[2]), abs=1e-5)
    assert state.time == pytest.approx(8 * scene.step_seconds)
    assert len(state.torques) == len(state.joints) == 4 * len(scene.joints) == 4 * len(scene.torque_limits)


@pytest.mark.parametrize(("kind", "kernels"), [("time-out", 1), ("environment", 1), ("upright", 2), ("velocity", 2)])
def test_a_step_takes_a_few_kernels_and_waits_for_nothing(g1, kind, kernels):
    success = SuccessRate(g1, Success(kind=kind), simulator=simulator_of(g1.unwrapped))
    success.begin()
    time_outs = torch.zeros(ENVIRONMENTS, dtype=torch.bool)
    success.step(torch.zeros(ENVIRONMENTS), {"time_outs": time_outs})
    with torch.inference_mode(), Operations() as operations:
        dones = torch.zeros(ENVIRONMENTS)
        operations.names.clear()
        success.step(dones, {"time_outs": time_outs})
    assert len(operations.names) == kernels, operations.names
    assert set(operations.names) <= {"clone.default", "cat.default"}


def test_a_command_that_is_not_there_is_refused(g1):
    with pytest.raises(TrainingError, match="no such command: twist; there are base_velocity"):
        SuccessRate(g1, Success(kind="velocity", command="twist"))


# --- what the solver loses, on the same robots ----------------------------------------------------------------


def test_constraints_that_newton_s_solver_loses_are_counted(g1):
    env = g1.unwrapped
    overflow = BufferOverflow(simulator_of(env).buffers())
    data = env.sim.physics_manager._solver.mjw_data

    def iterate(steps):
        with torch.inference_mode():
            for _ in range(steps):
                g1.step(torch.zeros(ENVIRONMENTS, g1.num_actions))
                overflow.step()
        overflow.finish()
        return overflow.collect()

    with torch.inference_mode():
        g1.reset()
    fine = iterate(8)  # they fall to the floor
    assert fine["Simulation/overflow"] == 0.0
    assert fine["Simulation/constraints"] > 4
    room, data.njmax = data.njmax, 4
    try:
        with launched_physics(env):  # a recorded graph has the number as it was
            assert 0 < iterate(1)["Simulation/overflow"] <= 1  # of robots that touch the floor now
        assert "lost constraints: set env.sim.physics.solver_cfg.njmax=" in overflow.problem
    finally:
        data.njmax = room
    assert iterate(1)["Simulation/overflow"] == 0.0
