"""Scene and state of real robots in mjlab, against MuJoCo's own kinematics."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from trainer_proc.contract.robot import Selection

pytestmark = pytest.mark.real


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CARTPOLE, G1, Chooser, EnvironmentTypes, NotSelectable, Simulated, environment_types
    global mujoco, quaternion_product, rotated, simulator_of, torch
    import mujoco
    import torch

    from tests.trainer.knobs.simulated import CARTPOLE, G1, Simulated
    from trainer_proc.contract.quaternions import quaternion_product, rotated
    from trainer_proc.robot_stream.choice import Chooser, EnvironmentTypes, NotSelectable, environment_types
    from trainer_proc.simulators.registry import simulator_of


@pytest.fixture(scope="module")
def g1():
    return Simulated(G1, 3, lambda cfg: cfg.events.pop("push_robot"))


@pytest.fixture(scope="module")
def cartpole():
    return Simulated(CARTPOLE, 3)


def values(packed):
    return np.frombuffer(packed, "<f4")


def in_mujoco(training, environment):
    """Return the model, and its data with positions of an environment and everything that follows from them."""
    model = training.env.sim.mj_model
    data = mujoco.MjData(model)
    data.qpos[:] = training.env.sim.data.qpos[environment].numpy()
    if model.nmocap:
        data.mocap_pos[:] = training.env.sim.data.mocap_pos[environment].numpy()
    mujoco.mj_forward(model, data)
    return model, data


@pytest.mark.parametrize(("robot", "prefix"), [("cartpole", "cartpole/"), ("g1", "robot/")])
def test_bodies_and_solids_are_where_mujoco_has_them(robot, prefix, request):
    training = request.getfixturevalue(robot)
    reader = simulator_of(training.env).robot_reader("task")
    training.reset()
    training.step(action=0.3, steps=7)
    model, data = in_mujoco(training, 1)
    place = data.xpos[model.body("cartpole/mocap_base").id] if robot == "cartpole" else None
    origin = training.env.scene.env_origins[1].numpy() if place is None else place
    poses = values(reader.read(1).poses).reshape(-1, 7).astype(float)
    scene = reader.scene
    names = [prefix + name.removeprefix(prefix) for name in scene.bodies]
    ids = [model.body(name).id for name in names]
    assert poses[:, :3] == pytest.approx(data.xpos[ids] - origin, abs=1e-4)
    assert np.abs(np.sum(poses[:, 3:] * data.xquat[ids], axis=1)) == pytest.approx(1.0, abs=1e-5)
    parents = [model.body_parentid[body] for body in ids]
    assert [ids[at] for at in scene.parents[1:]] == parents[1:]

    drawn = {
        tuple(np.round(poses[one.body, :3] + rotated(poses[one.body, 3:], np.array(one.position)), 3)): one
        for one in scene.shapes
    }
    solids = [geom for geom in range(model.ngeom) if model.geom_contype[geom] and model.geom_bodyid[geom] in ids]
    solids = [geom for geom in solids if model.geom_type[geom] != mujoco.mjtGeom.mjGEOM_PLANE]
    assert solids
    for geom in solids:
        at, shape = min(drawn.items(), key=lambda one: np.linalg.norm(np.array(one[0]) + origin - data.geom_xpos[geom]))
        assert np.array(at) + origin == pytest.approx(data.geom_xpos[geom], abs=3e-3)
        assert mujoco.mjtGeom(model.geom_type[geom]).name == f"mjGEOM_{shape.kind.upper()}"
        axis = np.array([0.0, 0.0, 1.0])
        along = rotated(np.array(quaternion_product(poses[shape.body, 3:], shape.orientation)), axis)
        assert abs(along @ data.geom_xmat[geom].reshape(3, 3) @ axis) == pytest.approx(1.0, abs=1e-4)
        assert shape.size[:1] == pytest.approx(model.geom_size[geom][:1])


def test_every_link_of_the_g1_is_drawn_at_a_robots_size(g1):
    scene = simulator_of(g1.env).robot_reader("task").scene
    assert {shape.body for shape in scene.shapes} == set(range(len(scene.bodies)))
    assert all(0.005 < max(shape.size) < 0.2 for shape in scene.shapes)
    assert [scene.bodies[foot] for foot in scene.feet] == ["left_ankle_roll_link", "right_ankle_roll_link"]


def test_the_state_is_that_of_the_environment_and_of_the_step(g1):
    reader = simulator_of(g1.env).robot_reader("task")
    g1.reset()
    rewards = g1.step(steps=15)
    state, scene, env = reader.read(2), reader.scene, g1.env
    assert state.time == pytest.approx(15 * scene.step_seconds)
    assert state.ended == ""
    assert values(state.rewards).sum() * scene.step_seconds == pytest.approx(float(rewards[2]), rel=1e-4)
    weights = dict(zip(scene.rewards, values(state.weights), strict=True))
    assert weights["upright"] == env.reward_manager.get_term_cfg("upright").weight
    assert values(state.command) == pytest.approx(env.command_manager.get_command("twist")[2].numpy())
    assert values(state.velocity)[:2] == pytest.approx(g1.data.root_link_lin_vel_b[2, :2].numpy(), abs=1e-4)
    assert values(state.velocity)[2] == pytest.approx(float(g1.data.root_link_ang_vel_b[2, 2]), abs=1e-4)
    assert dict(zip(scene.joints, values(state.joints), strict=True))["left_knee_joint"] == pytest.approx(
        float(g1.data.joint_pos[2, g1.robot.joint_names.index("left_knee_joint")])
    )
    assert (np.abs(values(state.torques)) <= np.array(scene.torque_limits) * 1.001).all()
    assert values(state.contacts).sum() > 100.0  # newtons, of a robot that stands
    assert all(low < high for low, high in scene.joint_limits)


def test_the_end_of_an_episode_has_its_reason_and_the_first_state_of_the_next(g1):
    reader = simulator_of(g1.env).robot_reader("task")
    g1.reset()
    g1.env.episode_length_buf[0] = g1.env.max_episode_length - 1
    g1.step()
    ended, running = reader.read(0), reader.read(1)
    assert (ended.ended, ended.is_time_out, ended.time) == ("time_out", True, 0.0)
    assert (running.ended, running.is_time_out) == ("", False)
    assert running.time == pytest.approx(reader.scene.step_seconds)


def test_choices_by_value_are_those_of_the_simulators_own_numbers(g1):
    command = SimpleNamespace(task_names=("walk", "run"), task_ids=torch.tensor([0, 1, 0]))
    manager = SimpleNamespace(active_terms=["twist"], get_term=lambda _: command)
    terrain = SimpleNamespace(types=("flat", "stairs", "slope"), present_types=torch.tensor([0, 0, 1]))
    types = environment_types(SimpleNamespace(command_manager=manager), terrain)
    assert types.names == ("walk", "run", "flat", "stairs", "slope")
    chooser = Chooser(simulator_of(g1.env).robot_reader("task"), types, range(0))
    g1.reset()
    g1.step(action=0.5, steps=5)
    g1.env.episode_length_buf[:] = 25  # steps from which mean rewards are compared

    def chosen(kind, value=""):
        return chooser.choose(Selection(kind, value), 0).environment()

    assert chosen("tilted") == int(g1.data.projected_gravity_b[:, 2].argmax())
    returns = sum(g1.env.reward_manager._episode_sums.values())
    assert (chosen("best"), chosen("worst")) == (int(returns.argmax()), int(returns.argmin()))
    assert chosen("best") != chosen("worst")
    assert chosen("type", "run") == 1
    assert chosen("type", "walk") in (0, 2)
    assert chosen("type", "stairs") == 2
    with pytest.raises(NotSelectable, match="no environment is of type slope now"):
        chosen("type", "slope")
    with pytest.raises(NotSelectable, match="no such type of environment: ice; there are walk, run, flat"):
        chosen("type", "ice")


def test_an_end_in_a_step_that_is_left_out_comes_with_the_next_state(g1, monkeypatch):
    from trainer_proc.robot_stream import watch

    monkeypatch.setattr(watch, "STATES_AT_ONCE", 1)
    env, sent = g1.env, []
    reader = simulator_of(env).robot_reader("task")
    watched = watch.Watch(Selection("env", "1"), reader, Chooser(reader, EnvironmentTypes(), range(0)), sent.append)
    g1.reset()
    for step in range(1, 10):
        if step == 6:
            env.episode_length_buf[1] = env.max_episode_length - 1
        g1.step()
        watched.step(0, step)
        watched.step(0, step)  # as a paused training does
    assert [state.step for state in sent] == [1, 3, 5, 7, 9]  # 25 a second of 50
    assert [(state.ended, state.is_time_out) for state in sent[3:]] == [("time_out", True), ("", False)]
    assert sent[3].time == pytest.approx(reader.scene.step_seconds)


def test_packing_takes_one_kernel_and_waits_for_nothing(g1):
    from tests.operations import Operations

    reader = simulator_of(g1.env).robot_reader("task")
    row = torch.zeros(reader.state_size, dtype=torch.uint8)
    with torch.inference_mode(), Operations() as operations:
        reader.pack(2, row)
        reader.pack_endings(2, row[: reader.endings_size])
    assert operations.names == ["cat.out"] * 2


def test_four_states_are_copied_to_the_host_together(g1, monkeypatch):
    from trainer_proc.robot_stream import batch, watch

    copies, sent = [], []
    monkeypatch.setattr(batch, "HostCopy", lambda rows, copy=batch.HostCopy: copies.append(len(rows)) or copy(rows))
    monkeypatch.setattr(watch, "_LONGEST_WAIT", 1e9)
    reader = simulator_of(g1.env).robot_reader("task")
    watched = watch.Watch(Selection("env", "1"), reader, Chooser(reader, EnvironmentTypes(), range(0)), sent.append)
    g1.reset()
    for step in range(1, 19):
        g1.step()
        watched.step(0, step)
    assert [state.step for state in sent] == [1, 3, 5, 7, 9, 11, 13, 15, 17]
    assert len(copies) == 1 + 2  # the first state alone, for a viewer that waits


@pytest.mark.parametrize("robot", ["cartpole", "g1"])
def test_tensors_in_place_stay_the_same_while_environments_step_and_end(robot, request):
    training = request.getfixturevalue(robot)
    reader = simulator_of(training.env).robot_reader("task")
    packed, again = (torch.zeros(reader.state_size, dtype=torch.uint8) for _ in range(2))
    training.reset()
    reader.pack(1, packed)  # the views are those of the first step
    for step in range(6):
        if step == 3:
            training.env.episode_length_buf[1] = training.env.max_episode_length - 1
        training.step(action=0.4)
        reader.pack(1, packed)
        simulator_of(training.env).robot_reader("task").pack(1, again)
        assert torch.equal(packed, again)


class LateCopy:
    """Arrives on the host when the next step is done, as a copy from a GPU does."""

    step = 0
    never = False

    def __init__(self, values):
        self._values, self._step = values.numpy().copy(), LateCopy.step

    @property
    def is_done(self):
        return LateCopy.step > self._step and not LateCopy.never

    def values(self):
        assert self.is_done
        return self._values


def test_a_state_that_arrives_a_step_later_is_sent_then(cartpole, monkeypatch):
    from trainer_proc.robot_stream import batch, choice, watch

    monkeypatch.setattr(watch, "STATES_AT_ONCE", 1)
    for module in (choice, batch):
        monkeypatch.setattr(module, "HostCopy", LateCopy)
    env, sent = cartpole.env, []
    reader = simulator_of(env).robot_reader("task")
    chooser = Chooser(reader, EnvironmentTypes(), range(0))
    watched = watch.Watch(Selection("worst"), reader, chooser, sent.append)
    packs = []
    monkeypatch.setattr(reader, "pack", lambda number, row, pack=reader.pack: packs.append(number) or pack(number, row))

    def step(count):
        for _ in range(count):
            cartpole.step(action=1.0)
            LateCopy.step += 1
            watched.step(0, LateCopy.step)

    cartpole.reset()
    cartpole.step(action=1.0)
    env.episode_length_buf[:] = 25  # steps from which mean rewards are compared
    step(5)
    assert [state.step for state in sent] == [2, 3, 4]  # chosen in step 1; what was packed in 5 is on its way
    first = sent[-1].environment
    assert {state.environment for state in sent} == set(packs) == {first}
    assert first == int(env.reward_manager._episode_sums["smooth_reward"].argmin())
    env.episode_length_buf[first] = env.max_episode_length - 1
    step(6)
    (ended,) = [state for state in sent if state.ended]
    assert (ended.environment, ended.step, ended.time) == (first, 6, 0.0)
    assert sent[-1].environment != first  # that one has just begun
    assert [state.step for state in sent] == list(range(2, 11))
    monkeypatch.setattr(LateCopy, "never", True)
    step(10)
    assert sent[-1].step == 10
    assert len(packs) == 10 + 1  # the device is behind: no more than two copies are on their way
