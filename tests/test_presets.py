"""Preset files: those that come with the program, the user's, and the errors of wrong ones."""

from __future__ import annotations

from typing import get_args

import pytest

from curricula.load import make_curricula
from curricula.velocity import PARTS
from presets import Needs, PresetError, list_presets, load_preset, own_presets_folder
from presets.checkpoints import Retention, read_retention
from presets.evaluation import PeriodicEvaluation, Suite, read_evaluation
from presets.goal import read_goal
from presets.override_path import OverridePathError, split_path
from tests.curricula.driven import Driven
from trainer_proc.contract.evaluation import SUITES

NAMES = [
    "cartpole",
    "cartpole-swingup",
    "g1-stand",
    "g1-walk",
    "g1-walk-deploy",
    "g1-run",
    "g1-rough",
    "g1-23dof",
    "g1-robust",
    "g1-multitask",
    "g1-reach",
    "g1-jump",
    "g1-loco-manipulation",
    "go1-flat",
    "go1-rough",
    "lift-cube",
    "g1-tracking",
    "g1-backflip",
    "isaac-cartpole",
    "isaac-humanoid",
    "isaac-humanoid-stand",
    "isaac-humanoid-walk",
    "isaac-humanoid-run",
    "isaac-humanoid-reach",
    "isaac-g1-flat",
    "isaac-g1-rough",
    "isaac-g1-stand",
    "isaac-g1-walk",
    "isaac-g1-run",
    "isaac-h1-flat",
    "isaac-h1-rough",
    "isaac-digit-flat",
]
GOOD = """
title = "Mine"
description = "A preset of one's own."
backend = "mjlab"
task = "Mjlab-Cartpole-Balance"
experiment = "mine"
iterations = 5
num_envs = { cpu = 2, cuda = 8 }
"""
COUNT = "expected a whole number from 1 to 1000000000"
VELOCITY = """
[curriculum.velocity]
kind = "velocity"
"""


@pytest.fixture
def load(tmp_path):
    """Load a preset file of this content."""

    def load(content):
        path = tmp_path / "my preset.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_preset(str(path))

    return load


@pytest.fixture
def own():
    """Put a preset into the user's folder."""

    def own(name, content):
        own_presets_folder().mkdir(parents=True, exist_ok=True)
        (own_presets_folder() / f"{name}.toml").write_text(content)

    return own


def refusal(load, content):
    with pytest.raises(PresetError) as error:
        load(content)
    line = str(error.value)
    assert len(line.splitlines()) == 1
    assert "my preset.toml" in line
    assert error.value.name == "my preset"
    return line


# --- those that come with the program ---


def test_the_first_contact_comes_first():
    presets, problems = list_presets()
    assert ([preset.name for preset in presets], problems) == (NAMES, [])
    assert all(preset.title and preset.description for preset in presets)
    assert [load_preset(preset.name) for preset in presets] == presets


def test_each_says_what_it_needs_and_what_counts_as_success():
    for preset in list_presets()[0]:
        assert preset.success, preset.name
        assert preset.needs.gpu_memory_gib is not None, preset.name
        assert preset.num_envs.cuda == 4096, preset.name
        assert preset.environments_on("cuda:0", preset.needs.gpu_memory_gib) <= 4096, preset.name


def test_walking_standing_running_and_rough_terrain_come_with_the_velocity_curriculum():
    of_mjlab = ("g1-stand", "g1-walk", "g1-run", "g1-rough")
    of_isaac_lab = ("isaac-g1-stand", "isaac-g1-walk", "isaac-g1-run", "isaac-humanoid-walk")
    for name in (*of_mjlab, *of_isaac_lab):
        tables = [table for table in load_preset(name).curriculum.values() if table["kind"] == "velocity"]
        assert sorted(part for table in tables for part in table.get("parts", PARTS)) == sorted(PARTS)
        assert tables[0]["forward"]
        command = "base_velocity" if name.startswith("isaac-") else "twist"
        assert {table.get("command", "twist") for table in tables} == {command}
    kinds = {name: {table["kind"] for table in load_preset(name).curriculum.values()} for name in NAMES}
    assert kinds["g1-rough"] == {"terrain", "velocity"}
    assert kinds["g1-robust"] == {"growth"}
    assert kinds["g1-multitask"] == {"tasks", "growth"}
    assert load_preset("g1-run").curriculum["velocity"]["forward"][-1] == [0.0, 4.0]


