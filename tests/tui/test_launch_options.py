"""What a launch says to Isaac Lab alone, and what any simulator understands, with a stand-in for the trainer."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from presets import own_presets_folder
from tests.tui.conftest import NEW, RUN, STARTED
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from trainer_proc.contract.messages import IterationFinished, MetricSet

pytestmark = pytest.mark.usefixtures("empty_working_directory")


def own_preset(name, extra):
    own_presets_folder().mkdir(parents=True, exist_ok=True)
    (own_presets_folder() / f"{name}.toml").write_text(
        'title = "Mine"\ndescription = "Mine."\nbackend = "isaaclab"\ntask = "Isaac-Cartpole"\n'
        f'experiment = "mine"\niterations = 9\nnum_envs = {{ cpu = 2, cuda = 3 }}\n{extra}\n'
    )


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


@pytest.fixture
def launch(prints, started):
    """Launch on the CPU; return what the trainer was told. Each run is in a folder of its own."""

    def launch(*arguments):
        prints("launch", *arguments, "--device", "cpu", "--logs", f"logs/{len(started)}")
        return started[-1]

    return launch


def test_isaac_lab_is_told_physics_library_and_arguments_as_they_were_given(launch):
    arguments = ("env.episode_length_s=10", "agent.algorithm.gamma=0.98", "presets=depth", "+agent.params.x=1")
    spec = launch("isaac-cartpole", "--physics", "newton", "--library", "skrl", *arguments)
    assert (spec.task, spec.physics, spec.library, spec.hydra) == ("Isaac-Cartpole", "newton", "skrl", arguments)


def test_a_preset_s_choices_hold_where_the_user_has_none(launch):
    own_preset("mine", 'physics = "physx"\nlibrary = "rl_games"\nhydra = ["presets=depth", "env.sim.dt=0.01"]')
    kept = launch("mine")
    chosen = launch("mine", "--physics", "newton", "--library", "", "env.sim.dt=0.02")
    by_isaac_lab_s_name = launch("mine", "physics=ovphysx")
    assert (kept.physics, kept.library, kept.hydra) == ("physx", "rl_games", ("presets=depth", "env.sim.dt=0.01"))
    assert (chosen.physics, chosen.library) == ("newton", "")
    assert chosen.hydra == ("presets=depth", "env.sim.dt=0.01", "env.sim.dt=0.02")  # the last one counts
    assert (by_isaac_lab_s_name.physics, by_isaac_lab_s_name.hydra[-1]) == ("", "physics=ovphysx")


def test_an_argument_replaces_the_preset_s_override_of_the_same_path(launch):
    own_preset("mine", '[overrides]\n"env.episode_length_s" = 5.0\n"env.decimation" = 2')
    spec = launch("mine", "env.episode_length_s=3")
    assert spec.overrides == {"env.decimation": 2}
    assert spec.hydra == ("env.episode_length_s=3",)


def test_with_mjlab_arguments_are_overrides(launch):
    spec = launch("cartpole", "env.episode_length_s=10", "agent.actor.hidden_dims=[64, 64]")
    assert spec.overrides == {"env.episode_length_s": 10, "agent.actor.hidden_dims": [64, 64]}
    assert spec.hydra == ()


def test_values_may_be_given_as_to_mjlab_s_own_script(launch):
    spec = launch(
        *(
            "cartpole",
            "--agent.actor.hidden-dims",
            "64",
            "64",
            "--env.episode-length-s=10",
            "--agent.clip-actions",
            "3",
        ),
        *("--env.events.reset_slider.params.position-range", "-0.1", "0.1", "env.decimation=5", "--name", "x"),
        *("--env.is-finite-horizon", "--iterations", "3"),
    )
    assert spec.overrides == {
        "agent.actor.hidden_dims": [64, 64],
        "env.episode_length_s": 10,
        "agent.clip_actions": 3,
        "env.events.reset_slider.params.position_range": [-0.1, 0.1],
        "env.decimation": 5,
        "env.is_finite_horizon": True,
    }
    assert (spec.name, spec.iterations) == ("x", 3)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("cartpole", "--agent.max-iterations", "5"), "agent.max_iterations has no effect as an override: use --iter"),
        (("cartpole", "--agent.actor.hidden-dims", "[64"), "cartpole trains on mjlab: agent.actor.hidden_dims: expect"),
        (("cartpole", "presets=depth"), "cartpole trains on mjlab: expected the path of an override such as"),
        (
            ("cartpole", "env.decimation"),
            "cartpole trains on mjlab: expected PATH=VALUE such as env.episode_length_s=10, got env.decimation",
        ),
        (
            ("cartpole", "--physics", "newton"),
            "physics: expected none with backend mjlab, got newton; only isaaclab has them",
        ),
        (("cartpole", "--library", "skrl"), "library: expected none with backend mjlab, got skrl"),
        (("isaac-cartpole", "--physics", "physiks"), "no such physics: physiks; nearest: physx"),
        (("isaac-cartpole", "--library", "rlgames"), "no such library: rlgames; nearest: rl_games"),
        (("isaac-cartpole", "--library", "tianshou"), "no such library: tianshou; there are rsl_rl, rl_games, skrl"),
        (("cartpole", "--frontend", "warp"), "frontend: expected none with backend mjlab, got warp"),
        (("isaac-cartpole", "--frontend", "wrap"), "no such frontend: wrap; nearest: warp"),
        (
            ("isaac-cartpole", "--frontend", "warp", "--library", "skrl"),
            "frontend warp: expected library rsl_rl, got s",
        ),
        (("isaac-cartpole", "--library", "skrl", "decimation=2"), "expected a Hydra argument (env.PATH=VALUE, agent"),
        (("isaac-cartpole", "~env.events.push"), "expected a Hydra argument (env.PATH=VALUE, agent"),
        (
            ("isaac-cartpole", "--physics", "newton", "physics=ovphysx"),
            "physics is given twice, newton and physics=ovphysx: leave one out",
        ),
        (("isaac-cartpole", "--task", "--"), "expected a task name, got '--'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(fails, started, arguments, line):
    assert fails(2, "launch", *arguments, "--device", "cpu").startswith(line)
    assert started == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('physics = "newtn"', "no such physics: newtn; nearest: newton"),
        ('library = "sb3"', "no such library: sb3; there are rsl_rl, rl_games, skrl"),
        ('hydra = ["env.decimation"]', "renderer=NAME), got env.decimation"),
        ("hydra = 3", "hydra"),
        ('physics = "physx"\nhydra = ["physics=newton_mjwarp"]', "physics is given twice"),
    ],
)
def test_what_is_wrong_in_a_preset_is_told_in_one_line(fails, content, reason):
    own_preset("mine", content)
    assert reason in fails(2, "launch", "mine")


def test_a_preset_for_mjlab_has_no_choice_of_a_library(fails):
    own_presets_folder().mkdir(parents=True)
    (own_presets_folder() / "mine.toml").write_text(
        'title = "M"\ndescription = "M."\nbackend = "mjlab"\ntask = "T"\nexperiment = "m"\niterations = 1\n'
        'num_envs = { cpu = 1, cuda = 1 }\nlibrary = "skrl"\n'
    )
    assert "library: expected none with backend mjlab, got skrl" in fails(2, "launch", "mine")


def test_another_task_has_the_preset_s_numbers_and_a_folder_of_its_own(launch):
    own_preset(
        "mine",
        'physics = "newton"\nlibrary = "skrl"\n[rewards]\nalive = 2.0\n[bounds]\n"reward/*/weight" = [0.0, 3.0]\n'
        '[success]\nkind = "velocity"\n[overrides]\n"env.episode_length_s" = 5.0',
    )
    other = launch("mine", "--task", "Isaac-Velocity-Flat-Digit-v0", "--set", "a/b=1")
    same = launch("mine", "--task", "Isaac-Cartpole")
    assert (other.task, other.experiment) == ("Isaac-Velocity-Flat-Digit-v0", "isaac_velocity_flat_digit")
    assert (other.num_envs, other.iterations, other.physics, other.library) == (2, 9, "newton", "skrl")
    assert (other.set, other.bounds, other.success, other.overrides) == ({"a/b": 1.0}, {}, {}, {})
    assert (same.experiment, same.set) == ("mine", {"reward/alive/weight": 2.0})


def test_another_task_can_be_trained_on_mjlab_too(launch):
    spec = launch("g1-walk", "--task", "Mjlab-Cartpole-Balance")
    assert (spec.task, spec.experiment) == ("Mjlab-Cartpole-Balance", "mjlab_cartpole_balance")
    assert (spec.set, spec.curricula) == ({}, {})


def test_a_recorded_preset_says_it_all_again(launch, prints):
    arguments = ("env.sim.dt=0.002", "presets=depth")
    spec = launch("isaac-cartpole", "--physics", "newton", "--library", "skrl", *arguments)
    prints("record", NEW, "-o", "again.toml", "--logs", "logs/0")
    again = launch("again.toml")
    assert (again.physics, again.library, again.hydra) == ("newton", "skrl", arguments)
    assert (again.physics, again.library, again.hydra) == (spec.physics, spec.library, spec.hydra)


def test_the_front_end_is_that_of_the_preset_unless_another_is_chosen(launch, prints):
    own_preset("mine", 'frontend = "warp"')
    assert launch("mine").frontend == "warp"
    assert launch("mine", "--frontend", "torch").frontend == "torch"
    prints("record", NEW, "-o", "again.toml", "--logs", "logs/0")
    assert launch("again.toml").frontend == "warp"


@pytest.mark.parametrize("command", ["fork", "resume"])
def test_a_run_that_goes_on_is_told_the_same(make_run, prints, started, command):
    folder = make_run(RUN, STARTED, MetricSet(0, ()), IterationFinished(9, 0, b"", 96, 1.0))
    told = {"physics": "newton", "library": "skrl", "hydra": ("env.sim.dt=0.002", "presets=depth")}
    folder.write_spec(replace(folder.read_spec(), backend="isaaclab", **told))
    folder.checkpoint(5).write_bytes(WHOLE_CHECKPOINT)
    prints(command, RUN)
    assert {name: getattr(started[0], name) for name in told} == told
