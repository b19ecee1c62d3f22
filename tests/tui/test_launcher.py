"""From a preset and what the user chose to a run's folder and its process."""

from __future__ import annotations

import importlib.util
import math
import os
import sys
from datetime import datetime

import pytest
from msgspec.structs import replace

from presets import load_preset
from tests.waiting import wait_for
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from tui.session.backends.devices import Device
from tui.session.experiments.launchers.every import launch
from tui.session.launching import launcher
from tui.session.launching.launcher import (
    LaunchError,
    Overrides,
    SpecError,
    make_spec,
    suggested_environments,
)

CARTPOLE = load_preset("cartpole")
CPU = [Device("cpu", "CPU, 4 cores", 8.0, 16.0)]
GPUS = [Device("cuda:0", "NVIDIA L4", 22.0, 22.5), Device("cuda:1", "NVIDIA H200", 139.0, 140.0), *CPU]


@pytest.fixture
def trainer(tmp_path, monkeypatch):
    """A program in the trainer's place, which writes down how it was called."""
    program = tmp_path / "trainer"
    program.write_text('#!/bin/sh\necho "called with $*"\ncut -d " " -f 6 /proc/$$/stat\necho "sorry" >&2\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


@pytest.fixture
def stopped_clock(monkeypatch):
    class Noon(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 3, 1, 12, 0, 0)

    monkeypatch.setattr(launcher, "datetime", Noon)


def test_the_preset_decides_what_the_user_did_not():
    spec = make_spec(CARTPOLE, Overrides(), CPU)
    assert (spec.preset, spec.task, spec.experiment) == ("cartpole", CARTPOLE.task, CARTPOLE.experiment)
    assert (spec.device, spec.num_envs, spec.iterations, spec.seed) == ("cpu", 64, 500, 42)
    assert make_spec(CARTPOLE, Overrides(device="cuda:1"), GPUS).num_envs == 4096


def test_the_first_device_is_the_default_and_its_memory_decides_how_many_environments():
    counts = replace(CARTPOLE.num_envs, by_memory_gib={"8": 512, "24": 1024, "80": 2048})
    preset = replace(CARTPOLE, num_envs=counts)
    spec = make_spec(preset, Overrides(), GPUS)
    assert (spec.device, spec.num_envs) == ("cuda:0", 512)
    for device, number in (("cuda", 512), ("cuda:1", 2048), ("cpu", 64)):
        assert make_spec(preset, Overrides(device=device), GPUS).num_envs == number, device
    assert suggested_environments(preset, "cuda:7", GPUS) == 4096  # a GPU of unknown memory
    assert make_spec(preset, Overrides(num_envs=9), GPUS).num_envs == 9


def test_the_user_has_the_last_word():
    overrides = Overrides(8, 20, "cuda", 7, "over-night", {"reward/upright/weight": 2.0})
    spec = make_spec(CARTPOLE, overrides, GPUS)
    assert (spec.num_envs, spec.iterations, spec.device, spec.seed) == (8, 20, "cuda:0", 7)
    assert (spec.name, spec.set) == ("over-night", {"reward/upright/weight": 2.0})


@pytest.mark.parametrize(
    ("overrides", "visible", "reason"),
    [
        ({"device": "cuda:2"}, None, "no such device: cuda:2; there are cpu, cuda:0, cuda:1"),
        ({"device": "cuda:1"}, "1", "no such device: cuda:1; there are cpu, cuda:0; CUDA_VISIBLE_DEVICES is '1'"),
        ({"device": "cuda:0"}, "", "no such device: cuda:0; there are cpu; CUDA_VISIBLE_DEVICES is ''"),
        ({"processes": 3}, None, "expected a GPU for each of 3 processes, there are cpu, cuda:0, cuda:1"),
    ],
)
def test_a_device_that_does_not_exist_is_refused(monkeypatch, overrides, visible, reason):
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with pytest.raises(SpecError) as error:
        make_spec(CARTPOLE, Overrides(**overrides), GPUS)
    assert str(error.value) == reason


def parent_of(make_run, **fields):
    """Return the checkpoint of a run of the cartpole, but for these fields."""
    folder = make_run("parent")
    folder.write_spec(replace(folder.read_spec(), **fields))
    folder.checkpoint(5).write_bytes(WHOLE_CHECKPOINT)
    return str(folder.checkpoint(5))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"task": "Mjlab-Velocity-Flat-Unitree-G1"},
            "model_5.pt: expected a checkpoint of Mjlab-Cartpole-Balance on mjlab, "
            "got one of Mjlab-Velocity-Flat-Unitree-G1 on mjlab; add --other-task to start from it all the same",
        ),
        ({"backend": "isaaclab"}, "got one of Mjlab-Cartpole-Balance on isaaclab; add --other-task"),
        ({"library": "skrl"}, "model_5.pt: expected a checkpoint of library rsl_rl, got one of skrl"),
    ],
)
def test_a_checkpoint_of_another_task_or_library_is_refused(make_run, fields, reason):
    checkpoint = parent_of(make_run, **fields)
    with pytest.raises(SpecError) as error:
        make_spec(CARTPOLE, Overrides(checkpoint=checkpoint), CPU)
    assert reason in str(error.value)
    if "library" not in fields:
        spec = make_spec(CARTPOLE, Overrides(checkpoint=checkpoint, other_task=True), CPU)
        assert (spec.checkpoint, spec.other_task) == (checkpoint, True)