def test_presets_of_isaac_lab_are_told_by_name_and_say_what_assets_they_need():
    for preset in list_presets()[0]:
        assert (preset.backend == "isaaclab") == preset.name.startswith("isaac-"), preset.name
        if preset.backend == "isaaclab":
            assert preset.task.startswith(("Isaac-", "IsaacContrib-")), preset.name
            assert "humanoid-tui assets --offline" in preset.needs_text(), preset.name
            assert preset.success.get("command", "base_velocity") == "base_velocity", preset.name
    without_assets = {p.name for p in list_presets()[0] if "assets --offline has no" in p.needs_text()}
    assert without_assets == {"isaac-h1-flat", "isaac-h1-rough", "isaac-digit-flat"}


def test_environments_begin_no_higher_on_the_terrain_than_its_curriculum():
    for preset in list_presets()[0]:
        for curriculum in make_curricula(preset.curriculum):
            if curriculum.kind == "terrain":
                (highest,) = curriculum.values(curriculum.level).values()
                assert preset.overrides["env.scene.terrain.max_init_terrain_level"] <= highest, preset.name


def test_the_robot_with_23_joints_is_trained_as_for_the_real_one():
    preset = load_preset("g1-23dof")
    assert (preset.iterations, preset.num_envs.cuda) == (15000, 4096)
    assert preset.overrides == {
        "agent.num_steps_per_env": 24,
        "agent.algorithm.schedule": "adaptive",
        "agent.algorithm.desired_kl": 0.01,
        "env.observations.actor.terms.base_lin_vel": "null",
        "env.observations.actor.history_length": 5,
    }
    assert preset.deploy == {"robot": "unitree-g1-23dof"}
    assert "event/push_robot/velocity_range/x" in preset.knobs
    assert any(knob.startswith("observation/actor/") for knob in preset.knobs)
    (growth,) = (one for one in make_curricula(preset.curriculum) if one.kind == "growth")
    assert not growth.knobs & set(preset.knobs)
    full = growth.values(growth.top)
    assert full["event/mass/scale"] == (0.8, 1.2)
    assert full["event/foot_friction/ranges"] == (0.5, 1.5)
    assert {full[f"event/base_com/ranges/{axis}"] for axis in range(3)} == {(-0.05, 0.05)}
    assert {full[f"event/motor/{part}"] for part in ("strength", "stiffness", "damping")} == {(0.9, 1.1)}


def test_the_tasks_of_one_policy_begin_with_standing_and_running_and_jumping_grow_once_they_are_unlocked():
    tasks, running, jumping = map(Driven, make_curricula(load_preset("g1-multitask").curriculum))
    success = {"Train/finished_episodes": 1000.0}
    trained = [tasks.curriculum.level_text(0)]
    for task in ("stand", "turn", "walk", "run"):
        assert {name for name, weight in tasks.in_force.items() if weight} == {
            f"command/twist/weights/{name}" for name in trained[-1].split(", ")
        }
        assert jumping.curriculum.level == 0
        success[f"Success/task/{task}"] = 0.9
        for driven in (tasks, jumping):
            driven.follow([success] * 50)
        trained.append(tasks.curriculum.level_text(tasks.curriculum.level))
    assert trained[:3] == ["stand", "stand, turn", "stand, turn, walk"]
    assert trained[3:] == ["stand, turn, walk, run", "stand, turn, walk, run, jump"]
    assert running.curriculum.level == 0
    running.follow([success] * 51)
    assert running.curriculum.level == 1
    success["Success/task/jump"] = 0.9
    jumping.follow([success])
    assert jumping.curriculum.level == 1
    assert jumping.curriculum.values(jumping.curriculum.top) == {"command/jump/height": (0.15, 0.3)}


