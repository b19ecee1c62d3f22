"""The first run, for real: a training is launched, watched, steered, left alone, stopped and exported."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from pathlib import Path

import numpy as np
import onnxruntime
import psutil
import pytest

from tests.program import PROGRAM, program, published, reach_iteration
from tests.waiting import wait_for
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import PhaseChanged, RunStarted
from trainer_proc.contract.run_folder import RunFolder
from tui.app import HumanoidTui
from tui.screens.dashboard.screen import DashboardScreen
from tui.session.runs.run_index import read_state

pytestmark = pytest.mark.real

KNOB = "reward/smooth_reward/weight"
EFFECT = "Episode_Reward/smooth_reward"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def run(work: Path):
    """A cartpole training that has begun to iterate; ended with force if a test has not stopped it."""
    answer = json.loads(program(work, "launch", "cartpole", "--iterations", "5000", "--name", "first", "--json"))
    folder = RunFolder(Path(answer["run"]))
    yield folder
    if connection := read_connection(folder):
        trainer = psutil.Process(connection.pid).parent()
        for process in (trainer, psutil.Process(connection.pid)):
            if process is not None and process.pid != os.getpid():
                process.kill()


def test_the_run_folder_has_the_layout_that_mjlab_users_know(run: RunFolder, work: Path):
    reach_iteration(run, 0)
    wait_for(run.checkpoint(0).is_file, "the first checkpoint")  # saved after the iteration is published
    assert run.path.parent == work / "logs" / "rsl_rl" / "cartpole"
    assert run.name.endswith("_first")
    for name in ("run.toml", "journal.msgpack", "console.log", "params/env.yaml", "params/agent.yaml", "model_0.pt"):
        assert (run.path / name).is_file(), name
    assert list(run.path.glob("events.out.tfevents.*"))


def test_every_iteration_carries_losses_vital_signs_and_success(run: RunFolder):
    state = reach_iteration(run, 2)
    for name in (
        "Train/mean_reward",
        "Train/success_rate",
        "Loss/value",
        "Loss/surrogate",
        "Policy/kl",
        "Policy/desired_kl",
        "Policy/clip_fraction",
        "Policy/explained_variance",
        "Policy/actor_gradient_norm",
        "Policy/critic_gradient_norm",
        "Perf/total_fps",
    ):
        assert np.isfinite(state.latest[name]), name
    assert state.latest["Train/success_rate"] == 1.0  # the cartpole's episodes end by time-out only
    assert 0 < state.latest["Policy/kl"] < 1
    assert state.environment_steps > 0
    assert state.seconds_left > 0


def test_a_tenfold_weight_shows_in_the_published_reward(run: RunFolder, work: Path):
    before = published(run, EFFECT)
    assert before
    assert max(before.values()) <= 1.0  # at weight 1 the term is at most 1 a step
    answer = json.loads(program(work, "tune", "first", f"{KNOB}=10", "--note", "tenfold", "--applied", "--json"))
    applied = answer["iteration"]
    assert answer["changes"] == [{"knob": KNOB, "old": 1.0, "new": 10.0}]

    def risen() -> bool:
        return any(value > 1.5 for iteration, value in published(run, EFFECT).items() if iteration >= applied)

    wait_for(risen, f"{EFFECT} above what weight 1 allows", seconds=300)
    assert all(value <= 1.0 for iteration, value in published(run, EFFECT).items() if iteration < applied)
    knobs = json.loads(program(work, "knobs", "first", "--json"))
    assert knobs["knobs"][0]["value"] == 10.0
    assert knobs["knobs"][0]["applied_at"] == applied


def test_wrong_requests_are_refused_in_one_line_and_change_nothing(run: RunFolder, work: Path):
    before = read_state(run).interventions
    assert "nearest: reward/smooth_reward/weight" in program(work, "tune", "first", "reward/smoth/weight=1", code=1)
    assert "finite" in program(work, "tune", "first", f"{KNOB}=nan", code=1)
    assert "number" in program(work, "tune", "first", f"{KNOB}=much", code=2)
    assert "no such run" in program(work, "tune", "second", f"{KNOB}=1", code=2)
    program(work, "tune", "first", f"{KNOB}=1", "reward/nothing/weight=1", code=1)
    iteration = read_state(run).iteration
    assert iteration is not None
    assert reach_iteration(run, iteration + 2).interventions == before


def test_a_pause_holds_the_training_until_it_is_resumed(run: RunFolder, work: Path):
    program(work, "pause", "first")
    wait_for(lambda: read_state(run).status(True) == "paused", "the pause")
    held_at = read_state(run).iteration
    program(work, "tune", "first", f"{KNOB}=9", "--applied")  # takes effect while paused
    program(work, "save", "first")
    wait_for(run.checkpoint(held_at or 0).is_file, "the checkpoint")
    assert read_state(run).iteration == held_at
    program(work, "resume", "first")
    reach_iteration(run, (held_at or 0) + 1)


async def test_a_killed_dashboard_costs_nothing_and_a_new_one_shows_the_whole_history(run: RunFolder, work: Path):
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(work)
        os.execv(PROGRAM, [PROGRAM, "attach", "first"])
    shown = b""

    def shows_the_run() -> bool:
        nonlocal shown
        shown += os.read(terminal, 65536)
        return b"success rate" in shown

    wait_for(shows_the_run, "the dashboard")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(terminal)
    killed_at = read_state(run).iteration
    assert killed_at is not None
    reach_iteration(run, killed_at + 2)

    app = HumanoidTui(work / "logs" / "rsl_rl", run)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = app.screen
        assert isinstance(screen, DashboardScreen)
        for _ in range(500):
            await pilot.pause(0.05)
            if screen.history.series["Train/mean_reward"].count > killed_at:
                break
        reward = screen.history.series["Train/mean_reward"]
        assert reward.count >= killed_at + 1
        assert reward.first_iteration == min(published(run, "Train/mean_reward"))
        assert [body.changes[0].new for body in screen.state.interventions.values()] == [10.0, 9.0]


def test_a_living_policy_is_exported_without_holding_the_training_up(run: RunFolder, work: Path):
    answer = json.loads(program(work, "export", "first", "--json"))
    assert answer["largest_difference"] <= 1e-5
    assert answer["rate_hz"] > 0
    session = onnxruntime.InferenceSession(run.exported / "policy.onnx")
    actions = session.run(None, {"obs": np.zeros((1, 5), dtype=np.float32)})[0]
    assert actions.shape == (1, 1)
    card = json.loads((run.exported / "policy.json").read_text())
    assert card["task"] == "Mjlab-Cartpole-Balance"
    assert [term["name"] for term in card["observation_terms"]] == ["cart_pos", "pole_angle", "cart_vel", "pole_vel"]
    assert card["control_frequency"] == pytest.approx(20.0)
    assert [change["new"] for body in card["interventions"] for change in body["changes"]] == [10.0, 9.0]


def test_a_stopped_training_saves_first_and_exports_from_its_checkpoint(run: RunFolder, work: Path):
    program(work, "stop", "first")
    wait_for(lambda: read_connection(run) is None, "the end of the trainer")
    state = read_state(run)
    assert state.status(False) == "stopped"
    assert state.iteration is not None
    assert run.checkpoints()[-1] == run.checkpoint(state.iteration)
    answer = json.loads(program(work, "export", "first", "--json"))
    assert answer["iteration"] == state.iteration
    assert "has ended" in program(work, "pause", "first", code=1)
    cut_off = work / "cut_off.pt"
    cut_off.write_bytes(run.checkpoints()[-1].read_bytes()[:5000])
    assert "cut off" in program(work, "export", "first", "--checkpoint", str(cut_off), code=1)
    assert (run.exported / "policy.onnx").is_file()


def test_a_humanoid_trains_with_values_set_at_launch_and_exports_its_joints(work: Path):
    knob = "reward/track_linear_velocity/weight"
    arguments = ("--iterations", "2", "--num-envs", "4", "--name", "g1", "--set", f"{knob}=3", "--wait", "--json")
    folder = RunFolder(Path(json.loads(program(work, "launch", "g1-walk", *arguments))["run"]))
    state = read_state(folder)
    assert state.status(False) == "finished"
    assert state.iteration == 1
    assert state.knobs[knob].value == 3.0
    (launched,) = [one for one in state.interventions.values() if one.origin == "launch"]
    assert (launched.iteration, [change.knob for change in launched.changes]) == (0, [knob])
    phases = [f.body.phase for f in JournalReader(folder.journal).read_new() if isinstance(f.body, PhaseChanged)]
    assert phases[0] == "building"
    assert {"compiling", "training", "finished"} < set(phases)
    program(work, "export", "g1")
    card = json.loads((folder.exported / "policy.json").read_text())
    assert len(card["joint_names"]) == len(card["joint_stiffness"]) == len(card["default_joint_positions"]) == 29
    assert card["action_names"] == card["joint_names"]
    assert card["control_frequency"] == pytest.approx(50.0)
    assert not list(folder.path.glob("*.onnx"))  # mjlab's task runner would export at every save


def test_a_launch_that_can_not_work_fails_in_one_line(work: Path):
    refused = program(work, "launch", "cartpole", "--iterations", "2", "--set", "reward/smooth/weight=2", code=1)
    assert "no such knob: reward/smooth/weight; nearest: reward/smooth_reward/weight" in refused
    assert "Error" not in refused
    preset = work / "other.toml"
    preset.write_text(
        'title = "x"\ndescription = "x"\nbackend = "mjlab"\ntask = "Mjlab-Cartpole-Balanse"\nexperiment = "x"\n'
        "iterations = 1\nnum_envs = { cpu = 1, cuda = 1 }\n"
    )
    assert "Mjlab-Cartpole-Balance" in program(work, "launch", str(preset), code=1)
    assert "cuda:9" in program(work, "launch", "cartpole", "--device", "cuda:9", code=1)


def test_a_stop_during_the_build_does_not_wait_for_the_first_iteration(work: Path):
    launch = subprocess.Popen([PROGRAM, "launch", "g1-walk", "--name", "early"], cwd=work, stdout=subprocess.PIPE)
    assert launch.stdout is not None
    folder = RunFolder(Path(launch.stdout.readline().decode().strip()))
    wait_for(lambda: read_connection(folder), "the trainer's sockets")
    program(work, "stop", "early")
    launch.communicate(timeout=120)
    wait_for(lambda: read_connection(folder) is None, "the end of the trainer")
    state = read_state(folder)
    assert state.status(False) == "stopped"
    assert state.iteration is None
    assert "before the first iteration" in state.phase.detail  # type: ignore[union-attr]


def test_a_trainer_that_is_killed_is_told_from_one_that_finished(work: Path):
    answer = json.loads(program(work, "launch", "cartpole", "--num-envs", "4", "--name", "doomed", "--json"))
    folder = RunFolder(Path(answer["run"]))
    reach_iteration(folder, 1)
    started = read_state(folder).started
    assert isinstance(started, RunStarted)
    os.kill(started.pid, signal.SIGKILL)
    wait_for(lambda: read_connection(folder) is None, "the end of the wire process")
    state = read_state(folder)
    assert state.status(False) == "failed"
    assert "died" in state.phase.detail  # type: ignore[union-attr]