def test_an_older_spelling_of_a_task_is_no_other_task(make_run):
    checkpoint = parent_of(make_run, backend="isaaclab", task="Isaac-Cartpole-v0")
    spec = make_spec(load_preset("isaac-cartpole"), Overrides(checkpoint=checkpoint), CPU)
    assert (spec.task, spec.checkpoint) == ("Isaac-Cartpole", checkpoint)


def test_what_a_preset_sets_and_bounds_is_merged_under_the_user_s_own():
    preset = replace(CARTPOLE, set={"a": 1.0, "b": (-1.0, 1.0)}, bounds={"a": (0.0, 2.0), "r/*": (0.0, 1.0)})
    spec = make_spec(preset, Overrides(set={"a": 2.0, "c": "fixed"}, bounds={"a": (0.0, 3.0)}), CPU)
    assert spec.set == {"a": 2.0, "b": (-1.0, 1.0), "c": "fixed"}
    assert spec.bounds == {"a": (0.0, 3.0), "r/*": (0.0, 1.0)}
    assert (preset.set["a"], preset.bounds["a"]) == (1.0, (0.0, 2.0))


def test_everything_in_a_preset_is_passed_on():
    preset = replace(
        CARTPOLE,
        rewards={"upright": 2.0, "pose/std": 0.1},
        randomization={"mass/scale": (0.8, 1.2)},
        set={"ppo/desired_kl": 0.02},
        overrides={"env.episode_length_s": 10.0, "agent.num_steps_per_env": 8},
        success={"kind": "upright", "box": [1.0, 1.0]},
        curriculum={
            "wider": {"kind": "growth", "ranges": {"event/motor/strength": {"from": [1, 1], "to": [0.9, 1.1]}}}
        },
        modules=("my_tasks",),
        path="/home/me/my.toml",
    )
    spec = make_spec(preset, Overrides(set={"reward/upright/weight": 3.0}, overrides={"agent.clip_actions": 1.0}), CPU)
    assert spec.set == {
        "reward/upright/weight": 3.0,
        "reward/pose/std": 0.1,
        "event/mass/scale": (0.8, 1.2),
        "ppo/desired_kl": 0.02,
    }
    assert spec.overrides == {
        "env.episode_length_s": 10.0,
        "agent.num_steps_per_env": 8,
        "agent.clip_actions": 1.0,
    }
    assert (spec.success, spec.curricula) == (preset.success, preset.curriculum)
    assert (spec.modules, spec.module_folder) == (("my_tasks",), "/home/me")
    assert (
        make_spec(preset, Overrides(overrides={"env.episode_length_s": 5}), CPU).overrides["env.episode_length_s"] == 5
    )


