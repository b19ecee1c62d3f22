"""A run with its changes, written as a preset that can be launched."""

from __future__ import annotations

import tomllib

import pytest
from msgspec.structs import replace

from presets import load_preset
from tests.tui.many_knobs import g1_knobs, turned
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import Change, Frame, InterventionApplied, KnobsAvailable, RunStarted
from trainer_proc.contract.products import CheckpointLoaded
from trainer_proc.contract.run_folder import RunSpec
from tui.session.backends.devices import Device
from tui.session.launching.launcher import Overrides, make_spec
from tui.session.recordings.preset_text import changed_values, preset_text
from tui.session.state import RunState

GPU = Device("cuda:0", "NVIDIA L4", 22.0, 22.5)
SPEC = RunSpec(
    preset="g1-walk",
    backend="mjlab",
    task="Mjlab-Velocity-Flat-Unitree-G1",
    experiment="g1_velocity",
    device="cuda:0",
    num_envs=2048,
    iterations=300,
    seed=7,
)
STARTED = RunStarted(
    run="walk",
    preset="g1-walk",
    backend="mjlab",
    task="task",
    device="cuda:0",
    num_envs=2048,
    iterations=300,
    seed=7,
    pid=1,
)


def after(*bodies):
    state = RunState()
    for number, body in enumerate((STARTED, *bodies)):
        state.apply(Frame(number, 0.0, body))
    return state


@pytest.fixture
def loaded(tmp_path):
    """Write a run's preset to a file and load it."""

    def load(spec, state, kind=None):
        file = tmp_path / "again.toml"
        file.write_text(preset_text("2026-03-01_walk", spec, state, kind), encoding="utf-8")
        return load_preset(str(file))

    return load


def test_the_preset_repeats_the_run_with_what_was_changed(loaded):
    spec = replace(SPEC, bounds={"reward/*/weight": (-5.0, 5.0)})
    again = make_spec(loaded(spec, after(g1_knobs(), *turned())), Overrides(seed=7), [GPU])
    assert again == replace(spec, preset="again", set=again.set)
    assert again.set == {
        "event/foot_friction/ranges": (0.3, 1.6),
        "event/push_robot/velocity_range/x": (-1.0, 1.0),  # where its ramp leads
        "command/twist/lin_vel_x": (-1.5, 2.0),
    }


def test_all_that_the_run_was_started_with_is_in_it(loaded):
    spec = replace(
        SPEC,
        overrides={"env.episode_length_s": 10.0, "agent.actor.hidden_dims": [64, 64], 'env.x.".*knee.*"': "a"},
        modules=("my_tasks",),
        module_folder="/home/me",
        success={"kind": "velocity", "window": 50},
        curricula=load_preset("g1-stand").curriculum | {"seeds": {"kind": "velocity", "command": "other"}},
    )
    again = make_spec(loaded(spec, after()), Overrides(seed=7), [GPU])
    assert again == replace(spec, preset="again")


def test_what_a_curriculum_turns_is_left_to_it(loaded):
    spec = replace(SPEC, curricula={"velocity": {"kind": "velocity"}})
    again = loaded(spec, after(g1_knobs(), *turned()))
    assert set(again.set) == {"event/foot_friction/ranges", "event/push_robot/velocity_range/x"}
    assert again.curriculum == spec.curricula


@pytest.mark.parametrize(
    ("mode", "table", "also_set"),
    [
        ("auto", {}, {}),
        ("manual", {"mode": "manual"}, {"curriculum/velocity/level": 2.0}),
        ("hold", {"mode": "hold"}, {"command/twist/lin_vel_x": (-1.5, 2.0)}),
    ],
)
def test_curricula_go_on_as_they_are_driven(loaded, mode, table, also_set):
    """In auto they begin anew, in manual at the user's level, on hold with the user's values."""
    spec = replace(SPEC, curricula={"velocity": {"kind": "velocity"}})
    changed = {"curriculum/velocity/level": (0.0, 2.0), "curriculum/velocity/mode": ("auto", mode)}
    limit = Knob("curriculum/velocity/up", "curriculum", 0.9, 0.8, "next iteration")
    knobs = [Knob(name, "curriculum", now, first, "next iteration") for name, (first, now) in changed.items()]
    available = KnobsAvailable(0, (*g1_knobs().knobs, *knobs, limit))
    preset = loaded(spec, after(available, *turned()), None)
    assert preset.curriculum == {"velocity": {"kind": "velocity", **table}}
    others = {"event/foot_friction/ranges", "event/push_robot/velocity_range/x", "curriculum/velocity/up"}
    assert {knob: value for knob, value in preset.set.items() if knob not in others} == also_set
    assert others <= set(preset.set)


def test_a_run_without_changes_is_a_preset_too(loaded):
    assert loaded(SPEC, after(g1_knobs())).set == {}
    assert loaded(SPEC, after()).iterations == 300  # the environment isn't built yet


def test_a_resumed_run_is_repeated_as_a_whole(loaded):
    assert loaded(SPEC, after(CheckpointLoaded(80, "model_79.pt"), g1_knobs())).iterations == 380


def test_a_range_takes_one_line():
    text = preset_text("walk", SPEC, after(g1_knobs(), *turned()))
    assert '"command/twist/lin_vel_x" = [-1.5, 2.0]' in text.splitlines()


def test_what_a_launch_can_not_set_is_left_out():
    fixed = Knob("environment/size", "environment", 5.0, 4.0, "needs a restart", read_only="it is built with it")
    assert changed_values(after(KnobsAvailable(0, (fixed,)))) == {}


def test_values_of_every_type_and_odd_names_survive(loaded):
    values = {
        "reward/pose/std/.*knee.*": 0.1 + 0.2,
        'quo"ted': -1e-12,
        "ünï = [x]\n": (-1e300, 2.5),
        "mode": "off",
        "word": 'a "word" = [\n    1,\n    2,\n]',
        "switch": False,
        "epochs": 3.0,
    }
    knobs = tuple(Knob(name, "any", value, value, "next iteration") for name, value in values.items())
    others = {"mode": "warn", "word": "", "switch": True}
    changes = tuple(Change(name, others.get(name, 9.0), value) for name, value in values.items())
    knobs = tuple(replace(knob, default=others.get(knob.name, 9.0)) for knob in knobs)
    state = after(KnobsAvailable(0, knobs), InterventionApplied(1, "person", 3, 1, changes))
    assert loaded(SPEC, state).set == values


def test_control_characters_are_escaped():
    text = preset_text("\x1b[2Jrun", SPEC, after(g1_knobs()))
    assert "\x1b" not in text
    assert tomllib.loads(text)["title"] == "g1-walk as in \x1b[2Jrun"
