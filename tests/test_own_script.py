"""`steer(runner)` in somebody's own training script: their training becomes a run, and stays their training."""

from __future__ import annotations

import signal

import pytest

from tests.scripts import train_cartpole, train_point
from tests.waiting import wait_for
from trainer_proc import steer
from trainer_proc.contract.code_state import read_code
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.errors import TrainingError
from trainer_proc.contract.messages import InterventionApplied, PhaseChanged, Ramp, RampAdvanced, RunStarted
from trainer_proc.contract.requests import Pause, Redo, Resume, Save, Stop, Tune, Undo
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.steering.state import from_infos
from tui.session.runs.run_index import find_run, read_state


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global BareEnv, CheckpointError, ENVIRONMENTS, make_runner, torch
    import torch

    from tests.tiny_training import ENVIRONMENTS, BareEnv, make_runner
    from trainer_proc.checkpoints.load import CheckpointError


ENTROPY, EPOCHS, CLIP, RATE = "ppo/entropy_coef", "ppo/num_learning_epochs", "ppo/clip_param", "ppo/learning_rate"


# --- In a process of its own ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A script that trains until it is stopped."""
    run = train_point(tmp_path_factory.mktemp("own") / "logs" / "point" / "2026-03-01_10-00-00")
    yield run
    run.kill()


def test_the_script_s_training_is_found_as_a_run(run):
    run.trains()
    assert find_run("latest", run.folder.path.parents[1]).path == run.folder.path
    started = run.state.started
    assert (started.preset, started.backend, started.task) == ("train_point", "tests", "PointEnv")
    assert (started.num_envs, started.iterations, started.device) == (ENVIRONMENTS, 1_000_000, "cpu")
    assert run.folder.read_spec().iterations == 1_000_000
    assert run.folder.read_spec().script == "train_point.py"
    assert run.state.status(True) == "training"
    assert wait_for(lambda: read_code(run.folder), "the record of the code").versions["rsl-rl-lib"]
    assert run.state.latest["Policy/kl"] > 0
    assert {ENTROPY, EPOCHS, CLIP, RATE, "guard/kl/mode"} <= run.state.knobs.keys()


def test_the_script_s_training_is_tuned_undone_and_redone(run):
    applied = run.applied(Tune({ENTROPY: 0.02, EPOCHS: 2.0}, note="less"))
    undone = run.applied(Undo())
    redone = run.applied(Redo())
    run.trains()
    assert run.state.knobs[ENTROPY].value == 0.02
    rollouts = run.witness()
    assert rollouts[applied.iteration - 1] == [0.01, 5, 0.2]
    assert rollouts[applied.iteration] == rollouts[redone.iteration] == [0.02, 2, 0.2]
    assert rollouts[undone.iteration] == [0.01, 5, 0.2]


def test_the_script_s_training_is_paused_and_resumed(run):
    run.ask(Pause())
    run.wait(lambda state: state.phase.phase == "paused", "the pause")
    held_at = run.state.iteration
    assert run.applied(Tune({CLIP: 0.3})).iteration == held_at + 1
    run.ask(Save())
    run.wait(lambda state: run.folder.checkpoint(held_at) in run.folder.checkpoints(), "the checkpoint")
    assert run.see().iteration == held_at
    run.ask(Resume())
    run.trains()
    assert run.witness()[held_at + 1] == [0.02, 2, 0.3]


def test_a_stop_ends_the_training_with_a_checkpoint_and_the_script_goes_on(run):
    run.applied(Tune({CLIP: 0.1}, ramp=Ramp(100_000)))
    run.applied(Tune({RATE: 1e-5}))
    run.ask(Stop())
    assert run.ends() == 0
    assert run.state.status(False) == "stopped"
    assert "after" in run.witness()[-1]
    assert run.folder.checkpoints()[-1] == run.folder.checkpoint(run.state.iteration)


