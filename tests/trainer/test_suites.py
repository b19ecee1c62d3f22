"""Suites of evaluations in a real G1 on small rough terrain: what each cell does to its environments."""

from __future__ import annotations

import math
from dataclasses import asdict

import pytest

from curricula.errors import UserError
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.run_folder import RunSpec

ENVIRONMENTS = 24
SPEC = RunSpec(
    preset="",
    backend="mjlab",
    task="Mjlab-Velocity-Rough-Unitree-G1",
    experiment="suites",
    device="cpu",
    num_envs=ENVIRONMENTS,
    iterations=1,
    seed=3,
    success={"kind": "velocity"},
)


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global ManagerBasedRlEnv, MjlabOnPolicyRunner, ROWS, RslRlVecEnvWrapper, SuiteRefused, TYPES, Training
    global built_stage, commands, corners, find_suite, load_env_cfg, load_rl_cfg, pushes, recovery_times
    global replay_physics, small, torch
    import torch
    from mjlab.envs import ManagerBasedRlEnv
    from mjlab.rl import MjlabOnPolicyRunner, RslRlVecEnvWrapper
    from mjlab.tasks.registry import load_env_cfg, load_rl_cfg

    from tests.trainer.knobs.rough import ROWS, TYPES, small
    from trainer_proc.evaluation.stage import built_stage
    from trainer_proc.evaluation.suites import commands, pushes
    from trainer_proc.evaluation.suites.pushes import recovery_times
    from trainer_proc.evaluation.suites.randomization import corners
    from trainer_proc.evaluation.suites.registry import find_suite
    from trainer_proc.evaluation.suites.suite import SuiteRefused
    from trainer_proc.simulators.base import Training
    from trainer_proc.simulators.mjlab.cpu_graph import replay_physics


class SmallTasks:
    """Builds tasks of mjlab with `edit` applied to their configuration."""

    def __init__(self, edit=lambda cfg: None):
        self._edit = edit

    def build(self, spec, folder):
        cfg = load_env_cfg(spec.task)
        cfg.scene.num_envs, cfg.seed = spec.num_envs, spec.seed
        self._edit(cfg)
        env = RslRlVecEnvWrapper(ManagerBasedRlEnv(cfg, device=spec.device))
        replay_physics(env.unwrapped.sim)
        return Training(MjlabOnPolicyRunner(env, asdict(load_rl_cfg(spec.task)), None, spec.device), env.close)


@pytest.fixture(scope="module")
def stage():
    with built_stage(SmallTasks(small), SPEC, {}) as stage:
        yield stage


def begin(stage, plan, seed=1):
    """Begin a round in which environment i plays cell i."""
    count = int(stage.env.num_envs)
    plan.trial.begin(torch.arange(count) % len(plan.cells))
    stage.reset(seed)
    plan.trial.started()


def step(stage, plan, alive=None):
    """Step all environments without action."""
    stage.env.step(torch.zeros(int(stage.env.num_envs), int(stage.env.num_actions)))
    plan.trial.step(torch.ones(int(stage.env.num_envs), dtype=torch.bool) if alive is None else alive)


def model(stage, field):
    return torch.from_numpy(getattr(stage.task.sim.wp_model, field).numpy().copy())


# --- Randomization ---


@pytest.mark.real
def test_each_range_is_at_its_ends_in_the_environments_of_its_cells_alone(stage):
    plan = find_suite("randomization").plan(stage)
    names = [cell["range"] for cell in plan.cells]
    assert names[0] == "nominal"
    assert len(names) <= ENVIRONMENTS
    robot = stage.task.scene["robot"]
    bodies, root = robot.indexing.body_ids, int(robot.indexing.body_ids[0])
    for seed in (1, 2):  # the second round resamples from the ranges of the first's last cell, unless it is kept
        begin(stage, plan, seed)
        masses = model(stage, "body_mass")[:, bodies].sum(-1)
        for end, scale in (("×0.8", 0.8), ("×1.2", 1.2)):
            assert masses[names.index(f"mass/scale {end}")] == pytest.approx(scale * float(masses[0]), rel=1e-4)
        varied = [number for number, name in enumerate(names) if name.startswith("mass/")]
        others = [float(mass) for number, mass in enumerate(masses[: len(names)]) if number not in varied]
        assert others == pytest.approx([float(masses[0])] * len(others), rel=1e-5)
        bias = stage.task.scene["robot"].data.encoder_bias
        assert bias[names.index("encoder_bias/bias_range -0.015 rad")].tolist() == pytest.approx([-0.015] * 29)
        assert not bias[0].any()
        gains = model(stage, "actuator_gainprm")[..., 0]
        ratio = gains[names.index("motor/strength ×0.9")] / gains[0]
        assert ratio.tolist() == pytest.approx([0.9] * len(ratio), rel=1e-4)
    offsets = model(stage, "body_ipos")
    moved = [number for number, name in enumerate(names) if name.startswith("base_com")]
    shifted = {number for number in range(len(names)) if not torch.allclose(offsets[number], offsets[0], atol=1e-5)}
    assert shifted == set(moved)
    assert len(moved) == 6
    assert root >= 0
    assert names[-1] == "latency 0.02 s"
    assert not [note for note in stage.notes if "mass" in note or "friction" in note or "motor" in note]