def test_everything_about_the_robust_one_grows_to_the_full_ranges():
    (growth,) = make_curricula(load_preset("g1-robust").curriculum)
    full = growth.values(growth.top)
    assert full["event/mass/scale"] == (0.8, 1.2)
    assert full["event/foot_friction/ranges"] == (0.5, 1.5)
    assert {full[f"event/base_com/ranges/{axis}"] for axis in range(3)} == {(-0.05, 0.05)}
    assert full["event/motor/strength"] == (0.9, 1.1)
    assert full["event/motor/stiffness"] == full["event/motor/damping"] == (0.95, 1.05)
    assert {"observation/actor/joint_vel/noise", "event/push_robot/velocity_range/x"} <= set(full)


# --- files of one's own ---


def test_a_file_of_ones_own_is_named_after_itself(load, tmp_path):
    preset = load(GOOD)
    assert (preset.name, preset.experiment, preset.iterations) == ("my preset", "mine", 5)
    assert preset.path == str(tmp_path / "my preset.toml")


def test_a_path_needs_no_suffix(tmp_path):
    (tmp_path / "plain").write_text(GOOD)
    assert load_preset(str(tmp_path / "plain")).name == "plain"


def test_ones_own_presets_join_the_list_and_win(own):
    own("zebra", GOOD)
    own("antelope", GOOD)
    own("cartpole", GOOD.replace("Mine", "My cartpole"))
    presets, problems = list_presets()
    assert [preset.name for preset in presets] == [*NAMES, "antelope", "zebra"]
    assert problems == []
    assert presets[0].title == load_preset("cartpole").title == "My cartpole"
    assert load_preset("zebra").title == "Mine"


def test_a_broken_one_does_not_hide_the_others(own):
    own("broken", "title = ")
    own("mine", GOOD)
    presets, problems = list_presets()
    assert [preset.name for preset in presets] == [*NAMES, "mine"]
    assert [problem.name for problem in problems] == ["broken"]
    assert "broken.toml can't be read" in str(problems[0])


def test_a_preset_may_evaluate_keep_checkpoints_and_have_a_goal(load):
    tables = """
    [evaluation]
    every = 200

    [checkpoints]
    newest = 5
    every = 1000

    [goal]
    metric = "Evaluation/success"
    at_least = 0.9
    for = 400
    """
    preset = load(GOOD + tables)
    assert read_evaluation(preset.evaluation) == PeriodicEvaluation(every=200)
    assert read_retention(preset.checkpoints) == Retention(newest=5, every=1000)
    goal = read_goal(preset.goal, preset.evaluation)
    assert (goal.metric, goal.at_least, goal.iterations) == ("Evaluation/success", 0.9, 400)
    plain = load(GOOD)
    assert read_evaluation(plain.evaluation) is read_retention(plain.checkpoints) is read_goal(plain.goal, {}) is None


def test_an_evaluation_may_have_every_suite_there_is():
    assert set(get_args(Suite)) == set(SUITES)


def test_the_number_of_environments_depends_on_the_device(load):
    preset = load(GOOD)
    assert [preset.environments_on(device) for device in ("cpu", "cuda", "cuda:3")] == [2, 8, 8]
    assert preset.environments_on("cuda:0", 24.0) == 8


def test_the_number_of_environments_may_depend_on_the_memory(load):
    preset = load(GOOD.replace("cuda = 8", 'cuda = 8, by_memory_gib = { 24 = 4096, 8 = 1024, "11.5" = 2048 }'))
    by_memory = [(4.0, 1024), (8.0, 1024), (7.8, 1024), (11.5, 2048), (16.0, 2048), (23.6, 4096), (141.0, 4096)]
    for memory, count in by_memory:  # a card of 24 GiB has a little less
        assert preset.environments_on("cuda:1", memory) == count, memory
    assert preset.environments_on("cuda:1") == 8  # nobody knows its memory
    assert preset.environments_on("cpu", 64.0) == 2


