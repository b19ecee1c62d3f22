"""Heights of real mjlab terrain around a robot, against MuJoCo's rays."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tui.robots import packed
from trainer_proc.simulators.ground import GroundSampler


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global G1, ROUGH, Simulated, heights_of, mujoco, simulator_of, small, torch
    import mujoco
    import torch

    from tests.trainer.knobs.rough import ROUGH, small
    from tests.trainer.knobs.simulated import G1, Simulated
    from trainer_proc.simulators.mjlab.ground import heights_of
    from trainer_proc.simulators.registry import simulator_of


@pytest.fixture(scope="module")
def rough():
    training = Simulated(ROUGH, 8, small)
    training.reset()
    return training


def below(model, data, x, y):
    """Return the height of the first thing below a place, and the kind of its geom."""
    geom = np.zeros(1, np.int32)
    distance = mujoco.mj_ray(model, data, np.array([x, y, 9.0]), np.array([0.0, 0.0, -1.0]), None, 1, -1, geom)
    return 9.0 - distance, mujoco.mjtGeom(model.geom_type[geom[0]]).name


@pytest.mark.real
@pytest.mark.parametrize(("environment", "kind", "error"), [(4, "mjGEOM_BOX", 1e-6), (6, "mjGEOM_HFIELD", 0.04)])
def test_heights_of_stairs_and_of_height_fields_are_those_that_rays_meet(rough, environment, kind, error):
    model = rough.env.sim.mj_model
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    data.geom_xpos[model.body_weldid[model.geom_bodyid] > 0] = 100.0  # the robot is out of the way
    x, y, _ = rough.env.scene.env_origins[environment].tolist()
    xs, ys = (place + np.linspace(-2.03, 2.07, 42) for place in (x, y))
    heights = heights_of(model, [])(xs, ys)
    found = [[below(model, data, one, other) for other in ys] for one in xs]
    assert {name for row in found for _, name in row} == {kind}
    assert heights == pytest.approx(np.array([[height for height, _ in row] for row in found]), abs=error)
    assert np.ptp(heights) > 0.05


@pytest.mark.real
def test_tilted_and_turned_boxes_have_the_heights_that_rays_meet():
    boxes = "".join(
        f'<geom type="box" size="0.5 0.3 0.1" pos="{at} 0 0.3" euler="{euler}"/>'
        for at, euler in ((0, "0 25 0"), (1.5, "0 0 40"), (3, "20 -15 70"))
    )
    model = mujoco.MjModel.from_xml_string(f"<mujoco><worldbody>{boxes}</worldbody></mujoco>")
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    xs, ys = np.linspace(-0.81, 3.8, 60), np.linspace(-0.71, 0.7, 30)
    heights = heights_of(model, [])(xs, ys)
    for column, x in enumerate(xs):
        for row, y in enumerate(ys):
            geom = np.zeros(1, np.int32)
            height, _ = below(model, data, x, y)
            distance = mujoco.mj_ray(model, data, np.array([x, y, 9.0]), np.array([0.0, 0, -1]), None, 1, -1, geom)
            assert np.isnan(heights[column, row]) if distance < 0 else heights[column, row] == pytest.approx(height)
    assert 0.2 < np.isnan(heights).mean() < 0.8


@pytest.mark.real
def test_a_state_on_terrain_has_the_ground_relative_to_its_origin_and_flat_tasks_have_none(rough):
    reader = simulator_of(rough.env).robot_reader("task")
    state = reader.read(4)
    ground = state.ground
    heights = np.frombuffer(ground.heights, "<f4").reshape(ground.size, ground.size)
    root = np.frombuffer(state.poses, "<f4")[:3]
    lowest = np.frombuffer(state.poses, "<f4").reshape(-1, 7)[:, 2].min()
    at = [round(float(root[axis] - ground.corner[axis]) / ground.spacing) for axis in (0, 1)]
    assert at == pytest.approx([ground.size // 2] * 2, abs=1)
    assert 0.0 < lowest - heights[at[0], at[1]] < 0.2  # it stands there
    on_plane = simulator_of(Simulated(G1, 1).env).robot_reader("task")
    assert on_plane.read(0).ground is None
    assert (reader.scene.has_terrain, on_plane.scene.has_terrain) == (True, False)


def sampled(sampler, environment, x, origin=(0.0, 0.0, 0.0)):
    return sampler.sample(environment, np.array([x, 0.0, 1.0]), np.array(origin))


def test_the_ground_is_sampled_again_when_the_robot_has_moved_or_is_another():
    sampler = GroundSampler(lambda x, y: np.add.outer(x, 0 * y))
    first = sampled(sampler, 0, 0.0)
    assert (first.size, first.corner) == (41, pytest.approx((-2.0, -2.0)))
    assert first.heights[: 4 * 41] == packed(*[-2.0] * 41)  # by x, then by y
    assert sampled(sampler, 0, 0.5) is None
    assert sampled(sampler, 0, 0.7).corner == pytest.approx((-1.3, -2.0))
    assert sampled(sampler, 1, 0.7) is not None
    assert sampled(sampler, 1, 0.7, (0.0, 0.0, 0.2)) is not None
    sampler.repeat()
    assert sampled(sampler, 1, 0.7, (0.0, 0.0, 0.2)) is not None
    assert sum(sampled(sampler, 1, 0.7, (0.0, 0.0, 0.2)) is not None for _ in range(200)) == 3
    assert sampled(sampler, 1, np.nan) is None
    assert sampled(GroundSampler(None), 0, 0.0) is None