def test_what_a_preset_needs_must_be_given(tmp_path, monkeypatch):
    preset, path = load_preset("g1-tracking"), "env.commands.motion.motion_file"
    for given in ({}, {path: ""}):
        with pytest.raises(SpecError) as error:
            make_spec(preset, Overrides(overrides=given), CPU)
        assert str(error.value) == (
            f"g1-tracking needs an .npz motion from mjlab's csv_to_npz; fill in its field, or add --override {path}=…"
        )
    (tmp_path / "walk.npz").touch()
    monkeypatch.chdir(tmp_path)
    for text in ("walk.npz", str(tmp_path / "walk.npz")):  # a resume may come from another folder
        spec = make_spec(preset, Overrides(overrides={path: text}), CPU)
        assert spec.overrides == {path: str(tmp_path / "walk.npz")}
    assert make_spec(preset, Overrides(overrides={path: "else.npz"}), CPU).overrides == {path: "else.npz"}
    assert make_spec(replace(preset, overrides={path: "own.npz"}), Overrides(), CPU).overrides == {path: "own.npz"}


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        (Overrides(device="gpu"), "expected the device cpu or cuda:N, got gpu"),
        (Overrides(device="cuda:"), "expected the device cpu or cuda:N, got cuda:"),
        (Overrides(device="cpu:0"), "expected the device cpu or cuda:N, got cpu:0"),
        (Overrides(num_envs=0), "environments and iterations, got 0 and"),
        (Overrides(iterations=-5), "environments and iterations, got "),
        (Overrides(seed=-1), "expected a seed from 0 to 4294967295"),
        (Overrides(seed=2**32), "expected a seed from 0 to 4294967295"),
        (Overrides(name="a/b"), "expected a run name"),
        (Overrides(name="../../etc"), "expected a run name"),
        (Overrides(name="two words"), "expected a run name"),
        (Overrides(name="line\n"), "expected a run name"),
        (Overrides(name="x" * 81), "expected a run name"),
        (Overrides(set={"reward/upright/weight": math.nan}), "expected a finite number, got nan"),
        (Overrides(set={"reward/upright/weight": -math.inf}), "expected a finite number, got -inf"),
        (Overrides(set={"event/push/x": (0.0, math.nan)}), "event/push/x: expected a finite number, got nan"),
        (Overrides(bounds={"reward/*": (2.0, 1.0)}), "bounds of reward/*: expected LOW ≤ HIGH, got 2:1"),
        (Overrides(bounds={"reward/*": (math.nan, 1.0)}), "expected LOW ≤ HIGH"),
        (Overrides(processes=0), "expected 1 to 1024 processes, got 0"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(overrides, reason):
    with pytest.raises(SpecError) as error:
        make_spec(CARTPOLE, overrides, CPU)
    assert reason in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_level_that_a_curriculum_does_not_have_is_refused_before_anything_is_built():
    preset = load_preset("g1-walk")
    assert make_spec(preset, Overrides(set={"curriculum/velocity/level": 4.0}), CPU).set
    for knob, value, reason in (
        ("curriculum/velocity/level", 5.0, "expected a whole number from 0 to 4, got 5.0"),
        ("curriculum/speed/level", 1.0, "no such knob: curriculum/speed/level; nearest: curriculum/yaw/level"),
    ):
        with pytest.raises(SpecError, match=reason):
            make_spec(preset, Overrides(set={knob: value}), CPU)


@pytest.mark.usefixtures("trainer")
def test_a_launch_writes_down_what_runs_and_starts_it_apart_from_the_terminal(tmp_path):
    spec = make_spec(CARTPOLE, Overrides(name="first", set={"reward/upright/weight": 2.0}), CPU)
    folder = launch(spec, tmp_path / "logs")
    assert folder.path.parent == tmp_path / "logs" / "cartpole"
    assert folder.name.endswith("_first")
    assert folder.read_spec() == spec
    wait_for(lambda: "sorry" in folder.console.read_text(), "the trainer's output")
    called, session, _ = folder.console.read_text().splitlines()
    assert called == f"called with -m trainer_proc {folder.path}"
    assert int(session) != os.getsid(0)


def test_a_trainer_that_cannot_be_started_leaves_no_run(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(LaunchError, match=r"can't be started in .*no-python"):
        launch(make_spec(CARTPOLE, Overrides(), CPU), tmp_path / "logs")
    assert not [*(tmp_path / "logs").iterdir()]


@pytest.mark.usefixtures("trainer")
def test_several_processes_are_started_by_pytorch_s_launcher(tmp_path):
    folder = launch(make_spec(CARTPOLE, Overrides(processes=4, device="cpu"), GPUS), tmp_path)
    assert folder.read_spec().processes == 4
    wait_for(lambda: "sorry" in folder.console.read_text(), "the trainer's output")
    called = folder.console.read_text().splitlines()[0]
    launcher_options = "-m trainer_proc.torchrun --standalone --nproc_per_node 4"
    assert called == f"called with {launcher_options} -m trainer_proc {folder.path}"


@pytest.mark.usefixtures("trainer", "stopped_clock")
def test_runs_of_one_second_get_numbers(tmp_path):
    unnamed, named = (make_spec(CARTPOLE, Overrides(name=name), CPU) for name in ("", "night"))
    names = [launch(spec, tmp_path).name for spec in (unnamed, unnamed, named, unnamed, named)]
    assert names == [
        "2026-03-01_12-00-00",
        "2026-03-01_12-00-00_2",
        "2026-03-01_12-00-00_night",
        "2026-03-01_12-00-00_3",
        "2026-03-01_12-00-00_night_2",
    ]


def test_a_backend_that_is_not_installed_is_told_with_the_command_that_installs_it(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(LaunchError, match=r"^backend mjlab is not installed: uv sync .*--extra mjlab --extra export$"):
        launch(make_spec(CARTPOLE, Overrides(), CPU), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("trainer")
def test_a_folder_that_can_not_be_written_is_told_in_one_line(tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")
    for log_root in (in_the_way, in_the_way / "logs"):
        with pytest.raises(LaunchError) as error:
            launch(make_spec(CARTPOLE, Overrides(), CPU), log_root)
        assert str(error.value).startswith(f"the run can't be started in {log_root}: ")
        assert len(str(error.value).splitlines()) == 1