@pytest.mark.real
def test_only_the_last_cell_acts_late(stage):
    plan = find_suite("randomization").plan(stage)
    begin(stage, plan)
    term = stage.task.action_manager.get_term("joint_pos")
    received = []
    for number in range(3):
        stage.env.step(torch.full((ENVIRONMENTS, 29), 0.1 * number))
        received.append([round(float(actions[0]), 3) for actions in term.raw_action])
    late = len(plan.cells) - 1
    assert [row[late] for row in received] == [0.0, 0.0, 0.1]
    assert [row[0] for row in received] == [0.0, 0.1, 0.2]
    assert float(stage.task.action_manager.action[late, 0]) == pytest.approx(0.2)  # which the policy observes


def test_corners_are_ends_of_the_range_in_force_or_of_the_usual_one():
    def knob(name, value, default, usual=None):
        return Knob(name, "randomization", value, default, "at each environment's reset", type="range", usual=usual)

    found = corners(
        [
            knob("event/foot_friction/ranges", (0.4, 1.2), (0.3, 1.2)),
            knob("event/mass/scale", (1.0, 1.0), (1.0, 1.0), usual=(0.8, 1.2)),
            knob("event/motor/strength", (0.7, 1.3), (1.0, 1.0), usual=(0.9, 1.1)),
            knob("event/base_com/ranges/0", (0.02, 0.02), (0.02, 0.02)),
        ]
    )
    middle = {
        "event/foot_friction/ranges": (0.8, 0.8),
        "event/mass/scale": (1.0, 1.0),
        "event/motor/strength": (1.0, 1.0),
        "event/base_com/ranges/0": (0.02, 0.02),
    }
    assert {corner.name: corner.values for corner in found} == {
        "nominal": middle,
        "foot_friction/ranges 0.4": middle | {"event/foot_friction/ranges": (0.4, 0.4)},
        "foot_friction/ranges 1.2": middle | {"event/foot_friction/ranges": (1.2, 1.2)},
        "mass/scale 0.8": middle | {"event/mass/scale": (0.8, 0.8)},
        "mass/scale 1.2": middle | {"event/mass/scale": (1.2, 1.2)},
        "motor/strength 0.7": middle | {"event/motor/strength": (0.7, 0.7)},
        "motor/strength 1.3": middle | {"event/motor/strength": (1.3, 1.3)},
    }


# --- Commands ---


@pytest.mark.real
def test_each_environment_is_commanded_its_cell_and_its_velocity_measured(stage, monkeypatch):
    monkeypatch.setattr(commands, "SETTLE_S", 0.04)
    suite = find_suite("commands")
    assert suite.cell_count(SPEC, load_env_cfg(SPEC.task)) == 7 * 5 + 7 * 4
    plan = suite.plan(stage)
    begin(stage, plan)
    term = stage.task.command_manager.get_term("twist")
    term.time_left[:] = 0.05  # due to be sampled again on the way
    wanted = torch.tensor([list(plan.cells[number].values()) for number in range(ENVIRONMENTS)])
    root = stage.simulator.root(stage.task.scene["robot"])
    measured = []
    for _ in range(6):
        step(stage, plan)
        assert torch.equal(term.command, wanted)
        linear, angular = root.velocity_in_root_frame(root.orientation(), root.velocity())
        measured.append(torch.cat([linear[:, :2], angular[:, 2:]], dim=-1).clone())
    means = torch.stack(measured[2:]).mean(0)
    values = plan.trial.values()
    for number, part in enumerate(("forward", "lateral", "yaw")):
        assert torch.allclose(values[f"velocity/{part}"].float(), means[:, number], atol=1e-5)


@pytest.mark.real
def test_commands_that_are_hardly_followed_are_named_as_dead_zones(stage):
    suite = find_suite("commands")
    plan = suite.plan(stage)
    follows = {"forward": 0.9, "lateral": 0.1, "yaw": 0.9}  # the share of a command that is reached
    cells = [{f"velocity/{part}": [share * cell[part], None] for part, share in follows.items()} for cell in plan.cells]
    assert suite.notes(plan, cells) == [
        "dead zone, lateral (m/s): -0.4 gives -0.04, -0.2 gives -0.02, 0.2 gives 0.02, 0.4 gives 0.04"
    ]


# --- Terrain ---


@pytest.mark.real
def test_environments_begin_on_the_type_and_the_level_of_their_cell(stage):
    suite = find_suite("terrain")
    cfg = load_env_cfg(SPEC.task)
    small(cfg)
    assert suite.cell_count(SPEC, cfg) == ROWS * len(TYPES)
    plan = suite.plan(stage)
    assert plan.axes[0].values == TYPES
    terrain = stage.task.scene.terrain
    for seed in (1, 2):  # between which robots go up and down
        begin(stage, plan, seed)
        for number in range(ENVIRONMENTS):
            cell = plan.cells[number % len(plan.cells)]
            place = TYPES[int(terrain.terrain_types[number])], float(terrain.terrain_levels[number])
            assert place == (cell["terrain"], cell["level"])