def test_a_resumed_script_goes_on_with_values_pins_and_ramps(run, tmp_path, in_process):
    kept = from_infos(torch.load(run.folder.checkpoints()[-1], weights_only=True)["infos"])
    assert kept.values.keys() == {ENTROPY, EPOCHS, CLIP, RATE}
    resumed = in_process(normalize=True)
    steer(resumed.runner)
    resumed.runner.load(str(run.folder.checkpoints()[-1]))
    resumed.runner.learn(2)
    state = read_state(resumed.folder)
    assert state.continued.first_iteration == run.state.iteration
    assert (state.knobs[ENTROPY].value, state.knobs[EPOCHS].value) == (0.02, 2.0)
    assert (state.knobs[RATE].value, state.knobs[RATE].knob.pinned) == (1e-5, True)
    assert resumed.runner.alg.optimizer.param_groups[0]["lr"] == 1e-5
    ramp = state.knobs[CLIP].ramp
    assert (ramp.target, ramp.iterations_left) == (0.1, kept.ramps[0].iterations_left - 2)


def test_ctrl_c_stops_with_a_checkpoint_and_the_script_goes_on(tmp_path):
    run = train_point(tmp_path / "logs" / "point" / "interrupted")
    try:
        run.trains()
        run.process.send_signal(signal.SIGINT)
        assert run.ends() == 0
        assert run.state.status(False) == "stopped"
        assert "after" in run.witness()[-1]
        assert run.folder.checkpoint(run.state.iteration).is_file()
    finally:
        run.kill()


# --- mjlab's ----------------------------------------------------------------------------------------------

WEIGHT = "reward/smooth_reward/weight"


@pytest.mark.real
def test_mjlab_s_own_training_is_steered_stopped_and_continued(tmp_path):
    first = train_cartpole(tmp_path / "logs" / "cartpole" / "first")
    second = None
    try:
        first.trains()
        assert (first.state.started.backend, first.state.started.task) == ("mjlab", "Mjlab-Cartpole-Balance")
        first.applied(Tune({WEIGHT: 10.0}, ramp=Ramp(1000)))
        first.applied(Tune({RATE: 1e-4, EPOCHS: 2.0}))
        first.applied(Undo(2))
        first.applied(Redo(2))
        first.ask(Stop())
        assert first.ends() == 0
        assert (first.folder.path / "after").exists()
        assert first.state.status(False) == "stopped"

        checkpoint = first.folder.checkpoint(first.state.iteration)
        second = train_cartpole(
            tmp_path / "logs" / "cartpole" / "second", "--resume", str(checkpoint), "--iterations", "3"
        )
        assert second.ends() == 0, second.console.read_text()[-3000:]
        assert second.state.status(False) == "finished"
        assert second.state.first_iteration == first.state.iteration
        assert (second.state.knobs[EPOCHS].value, second.state.knobs[RATE].value) == (2.0, 1e-4)
        assert second.state.knobs[RATE].knob.pinned
        assert second.state.knobs[WEIGHT].ramp.iterations_left == first.state.knobs[WEIGHT].ramp.iterations_left - 3
        assert second.state.knobs[WEIGHT].value > first.state.knobs[WEIGHT].value > 1.0
    finally:
        first.kill()
        if second is not None:
            second.kill()


# --- In this process --------------------------------------------------------------------------------------


class InProcess:
    """A runner in a folder that nobody has made yet, before `steer`."""

    def __init__(self, path, **arguments):
        self.folder = RunFolder(path)
        self.runner = make_runner(str(path), **arguments)

    @property
    def phases(self):
        return [frame.phase for frame in self.bodies(PhaseChanged)]

    def bodies(self, kind):
        from trainer_proc.contract.journal import JournalReader

        bodies = [frame.body for frame in JournalReader(self.folder.journal).read_new()]
        return [body for body in bodies if isinstance(body, kind)]


@pytest.fixture
def in_process(tmp_path):
    return lambda **arguments: InProcess(tmp_path / "logs" / "point" / "here", **arguments)


