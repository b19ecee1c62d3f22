"""Recorded physics on a CPU: the same numbers as physics launched from Python, and the old way where it fails."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.real


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CARTPOLE, G1, Simulated, replay_physics, torch, warp
    import torch
    import warp

    from tests.trainer.knobs.simulated import CARTPOLE, G1, Simulated
    from trainer_proc.simulators.mjlab.cpu_graph import replay_physics


@pytest.fixture(scope="module")
def cartpole():
    return Simulated(CARTPOLE, 4, lambda cfg: setattr(cfg, "episode_length_s", 0.5))


@pytest.fixture(scope="module")
def g1():
    return Simulated(G1, 3, lambda cfg: setattr(cfg, "episode_length_s", 0.2))


def played(training, steps):
    """Return the poses, velocities and forces of an episode with random actions and resets."""
    torch.manual_seed(3)
    training.reset()
    data = training.env.sim.wp_data
    size = (training.env.num_envs, training.env.action_manager.total_action_dim)
    states = []
    for _ in range(steps):
        with torch.inference_mode():
            training.env.step(torch.randn(size))
        parts = (data.qpos, data.qvel, data.qfrc_actuator, data.qacc)
        states.append(torch.cat([torch.from_numpy(part.numpy().copy()) for part in parts], 1))
    return torch.stack(states)


def launched(training, steps):
    """Return the same, with physics that is launched from Python."""
    simulation = training.env.sim
    simulation.use_cuda_graph = False
    try:
        return played(training, steps)
    finally:
        simulation.use_cuda_graph = True


@pytest.mark.parametrize(("name", "steps"), [("cartpole", 60), ("g1", 25)])
def test_recorded_physics_is_equal_to_the_bit(name, steps, request):
    training = request.getfixturevalue(name)
    assert training.env.sim.step_graph is not None
    expected = launched(training, steps)
    assert expected.isfinite().all()
    assert expected[0].ne(expected[-1]).any(1).all()  # it moves
    assert torch.equal(played(training, steps), expected)


def test_a_change_of_the_model_is_in_the_recorded_physics(g1):
    before = played(g1, 3)
    gravity = g1.env.sim.wp_model.opt.gravity.numpy()  # the memory itself
    kept = gravity.copy()
    try:
        gravity *= 0.5
        expected = launched(g1, 3)
        assert not torch.equal(expected, before)
        assert torch.equal(played(g1, 3), expected)
        g1.env.sim.expand_model_fields(("dof_frictionloss",))  # another array in its place
        g1.env.sim.model.dof_frictionloss[:] += 1.0
        with_friction = launched(g1, 3)
        assert not torch.equal(with_friction, expected)
        assert torch.equal(played(g1, 3), with_friction)
    finally:
        gravity[:] = kept


def test_what_cannot_be_recorded_is_launched_as_before(cartpole, capsys):
    simulation = cartpole.env.sim
    with warp.ScopedCapture(device="cpu"):  # Warp records one graph at a time
        replay_physics(simulation)
    assert "NOTE: slower physics, Warp can't record it: Graph capture already in progress" in capsys.readouterr().err
    assert (simulation.use_cuda_graph, simulation.step_graph) == (False, None)
    assert played(cartpole, 3).isfinite().all()


def test_a_simulation_on_a_gpu_is_left_alone():
    replay_physics(SimpleNamespace(wp_device=SimpleNamespace(is_cuda=True)))  # has nothing to record
