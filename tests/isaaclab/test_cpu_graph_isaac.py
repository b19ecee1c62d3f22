"""Recorded physics of Newton on a CPU: the same numbers as physics launched from Python, and the old way elsewhere."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("isaaclab")

import torch
import warp

from tests.isaaclab.built import built, launched_physics
from trainer_proc.simulators.isaaclab.cpu_graph import replay_physics

pytestmark = pytest.mark.real
STEPS = 30


def with_short_episodes(cfg):
    cfg.episode_length_s = 0.4


def played(training, steps=STEPS):
    """Return the states, forces and observations of some steps with random actions and resets: steps × E × values."""
    torch.manual_seed(3)
    training.env.reset(seed=3)
    data = training.env.sim.physics_manager._solver.mjw_data
    size = (training.env.num_envs, training.env.action_manager.total_action_dim)
    states = []
    for _ in range(steps):
        with torch.inference_mode():
            observations, rewards, *_ = training.env.step(torch.randn(size))
        parts = (data.qpos, data.qvel, data.qfrc_actuator, data.qacc)
        values = [torch.from_numpy(part.numpy().copy()) for part in parts]
        states.append(torch.cat([*values, observations["policy"], rewards[:, None]], 1))
    return torch.stack(states)


def launched(training, steps=STEPS):
    """Return the same, with physics that is launched from Python."""
    with launched_physics(training.env):
        return played(training, steps)


@pytest.fixture(scope="module", params=["Isaac-Humanoid", "Isaac-Velocity-Flat-G1"])
def robot(request):
    """One with MuJoCo's contacts, and one with Newton's collision pipeline."""
    with built(request.param, 3, with_short_episodes) as training:
        yield training


def test_recorded_physics_is_equal_to_the_bit(robot):
    recorded = played(robot)  # records at its second step
    expected = launched(robot)
    assert expected.isfinite().all()
    assert expected[0].ne(expected[-1]).any(1).all()  # it moves
    assert torch.equal(recorded, expected)
    assert torch.equal(played(robot), expected)


def test_only_the_solvers_launches_are_replayed(robot, monkeypatch):
    played(robot, 3)
    solver, steps = robot.env.sim.physics_manager._solver, []
    monkeypatch.setattr(solver, "step", lambda *arguments: steps.append(arguments))
    played(robot, 3)
    assert not steps
    launched(robot, 3)
    assert steps


def test_a_change_of_the_model_is_in_the_recorded_physics(robot):
    before = played(robot, 3)
    gravity = robot.solver.opt.gravity.numpy()  # the memory itself
    kept = gravity.copy()
    try:
        gravity *= 0.5
        expected = launched(robot, 3)
        assert not torch.equal(expected, before)
        assert torch.equal(played(robot, 3), expected)
    finally:
        gravity[:] = kept


@pytest.mark.parametrize("substeps", [4, 1])
def test_other_substeps_are_recorded_again_or_launched(robot, substeps, monkeypatch):
    """The humanoid's solver reads the state at every second step: with one substep, not at each."""
    before = played(robot, 4)
    base = robot.env.sim.physics_manager.__mro__[2]
    assert base.__name__ == "NewtonManager"
    with monkeypatch.context() as patch:
        patch.setattr(base, "_num_substeps", substeps)
        expected = launched(robot, 4)
        assert not torch.equal(expected, before)
        assert torch.equal(played(robot, 4), expected)
    assert torch.equal(played(robot, 4), before)


def test_forces_of_a_callback_are_applied(robot):
    manager, calls = robot.env.sim.physics_manager, []
    before = played(robot, 3)
    manager.register_state_force_callback(calls.append)
    try:
        assert torch.equal(played(robot, 3), before)
    finally:
        manager._state_force_callbacks.remove(calls.append)
    assert len(calls) == 3 * robot.env.cfg.decimation * manager._num_substeps


def test_what_cannot_be_recorded_is_launched_as_before(robot, capsys):
    expected = played(robot, 4)
    simulation = robot.env.sim
    with launched_physics(robot.env):
        replay_physics(simulation)
        with warp.ScopedCapture(device="cpu"):  # Warp records one graph at a time
            for _ in range(2):
                simulation.physics_manager._run_solver_substeps(simulation.physics_manager._contacts)
        assert "NOTE: slower physics, Warp can't record it: Graph capture already" in capsys.readouterr().err
        assert torch.equal(played(robot, 4), expected)
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("device", "solver"),
    [
        ("cuda:0", SimpleNamespace(mjw_model=object(), use_mujoco_cpu=False)),
        ("cpu", None),  # PhysX
        ("cpu", SimpleNamespace()),  # another solver of Newton
        ("cpu", SimpleNamespace(mjw_model=object(), use_mujoco_cpu=True)),
    ],
)
def test_other_physics_is_left_alone(device, solver):
    manager = SimpleNamespace(_solver=solver)
    simulation = SimpleNamespace(physics_manager=manager, device=device)
    replay_physics(simulation)
    assert simulation.physics_manager is manager