def test_a_runner_without_a_log_folder_is_refused():
    with pytest.raises(ValueError, match="log_dir"):
        steer(make_runner(None))


def test_a_training_that_finishes_is_told_so_and_can_be_followed_to_its_end(in_process):
    own = in_process()
    steer(own.runner, task="Point", backend="mine")
    own.runner.learn(3)
    assert own.phases == ["training", "finished"]
    state = read_state(own.folder)
    assert (state.started.task, state.started.backend, state.iteration, state.progress) == ("Point", "mine", 2, 1.0)
    assert read_connection(own.folder) is None
    assert [body.iterations for body in own.bodies(RunStarted)] == [1, 3]  # the second once `learn` has said it


def test_a_script_may_bring_curricula(in_process):
    own = in_process()
    points = [{"at": 0, "set": {ENTROPY: 0.03}}, {"at": 3, "set": {ENTROPY: 0.06}}]
    steer(own.runner, curricula={"entropy": {"kind": "schedule", "points": points}})
    own.runner.learn(6)
    moved = {
        body.iteration: change.new
        for body in own.bodies(InterventionApplied) + own.bodies(RampAdvanced)
        for change in body.changes
        if change.knob == ENTROPY
    }
    assert moved == pytest.approx({0: 0.03, 1: 0.04, 2: 0.05, 3: 0.06})
    assert own.runner.alg.entropy_coef == pytest.approx(0.06)
    assert read_state(own.folder).latest["Curriculum/entropy/level"] == 1


def test_curricula_that_do_not_fit_are_refused_in_one_line_and_the_training_does_not_begin(in_process):
    own = in_process()
    points = [{"at": 0, "set": {"ppo/entropy_koef": 0.03}}]
    with pytest.raises(TrainingError, match="curriculum entropy: no such knob: ppo/entropy_koef; nearest"):
        steer(own.runner, curricula={"entropy": {"kind": "schedule", "points": points}})
    assert own.phases == ["failed"]


def test_what_goes_wrong_in_the_training_is_told_and_comes_out(in_process):
    own = in_process()
    steer(own.runner)

    def fail(*_):
        raise ArithmeticError("the robot\nhas fallen over")

    own.runner.alg.compute_returns = fail
    with pytest.raises(ArithmeticError, match="fallen over"):
        own.runner.learn(3)
    assert own.bodies(PhaseChanged)[-1] == PhaseChanged("failed", "ArithmeticError: the robot has fallen over")
    assert read_connection(own.folder) is None


def test_a_script_that_saves_and_trains_on_after_its_run_has_ended_is_left_alone(in_process):
    own = in_process()
    steer(own.runner)
    own.runner.learn(2)
    own.runner.save(str(own.folder.path / "final.pt"))
    frames = own.folder.journal.read_bytes()
    own.runner.learn(2)
    assert own.folder.journal.read_bytes() == frames
    assert torch.load(own.folder.path / "final.pt", weights_only=True)["iter"] == 1
    assert own.runner.current_learning_iteration == 2


def test_handlers_of_signals_are_the_script_s_own_again_afterwards(in_process):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    own = in_process()
    steer(own.runner)
    own.runner.learn(1)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_checkpoint_that_can_not_be_loaded_is_refused_in_one_line_and_the_training_may_still_begin(in_process):
    own = in_process()
    steer(own.runner)
    (own.folder.path / "other.pt").write_bytes(b"no checkpoint")
    with pytest.raises(CheckpointError):
        own.runner.load(str(own.folder.path / "other.pt"))
    own.runner.learn(1)
    assert own.phases == ["training", "finished"]


def test_an_environment_that_is_no_more_than_rsl_rl_asks_for_is_steered_too(in_process):
    own = in_process(environment=BareEnv)
    steer(own.runner)
    own.runner.learn(2)
    assert own.phases == ["training", "finished"]
    assert "Train/success_rate" not in read_state(own.folder).latest
