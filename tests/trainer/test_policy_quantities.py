"""What a description says of a robot's observations and model, computed again by MuJoCo from the robot's file alone."""

from __future__ import annotations

import math

import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global Simulated, describe_policy, mujoco, numpy, simulator_of, torch
    import mujoco
    import numpy
    import torch

    from tests.trainer.knobs.simulated import Simulated
    from trainer_proc.export.description import describe_policy
    from trainer_proc.simulators.registry import simulator_of


pytestmark = pytest.mark.real

ROUGH = "Mjlab-Velocity-Rough-Unitree-G1"


def without_noise(cfg):
    cfg.scene.terrain.terrain_generator.num_rows = 2  # a fifth of the patches
    cfg.observations["actor"].enable_corruption = False
    cfg.events = {name: event for name, event in cfg.events.items() if event.mode == "reset"}


@pytest.fixture(scope="module")
def rough():
    """The G1 on terrain, without noise and randomization, after some steps."""
    simulated = Simulated(ROUGH, 1, without_noise)
    simulated.step(0.3, steps=7)
    simulated.described = describe_policy(simulated.runner, ROUGH, "mjlab", simulator_of(simulated.env))
    simulated.terms = {term.name: term for term in simulated.described.observation_terms}
    return simulated


@pytest.fixture(scope="module")
def alone(rough):
    """The robot's file in MuJoCo, in the state that the training's robot has."""
    model = mujoco.MjModel.from_xml_string(simulator_of(rough.env).robot_model("robot"))
    data = mujoco.MjData(model)
    data.qpos, data.qvel = rough.env.sim.data.qpos[0].numpy(), rough.env.sim.data.qvel[0].numpy()
    mujoco.mj_forward(model, data)
    return model, data


def observed(rough, name):
    manager = rough.env.observation_manager
    cfg = manager.get_term_cfg("actor", name)
    with torch.inference_mode():
        return (cfg.func(rough.env, **cfg.params)[0] * (1.0 if cfg.scale is None else cfg.scale)).numpy()


def velocity_in(model, data, frame):
    """Return the angular and the linear velocity of a site or body, in its own axes."""
    site = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_SITE, frame)
    kind, index = (mujoco.mjtObj.mjOBJ_SITE, site) if site >= 0 else (mujoco.mjtObj.mjOBJ_XBODY, model.body(frame).id)
    velocity = numpy.zeros(6)
    mujoco.mj_objectVelocity(model, data, kind, index, velocity, 1)
    return velocity[:3], velocity[3:]


def test_velocities_and_gravity_are_those_of_the_named_frame(rough, alone):
    model, data = alone
    linear, angular, gravity = (rough.terms[name] for name in ("base_lin_vel", "base_ang_vel", "projected_gravity"))
    assert (linear.quantity, linear.unit, linear.frame) == ("base_lin_vel", "m/s", "imu_in_pelvis")
    assert (angular.quantity, angular.unit, angular.frame) == ("base_ang_vel", "rad/s", "imu_in_pelvis")
    assert (gravity.quantity, gravity.unit, gravity.frame) == ("projected_gravity", "", "pelvis")
    assert velocity_in(model, data, linear.frame)[1] == pytest.approx(observed(rough, "base_lin_vel"), abs=1e-4)
    assert velocity_in(model, data, angular.frame)[0] == pytest.approx(observed(rough, "base_ang_vel"), abs=1e-4)
    down = data.body(gravity.frame).xmat.reshape(3, 3).T @ (0, 0, -1)
    assert down == pytest.approx(observed(rough, "projected_gravity"), abs=1e-5)
    # another frame would show something else
    assert velocity_in(model, data, "pelvis")[1] != pytest.approx(observed(rough, "base_lin_vel"), abs=1e-3)


def test_joints_are_listed_in_the_order_of_the_numbers(rough, alone):
    _, data = alone
    described = rough.described
    pose = dict(zip(described.robot_joint_names, described.robot_joint_positions, strict=True))
    positions, velocities = rough.terms["joint_pos"], rough.terms["joint_vel"]
    assert (positions.quantity, positions.unit, positions.relative) == ("joint_pos", "rad", True)
    assert (velocities.quantity, velocities.unit) == ("joint_vel", "rad/s")
    assert [data.joint(name).qpos[0] - pose[name] for name in positions.joints] == pytest.approx(
        observed(rough, "joint_pos").tolist(), abs=1e-5
    )
    assert [data.joint(name).qvel[0] for name in velocities.joints] == pytest.approx(
        observed(rough, "joint_vel").tolist(), abs=1e-4
    )


def test_the_height_map_names_the_points_that_the_policy_sees(rough):
    grid, term = rough.described.height_map, rough.terms["height_scan"]
    assert (term.quantity, term.unit, term.frame, term.scale) == ("height_scan", "m", "pelvis", pytest.approx([0.2]))
    assert (grid.frame, grid.size, grid.resolution, grid.max_distance) == ("pelvis", (1.6, 1.0), 0.1, 5.0)
    assert len(grid.points) == term.size == 187
    sensor = rough.env.scene["terrain_scan"]
    origin, hits = sensor.data.frame_pos_w[0, 0], sensor.data.hit_pos_w[0]
    w, x, y, z = sensor.data.quat_w[0].tolist()
    yaw = math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    for at in (0, 1, 17, 186):
        forward, left = grid.points[at]
        expected = (
            forward * math.cos(yaw) - left * math.sin(yaw),
            forward * math.sin(yaw) + left * math.cos(yaw),
        )
        assert (hits[at] - origin)[:2].tolist() == pytest.approx(expected, abs=1e-3)
        height = float(origin[2] - hits[at, 2]) - grid.offset
        assert observed(rough, "height_scan")[at] == pytest.approx(height * term.scale[0], abs=1e-3)