@pytest.mark.real
def test_a_rollout_begins_on_the_terrain_that_is_asked_for(stage):
    from trainer_proc.rollouts.place import place_on

    place_on(stage, "stairs:2")
    stage.reset(0)
    terrain = stage.task.scene.terrain
    assert set(terrain.terrain_types.tolist()) == {TYPES.index("stairs")}
    assert set(terrain.terrain_levels.tolist()) == {2}
    for text, message in (
        ("stair:2", "no such terrain type: stair; nearest: stairs"),
        ("stairs:4", "expected a terrain level from 0 to 3, got 4"),
    ):
        with pytest.raises(UserError, match=message):
            place_on(stage, text)


def test_flat_ground_has_no_terrain_suite():
    with pytest.raises(SuiteRefused, match="expected a task on generated terrain") as refused:
        find_suite("terrain").cell_count(SPEC, load_env_cfg("Mjlab-Velocity-Flat-Unitree-G1"))
    assert refused.value.exit_code == 2


# --- Smoothness ---


@pytest.mark.real
def test_the_motion_of_a_g1_has_all_measures(stage):
    plan = find_suite("smoothness").plan(stage)
    begin(stage, plan)
    for _ in range(30):
        step(stage, plan)
    values = plan.trial.values()
    assert [measure.name for measure in plan.measures] == list(values)
    assert all(len(of_measure) == ENVIRONMENTS for of_measure in values.values())
    assert not values["action_rate"].any()  # there was no action
    assert (values["power"] > 0.0).all()
    assert (values["foot_slip"] >= 0.0).all()
    for share in ("joint_limits", "torque_saturation"):
        assert (values[share] >= 0.0).all()
        assert (values[share] <= 1.0).all()


# --- Pushes ---


@pytest.mark.real
def test_each_robot_is_pushed_once_in_the_direction_of_its_cell(stage, monkeypatch):
    monkeypatch.setattr(pushes, "BEFORE_S", 0.1)
    monkeypatch.setattr(pushes, "_SPREAD_S", 0.0)
    plan = find_suite("pushes").plan(stage)
    begin(stage, plan)
    root = stage.simulator.root(stage.task.scene["robot"])
    changes = []
    for _ in range(7):
        stage.env.step(torch.zeros(ENVIRONMENTS, 29))
        before = root.velocity().clone()
        plan.trial.step(torch.ones(ENVIRONMENTS, dtype=torch.bool))
        changes.append((root.velocity() - before).clone())
        command = stage.task.command_manager.get_command("twist")
        assert torch.equal(command, torch.tensor([0.3, 0.0, 0.0]).expand(ENVIRONMENTS, 3))
    assert [bool(change.any()) for change in changes] == [False] * 4 + [True] + [False] * 2
    ahead, _ = root.velocity_in_root_frame(root.orientation(), changes[4])
    for number in range(ENVIRONMENTS):
        cell = plan.cells[number]
        angle = math.radians(cell["direction"])
        wanted = [cell["speed"] * math.cos(angle), cell["speed"] * math.sin(angle)]
        assert ahead[number, :2].tolist() == pytest.approx(wanted, abs=0.1 * cell["speed"] + 0.02)  # robots lean
    values = plan.trial.values()
    assert set(values) == {measure.name for measure in plan.measures}


def test_recovery_ends_with_the_last_error_that_was_too_large():
    errors = torch.zeros(40, 4, 3)
    errors[10:16, 0, 1] = 0.5  # lateral, as pushed after step 10
    errors[10:16, 1, 0] = errors[30:33, 1, 2] = -0.5  # again later
    errors[10:, 2, 0] = 0.5  # never back
    errors[3:8, 3, 0] = 0.5  # before the push only
    push_at, lived = torch.tensor([10] * 4), torch.tensor([40] * 4)
    limits = torch.tensor([0.25, 0.25, 0.25])
    times = recovery_times(errors, push_at, lived, limits=limits, window=1).tolist()
    assert times[:2] == [6.0, 23.0]
    assert math.isnan(times[2])
    assert times[3] == 0.0
    # a mean over four steps is as large as the limit while two of them are
    slow = recovery_times(errors, push_at, lived, limits=limits, window=4)
    assert slow[0].item() == 8.0


@pytest.mark.real
def test_a_robot_that_is_fixed_to_the_world_can_not_be_pushed():
    spec = RunSpec("", "mjlab", "Mjlab-Cartpole-Balance", "suites", "cpu", num_envs=2, iterations=1, seed=3)
    with built_stage(SmallTasks(), spec, {}) as stage:
        with pytest.raises(SuiteRefused, match="fixed to the world"):
            find_suite("pushes").plan(stage)
        plan = find_suite("smoothness").plan(stage)
        begin(stage, plan)
        for _ in range(4):
            step(stage, plan)
        assert {"energy_per_metre", "foot_slip"}.isdisjoint(plan.trial.values())
        assert len(stage.notes) == 2