def test_a_preset_may_set_and_bound_knobs(load):
    knobs = """
    [set]
    "reward/upright/weight" = 2
    "event/push_robot/velocity_range/x" = [-1, 1.5]
    "guard/kl/mode" = "off"
    "command/twist/heading_command" = false

    [bounds]
    "reward/*/weight" = [-5, 5]
    "ppo/desired_kl" = [-inf, 0.1]
    """
    preset = load(GOOD + knobs)
    assert preset.set == {
        "reward/upright/weight": 2.0,
        "event/push_robot/velocity_range/x": (-1.0, 1.5),
        "guard/kl/mode": "off",
        "command/twist/heading_command": False,
    }
    assert preset.knobs == preset.set
    assert all(
        isinstance(value, float) for value in (preset.set["reward/upright/weight"], *preset.bounds["ppo/desired_kl"])
    )
    assert preset.bounds["reward/*/weight"] == (-5.0, 5.0)
    assert (load(GOOD).knobs, load(GOOD).bounds) == ({}, {})


def test_rewards_and_randomization_are_knobs_with_short_names(load):
    tables = """
    [rewards]
    track_linear_velocity = 2.0
    "pose/walking_threshold" = 0.1
    "reward/pose/weight" = 0.5

    [randomization]
    "mass/scale" = [0.8, 1.2]
    "event/motor/strength" = [0.9, 1.1]
    "observation/actor/joint_pos/noise" = [-0.01, 0.01]

    [set]
    "ppo/desired_kl" = 0.02
    """
    assert load(GOOD + tables).knobs == {
        "reward/track_linear_velocity/weight": 2.0,
        "reward/pose/walking_threshold": 0.1,
        "reward/pose/weight": 0.5,
        "event/mass/scale": (0.8, 1.2),
        "event/motor/strength": (0.9, 1.1),
        "observation/actor/joint_pos/noise": (-0.01, 0.01),
        "ppo/desired_kl": 0.02,
    }


def test_modules_are_looked_for_beside_the_file_or_where_it_says(load, tmp_path):
    assert load(GOOD).folder_of_modules() == ""
    modules = 'modules = ["my_tasks", "lab.tasks"]\n'
    preset = load(GOOD + modules)
    assert (preset.modules, preset.folder_of_modules()) == (("my_tasks", "lab.tasks"), str(tmp_path))
    assert load(GOOD + modules + 'module_folder = "tasks"').folder_of_modules() == str(tmp_path / "tasks")
    assert load(GOOD + modules + 'module_folder = "/elsewhere"').folder_of_modules() == "/elsewhere"


def test_what_it_needs_is_told_in_one_line(load):
    assert (load(GOOD).needs, load(GOOD).needs_text()) == (Needs(), "")
    needs = """
    [needs]
    gpu_memory_gib = 12
    note = "a joystick"
    overrides = { "env.commands.motion.motion_file" = "a motion file" }
    """
    assert load(GOOD + needs).needs_text() == "a motion file; 12 GiB GPU memory for 8 environments; a joystick"


# --- what is wrong ---


@pytest.mark.parametrize("name", ["cartpol", "", "cartpole/", "../presets/cartpole", "CARTPOLE"])
def test_an_unknown_preset_is_told_with_the_nearest(name):
    with pytest.raises(PresetError, match=r"no such preset: .*; (nearest: |there are ).*cartpole"):
        load_preset(name)