def test_other_terms_commands_and_times_are_described(rough):
    described = rough.described
    assert (rough.terms["actions"].quantity, rough.terms["command"].quantity) == ("last_action", "command")
    assert rough.terms["command"].command == "twist"
    (command,) = described.commands
    assert (command.kind, command.body, command.heading, command.deadband) == ("velocity", "pelvis", True, 0.0)
    ranges = rough.env.command_manager.get_term("twist").cfg.ranges
    assert {part.name: (part.low, part.high) for part in command.parts} == {
        name: pytest.approx(getattr(ranges, name)) for name in ("lin_vel_x", "lin_vel_y", "ang_vel_z")
    }
    assert [part.unit for part in command.parts] == ["m/s", "m/s", "rad/s"]
    assert (described.physics_dt, described.decimation, described.control_frequency) == (0.005, 4, 50.0)
    assert (described.episode_seconds, described.base_body) == (20.0, "pelvis")
    assert described.not_included == []


def test_the_robots_file_is_the_trained_robot_and_needs_no_other_file(rough, alone):
    alone, _ = alone
    trained = rough.env.sim.mj_model
    assert (alone.nmesh, alone.ntex, alone.nq, alone.nv, alone.nu) == (0, 0, trained.nq, trained.nv, trained.nu)
    bodies = [trained.body(f"robot/{alone.body(index).name}").id for index in range(1, alone.nbody)]
    geoms = [trained.geom(f"robot/{alone.geom(index).name}").id for index in range(alone.ngeom)]
    assert len(geoms) == sum(1 for name in map(_name, range(trained.ngeom), [trained] * trained.ngeom) if name)
    for field in ("body_mass", "body_inertia", "body_ipos", "body_pos", "body_quat"):
        assert getattr(alone, field)[1:] == pytest.approx(getattr(trained, field)[bodies], rel=1e-4, abs=1e-5), field
    for field in ("geom_friction", "geom_size", "geom_solref", "geom_condim", "geom_pos", "geom_priority"):
        assert getattr(alone, field) == pytest.approx(getattr(trained, field)[geoms], rel=1e-4, abs=1e-5), field
    for field in ("dof_armature", "dof_damping", "dof_frictionloss", "jnt_range", "actuator_gainprm"):
        assert getattr(alone, field) == pytest.approx(getattr(trained, field), rel=1e-4), field
    assert alone.actuator_forcerange == pytest.approx(trained.actuator_forcerange)
    for option in ("timestep", "iterations", "ls_iterations", "cone", "integrator", "impratio", "solver"):
        assert getattr(alone.opt, option) == getattr(trained.opt, option), option
    assert alone.sensor("imu_ang_vel").id >= 0


def _name(index, model):
    """Return the name of a geom of the robot that collides; empty for any other."""
    collides = model.geom_contype[index] or model.geom_conaffinity[index]
    name = model.geom(index).name
    return name if collides and name.startswith("robot/") else ""


def test_ranges_of_commands_are_those_in_force_at_the_checkpoint(rough):
    from trainer_proc.export.commands import command_infos, with_ranges
    from trainer_proc.steering.state import INFOS_KEY

    def ranges(commands):
        return {part.name: (part.low, part.high) for part in commands[0].parts}

    described = rough.described.commands
    cfg = rough.env.command_manager.get_term("twist").cfg.ranges
    before, cfg.lin_vel_x = cfg.lin_vel_x, (-0.25, 2.5)
    saved = command_infos(rough.runner.env)
    cfg.lin_vel_x = before
    assert ranges(with_ranges(described, saved))["lin_vel_x"] == (-0.25, 2.5)
    assert ranges(with_ranges(described, {})) == ranges(described)
    # a checkpoint of an older version has changed knobs only
    changed = {INFOS_KEY: {"values": {"command/twist/lin_vel_y": (-0.1, 0.4), "reward/upright/weight": 1.0}}}
    assert ranges(with_ranges(described, changed)) == ranges(described) | {"lin_vel_y": (-0.1, 0.4)}
    assert ranges(with_ranges(described, {INFOS_KEY: {"values": 3}})) == ranges(described)


def test_the_onnx_metadata_has_all_keys_of_mjlabs_own_exporter_with_its_values(rough):
    from mjlab.rl.exporter_utils import get_base_metadata, list_to_csv_str

    from trainer_proc.export.metadata import metadata

    ours = metadata(rough.described, "run", 3)
    theirs = get_base_metadata(rough.env, "run")
    assert set(theirs) <= set(ours)
    for key, value in theirs.items():
        expected = entries(list_to_csv_str(value) if isinstance(value, list) else str(value))
        assert entries(ours[key]) == [pytest.approx(one, abs=6e-4) for one in expected], key
    assert float(ours["action_scale"].split(",")[-1]) == pytest.approx(rough.described.action_scale[-1], abs=5e-10)
    assert {len(one.partition(".")[2]) for one in ours["default_joint_pos"].split(",")} == {9}


def entries(text):
    """Return the entries of a list in metadata, as numbers where they are."""
    try:
        return [float(one) for one in text.replace(";", ",").split(",")]
    except ValueError:
        return text.replace(";", ",").split(",")