def test_a_file_that_does_not_exist_is_told(tmp_path):
    with pytest.raises(PresetError, match="can't be read"):
        load_preset(str(tmp_path / "nothing.toml"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (GOOD + "iteratons = 7\n", "iteratons: no such key; nearest: iterations"),
        (GOOD + 'name = "x"\n', "name: no such key"),
        (GOOD.replace("cuda = 8", "cuda = 8, tpu = 8"), "num_envs.tpu: no such key; nearest: cpu"),
        (GOOD + '[success]\nkind = "velocity"\nlinear_eror = 1.0\n', "success.linear_eror: no such key; nearest"),
        (GOOD + "[needs]\ngpu_memory = 1\n", "needs.gpu_memory: no such key; nearest: gpu_memory_gib"),
        (GOOD + VELOCITY + "froward = [[0, 1]]\n", "curriculum velocity: froward: no such key; nearest: forward"),
        (GOOD.replace("iterations = 5", 'iterations = "5"'), f'iterations: {COUNT}, got "5"'),
        (GOOD.replace("iterations = 5", ""), f"iterations: {COUNT}, got nothing"),
        (GOOD.replace("iterations = 5", "iterations = 0"), f"iterations: {COUNT}, got 0"),
        (GOOD.replace("iterations = 5", "iterations = 2000000000"), f"iterations: {COUNT}, got 2000000000"),
        (GOOD.replace("cpu = 2", "cpu = 0"), f"num_envs.cpu: {COUNT}, got 0"),
        (GOOD.replace("cuda = 8", "cuda = 8, by_memory_gib = { 8 = 0 }"), f"num_envs.by_memory_gib.8: {COUNT}, got 0"),
        (GOOD.replace("cuda = 8", "cuda = 8, by_memory_gib = { much = 8 }"),
         'num_envs.by_memory_gib.much: the key: expected GiB such as 8 or 11.5, got "much"'),
        (GOOD.replace('"Mine"', '""'), 'title: expected a text that is not empty, got ""'),
        (GOOD.replace('"mine"', '"../mine"'), "experiment"),
        (GOOD.replace('"mine"', '"robots/mine"'), "experiment"),
        (GOOD.replace('"mine"', '""'), "experiment"),
        (GOOD.replace('"mine"', '".."'), "experiment"),
        (GOOD + 'modules = ["../tasks"]\n', 'modules[0]: expected the name of a Python module, got "../tasks"'),
        (GOOD + 'modules = "tasks"\n', 'modules: expected a list of texts, got "tasks"'),
        (GOOD + "[set]\nknob = [1, 2, 3]\n", "set.knob: expected a number, true or false"),
        (GOOD + "[set]\nknob = { low = 1 }\n", "set.knob: expected a number, true or false"),
        (GOOD + "[set]\nknob = nan\n", "knob: expected a finite number"),
        (GOOD + "[rewards]\nupright = inf\n", "reward/upright/weight: expected a finite number"),
        (GOOD + '[randomization]\n"mass/scale" = [1.2, 0.8]\n', "event/mass/scale: expected LOW ≤ HIGH"),
        (GOOD + "[bounds]\nother = [1, 2]\nknob = 5\n", "bounds.knob: expected a list of 2 numbers, got 5"),
        (GOOD.replace('"mjlab"', '"mjlb"'), "no such backend: mjlb; nearest: mjlab"),
        (GOOD + '[set]\n"curriculum/none/level" = 2\n', "no such knob: curriculum/none/level"),
        (GOOD + VELOCITY + '[set]\n"curriculum/velocity/levle" = 2\n', "nearest: curriculum/velocity/level"),
        (GOOD + VELOCITY + '[set]\n"curriculum/velocity/level" = 22\n', "a whole number from 0 to 5, got 22"),
        (GOOD + VELOCITY + '[set]\n"curriculum/velocity/level" = 0.5\n', "a whole number from 0 to 5, got 0.5"),
        (GOOD + "[bounds]\nknob = [5, 1]\n", "bounds of knob: expected LOW ≤ HIGH, got 5:1"),
        (GOOD + '[rewards]\nup = 9.0\n[bounds]\n"reward/*" = [0, 5]\n', ": expected a value within its bounds 0:5"),
        (GOOD + VELOCITY + '[bounds]\n"command/*" = [-1, 1]\n', "lin_vel_x: expected a value within its bounds -1:1"),
        (GOOD + '[overrides]\nenv = { episode_length_s = 1.0 }\n', "such as env.episode_length_s, got 'env'"),
        (GOOD + '[overrides]\n"num_envs.x" = 1.0\n', "start with env. or agent., got num_envs.x"),
        (GOOD + '[needs.overrides]\n"motion" = "a file"\n', "such as env.episode_length_s, got 'motion'"),
        (GOOD + "[needs]\ngpu_memory_gib = 0\n", "needs.gpu_memory_gib: expected a number above 0, got 0"),
        (GOOD + '[success]\nkind = "luck"\n', 'success.kind: expected one of environment'),
        (GOOD + '[curriculum.fast]\nkind = "fast"\n', "curriculum fast: kind: expected one of velocity"),
        (GOOD + '[evaluation]\nsuite = "quick"\n', f"evaluation.every: {COUNT}, got nothing"),
        (GOOD + '[evaluation]\nevery = 2\nsuite = "quik"\n', 'evaluation.suite: expected one of'),
        (GOOD + '[evaluation]\nevery = 2\ndevice = "gpu"\n', 'evaluation.device: expected cpu or cuda:N, got "gpu"'),
        (GOOD + "[checkpoints]\nevery = 100\n", f"checkpoints.newest: {COUNT}, got nothing"),
        (GOOD + "[checkpoints]\nnewest = 0\n", f"checkpoints.newest: {COUNT}, got 0"),
        (GOOD + "[goal]\nat_least = 0.9\n", "goal.metric: expected a text that is not empty, got nothing"),
        (GOOD + '[goal]\nmetric = "x"\nat_least = inf\n', "goal.at_least: expected a finite number, got inf"),
        (GOOD + '[goal]\nmetric = "x"\nat_least = 1\nfor = 0\n', f"goal.for: {COUNT}, got 0"),
        (GOOD + '[goal]\nmetric = "Evaluation/score"\nat_least = 1\n', "Evaluation/score needs periodic evaluation"),
        ("title = ", "can't be read"),
        (b"\xff\xfe", "can't be read"),
        ("", "title: expected a text that is not empty, got nothing (and 6 more)"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_in_one_line(load, content, reason):
    assert reason in refusal(load, content)


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        (
            '[rewards]\nupright = 1.0\n[set]\n"reward/upright/weight" = 2.0\n',
            "reward/upright/weight is set twice, in [rewards] and in [set]",
        ),
        (
            '[rewards]\nupright = 1.0\n"upright/weight" = 2.0\n',
            "reward/upright/weight is set twice, in [rewards]",
        ),
        (
            '[randomization]\n"mass/scale" = [1, 1]\n[set]\n"event/mass/scale" = [1, 1]\n',
            "event/mass/scale is set twice, in [randomization] and in [set]",
        ),
        (
            '[set]\n"command/twist/lin_vel_x" = [0, 1]\n' + VELOCITY,
            "command/twist/lin_vel_x is set in [set], but curriculum velocity owns it: remove it from one of them",
        ),
        (
            '[randomization]\n"mass/scale" = [1, 1]\n[curriculum.wider]\nkind = "growth"\n'
            'ranges = { "event/mass/scale" = { from = [1, 1], to = [0.8, 1.2] } }\n',
            "event/mass/scale is set in [randomization], but curriculum wider owns it",
        ),
        (
            VELOCITY + VELOCITY.replace("curriculum.velocity", "curriculum.speed"),
            "curriculum velocity and curriculum speed both set command/twist/ang_vel_z",
        ),
    ],
)
def test_a_knob_has_one_value_and_one_owner(load, tables, reason):
    assert reason in refusal(load, GOOD + tables)


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("env.episode_length_s", ["env", "episode_length_s"]),
        ("agent.actor.hidden_dims.0", ["agent", "actor", "hidden_dims", "0"]),
        (
            'env.rewards.pose.params.std_walking.".*knee.*"',
            ["env", "rewards", "pose", "params", "std_walking", ".*knee.*"],
        ),
    ],
)
def test_an_override_has_a_path_like_a_key_of_toml(path, steps):
    assert split_path(path) == steps


@pytest.mark.parametrize("path", ["env", "", "env.", ".env", "env..x", "environment.x", 'env."', "env x.y", "env.x[0]"])
def test_what_is_no_path_of_an_override_is_told(path):
    with pytest.raises(OverridePathError, match="override"):
        split_path(path)
